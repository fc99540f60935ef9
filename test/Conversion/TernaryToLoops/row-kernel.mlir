// RUN: ternary-opt %s -split-input-file -ternary-to-loops | FileCheck %s

// The blocked sum: lanes l and 16 + l of a block of 32, missing ones +0, then halves.

// CHECK-LABEL: func @inverse_rms(
// CHECK-SAME:    %[[X:.*]]: memref<1x?x40xf32, strided<[?, 40, 1], offset: ?>>, %[[R:.*]]: memref<1x?xf32>)
// CHECK-DAG:     %[[LANES:.*]] = memref.alloca() : memref<16xf32>
// CHECK-DAG:     %[[ROW:.*]] = memref.alloca() : memref<40xf32>
// CHECK-DAG:     %[[SUMS:.*]] = memref.alloca() : memref<2xf32>
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG:     %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG:     %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG:     %[[C32:.*]] = arith.constant 32 : index
// CHECK-DAG:     %[[C40:.*]] = arith.constant 40 : index
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG:     %[[SIZE:.*]] = arith.constant 4.000000e+01 : f32
// CHECK-DAG:     %[[EPSILON:.*]] = arith.constant 9.99999997E-7 : f32
// CHECK-DAG:     %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK:         %[[T:.*]] = memref.dim %[[R]], %[[C1]]
// CHECK:         scf.for %[[I:.*]] = %[[C0]] to %[[C1]] step %[[C1]] {
// CHECK:           scf.for %[[J:.*]] = %[[C0]] to %[[T]] step %[[C1]] {

// The row.
// CHECK:             scf.for %[[K:.*]] = %[[C0]] to %[[C40]] step
// CHECK:               %[[LOADED:.*]] = memref.load %[[X]][%[[I]], %[[J]], %[[K]]]
// CHECK:               memref.store %[[LOADED]], %[[ROW]][%[[K]]]

// Its block sums.
// CHECK:             scf.for %[[B:.*]] = %[[C0]] to %[[C2]] step
// CHECK:               %[[START:.*]] = arith.muli %[[B]], %[[C32]]
// CHECK:               scf.for %[[L:.*]] = %[[C0]] to %[[C16]] step
// CHECK:                 %[[K1:.*]] = arith.addi %[[START]], %[[L]]
// CHECK:                 %[[EXISTS1:.*]] = arith.cmpi ult, %[[K1]], %[[C40]]
// CHECK:                 %[[E1:.*]] = scf.if %[[EXISTS1]] -> (f32) {
// CHECK:                   %[[V1:.*]] = memref.load %[[ROW]][%[[K1]]]
// CHECK:                   %[[SQUARE1:.*]] = arith.mulf %[[V1]], %[[V1]]
// CHECK:                   scf.yield %[[SQUARE1]]
// CHECK:                 } else {
// CHECK:                   scf.yield %[[ZERO]]
// CHECK:                 %[[K2:.*]] = arith.addi %[[K1]], %[[C16]]
// CHECK:                 %[[EXISTS2:.*]] = arith.cmpi ult, %[[K2]], %[[C40]]
// CHECK:                 %[[E2:.*]] = scf.if %[[EXISTS2]]
// CHECK:                 %[[E12:.*]] = arith.addf %[[E1]], %[[E2]]
// CHECK:                 memref.store %[[E12]], %[[LANES]][%[[L]]]
// CHECK:               scf.for %[[L8:.*]] = %[[C0]] to %[[C8]] step
// CHECK:                 %[[OTHER8:.*]] = arith.addi %[[L8]], %[[C8]]
// CHECK:                 %[[LOW8:.*]] = memref.load %[[LANES]][%[[L8]]]
// CHECK:                 %[[HIGH8:.*]] = memref.load %[[LANES]][%[[OTHER8]]]
// CHECK:                 %[[FOLDED8:.*]] = arith.addf %[[LOW8]], %[[HIGH8]]
// CHECK:                 memref.store %[[FOLDED8]], %[[LANES]][%[[L8]]]
// CHECK:               scf.for %{{.*}} = %[[C0]] to %[[C4]] step
// CHECK:               scf.for %{{.*}} = %[[C0]] to %[[C2]] step
// CHECK:               scf.for %{{.*}} = %[[C0]] to %[[C1]] step
// CHECK:               %[[SUM:.*]] = memref.load %[[LANES]][%[[C0]]]
// CHECK:               memref.store %[[SUM]], %[[SUMS]][%[[B]]]

// Their sum and what follows.
// CHECK:             scf.for %[[L:.*]] = %[[C0]] to %[[C16]] step
// CHECK:               scf.for %{{.*}} = %[[C0]] to %[[C1]] step %[[C1]] iter_args(%{{.*}} = %[[ZERO]]) -> (f32)
// CHECK:             scf.for %{{.*}} = %[[C0]] to %[[C8]] step
// CHECK:             scf.for %{{.*}} = %[[C0]] to %[[C1]] step
// CHECK:             %[[TOTAL:.*]] = memref.load %[[LANES]][%[[C0]]]
// CHECK:             %[[MEAN:.*]] = arith.divf %[[TOTAL]], %[[SIZE]]
// CHECK:             %[[SHIFTED:.*]] = arith.addf %[[MEAN]], %[[EPSILON]]
// CHECK:             %[[ROOT:.*]] = math.sqrt %[[SHIFTED]]
// CHECK:             %[[INVERSE:.*]] = arith.divf %[[ONE]], %[[ROOT]]
// CHECK:             memref.store %[[INVERSE]], %[[R]][%[[I]], %[[J]]]
func.func @inverse_rms(%x: memref<1x?x40xf32, strided<[?, 40, 1], offset: ?>>, %r: memref<1x?xf32>) {
  ternary.row_kernel rows 2 ins(%x : memref<1x?x40xf32, strided<[?, 40, 1], offset: ?>>) outs(%r : memref<1x?xf32>) {
  ^bb0(%row: vector<40xf32>):
    %sums = ternary.square_sums %row : vector<40xf32> -> vector<2xf32>
    %inverse = ternary.inverse_rms %sums {epsilon = 1.0e-6 : f32, size = 40 : i64} : vector<2xf32> -> f32
    ternary.yield %inverse : f32
  }
  return
}

// -----

// A value per row, a vector shared by all rows, a constant; activations stay.

// CHECK-LABEL: func @elementwise(
// CHECK-SAME:    %[[X:.*]]: memref<?x8xf32>, %[[R:.*]]: memref<?xf32>, %[[G:.*]]: memref<8xf32>, %[[Y:.*]]: memref<?x8xf32>)
// CHECK-NOT:     memref<16xf32>
// CHECK:         %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK:         scf.for %[[T:.*]] =
// CHECK:           memref.load %[[X]][%[[T]], %{{.*}}]
// CHECK:           %[[SCALE:.*]] = memref.load %[[R]][%[[T]]]
// CHECK:           scf.for %[[K:.*]] =
// CHECK:             memref.load %[[G]][%[[K]]]
// CHECK:           scf.for %[[K:.*]] =
// CHECK:             %[[V:.*]] = memref.load %{{.*}}[%[[K]]]
// CHECK:             %[[SCALED:.*]] = arith.mulf %[[V]], %[[SCALE]]
// CHECK:             %[[GAIN:.*]] = memref.load %{{.*}}[%[[K]]]
// CHECK:             %[[N:.*]] = arith.mulf %[[SCALED]], %[[GAIN]]
// CHECK:             memref.store %[[N]], %[[NORMALIZED:.*]][%[[K]]]
// CHECK:           scf.for %[[K:.*]] =
// CHECK:             %[[V:.*]] = memref.load %[[NORMALIZED]][%[[K]]]
// CHECK:             %[[DIFFERENCE:.*]] = arith.subf %[[ONE]], %[[V]]
// CHECK:             memref.store %[[DIFFERENCE]], %[[DIFFERENCES:.*]][%[[K]]]
// CHECK:           scf.for %[[K:.*]] =
// CHECK:             %[[V:.*]] = memref.load %[[DIFFERENCES]][%[[K]]]
// CHECK:             %[[ACTIVE:.*]] = ternary.activate silu %[[V]] : f32
// CHECK:             memref.store %[[ACTIVE]], %[[ACTIVES:.*]][%[[K]]]
// CHECK:           scf.for %[[K:.*]] =
// CHECK:             %[[V:.*]] = memref.load %[[ACTIVES]][%[[K]]]
// CHECK:             memref.store %[[V]], %[[Y]][%[[T]], %[[K]]]
func.func @elementwise(%x: memref<?x8xf32>, %r: memref<?xf32>, %g: memref<8xf32>, %y: memref<?x8xf32>) {
  ternary.row_kernel rows 1 ins(%x, %r, %g : memref<?x8xf32>, memref<?xf32>, memref<8xf32>)
      outs(%y : memref<?x8xf32>) {
  ^bb0(%row: vector<8xf32>, %scale: f32, %gain: vector<8xf32>):
    %n = ternary.normalize %row, %scale, %gain : vector<8xf32>, f32, vector<8xf32>
    %one = arith.constant dense<1.0> : vector<8xf32>
    %s = arith.subf %one, %n : vector<8xf32>
    %a = ternary.activate silu %s : vector<8xf32>
    ternary.yield %a : vector<8xf32>
  }
  return
}

// -----

// CHECK-LABEL: func @quantize(
// CHECK-SAME:    %[[X:.*]]: memref<?x7xf32>, %[[Q:.*]]: memref<?x8xi8>, %[[S:.*]]: memref<?xf32>, %[[C:.*]]: memref<?xi32>)
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C7:.*]] = arith.constant 7 : index
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG:     %[[SMALLEST:.*]] = arith.constant 9.99999974E-6 : f32
// CHECK-DAG:     %[[LIMIT:.*]] = arith.constant 1.270000e+02 : f32
// CHECK:         scf.for %[[T:.*]] =
// CHECK:           %[[LARGEST:.*]] = scf.for %{{.*}} to %[[C7]] {{.*}} iter_args(%[[SO_FAR:.*]] = %[[ZERO]]) -> (f32)
// CHECK:             %[[MAGNITUDE:.*]] = math.absf
// CHECK:             %[[LARGER:.*]] = arith.cmpf ogt, %[[MAGNITUDE]], %[[SO_FAR]]
// CHECK:             arith.select %[[LARGER]], %[[MAGNITUDE]], %[[SO_FAR]]
// CHECK:           %[[LARGE:.*]] = arith.cmpf ogt, %[[LARGEST]], %[[SMALLEST]]
// CHECK:           %[[M:.*]] = arith.select %[[LARGE]], %[[LARGEST]], %[[SMALLEST]]
// CHECK:           %[[INVERSE:.*]] = arith.divf %[[LIMIT]], %[[M]]
// CHECK:           %[[SCALE:.*]] = arith.divf %[[M]], %[[LIMIT]]
// CHECK:           %[[SUM:.*]] = scf.for %[[K:.*]] = %{{.*}} to %[[C7]] {{.*}} iter_args(%[[SUM_SO_FAR:.*]] =
// CHECK:             %[[SCALED:.*]] = arith.mulf %{{.*}}, %[[INVERSE]]
// CHECK:             %[[ROUNDER:.*]] = arith.constant 0x4B400000 : f32
// CHECK:             %[[SHIFTED:.*]] = arith.addf %[[SCALED]], %[[ROUNDER]]
// CHECK:             %[[ROUNDED:.*]] = arith.subf %[[SHIFTED]], %[[ROUNDER]]
// CHECK:             %[[LOW:.*]] = arith.constant -1.280000e+02 : f32
// CHECK:             %[[ABOVE:.*]] = arith.cmpf ogt, %[[ROUNDED]], %[[LOW]]
// CHECK:             %[[AT_LEAST:.*]] = arith.select %[[ABOVE]], %[[ROUNDED]], %[[LOW]]
// CHECK:             %[[HIGH:.*]] = arith.constant 1.270000e+02 : f32
// CHECK:             %[[BELOW:.*]] = arith.cmpf olt, %[[AT_LEAST]], %[[HIGH]]
// CHECK:             %[[CLAMPED:.*]] = arith.select %[[BELOW]], %[[AT_LEAST]], %[[HIGH]]
// CHECK:             %[[WIDE:.*]] = arith.fptosi %[[CLAMPED]] : f32 to i32
// CHECK:             %[[CODE:.*]] = arith.trunci %[[WIDE]] : i32 to i8
// CHECK:             memref.store %[[CODE]], %[[CODES:.*]][%[[K]]]
// CHECK:             arith.addi %[[SUM_SO_FAR]], %[[WIDE]]
// CHECK:           scf.for %[[K:.*]] = %{{.*}} to %[[C1]]
// CHECK:             %[[PADDING:.*]] = arith.addi %[[K]], %[[C7]]
// CHECK:             memref.store %{{.*}}, %[[CODES]][%[[PADDING]]]
// CHECK:           memref.store %{{.*}}, %[[Q]]
// CHECK:           memref.store %[[SCALE]], %[[S]][%[[T]]]
// CHECK:           memref.store %[[SUM]], %[[C]][%[[T]]]
func.func @quantize(%x: memref<?x7xf32>, %q: memref<?x8xi8>, %s: memref<?xf32>, %c: memref<?xi32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x7xf32>)
      outs(%q, %s, %c : memref<?x8xi8>, memref<?xf32>, memref<?xi32>) {
  ^bb0(%row: vector<7xf32>):
    %codes, %scale, %sum = ternary.quantize_activations %row : vector<7xf32> -> vector<8xi8>, f32, i32
    ternary.yield %codes, %scale, %sum : vector<8xi8>, f32, i32
  }
  return
}

// -----

// The kernels of a function use the same scratch memory; there may be no row dimension.

// CHECK-LABEL: func @two_kernels(
// CHECK-COUNT-2: memref.alloca() : memref<4xf32>
// CHECK-NOT:     memref.alloca
// CHECK:         arith.negf
// CHECK:         math.absf
// CHECK-NOT:     ternary.
// CHECK:         return
func.func @two_kernels(%x: memref<4xf32>, %y: memref<4xf32>) {
  ternary.row_kernel rows 0 ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%row: vector<4xf32>):
    %n = arith.negf %row : vector<4xf32>
    ternary.yield %n : vector<4xf32>
  }
  ternary.row_kernel rows 0 ins(%y : memref<4xf32>) outs(%x : memref<4xf32>) {
  ^bb0(%row: vector<4xf32>):
    %n = math.absf %row : vector<4xf32>
    ternary.yield %n : vector<4xf32>
  }
  return
}

// -----

// A scalar for a whole row.

// CHECK-LABEL: func @broadcast(
// CHECK-SAME:    %[[R:.*]]: memref<?xf32>, %[[Y:.*]]: memref<?x8xf32>)
// CHECK:         %[[SCALAR:.*]] = memref.load %[[R]]
// CHECK:         scf.for %[[K:.*]] =
// CHECK:           memref.store %[[SCALAR]], %[[ROW:.*]][%[[K]]]
// CHECK:         %[[ELEMENT:.*]] = memref.load %[[ROW]]
// CHECK:         memref.store %[[ELEMENT]], %[[Y]]
func.func @broadcast(%r: memref<?xf32>, %y: memref<?x8xf32>) {
  ternary.row_kernel rows 1 ins(%r : memref<?xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%scalar: f32):
    %row = vector.broadcast %scalar : f32 to vector<8xf32>
    ternary.yield %row : vector<8xf32>
  }
  return
}
