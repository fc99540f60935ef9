// RUN: split-file %s %t
// RUN: ternary-opt %t/avx512vnni.mlir --ternary-to-vector=kernel=avx512vnni | FileCheck %t/avx512vnni.mlir
// RUN: ternary-opt %t/epilogue.mlir --ternary-to-vector=kernel=avx512vnni -cse | FileCheck %t/epilogue.mlir
// RUN: ternary-opt %t/256.mlir --ternary-to-vector=kernel=avx2 -cse | FileCheck %t/256.mlir --check-prefixes=CHECK,AVX2
// RUN: ternary-opt %t/256.mlir --ternary-to-vector=kernel=avxvnni -cse | FileCheck %t/256.mlir --check-prefixes=CHECK,AVXVNNI
// RUN: ternary-opt %t/portable.mlir --ternary-to-vector=kernel=portable -cse | FileCheck %t/portable.mlir
// RUN: ternary-opt %t/portable.mlir --ternary-to-vector -cse | FileCheck %t/portable.mlir

//--- avx512vnni.mlir

// One token: one pass over the weights, an accumulator for each plane, codes masked where
// they lie, memory asked for ahead of its use; planes are scaled back at the end.
// CHECK-LABEL: func.func @one_token(
// CHECK-SAME: memref<1024xi8>
// CHECK: scf.parallel
// CHECK: scf.for {{.*}} -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>)
// CHECK-COUNT-2: vector.load %{{.*}} : memref<1024xi8>, vector<64xi8>
// CHECK-COUNT-2: memref.prefetch
// CHECK: arith.andi %{{.*}}, %{{.*}} : vector<64xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK-NOT: arith.shrui
// CHECK: arith.shrsi
// CHECK: arith.sitofp
// CHECK: vector.store
func.func @one_token(%q: memref<1x64xi8>, %a: memref<1xf32>, %c: memref<1xi32>, %s: memref<1xf32>,
                     %w: memref<64x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>, %o: memref<1x64xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<1x64xi8>, memref<64x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>)
      scales(%a, %s : memref<1xf32>, memref<1xf32>) sums(%c : memref<1xi32>) outs(%o : memref<1x64xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// Many tokens: blocks of twelve, then of four, then single ones; rows that do not fill a
// tile are masked.
// CHECK-LABEL: func.func @many_tokens(
// CHECK: scf.parallel
// CHECK: scf.for %{{.*}} step %c12
// CHECK-COUNT-96: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK: vector.create_mask
// CHECK: vector.maskedstore
// CHECK: scf.for %{{.*}} step %c4
// CHECK: scf.for %{{.*}} step %c1
func.func @many_tokens(%q: memref<?x64xi8>, %a: memref<?xf32>, %c: memref<?xi32>, %s: memref<33xf32>,
                       %w: memref<33x50x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>, %o: memref<?x33xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<?x64xi8>, memref<33x50x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>)
      scales(%a, %s : memref<?xf32>, memref<33xf32>) sums(%c : memref<?xi32>) outs(%o : memref<?x33xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

//--- epilogue.mlir

!weight = memref<80x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
!halves = memref<80x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2, halves = 2>>

// The epilogue is computed for a vector of columns at once: sums less that of the
// activations, scales of the weight's rows, extras for each element and for each column,
// constants in all lanes. 80 columns are two tiles and a half: what is beyond is masked.
// Squares are those of the first result, of columns that exist, and the columns of a tile
// are one block of them. Row dimensions are one.
// CHECK-LABEL: func.func @epilogue(
// CHECK-SAME:    %[[Q:[^:]*]]: memref<1x1x64xi8>, %[[A:[^:]*]]: memref<1x1xf32>, %[[C:[^:]*]]: memref<1x1xi32>, %[[S:[^:]*]]: memref<80xf32>, %[[W:[^:]*]]: memref<1536xi8>,
// CHECK-SAME:    %[[X:[^:]*]]: memref<1x1x80xf32>, %[[B:[^:]*]]: memref<80xf32>, %[[O:[^:]*]]: memref<1x1x80xf32>, %[[Z:[^:]*]]: memref<1x1x3xf32>)
// CHECK-NEXT:    %[[QR:.*]] = memref.collapse_shape %[[Q]] {{\[\[}}0, 1], [2]] : memref<1x1x64xi8> into memref<1x64xi8>
// CHECK-NEXT:    %[[AR:.*]] = memref.collapse_shape %[[A]] {{\[\[}}0, 1]]
// CHECK-NEXT:    %[[CR:.*]] = memref.collapse_shape %[[C]] {{\[\[}}0, 1]]
// CHECK-NEXT:    %[[XR:.*]] = memref.collapse_shape %[[X]] {{\[\[}}0, 1], [2]]
// CHECK-NEXT:    %[[OR:.*]] = memref.collapse_shape %[[O]] {{\[\[}}0, 1], [2]]
// CHECK-NEXT:    %[[ZR:.*]] = memref.collapse_shape %[[Z]] {{\[\[}}0, 1], [2]]
// CHECK:         scf.parallel (%[[TILE:.*]]) = (%c0) to (%c3) step (%c1) {
// CHECK:           scf.for
// CHECK:             vector.load %[[QR]]
// CHECK:           scf.yield
// CHECK:           %[[CORRECTION:.*]] = memref.load %[[CR]][%c0]
// CHECK-NEXT:      %[[CORRECTIONS:.*]] = vector.broadcast %[[CORRECTION]] : i32 to vector<16xi32>
// CHECK-NEXT:      %[[SCALE:.*]] = memref.load %[[AR]][%c0]
// CHECK:           %[[N:.*]] = arith.muli %[[TILE]], %c32
// CHECK:           %[[LEFT:.*]] = arith.subi %c80, %[[N]]
// CHECK-NEXT:      %[[MASK:.*]] = vector.create_mask %[[LEFT]] : vector<16xi1>
// CHECK-NEXT:      %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK-NEXT:      %[[ROW_SCALES:.*]] = vector.maskedload %[[S]][%[[N]]], %[[MASK]], %[[ZEROS]]
// CHECK-NEXT:      %[[SCALES:.*]] = vector.broadcast %[[SCALE]] : f32 to vector<16xf32>
// CHECK-NEXT:      %[[PRODUCTS:.*]] = arith.mulf %[[SCALES]], %[[ROW_SCALES]]
// CHECK-NEXT:      %[[SUM:.*]] = arith.subi %{{.*}}, %[[CORRECTIONS]]
// CHECK-NEXT:      %[[FLOAT:.*]] = arith.sitofp %[[SUM]] : vector<16xi32> to vector<16xf32>
// CHECK-NEXT:      %[[V:.*]] = arith.mulf %[[FLOAT]], %[[PRODUCTS]]
// CHECK-NEXT:      %[[RESIDUAL:.*]] = vector.maskedload %[[XR]][%c0, %[[N]]], %[[MASK]], %[[ZEROS]]
// CHECK-NEXT:      %[[BIAS:.*]] = vector.maskedload %[[B]][%[[N]]], %[[MASK]], %[[ZEROS]]
// CHECK-NEXT:      %[[HALF:.*]] = arith.constant dense<5.000000e-01> : vector<16xf32>
// CHECK-NEXT:      %[[HALVED:.*]] = arith.mulf %[[V]], %[[HALF]]
// CHECK-NEXT:      %[[BIASED:.*]] = arith.addf %[[HALVED]], %[[BIAS]]
// CHECK-NEXT:      %[[Y:.*]] = arith.addf %[[RESIDUAL]], %[[BIASED]]
// CHECK-NEXT:      vector.maskedstore %[[OR]][%c0, %[[N]]], %[[MASK]], %[[Y]]
// CHECK-NEXT:      %[[EXISTING:.*]] = arith.select %[[MASK]], %[[Y]], %[[ZEROS]]
// CHECK-NEXT:      %[[SQUARES:.*]] = arith.mulf %[[EXISTING]], %[[EXISTING]]
// CHECK:           %[[N16:.*]] = arith.addi %[[N]], %c16
// CHECK:           vector.maskedstore %[[OR]][%c0, %[[N16]]], %[[MASK:.*]], %[[Y:.*]] :
// CHECK-NEXT:      %[[EXISTING:.*]] = arith.select %[[MASK]], %[[Y]], %[[ZEROS]]
// CHECK-NEXT:      %[[SQUARES16:.*]] = arith.mulf %[[EXISTING]], %[[EXISTING]]
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[SQUARES]], %[[SQUARES16]] : vector<16xf32>
// CHECK-NEXT:      vector.extract_strided_slice %[[SUM]] {offsets = [0], sizes = [8]
// CHECK-NEXT:      vector.extract_strided_slice %[[SUM]] {offsets = [8], sizes = [8]
// CHECK:           %[[TOTAL:.*]] = vector.extract %{{.*}}[0] : f32 from vector<1xf32>
// CHECK-NEXT:      memref.store %[[TOTAL]], %[[ZR]][%c0, %[[TILE]]]
// CHECK-NEXT:      scf.reduce
func.func @epilogue(%q: memref<1x1x64xi8>, %a: memref<1x1xf32>, %c: memref<1x1xi32>, %s: memref<80xf32>, %w: !weight,
                    %x: memref<1x1x80xf32>, %b: memref<80xf32>, %o: memref<1x1x80xf32>, %z: memref<1x1x3xf32>) {
  ternary.linear_kernel square_sums ins(%q, %w : memref<1x1x64xi8>, !weight)
      scales(%a, %s : memref<1x1xf32>, memref<80xf32>) sums(%c : memref<1x1xi32>)
      extras(%x, %b : memref<1x1x80xf32>, memref<80xf32>) outs(%o, %z : memref<1x1x80xf32>, memref<1x1x3xf32>) {
  ^bb0(%v: f32, %residual: f32, %bias: f32):
    %half = arith.constant 0.5 : f32
    %halved = arith.mulf %v, %half : f32
    %biased = arith.addf %halved, %bias : f32
    %y = arith.addf %residual, %biased : f32
    ternary.yield %y : f32
  }
  return
}

// The two halves of a gated linear unit: a tile holds 16 rows of each, which is the first
// and the second vector, so the region has both at hand. A scale of the second is that of
// the row 40 further on.
// CHECK-LABEL: func.func @halves(
// CHECK-SAME:    %[[S:[^:]*]]: memref<80xf32>, %[[W:[^:]*]]: memref<1536xi8>, %[[O:[^:]*]]: memref<1x40xf32>)
// CHECK:         scf.parallel (%[[TILE:.*]]) = (%c0) to (%c3) step (%c1) {
// CHECK:           %[[ACC:.*]]:8 = scf.for
// CHECK:           arith.shrsi %[[ACC]]#1,
// CHECK:           arith.shrsi %[[ACC]]#3,
// CHECK-NEXT:      %[[FIRST:.*]] = arith.addi %{{.*}}, %{{.*}} : vector<16xi32>
// CHECK:           arith.shrsi %[[ACC]]#5,
// CHECK:           arith.shrsi %[[ACC]]#7,
// CHECK-NEXT:      %[[SECOND:.*]] = arith.addi %{{.*}}, %{{.*}} : vector<16xi32>
// CHECK:           %[[N:.*]] = arith.muli %[[TILE]], %c16
// CHECK:           %[[MASK:.*]] = vector.create_mask %{{.*}} : vector<16xi1>
// CHECK:           vector.maskedload %[[S]][%[[N]]], %[[MASK]],
// CHECK:           arith.subi %[[FIRST]],
// CHECK:           %[[U:.*]] = arith.mulf
// CHECK:           %[[N40:.*]] = arith.addi %[[N]], %c40
// CHECK-NEXT:      vector.maskedload %[[S]][%[[N40]]], %[[MASK]],
// CHECK:           arith.subi %[[SECOND]],
// CHECK:           %[[V:.*]] = arith.mulf
// CHECK-NEXT:      %[[SILU:.*]] = ternary.activate {{ ?}}silu %[[U]] : vector<16xf32>
// CHECK-NEXT:      %[[Y:.*]] = arith.mulf %[[SILU]], %[[V]]
// CHECK-NEXT:      vector.maskedstore %[[O]][%c0, %[[N]]], %[[MASK]], %[[Y]]
// CHECK-NEXT:      scf.reduce
func.func @halves(%q: memref<1x64xi8>, %a: memref<1xf32>, %c: memref<1xi32>, %s: memref<80xf32>, %w: !halves, %o: memref<1x40xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<1x64xi8>, !halves)
      scales(%a, %s : memref<1xf32>, memref<80xf32>) sums(%c : memref<1xi32>) outs(%o : memref<1x40xf32>) {
  ^bb0(%u: f32, %v: f32):
    %silu = ternary.activate silu %u : f32
    %y = arith.mulf %silu, %v : f32
    ternary.yield %y : f32
  }
  return
}

//--- 256.mlir

!weight = memref<64x32x!ternary.trit, #ternary.packed<lanes = 8, depth = 4, planes = 4, vectors = 4>>

// One token with eight registers for sums: there is none for each plane, so codes are
// shifted, 16 bits at a time, before they are masked; nothing is left to scale back.
// CHECK-LABEL:  func.func @one_token(
// CHECK-SAME:     %[[W:[^:]*]]: memref<512xi8>
// CHECK:          scf.parallel (%{{.*}}) = (%c0) to (%c2) step (%c1) {
// CHECK:            %{{.*}}:4 = scf.for %{{.*}} = %c0 to %c2 step %c1 iter_args({{.*}}) -> (vector<8xi32>, vector<8xi32>, vector<8xi32>, vector<8xi32>) {
// CHECK:              %[[CODES:.*]] = vector.load %[[W]][%{{.*}}] : memref<512xi8>, vector<32xi8>
// CHECK-COUNT-3:      vector.load %[[W]][%{{.*}}] : memref<512xi8>, vector<32xi8>
// CHECK-COUNT-2:      memref.prefetch %[[W]][%{{.*}}], read, locality<2>, data
// CHECK:              %[[THREE:.*]] = arith.constant dense<3> : vector<32xi8>
// CHECK:              %[[PLANE:.*]] = arith.andi %[[CODES]], %[[THREE]] : vector<32xi8>
// AVX2-NEXT:          %[[PRODUCTS:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%[[PLANE]], %[[Q:.*]]) : (vector<32xi8>, vector<32xi8>) -> vector<16xi16>
// AVX2-NEXT:          %[[ONES:.*]] = arith.constant dense<1> : vector<16xi16>
// AVX2-NEXT:          %[[SUMS:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[PRODUCTS]], %[[ONES]]) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
// AVX2-NEXT:          arith.addi %{{.*}}, %[[SUMS]] : vector<8xi32>
// AVXVNNI-NEXT:       llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%{{.*}}, %[[PLANE]], %{{.*}}) : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
// CHECK:              %[[WORDS:.*]] = vector.bitcast %[[CODES]] : vector<32xi8> to vector<16xi16>
// CHECK-NEXT:         %[[SHIFTED:.*]] = arith.shrui %[[WORDS]], %[[TWO:.*]] : vector<16xi16>
// CHECK-NEXT:         %[[BYTES:.*]] = vector.bitcast %[[SHIFTED]] : vector<16xi16> to vector<32xi8>
// CHECK-NEXT:         arith.andi %[[BYTES]], %[[THREE]] : vector<32xi8>
// CHECK-NOT:        arith.shrsi
// CHECK:            vector.store
func.func @one_token(%q: memref<1x32xi8>, %a: memref<1xf32>, %c: memref<1xi32>, %s: memref<1xf32>, %w: !weight, %o: memref<1x64xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<1x32xi8>, !weight)
      scales(%a, %s : memref<1xf32>, memref<1xf32>) sums(%c : memref<1xi32>) outs(%o : memref<1x64xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// Two tokens together fill the registers; planes are worked off from the highest down, the
// sums shifted right by two in between. One scale for the whole weight is one scalar.
// CHECK-LABEL:  func.func @two_tokens(
// CHECK-SAME:     %[[S:[^:]*]]: memref<1xf32>, %{{[^:]*}}: memref<512xi8>
// CHECK:          scf.for %{{.*}} = %c0 to %c4 step %c2 {
// CHECK:            %[[P3:.*]]:8 = scf.for
// CHECK:              arith.constant dense<-64> : vector<32xi8>
// CHECK-NOT:          arith.shrui
// CHECK:            %[[TWO_BITS:.*]] = arith.shrsi %[[P3]]#0, %[[TWO:.*]] : vector<8xi32>
// CHECK:            arith.shrsi %[[P3]]#7, %[[TWO]] : vector<8xi32>
// CHECK-NEXT:       %[[P2:.*]]:8 = scf.for {{.*}} iter_args(%{{.*}} = %[[TWO_BITS]],
// CHECK:              arith.constant dense<48> : vector<32xi8>
// CHECK:            arith.shrsi %[[P2]]#0, %[[TWO]]
// CHECK:            %[[P1:.*]]:8 = scf.for
// CHECK:              arith.constant dense<12> : vector<32xi8>
// CHECK:            arith.shrsi %[[P1]]#0, %[[TWO]]
// CHECK:            %[[P0:.*]]:8 = scf.for
// CHECK:              arith.constant dense<3> : vector<32xi8>
// CHECK-NOT:        arith.shrsi
// CHECK:            %[[WEIGHT_SCALE:.*]] = memref.load %[[S]][%c0]
// CHECK-NEXT:       %[[SCALE:.*]] = arith.mulf %{{.*}}, %[[WEIGHT_SCALE]] : f32
// CHECK-NEXT:       %[[SCALES:.*]] = vector.broadcast %[[SCALE]] : f32 to vector<8xf32>
// CHECK-NEXT:       %[[SUM:.*]] = arith.subi %[[P0]]#0,
// CHECK-NEXT:       %[[FLOAT:.*]] = arith.sitofp %[[SUM]]
// CHECK-NEXT:       %[[V:.*]] = arith.mulf %[[FLOAT]], %[[SCALES]]
// CHECK-NEXT:       vector.store %[[V]],
func.func @two_tokens(%q: memref<4x32xi8>, %a: memref<4xf32>, %c: memref<4xi32>, %s: memref<1xf32>, %w: !weight, %o: memref<4x64xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<4x32xi8>, !weight)
      scales(%a, %s : memref<4xf32>, memref<1xf32>) sums(%c : memref<4xi32>) outs(%o : memref<4x64xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

//--- portable.mlir

!weight = memref<32x16x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 8>>

// Vectors of four sums, of which a tile has eight; a token at a time, codes shifted. The
// four products of a lane are taken apart by shuffles: no instruction set is named.
// CHECK-LABEL: func.func @portable(
// CHECK-SAME:    %[[W:[^:]*]]: memref<128xi8>
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         scf.for %{{.*}} = %c0 to %{{.*}} step %c1 {
// CHECK:           %{{.*}}:8 = scf.for {{.*}} -> (vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>) {
// CHECK-COUNT-8:     vector.load %[[W]][%{{.*}}] : memref<128xi8>, vector<16xi8>
// CHECK:             %[[FOUR:.*]] = vector.load %{{.*}} : memref<?x16xi8>, vector<4xi8>
// CHECK-NEXT:        %[[WORD:.*]] = vector.bitcast %[[FOUR]] : vector<4xi8> to vector<1xi32>
// CHECK-NEXT:        %[[SCALAR:.*]] = vector.extract %[[WORD]][0]
// CHECK-NEXT:        %[[WORDS:.*]] = vector.broadcast %[[SCALAR]] : i32 to vector<4xi32>
// CHECK-NEXT:        %[[Q:.*]] = vector.bitcast %[[WORDS]] : vector<4xi32> to vector<16xi8>
// CHECK:             %[[PLANE:.*]] = arith.andi
// CHECK-NEXT:        %[[CODE:.*]] = vector.shuffle %[[PLANE]], %[[PLANE]] [0, 4, 8, 12] : vector<16xi8>, vector<16xi8>
// CHECK-NEXT:        %[[QJ:.*]] = vector.shuffle %[[Q]], %[[Q]] [0, 4, 8, 12] : vector<16xi8>, vector<16xi8>
// CHECK-NEXT:        %[[WIDE:.*]] = arith.extui %[[CODE]] : vector<4xi8> to vector<4xi32>
// CHECK-NEXT:        %[[WIDE_Q:.*]] = arith.extsi %[[QJ]] : vector<4xi8> to vector<4xi32>
// CHECK-NEXT:        %[[PRODUCT:.*]] = arith.muli %[[WIDE]], %[[WIDE_Q]]
// CHECK-NEXT:        %[[SUM:.*]] = arith.addi %{{.*}}, %[[PRODUCT]]
// CHECK-NEXT:        vector.shuffle %[[PLANE]], %[[PLANE]] [1, 5, 9, 13]
// CHECK:             vector.shuffle %[[PLANE]], %[[PLANE]] [2, 6, 10, 14]
// CHECK:             vector.shuffle %[[PLANE]], %[[PLANE]] [3, 7, 11, 15]
// CHECK:             arith.shrui %{{.*}}, %{{.*}} : vector<8xi16>
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         return
func.func @portable(%q: memref<?x16xi8>, %a: memref<?xf32>, %c: memref<?xi32>, %s: memref<1xf32>, %w: !weight, %o: memref<?x32xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<?x16xi8>, !weight)
      scales(%a, %s : memref<?xf32>, memref<1xf32>) sums(%c : memref<?xi32>) outs(%o : memref<?x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}
