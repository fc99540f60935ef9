// RUN: ternary-opt %s -ternary-to-vector -cse | FileCheck %s

// Rows in parallel, over one index of which theirs are the quotient and the remainder; in
// a row, chunks of 16, then what is left of it, masked. Chains of elementwise ops are
// computed chunk by chunk without memory in between; a value per row is read once. The next row
// is asked for.
// CHECK-LABEL: func.func @elementwise(
// CHECK-SAME:    %[[X:[^:]*]]: memref<2x?x40xf32>, %[[B:[^:]*]]: memref<40xf32>, %[[R:[^:]*]]: memref<2x?xf32>, %[[Y:[^:]*]]: memref<2x?x40xf32>)
// CHECK-NOT:     memref.alloc
// CHECK:         %[[TOKENS:.*]] = memref.dim %[[Y]], %{{.*}}
// CHECK-NEXT:    %[[ROWS:.*]] = arith.muli %[[TOKENS]], %c2
// CHECK:         scf.parallel (%[[I:.*]]) = (%c0) to (%[[ROWS]]) step (%c1) {
// CHECK-NEXT:      %[[T:.*]] = arith.remui %[[I]], %[[TOKENS]]
// CHECK-NEXT:      %[[S:.*]] = arith.divui %[[I]], %[[TOKENS]]
// CHECK-NEXT:      %[[SCALE:.*]] = memref.load %[[R]][%[[S]], %[[T]]]
// CHECK:           scf.for %[[K:.*]] = %c0 to %c32 step %c16 {
// CHECK-DAG:         %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<16xf32>
// CHECK-DAG:         memref.prefetch %[[X]][%[[S]], %{{.*}}, %[[K]]], read
// CHECK-DAG:         %[[ROW:.*]] = vector.load %[[X]][%[[S]], %[[T]], %[[K]]] : memref<2x?x40xf32>, vector<16xf32>
// CHECK-DAG:         %[[GAIN:.*]] = vector.load %[[B]][%[[K]]] : memref<40xf32>, vector<16xf32>
// CHECK-DAG:         %[[SCALES:.*]] = vector.broadcast %[[SCALE]] : f32 to vector<16xf32>
// CHECK:             %[[SCALED:.*]] = arith.mulf %[[ROW]], %[[SCALES]]
// CHECK-NEXT:        %[[N:.*]] = arith.mulf %[[SCALED]], %[[GAIN]]
// CHECK-NEXT:        %[[REST:.*]] = arith.subf %[[ONE]], %[[N]]
// CHECK-NEXT:        %[[SILU:.*]] = ternary.activate {{ ?}}silu %[[REST]] : vector<16xf32>
// CHECK-NEXT:        memref.prefetch %[[Y]][%[[S]], %[[NEXT:.*]], %[[K]]], write
// CHECK-NEXT:        vector.store %[[SILU]], %[[Y]][%[[S]], %[[T]], %[[K]]]
// CHECK-NEXT:      }
// CHECK-NEXT:      %[[MASK:.*]] = vector.constant_mask [8] : vector<16xi1>
// CHECK:           vector.maskedload %[[X]][%[[S]], %[[T]], %c32], %[[MASK]],
// CHECK-NEXT:      vector.maskedload %[[B]][%c32], %[[MASK]],
// CHECK:           %[[SILU:.*]] = ternary.activate
// CHECK-NEXT:      vector.maskedstore %[[Y]][%[[S]], %[[T]], %c32], %[[MASK]], %[[SILU]]
// CHECK-NEXT:      scf.reduce
func.func @elementwise(%x: memref<2x?x40xf32>, %b: memref<40xf32>, %r: memref<2x?xf32>, %y: memref<2x?x40xf32>) {
  ternary.row_kernel rows 2 ins(%x, %b, %r : memref<2x?x40xf32>, memref<40xf32>, memref<2x?xf32>) outs(%y : memref<2x?x40xf32>) {
  ^bb0(%row: vector<40xf32>, %gain: vector<40xf32>, %scale: f32):
    %n = ternary.normalize %row, %scale, %gain : vector<40xf32>, f32, vector<40xf32>
    %one = arith.constant dense<1.0> : vector<40xf32>
    %rest = arith.subf %one, %n : vector<40xf32>
    %s = ternary.activate silu %rest : vector<40xf32>
    ternary.yield %s : vector<40xf32>
  }
  return
}

// A row that is shorter than a chunk is one masked chunk, without a loop; of a row of
// whole chunks no chunk is masked. Without row dimensions there is one row.
// CHECK-LABEL: func.func @lengths(
// CHECK:         scf.parallel (%{{.*}}) = (%c0) to (%c1) step (%c1) {
// CHECK-NOT:       scf.for
// CHECK:           vector.constant_mask [7] : vector<16xi1>
// CHECK-NOT:       scf.for
// CHECK:           vector.maskedstore
// CHECK:         scf.parallel (%{{.*}}) = (%c0) to (%c1) step (%c1) {
// CHECK-NOT:       mask
// CHECK:           scf.for %{{.*}} = %c0 to %c32 step %c16 {
// CHECK-NOT:       mask
// CHECK:         return
func.func @lengths(%x: memref<7xf32>, %y: memref<7xf32>, %z: memref<32xf32>, %w: memref<32xf32>) {
  ternary.row_kernel rows 0 ins(%x : memref<7xf32>) outs(%y : memref<7xf32>) {
  ^bb0(%row: vector<7xf32>):
    %n = arith.negf %row : vector<7xf32>
    ternary.yield %n : vector<7xf32>
  }
  ternary.row_kernel rows 0 ins(%z : memref<32xf32>) outs(%w : memref<32xf32>) {
  ^bb0(%row: vector<32xf32>):
    %n = arith.negf %row : vector<32xf32>
    ternary.yield %n : vector<32xf32>
  }
  return
}

// Rows of one size are stored by one loop, which computes once what they have in common.
// CHECK-LABEL: func.func @two_results(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x20xf32>, %[[Y:[^:]*]]: memref<?x20xf32>, %[[Z:[^:]*]]: memref<?x20xf32>)
// CHECK-NOT:     memref.alloc
// CHECK:         scf.for %[[K:.*]] = %c0 to %c16 step
// CHECK:           %[[ROW:.*]] = vector.load %[[X]]
// CHECK-NEXT:      %[[N:.*]] = arith.negf %[[ROW]]
// CHECK-NEXT:      %[[A:.*]] = math.absf %[[N]]
// CHECK:           vector.store %[[N]], %[[Y]]
// CHECK:           vector.store %[[A]], %[[Z]]
// CHECK-NEXT:    }
// CHECK:         %[[MASK:.*]] = vector.constant_mask [4] : vector<16xi1>
// CHECK:         vector.maskedstore %[[Y]][%{{.*}}, %c16], %[[MASK]]
// CHECK-NEXT:    vector.maskedstore %[[Z]][%{{.*}}, %c16], %[[MASK]]
// CHECK-NOT:     scf.for
// CHECK:         return
func.func @two_results(%x: memref<?x20xf32>, %y: memref<?x20xf32>, %z: memref<?x20xf32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x20xf32>) outs(%y, %z : memref<?x20xf32>, memref<?x20xf32>) {
  ^bb0(%row: vector<20xf32>):
    %n = arith.negf %row : vector<20xf32>
    %a = math.absf %n : vector<20xf32>
    ternary.yield %n, %a : vector<20xf32>, vector<20xf32>
  }
  return
}

// A value that two loops need, here for sums and for the result, is kept by the first in a
// scratch row, which belongs to the iteration, is aligned and as long as whole chunks; the second
// reads it there.
// CHECK-LABEL: func.func @kept(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x20xf32>, %[[S:[^:]*]]: memref<?x1xf32>, %[[Y:[^:]*]]: memref<?x20xf32>)
// CHECK:         scf.parallel
// CHECK:           %[[KEPT:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32xf32>
// CHECK-NOT:     memref.alloc
// CHECK:         %[[ROW:.*]] = vector.load %[[X]][%{{.*}}, %[[AT:.*]]] :
// CHECK-NEXT:    %[[N:.*]] = arith.negf %[[ROW]]
// CHECK-NEXT:    vector.store %[[N]], %[[KEPT]][%[[AT]]]
// CHECK:         %[[REST:.*]] = arith.negf
// CHECK-NEXT:    vector.store %[[REST]], %[[KEPT]]
// CHECK-NOT:     arith.negf
// CHECK:         scf.for %[[K:.*]] = %c0 to %c16 step
// CHECK-NEXT:      %[[N:.*]] = vector.load %[[KEPT]][%[[K]]]
// CHECK:           vector.store %[[N]], %[[Y]]
// CHECK:         vector.load %[[KEPT]][%c16]
// CHECK-NOT:     arith.negf
// CHECK:         vector.maskedstore %[[Y]]
func.func @kept(%x: memref<?x20xf32>, %s: memref<?x1xf32>, %y: memref<?x20xf32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x20xf32>) outs(%s, %y : memref<?x1xf32>, memref<?x20xf32>) {
  ^bb0(%row: vector<20xf32>):
    %n = arith.negf %row : vector<20xf32>
    %sums = ternary.square_sums %n : vector<20xf32> -> vector<1xf32>
    ternary.yield %sums, %n : vector<1xf32>, vector<20xf32>
  }
  return
}

// Sums of squares: of each block of 32, chunks 16 apart are added, then halves; in the last
// block lanes that do not exist are zero, and a chunk that does not exist is left out.
// CHECK-LABEL: func.func @square_sums(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x72xf32>, %[[S:[^:]*]]: memref<?x3xf32>)
// CHECK:         scf.parallel
// CHECK-NEXT:      %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<16xf32>
// CHECK:         scf.for %[[K:.*]] = %c0 to %c64 step %c32 {
// CHECK:           %[[A:.*]] = vector.load %[[X]][%[[I:.*]], %[[K]]]
// CHECK-NEXT:      %[[AA:.*]] = arith.mulf %[[A]], %[[A]]
// CHECK:           %[[K16:.*]] = arith.addi %[[K]], %c16
// CHECK:           %[[B:.*]] = vector.load %[[X]][%[[I]], %[[K16]]]
// CHECK-NEXT:      %[[BB:.*]] = arith.mulf %[[B]], %[[B]]
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[AA]], %[[BB]] : vector<16xf32>
// CHECK-NEXT:      %[[BLOCK:.*]] = arith.divui %[[K]], %c32
// CHECK-NEXT:      %[[LOW:.*]] = vector.extract_strided_slice %[[SUM]] {offsets = [0], sizes = [8], strides = [1]}
// CHECK-NEXT:      %[[HIGH:.*]] = vector.extract_strided_slice %[[SUM]] {offsets = [8], sizes = [8], strides = [1]}
// CHECK-NEXT:      %[[EIGHT:.*]] = arith.addf %[[LOW]], %[[HIGH]] : vector<8xf32>
// CHECK-NEXT:      vector.extract_strided_slice %[[EIGHT]] {offsets = [0], sizes = [4]
// CHECK-NEXT:      vector.extract_strided_slice %[[EIGHT]] {offsets = [4], sizes = [4]
// CHECK-NEXT:      arith.addf {{.*}} : vector<4xf32>
// CHECK:           arith.addf {{.*}} : vector<2xf32>
// CHECK:           %[[ONE:.*]] = arith.addf {{.*}} : vector<1xf32>
// CHECK-NEXT:      %[[TOTAL:.*]] = vector.extract %[[ONE]][0]
// CHECK-NEXT:      memref.store %[[TOTAL]], %[[SUMS]][%[[BLOCK]]]
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[MASK:.*]] = vector.constant_mask [8] : vector<16xi1>
// CHECK-NEXT:    %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK-NEXT:    %[[LOADED:.*]] = vector.maskedload %[[X]][%[[I]], %c64], %[[MASK]], %[[ZEROS]]
// CHECK-NEXT:    %[[SQUARES:.*]] = arith.mulf %[[LOADED]], %[[LOADED]]
// CHECK-NEXT:    %[[REST:.*]] = arith.select %[[MASK]], %[[SQUARES]]
// CHECK-NOT:     arith.addf {{.*}} : vector<16xf32>
// CHECK:         vector.extract_strided_slice %[[REST]] {offsets = [0], sizes = [8]
// CHECK:         %[[TOTAL:.*]] = vector.extract %{{.*}}[0]
// CHECK:         memref.store %[[TOTAL]], %[[SUMS]]
// CHECK:         vector.maskedstore %[[S]]
func.func @square_sums(%x: memref<?x72xf32>, %s: memref<?x3xf32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x72xf32>) outs(%s : memref<?x3xf32>) {
  ^bb0(%row: vector<72xf32>):
    %sums = ternary.square_sums %row : vector<72xf32> -> vector<3xf32>
    ternary.yield %sums : vector<3xf32>
  }
  return
}

// The inverse root mean square, from block sums that someone else took.
// CHECK-LABEL: func.func @inverse_rms(
// CHECK-SAME:    %[[S:[^:]*]]: memref<?x20xf32>, %[[R:[^:]*]]: memref<?xf32>)
// CHECK:         %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK:         %[[WHOLE:.*]] = scf.for %[[K:.*]] = %c0 to %c16 step %{{.*}} iter_args(%[[SO_FAR:.*]] = %[[ZEROS]]) -> (vector<16xf32>) {
// CHECK:           %[[SUMS:.*]] = vector.load %[[S]]
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[SO_FAR]], %[[SUMS]]
// CHECK-NEXT:      scf.yield %[[SUM]]
// CHECK:         vector.constant_mask [4]
// CHECK:         arith.addf %[[WHOLE]], %{{.*}} : vector<16xf32>
// CHECK:         %[[TOTAL:.*]] = vector.extract %{{.*}}[0] : f32
// CHECK-NEXT:    %[[SIZE:.*]] = arith.constant 6.400000e+02 : f32
// CHECK-NEXT:    %[[MEAN:.*]] = arith.divf %[[TOTAL]], %[[SIZE]]
// CHECK-NEXT:    %[[EPSILON:.*]] = arith.constant 9.99999997E-7 : f32
// CHECK-NEXT:    %[[SHIFTED:.*]] = arith.addf %[[MEAN]], %[[EPSILON]]
// CHECK-NEXT:    %[[ROOT:.*]] = math.sqrt %[[SHIFTED]]
// CHECK-NEXT:    %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:    %[[INVERSE:.*]] = arith.divf %[[ONE]], %[[ROOT]]
// CHECK-NEXT:    memref.store %[[INVERSE]], %[[R]]
func.func @inverse_rms(%s: memref<?x20xf32>, %r: memref<?xf32>) {
  ternary.row_kernel rows 1 ins(%s : memref<?x20xf32>) outs(%r : memref<?xf32>) {
  ^bb0(%sums: vector<20xf32>):
    %inverse = ternary.inverse_rms %sums {epsilon = 1.0e-6 : f32, size = 640 : i64} : vector<20xf32> -> f32
    ternary.yield %inverse : f32
  }
  return
}

// Quantisation goes over a row twice: for the largest magnitude, lanes that do not exist
// being zero, and for the codes and their sum. What is quantised is kept in between. 40
// columns padded to 64: the masked chunk is stored whole, its other lanes are zero, and
// from there on zeros are stored.
// CHECK-LABEL: func.func @quantize(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x40xf32>, %[[Q:[^:]*]]: memref<?x64xi8>, %[[A:[^:]*]]: memref<?xf32>, %[[C:[^:]*]]: memref<?xi32>)
// CHECK:         scf.parallel
// CHECK-NEXT:      %[[KEPT:.*]] = memref.alloca() {alignment = 64 : i64} : memref<48xf32>
// CHECK:         %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK:         %[[WHOLE:.*]] = scf.for %[[K:.*]] = %c0 to %c32 step %c16 iter_args(%[[SO_FAR:.*]] = %[[ZEROS]]) -> (vector<16xf32>) {
// CHECK:           %[[Y:.*]] = arith.negf
// CHECK-NEXT:      vector.store %[[Y]], %[[KEPT]][%[[K]]]
// CHECK-NEXT:      %[[MAGNITUDE:.*]] = math.absf %[[Y]]
// CHECK-NEXT:      %[[LARGER:.*]] = arith.cmpf ogt, %[[MAGNITUDE]], %[[SO_FAR]]
// CHECK-NEXT:      arith.select %[[LARGER]], %[[MAGNITUDE]], %[[SO_FAR]]
// CHECK:         %[[MASK:.*]] = vector.constant_mask [8]
// CHECK:         %[[Y:.*]] = arith.negf
// CHECK-NEXT:    vector.store %[[Y]], %[[KEPT]][%c32]
// CHECK-NEXT:    %[[EXISTING:.*]] = arith.select %[[MASK]], %[[Y]], %[[ZEROS]]
// CHECK-NEXT:    %[[MAGNITUDE:.*]] = math.absf %[[EXISTING]]
// CHECK-NEXT:    arith.cmpf ogt, %[[MAGNITUDE]], %[[WHOLE]]
// CHECK:         %[[LARGEST:.*]] = vector.extract %{{.*}}[0] : f32
// CHECK-NEXT:    %[[SMALLEST:.*]] = arith.constant 9.99999974E-6 : f32
// CHECK-NEXT:    %[[LARGE:.*]] = arith.cmpf ogt, %[[LARGEST]], %[[SMALLEST]]
// CHECK-NEXT:    %[[M:.*]] = arith.select %[[LARGE]], %[[LARGEST]], %[[SMALLEST]]
// CHECK-NEXT:    %[[LIMIT:.*]] = arith.constant 1.270000e+02 : f32
// CHECK-NEXT:    %[[INVERSE:.*]] = arith.divf %[[LIMIT]], %[[M]]
// CHECK-NEXT:    %[[INVERSES:.*]] = vector.broadcast %[[INVERSE]] : f32 to vector<16xf32>
// CHECK-NEXT:    %[[SCALE:.*]] = arith.divf %[[M]], %[[LIMIT]]
// CHECK:         %[[WHOLE:.*]] = scf.for %[[K:.*]] = %c0 to %c32 step %c16 iter_args(%[[SO_FAR:.*]] = %{{.*}}) -> (vector<16xi32>) {
// CHECK-NEXT:      %[[Y:.*]] = vector.load %[[KEPT]][%[[K]]]
// CHECK-NEXT:      %[[SCALED:.*]] = arith.mulf %[[Y]], %[[INVERSES]]
// CHECK-NEXT:      %[[ROUNDER:.*]] = arith.constant dense<0x4B400000> : vector<16xf32>
// CHECK-NEXT:      %[[SHIFTED:.*]] = arith.addf %[[SCALED]], %[[ROUNDER]]
// CHECK-NEXT:      %[[ROUNDED:.*]] = arith.subf %[[SHIFTED]], %[[ROUNDER]]
// CHECK-NEXT:      %[[LOW:.*]] = arith.constant dense<-1.280000e+02>
// CHECK-NEXT:      %[[ABOVE:.*]] = arith.cmpf ogt, %[[ROUNDED]], %[[LOW]]
// CHECK-NEXT:      %[[AT_LEAST:.*]] = arith.select %[[ABOVE]], %[[ROUNDED]], %[[LOW]]
// CHECK-NEXT:      %[[HIGH:.*]] = arith.constant dense<1.270000e+02>
// CHECK-NEXT:      %[[BELOW:.*]] = arith.cmpf olt, %[[AT_LEAST]], %[[HIGH]]
// CHECK-NEXT:      %[[CLAMPED:.*]] = arith.select %[[BELOW]], %[[AT_LEAST]], %[[HIGH]]
// CHECK-NEXT:      %[[WIDE:.*]] = arith.fptosi %[[CLAMPED]] : vector<16xf32> to vector<16xi32>
// CHECK-NEXT:      %[[CODES:.*]] = arith.trunci %[[WIDE]] : vector<16xi32> to vector<16xi8>
// CHECK-NEXT:      vector.store %[[CODES]], %[[Q]][%[[I:.*]], %[[K]]]
// CHECK-NEXT:      %[[SUM:.*]] = arith.addi %[[SO_FAR]], %[[WIDE]]
// CHECK-NEXT:      scf.yield %[[SUM]]
// CHECK:         %[[KEPT_REST:.*]] = vector.load %[[KEPT]][%c32]
// CHECK-NEXT:    arith.select %[[MASK]], %[[KEPT_REST]], %[[ZEROS]]
// CHECK:         %[[CODES:.*]] = arith.trunci %[[WIDE:.*]] : vector<16xi32> to vector<16xi8>
// CHECK-NEXT:    vector.store %[[CODES]], %[[Q]][%[[I]], %c32]
// CHECK-NEXT:    %[[SUM:.*]] = arith.addi %[[WHOLE]], %[[WIDE]]
// CHECK-NEXT:    %[[TOTAL:.*]] = vector.reduction <add>, %[[SUM]] : vector<16xi32> into i32
// CHECK:         scf.for %[[K:.*]] = %c48 to %c64 step %c1 {
// CHECK-NEXT:      memref.store %c0_i8, %[[Q]][%[[I]], %[[K]]]
// CHECK-NEXT:    }
// CHECK-NEXT:    memref.store %[[SCALE]], %[[A]][%[[I]]]
// CHECK-NEXT:    memref.store %[[TOTAL]], %[[C]][%[[I]]]
func.func @quantize(%x: memref<?x40xf32>, %q: memref<?x64xi8>, %a: memref<?xf32>, %c: memref<?xi32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x40xf32>) outs(%q, %a, %c : memref<?x64xi8>, memref<?xf32>, memref<?xi32>) {
  ^bb0(%row: vector<40xf32>):
    %y = arith.negf %row : vector<40xf32>
    %codes, %scale, %sum = ternary.quantize_activations %y : vector<40xf32> -> vector<64xi8>, f32, i32
    ternary.yield %codes, %scale, %sum : vector<64xi8>, f32, i32
  }
  return
}

// Where there is no room for a whole chunk the last one is stored masked, and zeros from
// the last column on. An operand is read twice, not kept.
// CHECK-LABEL: func.func @quantize_narrow(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x40xf32>, %[[Q:[^:]*]]: memref<?x44xi8>)
// CHECK-NOT:     memref.alloc
// CHECK:         %[[MASK:.*]] = vector.constant_mask [8]
// CHECK:         vector.store %{{.*}}, %[[Q]][%{{.*}}, %{{.*}}] : memref<?x44xi8>, vector<16xi8>
// CHECK:         vector.maskedstore %[[Q]][%{{.*}}, %c32], %[[MASK]], %{{.*}} : memref<?x44xi8>, vector<16xi1>, vector<16xi8>
// CHECK:         scf.for %[[K:.*]] = %c40 to %c44 step %c1 {
// CHECK-NEXT:      memref.store %c0_i8, %[[Q]]
func.func @quantize_narrow(%x: memref<?x40xf32>, %q: memref<?x44xi8>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x40xf32>) outs(%q : memref<?x44xi8>) {
  ^bb0(%row: vector<40xf32>):
    %codes, %scale, %sum = ternary.quantize_activations %row : vector<40xf32> -> vector<44xi8>, f32, i32
    ternary.yield %codes : vector<44xi8>
  }
  return
}

// A last chunk of one column is stored as a scalar: a masked store of it would write four bytes,
// three of them another row's.
// CHECK-LABEL: func.func @quantize_one_more(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x17xf32>, %[[Q:[^:]*]]: memref<?x17xi8>)
// CHECK:         %[[CODES:.*]] = arith.trunci %{{.*}} : vector<16xi32> to vector<16xi8>
// CHECK:         vector.store %[[CODES]], %[[Q]]
// CHECK-NOT:     vector.maskedstore
// CHECK:         %[[LAST:.*]] = arith.trunci %{{.*}} : vector<16xi32> to vector<16xi8>
// CHECK-NEXT:    %[[CODE:.*]] = vector.extract %[[LAST]][0] : i8 from vector<16xi8>
// CHECK-NEXT:    memref.store %[[CODE]], %[[Q]][%{{.*}}, %c16] : memref<?x17xi8>
func.func @quantize_one_more(%x: memref<?x17xf32>, %q: memref<?x17xi8>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x17xf32>) outs(%q : memref<?x17xi8>) {
  ^bb0(%row: vector<17xf32>):
    %codes, %scale, %sum = ternary.quantize_activations %row : vector<17xf32> -> vector<17xi8>, f32, i32
    ternary.yield %codes : vector<17xi8>
  }
  return
}

// Codes that nothing reads are not stored; the scale may be all that is wanted.
// CHECK-LABEL: func.func @scale_only(
// CHECK-SAME:    %{{[^:]*}}: memref<?x16xf32>, %[[A:[^:]*]]: memref<?xf32>)
// CHECK-NOT:     vector.store
// CHECK:         memref.store %{{.*}}, %[[A]]
func.func @scale_only(%x: memref<?x16xf32>, %a: memref<?xf32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x16xf32>) outs(%a : memref<?xf32>) {
  ^bb0(%row: vector<16xf32>):
    %codes, %scale, %sum = ternary.quantize_activations %row : vector<16xf32> -> vector<16xi8>, f32, i32
    ternary.yield %scale : f32
  }
  return
}

// Narrow rows are extended as they are read, by each loop that reads them; what is rounded to a
// narrow row and read by two loops is kept narrow.
// CHECK-LABEL: func.func @narrow(
// CHECK-SAME:    %[[X:[^:]*]]: memref<2x32xf32>, %[[N:[^:]*]]: memref<2x32xbf16>,
// CHECK-NOT:     memref.alloca
// CHECK:         scf.parallel
// CHECK-NEXT:      memref.alloca() {{.*}} : memref<32xbf16>
// CHECK-NOT:     memref.alloca
// CHECK:         scf.for
// CHECK:           %[[A:.*]] = vector.load %[[X]]{{.*}} : memref<2x32xf32>, vector<16xf32>
// CHECK-NEXT:      %[[T:.*]] = arith.truncf %[[A]] : vector<16xf32> to vector<16xbf16>
// CHECK-NEXT:      vector.store %[[T]], %{{.*}} : memref<32xbf16>, vector<16xbf16>
// CHECK-NEXT:      arith.extf %[[T]] : vector<16xbf16> to vector<16xf32>
// CHECK:         scf.for
// CHECK-NOT:       arith.truncf
// CHECK:           %[[KEPT:.*]] = vector.load %{{.*}} : memref<32xbf16>, vector<16xbf16>
// CHECK-NEXT:      arith.extf %[[KEPT]]
// CHECK-COUNT-2: vector.load %[[N]]{{.*}} : memref<2x32xbf16>, vector<16xbf16>
// CHECK-NOT:     vector.load %[[N]]
// CHECK:         return
func.func @narrow(%x: memref<2x32xf32>, %n: memref<2x32xbf16>, %q: memref<2x32xi8>, %p: memref<2x32xi8>) {
  ternary.row_kernel rows 1 ins(%x, %n : memref<2x32xf32>, memref<2x32xbf16>) outs(%q, %p : memref<2x32xi8>, memref<2x32xi8>) {
  ^bb0(%wide: vector<32xf32>, %row: vector<32xbf16>):
    %t = arith.truncf %wide : vector<32xf32> to vector<32xbf16>
    %w = arith.extf %t : vector<32xbf16> to vector<32xf32>
    %a, %as, %ac = ternary.quantize_activations %w : vector<32xf32> -> vector<32xi8>, f32, i32
    %v = arith.extf %row : vector<32xbf16> to vector<32xf32>
    %b, %bs, %bc = ternary.quantize_activations %v : vector<32xf32> -> vector<32xi8>, f32, i32
    ternary.yield %a, %b : vector<32xi8>, vector<32xi8>
  }
  return
}
