// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-narrow-gradients))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-narrow-gradients,ternary-form-kernels))' | FileCheck %s --check-prefix=KERNELS

// Products of a gradient get 8 bits, and their kernels with them; those of the logits' gradient
// stay as they are.
// CHECK-LABEL: func.func @layers(
// CHECK:         ternary.cross_entropy_backward
// CHECK-NEXT:    ternary.linear_backward_input %{{.*}}, %{{.*}}, %{{[a-z0-9]+}} :
// CHECK-NEXT:    ternary.linear_backward_weight %{{.*}}, %{{.*}}, %{{[a-z0-9]+}} :
// CHECK-NEXT:    ternary.linear_backward_input %{{.*}} {int8} :
// CHECK-NEXT:    ternary.linear_backward_weight %{{.*}} {int8} :
// KERNELS-LABEL: func.func @layers(
// KERNELS:         ternary.linear_backward_input_kernel ins({{[^)]*}}) outs({{[^)]*}}) ->
// KERNELS:         ternary.linear_backward_weight_kernel ins({{[^)]*}}) outs({{[^)]*}}) ->
// KERNELS:         ternary.linear_backward_input_kernel ins({{[^)]*}}) outs({{[^)]*}}) {int8} ->
// KERNELS:         ternary.linear_backward_weight_kernel ins({{[^)]*}}) outs({{[^)]*}}) {int8} ->
func.func @layers(%l: tensor<2x6xf32>, %t: tensor<2xi32>, %s: tensor<2xf32>, %w: tensor<f32>, %g: tensor<f32>,
                  %head: tensor<6x8x!ternary.trit>, %layer: tensor<8x8x!ternary.trit>, %ws: tensor<1xf32>,
                  %q: tensor<2x8xi8>, %a: tensor<2xf32>)
    -> (tensor<6x8xf32>, tensor<2x8xf32>, tensor<8x8xf32>) {
  %dl = ternary.cross_entropy_backward %l, %t, %s, %w, %g
    : tensor<2x6xf32>, tensor<2xi32>, tensor<2xf32>, tensor<f32>, tensor<f32>
  %dy = ternary.linear_backward_input %dl, %head, %ws
    : tensor<2x6xf32>, tensor<6x8x!ternary.trit>, tensor<1xf32> -> tensor<2x8xf32>
  %dh = ternary.linear_backward_weight %dl, %q, %a : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
  %dx = ternary.linear_backward_input %dy, %layer, %ws
    : tensor<2x8xf32>, tensor<8x8x!ternary.trit>, tensor<1xf32> -> tensor<2x8xf32>
  %dw = ternary.linear_backward_weight %dy, %q, %a : tensor<2x8xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<8x8xf32>
  return %dh, %dx, %dw : tensor<6x8xf32>, tensor<2x8xf32>, tensor<8x8xf32>
}
