// RUN: ternary-opt %s --ternary-to-vector=kernel=portable | FileCheck %s

// Shapes and ops at the edge of what kernels allow.

// Scalars are computed as such and repeated in chunks; rows may be of any element type.
// CHECK-LABEL: func.func @scalars(
// CHECK: %[[SCALE:.*]] = memref.load
// CHECK: %[[TWICE:.*]] = arith.addf %[[SCALE]], %[[SCALE]] : f32
// CHECK: vector.broadcast %[[TWICE]] : f32 to vector<16xf32>
func.func @scalars(%s: memref<?xf32>, %y: memref<?x20xf32>) {
  ternary.row_kernel rows 1 ins(%s : memref<?xf32>) outs(%y : memref<?x20xf32>) {
  ^bb0(%scale: f32):
    %twice = arith.addf %scale, %scale : f32
    %row = vector.broadcast %twice : f32 to vector<20xf32>
    ternary.yield %row : vector<20xf32>
  }
  return
}

// CHECK-LABEL: func.func @stored_twice(
// CHECK: scf.for
// CHECK-NEXT: vector.load
// CHECK-NEXT: %[[SUM:.*]] = arith.addi
// CHECK-NEXT: vector.store %[[SUM]]
// CHECK-NEXT: vector.store %[[SUM]]
func.func @stored_twice(%x: memref<?x20xi8>, %y: memref<?x20xi8>, %z: memref<?x20xi8>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x20xi8>) outs(%y, %z : memref<?x20xi8>, memref<?x20xi8>) {
  ^bb0(%row: vector<20xi8>):
    %sum = arith.addi %row, %row : vector<20xi8>
    ternary.yield %sum, %sum : vector<20xi8>, vector<20xi8>
  }
  return
}

// Codes go to every out that they are yielded to.
// CHECK-LABEL: func.func @codes_twice(
// CHECK-SAME: memref<?x16xf32>, %[[Y:.*]]: memref<?x16xi8>, %[[Z:.*]]: memref<?x16xi8>
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: vector.store %{{.*}}, %[[Z]]
func.func @codes_twice(%x: memref<?x16xf32>, %y: memref<?x16xi8>, %z: memref<?x16xi8>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x16xf32>) outs(%y, %z : memref<?x16xi8>, memref<?x16xi8>) {
  ^bb0(%row: vector<16xf32>):
    %q, %a, %c = ternary.quantize_activations %row : vector<16xf32> -> vector<16xi8>, f32, i32
    ternary.yield %q, %q : vector<16xi8>, vector<16xi8>
  }
  return
}

// One id, and one row without row dimensions.
// CHECK-LABEL: func.func @one_id(
// CHECK: scf.parallel
// CHECK: memref.load %{{.*}}[] : memref<i32>
func.func @one_id(%id: memref<i32>, %table: memref<9x16xf16>, %o: memref<16xf32>) {
  ternary.gather_kernel ins(%id, %table : memref<i32>, memref<9x16xf16>) outs(%o : memref<16xf32>)
  return
}

// CHECK-LABEL: func.func @one_row(
// CHECK: memref.expand_shape %{{.*}} {{\[\[}}0, 1]] output_shape [1, 64] : memref<64xi8> into memref<1x64xi8>
// CHECK: memref.expand_shape %{{.*}} [] output_shape [1] : memref<f32> into memref<1xf32>
// CHECK: scf.parallel
!weight = memref<32x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 8>>
func.func @one_row(%q: memref<64xi8>, %a: memref<f32>, %c: memref<i32>, %s: memref<1xf32>, %w: !weight, %x: memref<32xf32>,
                   %o: memref<32xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<64xi8>, !weight) scales(%a, %s : memref<f32>, memref<1xf32>) sums(%c : memref<i32>)
      extras(%x : memref<32xf32>) outs(%o : memref<32xf32>) {
  ^bb0(%v: f32, %e: f32):
    %r = arith.addf %v, %e : f32
    ternary.yield %r : f32
  }
  return
}

// Single tokens are worked off in one loop, also where blocks are of one token.
// CHECK-LABEL: func.func @blocks_of_one(
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c1
// CHECK-COUNT-1: memref.prefetch
// CHECK: return
func.func @blocks_of_one(%q: memref<?x64xi8>, %a: memref<?xf32>, %c: memref<?xi32>, %s: memref<1xf32>, %w: !weight, %o: memref<?x32xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<?x64xi8>, !weight) scales(%a, %s : memref<?xf32>, memref<1xf32>) sums(%c : memref<?xi32>)
      outs(%o : memref<?x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}
