// RUN: ternary-opt %s -ternary-differentiate -split-input-file -verify-diagnostics | FileCheck %s

// A layer norm is taken apart: what is centred on the way is centred on the way back.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x8xf32> {ternary.parameter = "x"}, %[[G:[^:]*]]: tensor<8xf32>
// CHECK:         %[[C:.*]] = ternary.center %[[X]]
// CHECK:         %[[D:.*]] = ternary.cross_entropy_backward
// CHECK:         ternary.sum_rows %[[D]]
// CHECK:         %[[DN:.*]] = ternary.rms_norm_backward %[[D]], %[[C]], %{{.*}}, %[[G]]
// CHECK:         %[[DX:.*]] = ternary.center %[[DN]]
// CHECK:         arith.addf %{{.*}}, %[[DX]]
func.func @loss(%x: tensor<1x?x8xf32> {ternary.parameter = "x"}, %g: tensor<8xf32> {ternary.parameter = "g"},
                %b: tensor<8xf32> {ternary.parameter = "b"}, %t: tensor<1x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y = ternary.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f32} : tensor<1x?x8xf32>, tensor<8xf32>
  %l = ternary.cross_entropy %y, %t : tensor<1x?x8xf32>, tensor<1x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// A shift's gradient is the shift the other way.
// CHECK-LABEL: func.func @gradient(
// CHECK:         %[[D:.*]] = ternary.cross_entropy_backward
// CHECK:         %[[ZERO:.*]] = tensor.splat %{{.*}} : tensor<1x8xf32>
// CHECK:         %[[DY:.*]], %[[DS:.*]] = ternary.token_shift %[[D]], %[[ZERO]] : tensor<1x?x8xf32>
// CHECK:         %[[DX:.*]], %[[DT:.*]] = ternary.token_shift %[[DY]], %{{.*}} {inverse} : tensor<1x?x8xf32>
// CHECK:         %[[SUM:.*]] = arith.addf %[[DS]], %[[DT]]
// CHECK:         arith.addf %{{.*}}, %[[DX]]
// CHECK:         arith.addf %{{.*}}, %[[SUM]]
func.func @loss(%x: tensor<1x?x8xf32> {ternary.parameter = "x"}, %s: tensor<1x8xf32> {ternary.parameter = "s"},
                %t: tensor<1x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y, %0 = ternary.token_shift %x, %s : tensor<1x?x8xf32>, tensor<1x8xf32>
  %z, %1 = ternary.token_shift %y, %s {inverse} : tensor<1x?x8xf32>, tensor<1x8xf32>
  %l = ternary.cross_entropy %z, %t : tensor<1x?x8xf32>, tensor<1x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// Gradients of decay and first are those of all sequences together.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[K:[^:]*]]: tensor<2x?x8xf32> {ternary.parameter = "k"}, %[[V:[^:]*]]: tensor<2x?x8xf32> {ternary.parameter = "v"}, %[[W:[^:]*]]: tensor<8xf32> {ternary.parameter = "w"}, %[[U:[^:]*]]: tensor<8xf32> {ternary.parameter = "u"}, %[[S:[^:]*]]: tensor<2x3x8xf32>
// CHECK:         %[[Y:.*]], %{{.*}} = ternary.wkv %[[K]], %[[V]], %[[W]], %[[U]], %[[S]]
// CHECK:         %[[D:.*]] = ternary.cross_entropy_backward
// CHECK:         %[[DK:.*]], %[[DV:.*]], %[[A:.*]], %[[B:.*]] = ternary.wkv_backward %[[K]], %[[V]], %[[W]], %[[U]], %[[S]], %[[Y]], %[[D]]
// CHECK:         %[[DW:.*]] = ternary.sum_rows %[[A]] : tensor<2x8xf32> -> tensor<8xf32>
// CHECK:         %[[DU:.*]] = ternary.sum_rows %[[B]] : tensor<2x8xf32> -> tensor<8xf32>
// CHECK:         arith.addf %{{.*}}, %[[DK]]
// CHECK:         arith.addf %{{.*}}, %[[DV]]
// CHECK:         arith.addf %{{.*}}, %[[DW]]
// CHECK:         arith.addf %{{.*}}, %[[DU]]
func.func @loss(%k: tensor<2x?x8xf32> {ternary.parameter = "k"}, %v: tensor<2x?x8xf32> {ternary.parameter = "v"},
                %w: tensor<8xf32> {ternary.parameter = "w"}, %u: tensor<8xf32> {ternary.parameter = "u"},
                %s: tensor<2x3x8xf32> {ternary.role = #ternary.role<state>}, %t: tensor<2x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y, %0 = ternary.wkv %k, %v, %w, %u, %s : tensor<2x?x8xf32>, tensor<8xf32>, tensor<2x3x8xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x?x8xf32>, tensor<2x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @loss(%k: tensor<2x?x8xf32> {ternary.parameter = "k"}, %w: tensor<8xf32> {ternary.parameter = "w"},
                %s: tensor<2x3x8xf32> {ternary.parameter = "s"}, %t: tensor<2x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{expected states that no parameter leads to and that do not lead to the loss, to differentiate by}}
  %y, %0 = ternary.wkv %k, %k, %w, %w, %s : tensor<2x?x8xf32>, tensor<8xf32>, tensor<2x3x8xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x?x8xf32>, tensor<2x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}
