// RUN: ternary-opt %s --ternary-to-differentiate=training=true | FileCheck %s

// A layer in a function of its own is differentiated like any other, since calls are inlined.

// CHECK-NOT: @square
// CHECK-LABEL: func.func @loss(
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    ternary.step = "gradient"
// CHECK-NOT:     call
// CHECK:         ternary.cross_entropy_backward
// CHECK:         return
module {
  func.func private @square(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
    %0 = arith.mulf %x, %x : tensor<2x4xf32>
    return %0 : tensor<2x4xf32>
  }
  func.func @loss(%t: tensor<2xi32> {ternary.role = "targets"}, %w: tensor<2x4xf32> {ternary.parameter = "w"})
      -> (tensor<f32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
    %0 = call @square(%w) : (tensor<2x4xf32>) -> tensor<2x4xf32>
    %1 = ternary.cross_entropy %0, %t : tensor<2x4xf32>, tensor<2xi32> -> tensor<f32>
    return %1 : tensor<f32>
  }
}
