// RUN: ternary-opt %s --ternary-to-vector=kernel=avx512vnni -cse | FileCheck %s

!weight = memref<32x2048x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
!odd = memref<33x22x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
!groups = memref<32x512x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>

// One token: a pass over the tile for each plane, of 512 columns, in which four blocks of 64 columns go
// side by side, with both vectors. A code is shifted to the lowest bits and looked up; products are
// exact, so that they may be fused. What four blocks add up to is joined with what is on the stack.
// CHECK-LABEL: func.func @one_token(
// CHECK:         scf.parallel
// CHECK:           memref.alloca() {alignment = 64 : i64} : memref<5x384xf32>
// CHECK:           scf.for %{{.*}} = %c0 to %c2 step %c1 {
// CHECK:             scf.for %{{.*}} = %c0 to %c16{{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-2:       vector.load %{{.*}} : memref<16384xi8>, vector<64xi8>
// CHECK:               memref.prefetch
// CHECK-NOT:           arith.shrui
// CHECK:               llvm.call_intrinsic "llvm.x86.avx512.vpermilvar.ps.512"
// CHECK:               %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} fastmath<contract> : vector<16xf32>
// CHECK:               arith.addf %{{.*}}, %[[P]] fastmath<contract> : vector<16xf32>
// CHECK:               arith.shrui
// CHECK:             %[[A:.*]] = arith.addf %{{[^ ]*}}, %{{[^ ]*}} : vector<16xf32>
// CHECK:             %[[B:.*]] = arith.addf %{{[^ ]*}}, %{{[^ ]*}} : vector<16xf32>
// CHECK:             arith.addf %{{[^ ]*}}, %{{[^ ]*}} : vector<16xf32>
// CHECK:             scf.while
// CHECK:               %[[LEVEL:.*]] = arith.index_cast
// CHECK:               %[[BEFORE:.*]] = vector.load %{{.*}}[%[[LEVEL]], %{{.*}}] : memref<5x384xf32>, vector<16xf32>
// CHECK:               arith.addf %[[BEFORE]], %{{.*}} : vector<16xf32>
// CHECK:             vector.store %{{.*}} : memref<5x384xf32>, vector<16xf32>
// CHECK:           %[[SUM:.*]] = vector.load %{{.*}}[%c0, %c0] : memref<5x384xf32>
// CHECK:           %[[SCALE:.*]] = vector.load %{{.*}} : memref<32xf32>
// CHECK:           arith.mulf %[[SUM]], %[[SCALE]] : vector<16xf32>
// CHECK:           vector.store
func.func @one_token(%x: memref<1x2048xf32>, %w: !weight, %s: memref<32xf32>, %o: memref<1x32xf32>) {
  ternary.linear_kernel ins(%x, %w : memref<1x2048xf32>, !weight) scales(%s : memref<32xf32>) outs(%o : memref<1x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// Many tokens: twelve with both vectors of the tile, without prefetching, then two, then one.
// 22 columns are 8, 8 and 6 of the first three planes: the last two of these are added
// after the loop, and nothing is read beyond.
// CHECK-LABEL: func.func @many_tokens(
// CHECK:         scf.for %{{.*}} step %c12
// CHECK-COUNT-28:  llvm.call_intrinsic "llvm.x86.avx512.vpermilvar.ps.512"
// CHECK-NOT:       memref.prefetch
// CHECK:           vector.maskedstore
// CHECK:         scf.for %{{.*}} step %c2
// CHECK:         scf.for %{{.*}} step %c1
// CHECK:           memref.prefetch
func.func @many_tokens(%x: memref<?x22xf32>, %w: !odd, %s: memref<1xf32>, %o: memref<?x33xf32>) {
  ternary.linear_kernel ins(%x, %w : memref<?x22xf32>, !odd) scales(%s : memref<1xf32>) outs(%o : memref<?x33xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// Groups of 64 columns, two in each plane: a loop over those of each, in which a group is one block.
// CHECK-LABEL: func.func @groups(
// CHECK:         scf.parallel
// CHECK:           scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>) {
// CHECK:             scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>)
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
// CHECK:           %[[S:.*]] = memref.load %{{.*}}[%[[ID]]] : memref<32xf32>
// CHECK:           scf.for
// CHECK:             vector.load %{{.*}} : memref<16384xi8>, vector<4xi8>
// CHECK-COUNT-4:     vector.store %{{.*}} : memref<1x?x2048xf32>, vector<4xf32>
func.func @gather(%ids: memref<1x?xi32>, %w: !weight, %s: memref<32xf32>, %o: memref<1x?x2048xf32>) {
  ternary.gather_kernel ins(%ids, %w : memref<1x?xi32>, !weight) scale(%s : memref<32xf32>) outs(%o : memref<1x?x2048xf32>)
  return
}
