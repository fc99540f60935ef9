// RUN: ternary-opt %s -ternary-order-loops | FileCheck %s

// CHECK-DAG: #[[$LHS:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[$RHS:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[$OUT:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>

// CHECK-LABEL: func @product
func.func @product(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  // CHECK: linalg.generic {indexing_maps = [#[[$LHS]], #[[$RHS]], #[[$OUT]]], iterator_types = ["parallel", "reduction", "parallel"]}
  linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  return
}

// Sums over rows, and what has two dimensions to sum over, in their order.
// CHECK-LABEL: func @sums
func.func @sums(%x: memref<2x3x7xf32>, %y: memref<3x7xf32>, %z: memref<7xf32>) {
  // CHECK: linalg.reduce
  // CHECK: linalg.reduce
  linalg.reduce ins(%x : memref<2x3x7xf32>) outs(%y : memref<3x7xf32>) dimensions = [0] (%in: f32, %out: f32) {
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  linalg.reduce ins(%x : memref<2x3x7xf32>) outs(%z : memref<7xf32>) dimensions = [0, 1] (%in: f32, %out: f32) {
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// What is read across rows would not be faster; what has no reduction, or one number as its result, stays.
// CHECK-LABEL: func @as_it_is
func.func @as_it_is(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>, %d: memref<f32>, %v: memref<?xf32>) {
  // CHECK: linalg.matmul
  linalg.matmul indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>,
                                 affine_map<(d0, d1, d2) -> (d0, d1)>]
    ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  // CHECK: linalg.add
  linalg.add ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  // CHECK: linalg.dot
  linalg.dot ins(%v, %v : memref<?xf32>, memref<?xf32>) outs(%d : memref<f32>)
  return
}
