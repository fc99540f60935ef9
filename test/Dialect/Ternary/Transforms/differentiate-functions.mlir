// RUN: ternary-opt %s -split-input-file -ternary-differentiate=function=f | FileCheck %s
// RUN: ternary-opt %s -split-input-file '-ternary-differentiate=function=f with-respect-to=w' | FileCheck %s --check-prefix=ONE
// RUN: ternary-opt %s -split-input-file '-ternary-differentiate=function=f with-respect-to=1,0' | FileCheck %s --check-prefix=NUMBERS

// A loss: its value and gradients.
func.func @f(%x: tensor<4xf32> {ternary.name = "x"}, %w: tensor<4xf32> {ternary.parameter = "w"}, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %0 = arith.mulf %x, %w : tensor<4xf32>
  %1 = tensor.extract %0[%c0] : tensor<4xf32>
  return %1 : f32
}
// CHECK:       func @f(
// CHECK:       func @f_gradient(%[[X:.*]]: tensor<4xf32> {ternary.name = "x"}, %[[W:.*]]: tensor<4xf32> {ternary.parameter = "w"}, %{{.*}}: index)
// CHECK-SAME:      -> (f32, tensor<4xf32>, tensor<4xf32>)
// CHECK:         %[[Y:.*]] = tensor.extract
// CHECK:         %[[DX:.*]] = arith.mulf %{{.*}}, %[[W]]
// CHECK:         %[[DW:.*]] = arith.mulf %{{.*}}, %[[X]]
// CHECK:         return %[[Y]], %[[DX]], %[[DW]]
// ONE:         func @f_gradient(
// ONE-SAME:        -> (f32, tensor<4xf32>)
// NUMBERS:     func @f_gradient(
// NUMBERS:       %[[SEED:.*]] = tensor.insert
// NUMBERS:       %[[DX:.*]] = arith.mulf %[[SEED]], %arg1
// NUMBERS:       %[[DW:.*]] = arith.mulf %[[SEED]], %arg0
// NUMBERS:       return %{{.*}}, %[[DW]], %[[DX]]

// -----

// Results that are no loss, of which one does not depend on what is differentiated by.
func.func @f(%x: tensor<?x4xf32>, %w: tensor<?x4xf32> {ternary.name = "w"}, %i: tensor<3xi32>)
    -> (tensor<?x4xf32>, tensor<3xi32>, tensor<?x4xf32>) {
  %0 = math.exp %x : tensor<?x4xf32>
  return %0, %i, %x : tensor<?x4xf32>, tensor<3xi32>, tensor<?x4xf32>
}
// CHECK:       func @f_gradient(
// CHECK-SAME:      %[[DY0:[^ ]*]]: tensor<?x4xf32> {ternary.name = "dy0"}, %[[DY1:[^ ]*]]: tensor<?x4xf32> {ternary.name = "dy1"})
// CHECK-SAME:      -> (tensor<?x4xf32>, tensor<3xi32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>)
// CHECK:         %[[E:.*]] = math.exp
// CHECK:         %[[P:.*]] = arith.mulf %[[DY0]], %[[E]]
// CHECK:         %[[DX:.*]] = arith.addf %[[DY1]], %[[P]]
// CHECK:         %[[DW:.*]] = tensor.splat
// CHECK:         return %[[E]], %{{.*}}, %{{.*}}, %[[DX]], %[[DW]]
// ONE:         func @f_gradient(
// ONE:           %[[DW:.*]] = tensor.splat
// ONE:           return %{{.*}}, %{{.*}}, %{{.*}}, %[[DW]]
// NUMBERS:     func @f_gradient(
