// RUN: ternary-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @identity(
// CHECK-SAME: %[[X:.*]]: f32
// CHECK-NEXT: return %[[X]]
func.func @identity(%x: f32) -> f32 {
  %0 = ternary.activate identity %x : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @relu_twice
// CHECK-COUNT-1: ternary.activate
// CHECK-NOT: ternary.activate
func.func @relu_twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = ternary.activate relu %x : tensor<4xf32>
  %1 = ternary.activate relu %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @sigmoid_twice
// CHECK-COUNT-2: ternary.activate
func.func @sigmoid_twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = ternary.activate sigmoid %x : tensor<4xf32>
  %1 = ternary.activate sigmoid %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}
