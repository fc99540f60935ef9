// Upstream's analysis of sizes follows them through our ops.
// REQUIRES: plugin

// RUN: mlir-opt --load-dialect-plugin=%ternary_plugin %s \
// RUN:   --pass-pipeline="builtin.module(func.func(test-affine-reify-value-bounds{reify-to-func-args}))" \
// RUN:   --verify-diagnostics --split-input-file | FileCheck %s

// A layer, and what layers consist of, have as many rows as their first operand.

// CHECK-LABEL: func.func @layer(
// CHECK-SAME:    %[[X:.*]]: tensor<2x?x4xf32>
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG:     %[[ROWS:.*]] = tensor.dim %[[X]], %[[C1]]
// CHECK:         return %[[ROWS]], %[[C3]]
func.func @layer(%x: tensor<2x?x4xf32>, %w: tensor<3x4xf32>) -> (index, index) {
  %0 = ternary.bit_linear %x, %w : tensor<2x?x4xf32>, tensor<3x4xf32> -> tensor<2x?x3xf32>
  %1 = ternary.activate silu %0 : tensor<2x?x3xf32>
  %codes, %scale, %sum = ternary.quantize_activations %1 : tensor<2x?x3xf32> -> tensor<2x?x3xi8>, tensor<2x?xf32>, tensor<2x?xi32>
  %rows = "test.reify_bound"(%sum) {dim = 1} : (tensor<2x?xi32>) -> index
  %columns = "test.reify_bound"(%codes) {dim = 2} : (tensor<2x?x3xi8>) -> index
  return %rows, %columns : index, index
}

// CHECK-LABEL: func.func @append(
// CHECK-SAME:    %{{.*}}: tensor<?x?x64xf32>, %{{.*}}: tensor<i32>, %[[CACHE:.*]]: tensor<?x?x64xf16>
// CHECK:         %[[ROOM:.*]] = tensor.dim %[[CACHE]], %{{.*}}
// CHECK:         return %[[ROOM]]
func.func @append(%keys: tensor<?x?x64xf32>, %past: tensor<i32>, %cache: tensor<?x?x64xf16>) -> index {
  %0 = ternary.append %keys, %past into %cache : tensor<?x?x64xf32>, tensor<i32> into tensor<?x?x64xf16>
  %room = "test.reify_bound"(%0) {dim = 1} : (tensor<?x?x64xf16>) -> index
  return %room : index
}

// Kernels are in destination style.

// CHECK-LABEL: func.func @kernel(
// CHECK-SAME:    %{{.*}}: tensor<?x4xf32>, %[[OUT:.*]]: tensor<?x4xf32>
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[OUT]], %{{.*}}
// CHECK:         return %[[ROWS]]
func.func @kernel(%x: tensor<?x4xf32>, %out: tensor<?x4xf32>) -> index {
  %0 = ternary.row_kernel rows 1 ins(%x : tensor<?x4xf32>) outs(%out : tensor<?x4xf32>) {
  ^bb0(%row: vector<4xf32>):
    %y = ternary.activate silu %row : vector<4xf32>
    ternary.yield %y : vector<4xf32>
  } -> tensor<?x4xf32>
  %rows = "test.reify_bound"(%0) {dim = 0} : (tensor<?x4xf32>) -> index
  return %rows : index
}

// -----

// Sizes of two values are compared, before and behind a slice of upstream's.

func.func @compare(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %g: tensor<8xf32>, %n: index) {
  %slice = tensor.extract_slice %x[0, 0] [%n, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  %0 = ternary.rms_norm %slice, %g {epsilon = 1.0e-6 : f32} : tensor<?x8xf32>, tensor<8xf32>
  %1 = ternary.rms_norm %y, %g {epsilon = 1.0e-6 : f32} : tensor<?x8xf32>, tensor<8xf32>
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %0, %c0 : tensor<?x8xf32>
  %others = tensor.dim %1, %c0 : tensor<?x8xf32>
  // expected-remark @below {{true}}
  "test.compare"(%rows, %n) : (index, index) -> ()
  // expected-error @below {{unknown}}
  "test.compare"(%rows, %others) : (index, index) -> ()
  return
}
