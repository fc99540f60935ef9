// RUN: ternary-opt %s --ternary-to-vector=kernel=avx512vnni -cse | FileCheck %s

!weight = memref<64x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
!odd = memref<33x22x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
!groups = memref<32x512x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>

// One token: a pass over the tile for each plane, in which both vectors have four sums each. A code
// is shifted to the lowest bits and looked up; products are exact, so that they may be fused.
// CHECK-LABEL: func.func @one_token(
// CHECK:         scf.parallel
// CHECK:           scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-2:     vector.load %{{.*}} : memref<1024xi8>, vector<64xi8>
// CHECK:             memref.prefetch
// CHECK-NOT:         arith.shrui
// CHECK:             llvm.call_intrinsic "llvm.x86.avx512.vpermilvar.ps.512"
// CHECK:             %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} fastmath<contract> : vector<16xf32>
// CHECK:             arith.addf %{{.*}}, %[[P]] fastmath<contract> : vector<16xf32>
// CHECK:             arith.shrui
// CHECK-COUNT-3:   scf.for
// CHECK-NOT:       scf.for
// CHECK:           %[[A:.*]] = arith.addf %{{[^ ]*}}, %{{[^ ]*}} : vector<16xf32>
// CHECK:           %[[B:.*]] = arith.addf %{{[^ ]*}}, %{{[^ ]*}} : vector<16xf32>
// CHECK:           %[[SUM:.*]] = arith.addf %[[A]], %[[B]] : vector<16xf32>
// CHECK:           %[[SCALE:.*]] = vector.load
// CHECK:           arith.mulf %[[SUM]], %[[SCALE]] : vector<16xf32>
// CHECK:           vector.store
func.func @one_token(%x: memref<1x64xf32>, %w: !weight, %s: memref<64xf32>, %o: memref<1x64xf32>) {
  ternary.linear_kernel ins(%x, %w : memref<1x64xf32>, !weight) scales(%s : memref<64xf32>) outs(%o : memref<1x64xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// Many tokens: six with one vector of the tile, without prefetching, then one with both.
// 22 columns are 8, 8 and 6 of the first three planes: the last two of these are added
// after the loop, and nothing is read beyond.
// CHECK-LABEL: func.func @many_tokens(
// CHECK:         scf.for %{{.*}} step %c6
// CHECK-COUNT-28:  llvm.call_intrinsic "llvm.x86.avx512.vpermilvar.ps.512"
// CHECK-NOT:       memref.prefetch
// CHECK:           vector.maskedstore
// CHECK:         scf.for %{{.*}} step %c1
// CHECK:           memref.prefetch
func.func @many_tokens(%x: memref<?x22xf32>, %w: !odd, %s: memref<1xf32>, %o: memref<?x33xf32>) {
  ternary.linear_kernel ins(%x, %w : memref<?x22xf32>, !odd) scales(%s : memref<1xf32>) outs(%o : memref<?x33xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// Groups within planes: a loop over those of each. With three for two planes, one is carried on.
// CHECK-LABEL: func.func @groups(
// CHECK:         scf.parallel
// CHECK:           scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>) {
// CHECK:             scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
func.func @groups(%x: memref<1x512xf32>, %w: !groups, %s: memref<8x32xf32>, %o: memref<1x32xf32>) {
  ternary.linear_kernel ins(%x, %w : memref<1x512xf32>, !groups) scales(%s : memref<8x32xf32>) outs(%o : memref<1x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// A row of a table: four columns of each plane at a time, with the scale of the row.
// CHECK-LABEL: func.func @gather(
// CHECK:         scf.parallel
// CHECK:           %[[ID:.*]] = arith.index_cast
// CHECK:           %[[S:.*]] = memref.load %{{.*}}[%[[ID]]] : memref<64xf32>
// CHECK:           scf.for
// CHECK:             vector.load %{{.*}} : memref<1024xi8>, vector<4xi8>
// CHECK-COUNT-4:     vector.store %{{.*}} : memref<1x?x64xf32>, vector<4xf32>
func.func @gather(%ids: memref<1x?xi32>, %w: !weight, %s: memref<64xf32>, %o: memref<1x?x64xf32>) {
  ternary.gather_kernel ins(%ids, %w : memref<1x?xi32>, !weight) scale(%s : memref<64xf32>) outs(%o : memref<1x?x64xf32>)
  return
}
