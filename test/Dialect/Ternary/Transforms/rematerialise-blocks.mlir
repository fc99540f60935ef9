// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=blocks}))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=rows}))' | FileCheck %s --check-prefix=ROWS
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=none}))' | FileCheck %s --check-prefix=NONE
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=blocks}))' --remarks-filter=ternary --remark-policy=all -verify-diagnostics -o /dev/null

// Between sums of residuals lie blocks. That of the first scan is computed again from its
// input, right before it is read; the last one, with which the backward pass begins, is not.
// CHECK-LABEL: func.func @residuals(
// CHECK-SAME:      ternary.recomputed = "2 of 2 values and 1 of 1 blocks"
// CHECK:         %[[X0:.*]] = ternary.embedding
// CHECK:         ternary.linear_scan
// CHECK:         %[[H1:.*]], %{{.*}} = ternary.linear_scan
// CHECK:         ternary.linear_scan_backward %{{.*}}, %[[H1]],
// CHECK-NOT:     ternary.linear_scan
// CHECK:         %[[G1:.*]] = arith.mulf
// CHECK:         ternary.activate
// CHECK-NEXT:    %[[B:.*]] = ternary.optimization_barrier %[[X0]]
// CHECK-NEXT:    %[[F:.*]] = ternary.activate sigmoid %[[B]]
// CHECK-NEXT:    %[[H0:.*]], %{{.*}} = ternary.linear_scan %[[F]], %[[B]],
// CHECK-NEXT:    ternary.linear_scan_backward %{{.*}}, %[[H0]], %{{.*}}, %[[G1]],
// CHECK-NOT:     ternary.linear_scan
// CHECK:         return

// ROWS-LABEL: func.func @residuals(
// ROWS-SAME:      ternary.recomputed = "2 of 2 values"
// ROWS-COUNT-2:  ternary.linear_scan %
// ROWS-NOT:      ternary.linear_scan %
// ROWS:          return

// NONE-LABEL: func.func @residuals(
// NONE-NOT:      ternary.recomputed
// NONE-COUNT-2:  ternary.activate
// NONE-NOT:      ternary.activate
// NONE-NOT:      ternary.optimization_barrier
// NONE:          return

// expected-remark @+1 {{[Passed] rematerialise | Category:ternary | Remark="computes 2 of 2 values and 1 of 1 blocks again, for an estimated workspace of 917504 bytes for 512 tokens"}}
func.func @residuals(%ids: tensor<1x?xi32> {ternary.role = #ternary.role<ids>}, %table: tensor<32x64xf32> {ternary.parameter = "table"}, %seed: tensor<1x?x64xf32> {ternary.role = #ternary.role<seed>})
    -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %zero = arith.constant dense<0.0> : tensor<1x64xf32>
  %x0 = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<32x64xf32> -> tensor<1x?x64xf32>
  %f0 = ternary.activate sigmoid %x0 : tensor<1x?x64xf32>
  %h0, %s0 = ternary.linear_scan %f0, %x0, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %x1 = arith.addf %x0, %h0 : tensor<1x?x64xf32>
  %f1 = ternary.activate sigmoid %x1 : tensor<1x?x64xf32>
  %h1, %s1 = ternary.linear_scan %f1, %x1, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %x2 = arith.addf %x1, %h1 : tensor<1x?x64xf32>
  %g2 = arith.mulf %seed, %x2 : tensor<1x?x64xf32>
  %df1, %di1, %ds1 = ternary.linear_scan_backward %f1, %h1, %zero, %g2, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %g1 = arith.mulf %g2, %df1 : tensor<1x?x64xf32>
  %df0, %di0, %ds0 = ternary.linear_scan_backward %f0, %h0, %zero, %g1, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %g0 = arith.mulf %g1, %df0 : tensor<1x?x64xf32>
  return %x2, %g0 : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}

// A value that leads from before the first block to after the last one leaves no place to cut
// at, unless no parameter has a part in it, as the positions here: those are the same anyway.
// CHECK-LABEL: func.func @skip(
// CHECK-SAME:      ternary.recomputed = "2 of 2 values"
// CHECK-LABEL: func.func @positions(
// CHECK-SAME:      ternary.recomputed = "1 of 1 blocks"

// expected-remark @+1 {{computes 2 of 2 values again}}
func.func @skip(%ids: tensor<1x?xi32> {ternary.role = #ternary.role<ids>}, %table: tensor<32x64xf32> {ternary.parameter = "table"}, %seed: tensor<1x?x64xf32> {ternary.role = #ternary.role<seed>})
    -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %zero = arith.constant dense<0.0> : tensor<1x64xf32>
  %x0 = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<32x64xf32> -> tensor<1x?x64xf32>
  %f0 = ternary.activate sigmoid %x0 : tensor<1x?x64xf32>
  %h0, %s0 = ternary.linear_scan %f0, %x0, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %f1 = ternary.activate sigmoid %h0 : tensor<1x?x64xf32>
  %h1, %s1 = ternary.linear_scan %f1, %x0, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %x2 = arith.addf %x0, %h1 : tensor<1x?x64xf32>
  %g2 = arith.mulf %seed, %x2 : tensor<1x?x64xf32>
  %df1, %di1, %ds1 = ternary.linear_scan_backward %f1, %h1, %zero, %g2, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %g1 = arith.mulf %g2, %df1 : tensor<1x?x64xf32>
  %df0, %di0, %ds0 = ternary.linear_scan_backward %f0, %h0, %zero, %g1, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  return %x2, %df0 : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}

// expected-remark @+1 {{computes 1 of 1 blocks again}}
func.func @positions(%ids: tensor<1x?xi32> {ternary.role = #ternary.role<ids>}, %positions: tensor<1x?x64xf32>, %table: tensor<32x64xf32> {ternary.parameter = "table"}, %seed: tensor<1x?x64xf32> {ternary.role = #ternary.role<seed>})
    -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %zero = arith.constant dense<0.0> : tensor<1x64xf32>
  %p, %s = ternary.linear_scan %positions, %positions, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %x0 = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<32x64xf32> -> tensor<1x?x64xf32>
  %h0, %s0 = ternary.linear_scan %p, %x0, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  %x1 = arith.addf %x0, %h0 : tensor<1x?x64xf32>
  %y = arith.mulf %x1, %p : tensor<1x?x64xf32>
  %x2 = arith.addf %x1, %y : tensor<1x?x64xf32>
  %g2 = arith.mulf %seed, %x2 : tensor<1x?x64xf32>
  %df0, %di0, %ds0 = ternary.linear_scan_backward %p, %h0, %zero, %g2, %zero : tensor<1x?x64xf32>, tensor<1x64xf32>
  return %x2, %df0 : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}
