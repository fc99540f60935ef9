// RUN: ternary-opt %s -ternary-differentiate -split-input-file -verify-diagnostics | FileCheck %s

// A float layer: by its input a product with the weight as it lies, by its weight one of columns.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x8xf32> {ternary.parameter = "x"}, %[[W:[^:]*]]: tensor<6x8xf32> {ternary.parameter = "w"}
// CHECK:         %[[D:.*]] = ternary.cross_entropy_backward
// CHECK:         %[[DX:.*]] = ternary.matmul %[[D]], %[[W]] : tensor<1x?x6xf32>, tensor<6x8xf32> -> tensor<1x?x8xf32>
// CHECK:         %[[DW:.*]] = ternary.matmul_transpose_a %[[D]], %[[X]] : tensor<1x?x6xf32>, tensor<1x?x8xf32> -> tensor<6x8xf32>
// CHECK:         arith.addf %{{.*}}, %[[DX]]
// CHECK:         arith.addf %{{.*}}, %[[DW]]
func.func @loss(%x: tensor<1x?x8xf32> {ternary.parameter = "x"}, %w: tensor<6x8xf32> {ternary.parameter = "w"},
                %t: tensor<1x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y = ternary.linear %x, %w : tensor<1x?x8xf32>, tensor<6x8xf32> -> tensor<1x?x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<1x?x6xf32>, tensor<1x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// A rotation's gradient is the inverse rotation, and the other way.
// CHECK-LABEL: func.func @gradient(
// CHECK:         %[[D:.*]] = ternary.cross_entropy_backward
// CHECK:         %[[DY:.*]] = ternary.rotary_embedding %[[D]] {head_size = 4 : i64, theta = 1.000000e+04 : f64} : tensor<1x?x8xf32>
// CHECK:         %[[DX:.*]] = ternary.rotary_embedding %[[DY]] {head_size = 4 : i64, inverse, theta = 1.000000e+04 : f64} : tensor<1x?x8xf32>
// CHECK:         arith.addf %{{.*}}, %[[DX]]
func.func @loss(%x: tensor<1x?x8xf32> {ternary.parameter = "x"}, %t: tensor<1x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y = ternary.rotary_embedding %x {head_size = 4 : i64, theta = 1.0e4 : f64} : tensor<1x?x8xf32>
  %z = ternary.rotary_embedding %y {head_size = 4 : i64, theta = 1.0e4 : f64, inverse} : tensor<1x?x8xf32>
  %l = ternary.cross_entropy %z, %t : tensor<1x?x8xf32>, tensor<1x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// Attention keeps its result and the logarithm of its sums, and no probabilities.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[Q:[^:]*]]: tensor<1x?x8xf32> {ternary.parameter = "q"}, %[[K:[^:]*]]: tensor<1x?x4xf32> {ternary.parameter = "k"}, %[[V:[^:]*]]: tensor<1x?x4xf32>
// CHECK:         %[[OUT:.*]], %[[SUMS:.*]] = ternary.attention %[[Q]], %[[K]], %[[V]]
// CHECK:         %[[D:.*]] = ternary.cross_entropy_backward
// CHECK:         %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = ternary.attention_backward %[[Q]], %[[K]], %[[V]], %[[OUT]], %[[SUMS]], %[[D]] {heads = 2 : i64, kv_heads = 1 : i64}
// CHECK:         arith.addf %{{.*}}, %[[DQ]]
// CHECK:         arith.addf %{{.*}}, %[[DK]]
// CHECK:         arith.addf %{{.*}}, %[[DV]]
func.func @loss(%q: tensor<1x?x8xf32> {ternary.parameter = "q"}, %k: tensor<1x?x4xf32> {ternary.parameter = "k"},
                %v: tensor<1x?x4xf32> {ternary.parameter = "v"}, %t: tensor<1x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y, %s = ternary.attention %q, %k, %v {heads = 2 : i64, kv_heads = 1 : i64}
    : tensor<1x?x8xf32>, tensor<1x?x4xf32> -> tensor<1x?x8xf32>, tensor<1x?x2xf32>
  %l = ternary.cross_entropy %y, %t : tensor<1x?x8xf32>, tensor<1x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @loss(%q: tensor<1x?x8xf32> {ternary.parameter = "q"}, %k: tensor<1x9x8xf32> {ternary.role = #ternary.role<state>},
                %p: tensor<i32> {ternary.role = #ternary.role<position>}, %t: tensor<1x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{expected as many queries as keys, none of them past, to differentiate by, got q of 'tensor<1x?x8xf32>' and k of 'tensor<1x9x8xf32>'}}
  %y, %s = ternary.attention %q, %k, %k past(%p : tensor<i32>) {heads = 2 : i64, kv_heads = 2 : i64}
    : tensor<1x?x8xf32>, tensor<1x9x8xf32> -> tensor<1x?x8xf32>, tensor<1x?x2xf32>
  %l = ternary.cross_entropy %y, %t : tensor<1x?x8xf32>, tensor<1x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @loss(%q: tensor<1x?x8xf32> {ternary.parameter = "q"}, %t: tensor<1x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{expected a log_sum_exp that the loss does not depend on}}
  %y, %s = ternary.attention %q, %q, %q {heads = 2 : i64, kv_heads = 2 : i64}
    : tensor<1x?x8xf32>, tensor<1x?x8xf32> -> tensor<1x?x8xf32>, tensor<1x?x2xf32>
  %l = ternary.cross_entropy %s, %t : tensor<1x?x2xf32>, tensor<1x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}
