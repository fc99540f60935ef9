// RUN: ternary-opt %s -ternary-linalg-to-elementwise -split-input-file | FileCheck %s

// CHECK-LABEL: func @map
// CHECK-SAME:    (%[[X:.*]]: tensor<4x8xf32>
func.func @map(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: %[[Z:.*]] = arith.constant dense<0.000000e+00> : tensor<4x8xf32>
  // CHECK: %[[Y:.*]] = arith.maximumf %[[X]], %[[Z]] : tensor<4x8xf32>
  // CHECK: return %[[Y]]
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %y = linalg.map ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) (%in: f32, %out: f32) {
    %m = arith.maximumf %in, %zero : f32
    linalg.yield %m : f32
  }
  return %y : tensor<4x8xf32>
}

// -----

// A row and a number that are repeated, a constant and a number from outside, dynamic rows.
#whole = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
#number = affine_map<(d0, d1) -> ()>
// CHECK-LABEL: func @generic
// CHECK-SAME:    (%[[X:.*]]: tensor<?x8xf32>, %[[V:.*]]: tensor<8xf32>, %[[S:.*]]: tensor<f32>, %[[N:.*]]: f32)
func.func @generic(%x: tensor<?x8xf32>, %v: tensor<8xf32>, %s: tensor<f32>, %n: f32) -> tensor<?x8xf32> {
  // CHECK: %[[ROWS:.*]] = tensor.dim %[[X]]
  // CHECK: %[[ROW:.*]] = linalg.broadcast ins(%[[V]] : tensor<8xf32>) outs(%{{.*}} : tensor<?x8xf32>) dimensions = [0]
  // CHECK: %[[E:.*]] = tensor.extract %[[S]][]
  // CHECK: %[[SS:.*]] = tensor.splat %[[E]][%{{.*}}] : tensor<?x8xf32>
  // CHECK: %[[A:.*]] = arith.mulf %[[X]], %[[ROW]]
  // CHECK: %[[B:.*]] = arith.addf %[[A]], %[[SS]]
  // CHECK: %[[NS:.*]] = tensor.splat %[[N]][%{{.*}}] : tensor<?x8xf32>
  // CHECK: %[[C:.*]] = arith.divf %[[B]], %[[NS]]
  // CHECK: %[[TWO:.*]] = tensor.splat %{{.*}}[%{{.*}}] : tensor<?x8xf32>
  // CHECK: %[[D:.*]] = math.powf %[[C]], %[[TWO]]
  // CHECK: return %[[D]]
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%rows) : tensor<?x8xf32>
  %y = linalg.generic {indexing_maps = [#whole, #row, #number, #whole], iterator_types = ["parallel", "parallel"]}
      ins(%x, %v, %s : tensor<?x8xf32>, tensor<8xf32>, tensor<f32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %out: f32):
    %two = arith.constant 2.0 : f32
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %0, %c : f32
    %2 = arith.divf %1, %n : f32
    %3 = math.powf %2, %two : f32
    linalg.yield %3 : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// The greater of x and 0 as exporters write it, with what was there before as an operand.
// CHECK-LABEL: func @relu
// CHECK-SAME:    (%[[X:.*]]: tensor<4xf32>)
func.func @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[Y:.*]] = arith.maximumf %[[X]], %{{.*}} : tensor<4xf32>
  // CHECK: %[[Z:.*]] = math.exp %[[Y]]
  // CHECK: return %[[Z]]
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.map ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) (%in: f32, %out: f32) {
    %c = arith.cmpf ugt, %in, %zero : f32
    %s = arith.select %c, %in, %zero : f32
    linalg.yield %s : f32
  }
  %z = linalg.exp ins(%y : tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

// Sums, transposed operands, integers, indices and copies stay.
#whole = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-LABEL: func @as_it_is
func.func @as_it_is(%x: tensor<4x4xf32>, %i: tensor<4x4xi32>) -> (tensor<4x4xf32>, tensor<4x4xi32>, tensor<4x4xf32>, tensor<4x4xf32>) {
  // CHECK-COUNT-4: linalg.generic
  // CHECK: linalg.matmul
  %e = tensor.empty() : tensor<4x4xf32>
  %0 = linalg.generic {indexing_maps = [#turned, #whole], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<4x4xf32>
  %1 = linalg.generic {indexing_maps = [#whole, #whole], iterator_types = ["parallel", "parallel"]}
      ins(%i : tensor<4x4xi32>) outs(%i : tensor<4x4xi32>) {
  ^bb0(%a: i32, %out: i32):
    %n = arith.addi %a, %out : i32
    linalg.yield %n : i32
  } -> tensor<4x4xi32>
  %2 = linalg.generic {indexing_maps = [#whole], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<4x4xf32>) {
  ^bb0(%out: f32):
    %r = linalg.index 0 : index
    %c = arith.index_cast %r : index to i32
    %f = arith.sitofp %c : i32 to f32
    linalg.yield %f : f32
  } -> tensor<4x4xf32>
  %3 = linalg.generic {indexing_maps = [#whole, #whole], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  } -> tensor<4x4xf32>
  %4 = linalg.matmul ins(%2, %3 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%0 : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0, %1, %3, %4 : tensor<4x4xf32>, tensor<4x4xi32>, tensor<4x4xf32>, tensor<4x4xf32>
}
