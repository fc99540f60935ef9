// RUN: ternary-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize | FileCheck %s

// Dynamic sizes of results are those of the operands: nothing is computed to learn a size.

// CHECK-LABEL: func.func @layers(
// CHECK-SAME: %[[IDS:.*]]: tensor<?x?xi32>
func.func @layers(%ids: tensor<?x?xi32>, %table: tensor<9x64xf16>, %w: tensor<32x64xf32>, %s: tensor<?x16xf32>)
    -> (index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %x = ternary.embedding %ids, %table : tensor<?x?xi32>, tensor<9x64xf16> -> tensor<?x?x64xf32>
  %y = ternary.bit_linear %x, %w : tensor<?x?x64xf32>, tensor<32x64xf32> -> tensor<?x?x32xf32>
  %g = ternary.glu silu %y : tensor<?x?x32xf32> -> tensor<?x?x16xf32>
  %h, %n = ternary.mlgru %g, %g, %s : tensor<?x?x16xf32>, tensor<?x16xf32>
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[IDS]], %[[C0]]
  // CHECK-DAG: %[[T:.*]] = tensor.dim %[[IDS]], %[[C1]]
  // CHECK-NOT: ternary.
  // CHECK: return %[[B]], %[[T]], %[[C16]], %[[B]]
  %0 = tensor.dim %h, %c0 : tensor<?x?x16xf32>
  %1 = tensor.dim %h, %c1 : tensor<?x?x16xf32>
  %2 = tensor.dim %h, %c2 : tensor<?x?x16xf32>
  %3 = tensor.dim %n, %c0 : tensor<?x16xf32>
  return %0, %1, %2, %3 : index, index, index, index
}

// CHECK-LABEL: func.func @quantised(
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>
func.func @quantised(%x: tensor<?x64xf32>, %t: tensor<8x64x!ternary.trit>, %s: tensor<8x4xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %q, %a, %c = ternary.quantize_activations %x : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<?xf32>, tensor<?xi32>
  %acc = ternary.accumulate %q, %t {group_size = 16 : i64} : tensor<?x64xi8>, tensor<8x64x!ternary.trit> -> tensor<?x8x4xi32>
  %d = ternary.dequantize %acc, %a, %s : tensor<?x8x4xi32>, tensor<?xf32>, tensor<8x4xf32> -> tensor<?x8xf32>
  // CHECK: %[[M:.*]] = tensor.dim %[[X]]
  // CHECK: return %[[M]], %[[M]]
  %0 = tensor.dim %d, %c0 : tensor<?x8xf32>
  %1 = tensor.dim %a, %c0 : tensor<?xf32>
  return %0, %1 : index, index
}
