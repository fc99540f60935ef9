// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-form-kernels))' | FileCheck %s

// An embedding writes into an empty tensor of the size of its ids.
// CHECK-LABEL: func.func @embedding(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<1x?xi32>, %[[TABLE:[^:]*]]: tensor<8x64xf16>)
// CHECK-NOT:     ternary.embedding
// CHECK:         %[[C1:.*]] = arith.constant 1 : index
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[IDS]], %[[C1]]
// CHECK:         %[[E:.*]] = tensor.empty(%[[ROWS]]) : tensor<1x?x64xf32>
// CHECK:         %[[X:.*]] = ternary.gather_kernel ins(%[[IDS]], %[[TABLE]] : tensor<1x?xi32>, tensor<8x64xf16>) outs(%[[E]] : tensor<1x?x64xf32>) -> tensor<1x?x64xf32>
// CHECK:         return %[[X]]
func.func @embedding(%ids: tensor<1x?xi32>, %table: tensor<8x64xf16>) -> tensor<1x?x64xf32> {
  %x = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<8x64xf16> -> tensor<1x?x64xf32>
  return %x : tensor<1x?x64xf32>
}

// A scan writes hidden states into an empty tensor, and the state where it was: the old
// state is the destination of the new one.
// CHECK-LABEL: func.func @scan(
// CHECK-SAME:    %[[F:[^:]*]]: tensor<2x?x64xf32>, %[[I:[^:]*]]: tensor<2x?x64xf32>, %[[S:[^:]*]]: tensor<2x64xf32>)
// CHECK:         %[[STEPS:.*]] = tensor.dim %[[F]], %{{.*}}
// CHECK:         %[[E:.*]] = tensor.empty(%[[STEPS]]) : tensor<2x?x64xf32>
// CHECK:         %[[H:.*]]:2 = ternary.scan_kernel ins(%[[F]], %[[I]] : tensor<2x?x64xf32>, tensor<2x?x64xf32>)
// CHECK-SAME:      outs(%[[E]], %[[S]] : tensor<2x?x64xf32>, tensor<2x64xf32>) -> tensor<2x?x64xf32>, tensor<2x64xf32>
// CHECK:         return %[[H]]#0, %[[H]]#1
func.func @scan(%f: tensor<2x?x64xf32>, %i: tensor<2x?x64xf32>, %s: tensor<2x64xf32>) -> (tensor<2x?x64xf32>, tensor<2x64xf32>) {
  %h, %n = ternary.linear_scan %f, %i, %s : tensor<2x?x64xf32>, tensor<2x64xf32>
  return %h, %n : tensor<2x?x64xf32>, tensor<2x64xf32>
}

// Row ops and matrix products are left to the passes that fuse them.
// CHECK-LABEL: func.func @others(
// CHECK:         ternary.quantize_activations
// CHECK-NEXT:    ternary.accumulate
// CHECK-NEXT:    ternary.dequantize
// CHECK-NEXT:    return
func.func @others(%x: tensor<2x64xf32>, %t: tensor<8x64x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x8xf32> {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<8x64x!ternary.trit> -> tensor<2x8xi32>
  %d = ternary.dequantize %acc, %a, %s : tensor<2x8xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x8xf32>
  return %d : tensor<2x8xf32>
}
