// RUN: ternary-opt %s --ternary-to-vector=kernel=avx512vnni | FileCheck %s
// RUN: not ternary-opt %s --ternary-to-vector=kernel=avx2 2>&1 | FileCheck %s --check-prefix=LAYOUT
// RUN: not ternary-opt %s --ternary-to-vector=kernel=abacus 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// LAYOUT: error: 'ternary.linear_kernel' op expected a weight packed for 'avx2' (lanes = 8, depth = 4, planes = 4, vectors = 4), got #ternary.packed<lanes = 16
// UNKNOWN: error: expected a microkernel of 'avx512vnni', 'avxvnni', 'avx2', 'portable', got 'abacus'

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
