// RUN: ternary-opt %s -split-input-file -ternary-to-loops -canonicalize | FileCheck %s

// One byte a trit: weight[n, k] is byte n K + k less 1.

// CHECK-LABEL: func @plain(
// CHECK-SAME:    %[[Q:.*]]: memref<?x8xi8>, %[[A:.*]]: memref<?xf32>, %[[W:.*]]: memref<35xi8>, %[[S:.*]]: memref<1xf32>, %[[OUT:.*]]: memref<?x5xf32>)
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C5:.*]] = arith.constant 5 : index
// CHECK-DAG:     %[[C7:.*]] = arith.constant 7 : index
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK-DAG:     %[[ONE:.*]] = arith.constant 1 : i32
// CHECK-DAG:     %[[THREE:.*]] = arith.constant 3 : i32
// CHECK:         %[[T:.*]] = memref.dim %[[OUT]], %[[C0]]
// CHECK:         scf.for %[[I:.*]] = %[[C0]] to %[[T]] step %[[C1]] {
// CHECK:           scf.for %[[N:.*]] = %[[C0]] to %[[C5]] step %[[C1]] {
// CHECK:             %[[SUM:.*]] = scf.for %[[K:.*]] = %[[C0]] to %[[C7]] step %[[C1]] iter_args(%[[SO_FAR:.*]] = %[[ZERO]]) -> (i32) {
// CHECK:               %[[Q_I8:.*]] = memref.load %[[Q]][%[[I]], %[[K]]]
// CHECK:               %[[Q_I32:.*]] = arith.extsi %[[Q_I8]]
// CHECK:               %[[ROW:.*]] = arith.muli %[[N]], %[[C7]]
// CHECK:               %[[OFFSET:.*]] = arith.addi %[[ROW]], %[[K]]
// CHECK:               %[[BYTE:.*]] = memref.load %[[W]][%[[OFFSET]]] : memref<35xi8>
// CHECK:               %[[WIDE:.*]] = arith.extui %[[BYTE]]
// CHECK:               %[[CODE:.*]] = arith.andi %[[WIDE]], %[[THREE]]
// CHECK:               %[[TRIT:.*]] = arith.subi %[[CODE]], %[[ONE]]
// CHECK:               %[[PRODUCT:.*]] = arith.muli %[[Q_I32]], %[[TRIT]]
// CHECK:               arith.addi %[[SO_FAR]], %[[PRODUCT]]
// CHECK:             %[[ACTIVATION_SCALE:.*]] = memref.load %[[A]][%[[I]]]
// CHECK:             %[[WEIGHT_SCALE:.*]] = memref.load %[[S]][%[[C0]]]
// CHECK:             %[[SCALE:.*]] = arith.mulf %[[ACTIVATION_SCALE]], %[[WEIGHT_SCALE]]
// CHECK:             %[[FLOAT:.*]] = arith.sitofp %[[SUM]]
// CHECK:             %[[V:.*]] = arith.mulf %[[FLOAT]], %[[SCALE]]
// CHECK:             memref.store %[[V]], %[[OUT]][%[[I]], %[[N]]]
func.func @plain(%q: memref<?x8xi8>, %a: memref<?xf32>, %w: memref<5x7x!ternary.trit>, %s: memref<1xf32>,
                 %out: memref<?x5xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<?x8xi8>, memref<5x7x!ternary.trit>)
      scales(%a, %s : memref<?xf32>, memref<1xf32>) outs(%out : memref<?x5xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// -----

// Columns 100 are padded to 112, which makes planes of 28; a tile has 32 rows of 28 bytes.

!weight = memref<97x100x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>

// CHECK-LABEL: func @packed(
// CHECK-SAME:    %[[W:[^:]*]]: memref<3584xi8>
// CHECK-DAG:     %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG:     %[[C7:.*]] = arith.constant 7 : index
// CHECK-DAG:     %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG:     %[[C28:.*]] = arith.constant 28 : index
// CHECK-DAG:     %[[C32:.*]] = arith.constant 32 : index
// CHECK-DAG:     %[[C97:.*]] = arith.constant 97 : index
// CHECK-DAG:     %[[C100:.*]] = arith.constant 100 : index
// CHECK:         scf.for %[[N:.*]] = %{{.*}} to %[[C97]]
// CHECK:           scf.for %[[K:.*]] = %{{.*}} to %[[C100]]
// CHECK:             %[[PLANE:.*]] = arith.divui %[[K]], %[[C28]]
// CHECK:             %[[IN_PLANE:.*]] = arith.remui %[[K]], %[[C28]]
// CHECK:             %[[BIT:.*]] = arith.muli %[[PLANE]], %[[C2]]
// CHECK:             %[[SHIFT:.*]] = arith.index_cast %[[BIT]] : index to i32
// CHECK:             %[[G:.*]] = arith.divui %[[IN_PLANE]], %[[C4]]
// CHECK:             %[[IN_DEPTH:.*]] = arith.remui %[[IN_PLANE]], %[[C4]]
// CHECK:             %[[TILE:.*]] = arith.divui %[[N]], %[[C32]]
// CHECK:             %[[IN_TILE:.*]] = arith.remui %[[N]], %[[C32]]
// CHECK:             %[[VECTOR:.*]] = arith.divui %[[IN_TILE]], %[[C16]]
// CHECK:             %[[LANE:.*]] = arith.remui %[[IN_TILE]], %[[C16]]
// CHECK:             %[[GROUPS:.*]] = arith.muli %[[TILE]], %[[C7]]
// CHECK:             %[[GROUP:.*]] = arith.addi %[[GROUPS]], %[[G]]
// CHECK:             %[[VECTORS:.*]] = arith.muli %[[GROUP]], %[[C2]]
// CHECK:             %[[VECTOR_OF_ALL:.*]] = arith.addi %[[VECTORS]], %[[VECTOR]]
// CHECK:             %[[LANES:.*]] = arith.muli %[[VECTOR_OF_ALL]], %[[C16]]
// CHECK:             %[[LANE_OF_ALL:.*]] = arith.addi %[[LANES]], %[[LANE]]
// CHECK:             %[[BYTES:.*]] = arith.muli %[[LANE_OF_ALL]], %[[C4]]
// CHECK:             %[[OFFSET:.*]] = arith.addi %[[BYTES]], %[[IN_DEPTH]]
// CHECK:             %[[BYTE:.*]] = memref.load %[[W]][%[[OFFSET]]]
// CHECK:             %[[WIDE:.*]] = arith.extui %[[BYTE]]
// CHECK:             arith.shrui %[[WIDE]], %[[SHIFT]]
func.func @packed(%w: !weight, %q: memref<1x1x112xi8>, %a: memref<1x1xf32>, %c: memref<1x1xi32>,
                  %s: memref<97xf32>, %out: memref<1x1x97xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<1x1x112xi8>, !weight)
      scales(%a, %s : memref<1x1xf32>, memref<97xf32>) sums(%c : memref<1x1xi32>)
      outs(%out : memref<1x1x97xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// -----

// Two halves: rows n and 3 + n meet in the region; in a tile, the second half's vectors
// follow the first's. The statistics are those of the first out.

!weight = memref<6x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 4, halves = 2>>

// CHECK-LABEL: func @halves(
// CHECK-SAME:    %[[W:[^:]*]]: memref<32xi8>, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %[[S:[^:]*]]: memref<6xf32>,
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x3xf32>, %[[B:[^:]*]]: memref<3xf32>, %[[OUT:[^:]*]]: memref<?x3xf32>, %[[SQUARES:[^:]*]]: memref<?x1xf32>)
// CHECK-DAG:     %[[LANES:.*]] = memref.alloca() : memref<16xf32>
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG:     %[[C4:.*]] = arith.constant 4 : index
// CHECK:         scf.for %[[I:.*]] =
// CHECK:           scf.for %[[N:.*]] = %{{.*}} to %[[C3]]
// CHECK:             scf.for
// CHECK:               %[[HALF:.*]] = arith.divui %[[N]], %[[C3]]
// CHECK:               %[[ROW:.*]] = arith.remui %[[N]], %[[C3]]
// CHECK:               %[[IN_TILE:.*]] = arith.remui %[[ROW]], %[[C4]]
// CHECK:               %[[VECTOR:.*]] = arith.divui %[[IN_TILE]], %[[C2]]
// CHECK:               %[[VECTORS:.*]] = arith.muli %[[HALF]], %[[C2]]
// CHECK:               arith.addi %[[VECTORS]], %[[VECTOR]]
// CHECK:             memref.load %[[S]][%[[N]]]
// CHECK:             %[[SCALE:.*]] = arith.mulf
// CHECK:             %[[V:.*]] = arith.mulf %{{.*}}, %[[SCALE]]
// CHECK:             %[[SECOND:.*]] = arith.addi %[[N]], %[[C3]]
// CHECK:             scf.for
// CHECK:               arith.divui %[[SECOND]], %[[C3]]
// CHECK:               arith.remui %[[SECOND]], %[[C3]]
// CHECK:             %[[PLACE:.*]] = arith.addi %[[N]], %[[C3]]
// CHECK:             memref.load %[[S]][%[[PLACE]]]
// CHECK:             %[[SCALE:.*]] = arith.mulf
// CHECK:             %[[U:.*]] = arith.mulf %{{.*}}, %[[SCALE]]
// CHECK:             %[[RESIDUAL:.*]] = memref.load %[[X]][%[[I]], %[[N]]]
// CHECK:             %[[BIAS:.*]] = memref.load %[[B]][%[[N]]]
// CHECK:             %[[ACTIVE:.*]] = ternary.activate silu %[[V]] : f32
// CHECK:             %[[PRODUCT:.*]] = arith.mulf %[[ACTIVE]], %[[U]]
// CHECK:             %[[BIASED:.*]] = arith.addf %[[PRODUCT]], %[[BIAS]]
// CHECK:             %[[Y:.*]] = arith.addf %[[RESIDUAL]], %[[BIASED]]
// CHECK:             memref.store %[[Y]], %[[OUT]][%[[I]], %[[N]]]
// CHECK:           }
// CHECK:           scf.for
// CHECK:             %[[ELEMENT:.*]] = memref.load %[[OUT]][%[[I]], %{{.*}}]
// CHECK:             arith.mulf %[[ELEMENT]], %[[ELEMENT]]
// CHECK:           memref.store %{{.*}}, %[[LANES]][%[[C0]]]
// CHECK-NEXT:      %[[FOLDED:.*]] = memref.load %[[LANES]][%[[C0]]]
// CHECK-NEXT:      memref.store %[[FOLDED]], %[[SQUARES]][%[[I]], %[[C0]]]
func.func @halves(%w: !weight, %q: memref<?x16xi8>, %a: memref<?xf32>, %c: memref<?xi32>, %s: memref<6xf32>,
                  %x: memref<?x3xf32>, %b: memref<3xf32>, %out: memref<?x3xf32>, %squares: memref<?x1xf32>) {
  ternary.linear_kernel square_sums ins(%q, %w : memref<?x16xi8>, !weight)
      scales(%a, %s : memref<?xf32>, memref<6xf32>) sums(%c : memref<?xi32>)
      extras(%x, %b : memref<?x3xf32>, memref<3xf32>) outs(%out, %squares : memref<?x3xf32>, memref<?x1xf32>) {
  ^bb0(%v: f32, %u: f32, %residual: f32, %bias: f32):
    %active = ternary.activate silu %v : f32
    %product = arith.mulf %active, %u : f32
    %biased = arith.addf %product, %bias : f32
    %y = arith.addf %residual, %biased : f32
    ternary.yield %y : f32
  }
  return
}
