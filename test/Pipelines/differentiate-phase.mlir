// RUN: ternary-opt %s --ternary-to-differentiate=training=true | FileCheck %s

// A layer in a function of its own is differentiated like any other, since calls are inlined,
// in loops as well.

// CHECK-NOT: @square
// CHECK-LABEL: func.func @loss(
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    ternary.step = #ternary.step<gradient>
// CHECK-NOT:     call
// CHECK:         scf.for
// CHECK-NOT:     call
// CHECK:         ternary.cross_entropy_backward
// CHECK-NOT:     call
// CHECK:         scf.for
// CHECK-NOT:     call
// CHECK:         return
module {
  func.func private @square(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
    %0 = arith.mulf %x, %x : tensor<2x4xf32>
    return %0 : tensor<2x4xf32>
  }
  func.func @loss(%t: tensor<2xi32> {ternary.role = #ternary.role<targets>}, %w: tensor<2x4xf32> {ternary.parameter = "w"})
      -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %w) -> (tensor<2x4xf32>) {
      %2 = func.call @square(%x) : (tensor<2x4xf32>) -> tensor<2x4xf32>
      scf.yield %2 : tensor<2x4xf32>
    }
    %1 = ternary.cross_entropy %0, %t : tensor<2x4xf32>, tensor<2xi32> -> tensor<f32>
    return %1 : tensor<f32>
  }
}
