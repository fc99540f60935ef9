// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-narrow-activations))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-narrow-activations,ternary-rematerialise))' | FileCheck %s --check-prefix=ROWS

// What has to be kept is rounded: the embedding and the scan. The gate, which is computed again
// from the embedding, is not, though the backward pass reads it. Each reader extends for itself,
// the scan once for the one value it reads; sizes are asked of what is kept.
// CHECK-LABEL: func.func @step(
// CHECK:         %[[X:.*]] = ternary.embedding
// CHECK-NEXT:    %[[NX:.*]] = arith.truncf %[[X]] : tensor<1x?x64xf32> to tensor<1x?x64xbf16>
// CHECK-NEXT:    %[[X0:.*]] = arith.extf %[[NX]] : tensor<1x?x64xbf16> to tensor<1x?x64xf32>
// CHECK-NEXT:    %[[F:.*]] = ternary.activate sigmoid %[[X0]]
// CHECK-NEXT:    %[[X1:.*]] = arith.extf %[[NX]]
// CHECK-NEXT:    %[[H:.*]], %{{.*}} = ternary.linear_scan %[[F]], %[[X1]],
// CHECK-NEXT:    %[[NH:.*]] = arith.truncf %[[H]]
// CHECK:         tensor.dim %[[NH]],
// CHECK:         %[[H0:.*]] = arith.extf %[[NH]]
// CHECK-NEXT:    %[[G:.*]] = arith.mulf %{{.*}}, %[[H0]]
// CHECK-NEXT:    %[[H1:.*]] = arith.extf %[[NH]]
// CHECK-NEXT:    ternary.linear_scan_backward %[[F]], %[[H1]], %{{.*}}, %[[G]],
// CHECK-NOT:     arith.truncf
// CHECK:         return

// The narrow values are what the copies of the backward pass are computed from: no wide one
// lives on.
// ROWS-LABEL: func.func @step(
// ROWS:         %[[NX:.*]] = arith.truncf
// ROWS:         %[[NH:.*]] = arith.truncf
// ROWS:         arith.mulf
// ROWS-DAG:     %[[BX:.*]] = ternary.optimization_barrier %[[NX]] after
// ROWS-DAG:     %[[WX:.*]] = arith.extf %[[BX]]
// ROWS-DAG:     %[[F:.*]] = ternary.activate sigmoid %[[WX]]
// ROWS-DAG:     %[[BH:.*]] = ternary.optimization_barrier %[[NH]] after
// ROWS-DAG:     %[[WH:.*]] = arith.extf %[[BH]]
// ROWS:         ternary.linear_scan_backward %[[F]], %[[WH]],
func.func @step(%ids: tensor<1x?xi32> {ternary.role = #ternary.role<ids>}, %table: tensor<32x64xf32> {ternary.parameter = "table"}, %seed: tensor<1x?x64xf32> {ternary.role = #ternary.role<seed>}) -> (tensor<1x?x64xf32>, index) {
  %zero = arith.constant dense<0.0> : tensor<1x64xf32>
  %c1 = arith.constant 1 : index
  %x = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<32x64xf32> -> tensor<1x?x64xf32>
  %f = ternary.activate sigmoid %x : tensor<1x?x64xf32>
  %h, %s = ternary.linear_scan %f, %x, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %n = tensor.dim %h, %c1 : tensor<1x?x64xf32>
  %g = arith.mulf %seed, %h : tensor<1x?x64xf32>
  %df, %di, %ds = ternary.linear_scan_backward %f, %h, %zero, %g, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  return %di, %n : tensor<1x?x64xf32>, index
}

// Slices are taken of what is kept.
// CHECK-LABEL: func.func @slices(
// CHECK:         %[[X:.*]] = ternary.embedding
// CHECK-NEXT:    %[[NX:.*]] = arith.truncf %[[X]]
// CHECK:         %[[S:.*]] = tensor.extract_slice %[[NX]]{{.*}} : tensor<1x?x64xbf16> to tensor<1x?x32xbf16>
// CHECK-NEXT:    %[[W:.*]] = arith.extf %[[S]] : tensor<1x?x32xbf16> to tensor<1x?x32xf32>
// CHECK-NEXT:    arith.mulf %{{.*}}, %[[W]]
// CHECK-NOT:     tensor.extract_slice
func.func @slices(%ids: tensor<1x?xi32>, %table: tensor<32x64xf32>, %n: index, %seed: tensor<1x?x32xf32> {ternary.role = #ternary.role<seed>}) -> tensor<1x?x32xf32> {
  %x = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<32x64xf32> -> tensor<1x?x64xf32>
  %half = tensor.extract_slice %x[0, 0, 32] [1, %n, 32] [1, 1, 1] : tensor<1x?x64xf32> to tensor<1x?x32xf32>
  %g = arith.mulf %seed, %half : tensor<1x?x32xf32>
  return %g : tensor<1x?x32xf32>
}

// Nothing is kept where there is no backward pass, nor what is read in the forward pass alone
// or is as large whatever the number of tokens.
// CHECK-LABEL: func.func @loss(
// CHECK-NOT:     arith.truncf
// CHECK:         return
func.func @loss(%ids: tensor<1x?xi32>, %table: tensor<32x64xf32>) -> tensor<1x?x64xf32> {
  %x = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<32x64xf32> -> tensor<1x?x64xf32>
  %y = ternary.activate silu %x : tensor<1x?x64xf32>
  return %y : tensor<1x?x64xf32>
}

// CHECK-LABEL: func.func @not_kept(
// CHECK-NOT:     arith.truncf
// CHECK:         return
func.func @not_kept(%ids: tensor<1x?xi32>, %table: tensor<32x64xf32>, %id: tensor<1x1xi32>, %seed: tensor<1x1x64xf32> {ternary.role = #ternary.role<seed>}) -> (tensor<1x?x64xf32>, tensor<1x1x64xf32>) {
  %x = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<32x64xf32> -> tensor<1x?x64xf32>
  %y = ternary.activate silu %x : tensor<1x?x64xf32>
  %z = ternary.embedding %id, %table : tensor<1x1xi32>, tensor<32x64xf32> -> tensor<1x1x64xf32>
  %g = arith.mulf %seed, %z : tensor<1x1x64xf32>
  return %y, %g : tensor<1x?x64xf32>, tensor<1x1x64xf32>
}
