// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-form-kernels))' | FileCheck %s --check-prefixes=CHECK,ALL
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-form-kernels{accumulate=true}))' | FileCheck %s --check-prefixes=CHECK,SUMS

// Sums of squares: the first is a kernel's of its own, each of the others is added in place;
// the parts of each have memory of their own.
// CHECK-LABEL: func.func @norm(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<6x8xf32>, %[[B:[^:]*]]: tensor<8xf32>)
// SUMS:          %[[FIRST:.*]] = ternary.square_sum %[[A]] : tensor<6x8xf32>
// ALL-DAG:       %[[PARTS_A:.*]] = tensor.empty() : tensor<64xf64>
// ALL-DAG:       %[[E:.*]] = tensor.empty() : tensor<f64>
// ALL:           %[[K:.*]]:2 = ternary.square_sum_kernel ins(%[[A]] : tensor<6x8xf32>) outs(%[[PARTS_A]], %[[E]] : tensor<64xf64>, tensor<f64>) -> tensor<64xf64>, tensor<f64>
// CHECK:         %[[PARTS:.*]] = tensor.empty() : tensor<64xf64>
// ALL:           %[[TOTAL:.*]]:2 = ternary.square_sum_kernel ins(%[[B]] : tensor<8xf32>) outs(%[[PARTS]], %[[K]]#1 : tensor<64xf64>, tensor<f64>) {accumulate} -> tensor<64xf64>, tensor<f64>
// SUMS:          %[[TOTAL:.*]]:2 = ternary.square_sum_kernel ins(%[[B]] : tensor<8xf32>) outs(%[[PARTS]], %[[FIRST]] : tensor<64xf64>, tensor<f64>) {accumulate} -> tensor<64xf64>, tensor<f64>
// CHECK:         return %[[TOTAL]]#1
func.func @norm(%a: tensor<6x8xf32>, %b: tensor<8xf32>) -> tensor<f64> {
  %0 = ternary.square_sum %a : tensor<6x8xf32>
  %1 = ternary.square_sum %b : tensor<8xf32>
  %2 = arith.addf %0, %1 : tensor<f64>
  return %2 : tensor<f64>
}

// A sum that two read is not added to.
// CHECK-LABEL: func.func @twice(
// CHECK-NOT:     accumulate
// CHECK:         arith.addf
func.func @twice(%a: tensor<8xf32>, %s: tensor<f64>) -> (tensor<f64>, tensor<f64>) {
  %0 = ternary.square_sum %a : tensor<8xf32>
  %1 = arith.addf %s, %0 : tensor<f64>
  return %0, %1 : tensor<f64>, tensor<f64>
}

// The optimiser's kernel works on the parameter and its moments.
// CHECK-LABEL: func.func @adamw(
// CHECK-SAME:    %[[P:[^:]*]]: tensor<8xf32>, %[[G:[^:]*]]: tensor<8xf32>, %[[M:[^:]*]]: tensor<8xf32>, %[[V:[^:]*]]: tensor<8xf32>,
// CHECK-SAME:    %[[A:[^:]*]]: f32, %[[B:[^:]*]]: f32, %[[C:[^:]*]]: f32, %[[D:[^:]*]]: f32, %[[E:[^:]*]]: f32)
// SUMS-NEXT:     ternary.adamw %
// ALL-NEXT:      %[[K:.*]]:3 = ternary.adamw_kernel ins(%[[G]] : tensor<8xf32>) scale %[[A]] keep %[[B]] rate %[[C]] first(%[[A]], %[[B]], %[[C]]) second(%[[C]], %[[D]], %[[E]]) epsilon %[[E]]
// ALL-SAME:        outs(%[[P]], %[[M]], %[[V]] : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
// ALL-NEXT:      return %[[K]]#0, %[[K]]#1, %[[K]]#2
func.func @adamw(%p: tensor<8xf32>, %g: tensor<8xf32>, %m: tensor<8xf32>, %v: tensor<8xf32>, %a: f32, %b: f32, %c: f32, %d: f32, %e: f32)
    -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %0:3 = ternary.adamw %p, %g scale %a keep %b rate %c first %m(%a, %b, %c) second %v(%c, %d, %e) epsilon %e : tensor<8xf32>
  return %0#0, %0#1, %0#2 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}
