// RUN: ternary-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(ternary-decompose,ternary-form-kernels),ternary-bind-training-blocks)' | FileCheck %s

// A float layer's weight is transposed right before its one product, not at the start.
// CHECK-LABEL: func.func @loss(
// CHECK:         %[[W:.*]] = ternary.parameter @parameters "w"
// CHECK:         ternary.rotary_kernel ins(%{{.*}} : tensor<1x?x8xf32>) outs(%{{.*}} : tensor<1x?x8xf32>) {head_size = 4 : i64, theta = 1.000000e+04 : f64}
// CHECK:         %[[MEMORY:.*]] = memref.alloc() : memref<8x6xf32>
// CHECK-NEXT:    ternary.transpose_kernel ins(%[[W]] : memref<6x8xf32>) outs(%[[MEMORY]] : memref<8x6xf32>)
// CHECK-NEXT:    %[[TRANSPOSED:.*]] = bufferization.to_tensor %[[MEMORY]] restrict
// CHECK:         ternary.matmul_kernel ins(%{{.*}}, %[[TRANSPOSED]] : tensor<1x?x8xf32>, tensor<8x6xf32>)
func.func @loss(%x: tensor<1x?x8xf32>, %w: tensor<6x8xf32> {ternary.parameter = "w"})
    -> (tensor<1x?x6xf32>) attributes {ternary.step = #ternary.step<loss>} {
  %0 = ternary.rotary_embedding %x {head_size = 4 : i64, theta = 1.0e4 : f64} : tensor<1x?x8xf32>
  %1 = ternary.linear %0, %w : tensor<1x?x8xf32>, tensor<6x8xf32> -> tensor<1x?x6xf32>
  return %1 : tensor<1x?x6xf32>
}

// -----

// A product of the forward pass that is computed again: it has a transposed weight of its own.
// CHECK-LABEL: func.func @loss(
// CHECK:         %[[W:.*]] = ternary.parameter @parameters "w"
// CHECK:         ternary.transpose_kernel ins(%[[W]] : memref<6x8xf32>) outs(%[[FIRST:.*]] : memref<8x6xf32>)
// CHECK-NEXT:    %[[A:.*]] = bufferization.to_tensor %[[FIRST]] restrict
// CHECK-NEXT:    %[[Y:.*]] = ternary.matmul_kernel ins(%{{.*}}, %[[A]] :
// CHECK:         ternary.optimization_barrier
// CHECK:         ternary.transpose_kernel ins(%[[W]] : memref<6x8xf32>) outs(%[[SECOND:.*]] : memref<8x6xf32>)
// CHECK-NEXT:    %[[B:.*]] = bufferization.to_tensor %[[SECOND]] restrict
// CHECK-NEXT:    ternary.matmul_kernel ins(%{{.*}}, %[[B]] :
func.func @loss(%x: tensor<1x?x8xf32>, %w: tensor<6x8xf32> {ternary.parameter = "w"})
    -> (tensor<1x?x6xf32>, tensor<1x?x6xf32>) attributes {ternary.step = #ternary.step<loss>} {
  %t = ternary.transpose %w : tensor<6x8xf32> -> tensor<8x6xf32>
  %0 = ternary.matmul %x, %t : tensor<1x?x8xf32>, tensor<8x6xf32> -> tensor<1x?x6xf32>
  %1 = ternary.optimization_barrier %x after %0 : tensor<1x?x8xf32>, tensor<1x?x6xf32>
  %2 = ternary.matmul %1, %t : tensor<1x?x8xf32>, tensor<8x6xf32> -> tensor<1x?x6xf32>
  return %0, %2 : tensor<1x?x6xf32>, tensor<1x?x6xf32>
}

// -----

// The gradient of a weight, added to a sum or not.
// CHECK-LABEL: func.func @weight(
// CHECK-SAME:    %[[G:[^:]*]]: tensor<1x?x6xf32>, %[[X:[^:]*]]: tensor<1x?x8xf32>, %[[SUM:[^:]*]]: tensor<6x8xf32>)
// CHECK:         %[[A:.*]] = ternary.matmul_transpose_a_kernel ins(%[[G]], %[[X]] : tensor<1x?x6xf32>, tensor<1x?x8xf32>) outs(%[[SUM]] : tensor<6x8xf32>) {accumulate}
// CHECK:         %[[OUT:.*]] = tensor.empty() : tensor<8x8xf32>
// CHECK-NEXT:    %[[B:.*]] = ternary.matmul_transpose_a_kernel ins(%[[X]], %[[X]] : tensor<1x?x8xf32>, tensor<1x?x8xf32>) outs(%[[OUT]] : tensor<8x8xf32>) ->
// CHECK-NEXT:    return %[[A]], %[[B]]
func.func @weight(%g: tensor<1x?x6xf32>, %x: tensor<1x?x8xf32>, %sum: tensor<6x8xf32>) -> (tensor<6x8xf32>, tensor<8x8xf32>) {
  %0 = ternary.matmul_transpose_a %g, %x : tensor<1x?x6xf32>, tensor<1x?x8xf32> -> tensor<6x8xf32>
  %1 = arith.addf %sum, %0 : tensor<6x8xf32>
  %2 = ternary.matmul_transpose_a %x, %x : tensor<1x?x8xf32>, tensor<1x?x8xf32> -> tensor<8x8xf32>
  return %1, %2 : tensor<6x8xf32>, tensor<8x8xf32>
}

// -----

// Attention over codes: their scales come before the number of tokens.
// CHECK-LABEL: func.func @codes(
// CHECK-SAME:    %[[Q:[^:]*]]: tensor<1x?x8xf32>, %[[K:[^:]*]]: tensor<1x9x4xi8>, %[[S:[^:]*]]: tensor<1x9x1xf32>, %[[T:[^:]*]]: tensor<1x9x1xf32>, %[[PAST:[^:]*]]: tensor<i32>)
// CHECK:         ternary.attention_kernel ins(%[[Q]], %[[K]], %[[K]], %[[S]], %[[T]], %[[PAST]] : tensor<1x?x8xf32>, tensor<1x9x4xi8>, tensor<1x9x4xi8>, tensor<1x9x1xf32>, tensor<1x9x1xf32>, tensor<i32>)
// CHECK-SAME:      outs(%{{.*}}, %{{.*}} : tensor<1x?x8xf32>, tensor<1x?x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
func.func @codes(%q: tensor<1x?x8xf32>, %k: tensor<1x9x4xi8>, %s: tensor<1x9x1xf32>, %t: tensor<1x9x1xf32>, %past: tensor<i32>) -> tensor<1x?x8xf32> {
  %0, %1 = ternary.attention %q, %k, %k scales(%s, %t : tensor<1x9x1xf32>, tensor<1x9x1xf32>) past(%past : tensor<i32>)
    {heads = 2 : i64, kv_heads = 1 : i64} : tensor<1x?x8xf32>, tensor<1x9x4xi8> -> tensor<1x?x8xf32>, tensor<1x?x2xf32>
  return %0 : tensor<1x?x8xf32>
}

// -----

// Attention, with the tokens before as an operand; its gradient has δ beside its results.
// CHECK-LABEL: func.func @attention(
// CHECK-SAME:    %[[Q:[^:]*]]: tensor<1x?x8xf32>, %[[K:[^:]*]]: tensor<1x?x4xf32>, %[[PAST:[^:]*]]: tensor<i32>)
// CHECK:         %[[A:.*]]:2 = ternary.attention_kernel ins(%[[Q]], %[[K]], %[[K]], %[[PAST]] : tensor<1x?x8xf32>, tensor<1x?x4xf32>, tensor<1x?x4xf32>, tensor<i32>)
// CHECK-SAME:      outs(%{{.*}}, %{{.*}} : tensor<1x?x8xf32>, tensor<1x?x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
// CHECK:         %[[B:.*]]:4 = ternary.attention_backward_kernel ins(%[[Q]], %[[K]], %[[K]], %[[A]]#0, %[[A]]#1, %[[Q]] :
// CHECK-SAME:      outs(%{{.*}} : tensor<1x?x8xf32>, tensor<1x?x4xf32>, tensor<1x?x4xf32>, tensor<1x?x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
// CHECK-NEXT:    return %[[B]]#0, %[[B]]#1, %[[B]]#2
func.func @attention(%q: tensor<1x?x8xf32>, %k: tensor<1x?x4xf32>, %past: tensor<i32>)
    -> (tensor<1x?x8xf32>, tensor<1x?x4xf32>, tensor<1x?x4xf32>) {
  %0, %1 = ternary.attention %q, %k, %k past(%past : tensor<i32>) {heads = 2 : i64, kv_heads = 1 : i64}
    : tensor<1x?x8xf32>, tensor<1x?x4xf32> -> tensor<1x?x8xf32>, tensor<1x?x2xf32>
  %2, %3, %4 = ternary.attention_backward %q, %k, %k, %0, %1, %q {heads = 2 : i64, kv_heads = 1 : i64}
    : tensor<1x?x8xf32>, tensor<1x?x4xf32>, tensor<1x?x2xf32>
  return %2, %3, %4 : tensor<1x?x8xf32>, tensor<1x?x4xf32>, tensor<1x?x4xf32>
}
