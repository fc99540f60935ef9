// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=blocks budget=1100000}))' --remarks-filter=ternary --remark-policy=all 2>&1 | FileCheck %s --check-prefix=ENOUGH
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=blocks budget=1100000 tokens=608}))' --remarks-filter=ternary --remark-policy=all 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=rows budget=900000}))' --remarks-filter=ternary --remark-policy=all 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=blocks budget=900000}))' --remarks-filter=ternary --remark-policy=all 2>&1 | FileCheck %s --check-prefix=LEAST
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=blocks}))' --remarks-filter=ternary --remark-policy=all 2>&1 | FileCheck %s --check-prefix=ALL

// A budget is for so many tokens, and nothing is computed again that it has room for: values
// first, then blocks. Where it is not enough, all that may be is, and the remark is that of a
// missed optimisation.
// ENOUGH: [Passed] rematerialise | Category:ternary | Remark="computes nothing again, for an estimated workspace of 1048576 bytes for 512 tokens"
// ENOUGH-NOT: ternary.optimization_barrier
// BLOCK:  [Passed] rematerialise | Category:ternary | Remark="computes 2 of 2 values and 1 of 1 blocks again, for an estimated workspace of 1089536 bytes for 608 tokens"
// ROWS:   [Missed] rematerialise | Category:ternary | Remark="computes 2 of 2 values again, for an estimated workspace of 1048576 bytes for 512 tokens, with a budget of 900000"
// LEAST:  [Missed] rematerialise | Category:ternary | Remark="computes 2 of 2 values and 1 of 1 blocks again, for an estimated workspace of 917504 bytes for 512 tokens, with a budget of 900000"
// ALL:    [Passed] rematerialise | Category:ternary | Remark="computes 2 of 2 values and 1 of 1 blocks again, for an estimated workspace of 917504 bytes for 512 tokens"
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
