// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=blocks}))' | FileCheck %s --check-prefix=ALL
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{budget=1}))' | FileCheck %s --check-prefix=ALL

// What the backward pass reads and a row op of the forward pass made is made again, before
// its first use there; results of products are kept, and read through a barrier. What the
// function returns is no use by the backward pass.

// CHECK-LABEL: func.func @chain(
// CHECK-SAME:    %[[X:.*]]: tensor<1x?x64xf32>, %[[T:.*]]: tensor<64x64x!ternary.trit>
// CHECK:         %[[D:.*]] = ternary.dequantize
// CHECK-NEXT:    %[[S:.*]] = ternary.activate silu %[[D]]
// CHECK-NEXT:    %[[N:.*]] = arith.negf %[[S]]
// CHECK:         %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} : tensor<1x?x64xf32>
// CHECK-NEXT:    %[[D2:.*]] = ternary.optimization_barrier %[[D]] after %[[P]]
// CHECK-NEXT:    %[[S2:.*]] = ternary.activate silu %[[D2]]
// CHECK-NEXT:    %[[N2:.*]] = arith.negf %[[S2]]
// CHECK-NEXT:    %[[G:.*]] = arith.mulf %[[P]], %[[N2]]
// CHECK-NEXT:    %[[H:.*]] = arith.mulf %[[G]], %[[D]]
// CHECK-NEXT:    return %[[N]], %[[H]]
func.func @chain(%x: tensor<1x?x64xf32>, %t: tensor<64x64x!ternary.trit>, %w: tensor<1xf32>, %seed: tensor<1x?x64xf32> {ternary.role = #ternary.role<seed>})
    -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<1x?x64xf32> -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %acc = ternary.accumulate %q, %t : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xi32>
  %d = ternary.dequantize %acc, %a, %w : tensor<1x?x64xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x64xf32>
  %s = ternary.activate silu %d : tensor<1x?x64xf32>
  %n = arith.negf %s : tensor<1x?x64xf32>
  %p = arith.mulf %seed, %seed : tensor<1x?x64xf32>
  %g = arith.mulf %p, %n : tensor<1x?x64xf32>
  %h = arith.mulf %g, %d : tensor<1x?x64xf32>
  return %n, %h : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}

// Quantised activations are made again from what is kept; numbers per row are kept.
// CHECK-LABEL: func.func @quantised(
// CHECK:         %{{[a-z0-9_]+}}, %[[A:[a-z0-9_]+]], %{{[a-z0-9_]+}} = ternary.quantize_activations
// CHECK-NEXT:    %[[S:.*]] = arith.negf
// CHECK-NEXT:    %[[X2:.*]] = ternary.optimization_barrier %{{.*}} after %[[S]] : tensor<1x?x64xf32>, tensor<1x?x8xf32>
// CHECK-NEXT:    %[[Q2:[a-z0-9_]+]], %{{.*}} = ternary.quantize_activations %[[X2]]
// CHECK-NEXT:    ternary.linear_backward_weight %[[S]], %[[Q2]], %[[A]] :
func.func @quantised(%x: tensor<1x?x64xf32>, %seed: tensor<1x?x8xf32> {ternary.role = #ternary.role<seed>}) -> (tensor<1x?x64xi8>, tensor<8x64xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<1x?x64xf32> -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %s = arith.negf %seed : tensor<1x?x8xf32>
  %g = ternary.linear_backward_weight %s, %q, %a : tensor<1x?x8xf32>, tensor<1x?x64xi8>, tensor<1x?xf32> -> tensor<8x64xf32>
  return %q, %g : tensor<1x?x64xi8>, tensor<8x64xf32>
}

// A byte that takes four operations is kept, unless memory is what counts.
// CHECK-LABEL: func.func @gated(
// CHECK:         %[[Q:[a-z0-9_]+]], %[[A:[a-z0-9_]+]], %{{[a-z0-9_]+}} = ternary.quantize_activations
// CHECK-NOT:     ternary.quantize_activations
// CHECK:         ternary.linear_backward_weight %{{.*}}, %[[Q]], %[[A]] :
// ALL-LABEL: func.func @gated(
// ALL:         ternary.quantize_activations
// ALL:         %[[S:.*]] = arith.negf
// ALL:         ternary.activate silu
// ALL:         %[[Q:[a-z0-9_]+]], %{{.*}} = ternary.quantize_activations
// ALL:         ternary.linear_backward_weight %[[S]], %[[Q]],
func.func @gated(%x: tensor<1x?x64xf32>, %r: tensor<1x?xf32>, %g: tensor<64xf32>, %seed: tensor<1x?x8xf32> {ternary.role = #ternary.role<seed>})
    -> (tensor<1x?x64xi8>, tensor<8x64xf32>) {
  %a = ternary.activate silu %x : tensor<1x?x64xf32>
  %y = arith.mulf %a, %x : tensor<1x?x64xf32>
  %n = ternary.normalize %y, %r, %g : tensor<1x?x64xf32>, tensor<1x?xf32>, tensor<64xf32>
  %q, %s, %c = ternary.quantize_activations %n : tensor<1x?x64xf32> -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %d = arith.negf %seed : tensor<1x?x8xf32>
  %w = ternary.linear_backward_weight %d, %q, %s : tensor<1x?x8xf32>, tensor<1x?x64xi8>, tensor<1x?xf32> -> tensor<8x64xf32>
  return %q, %w : tensor<1x?x64xi8>, tensor<8x64xf32>
}

// A sum of two values that are kept anyway only if it is asked for is kept itself: both would
// otherwise have to be.
// CHECK-LABEL: func.func @residual(
// CHECK:         %[[R:.*]] = arith.addf
// CHECK-NOT:     arith.addf
// CHECK:         arith.mulf %{{.*}}, %[[R]]
func.func @residual(%x: tensor<1x?x64xf32>, %y: tensor<1x?x64xf32>, %seed: tensor<1x?x64xf32> {ternary.role = #ternary.role<seed>}) -> tensor<1x?x64xf32> {
  %r = arith.addf %x, %y : tensor<1x?x64xf32>
  %g = arith.mulf %seed, %r : tensor<1x?x64xf32>
  return %g : tensor<1x?x64xf32>
}

// The barrier waits for what row kernels do not absorb, so that what it leads to can be fused
// with the row ops that come after that.
// CHECK-LABEL: func.func @after_product(
// CHECK:         %[[B:.*]] = ternary.linear_backward_input
// CHECK-NEXT:    %[[R:.*]] = arith.negf %[[B]]
// CHECK-NEXT:    %[[X2:.*]] = ternary.optimization_barrier %{{.*}} after %[[B]]
// CHECK-NEXT:    %[[N:.*]] = ternary.activate silu %[[X2]]
// CHECK-NEXT:    arith.mulf %[[R]], %[[N]]
func.func @after_product(%x: tensor<1x?x64xf32>, %t: tensor<8x64x!ternary.trit>, %w: tensor<1xf32>, %seed: tensor<1x?x8xf32> {ternary.role = #ternary.role<seed>})
    -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %n = ternary.activate silu %x : tensor<1x?x64xf32>
  %b = ternary.linear_backward_input %seed, %t, %w : tensor<1x?x8xf32>, tensor<8x64x!ternary.trit>, tensor<1xf32> -> tensor<1x?x64xf32>
  %r = arith.negf %b : tensor<1x?x64xf32>
  %g = arith.mulf %r, %n : tensor<1x?x64xf32>
  return %n, %g : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}

// Residuals of cheap branches are not computed again from all that came before: the second sum
// would need three values, and is kept.
// CHECK-LABEL: func.func @sums(
// CHECK:         %[[S1:.*]] = arith.addf
// CHECK:         %[[S2:.*]] = arith.addf %[[S1]]
// CHECK:         arith.mulf %{{.*}}, %[[S2]]
func.func @sums(%x: tensor<1x?x64xf32>, %a: tensor<1x?x64xf32>, %b: tensor<1x?x64xf32>, %seed: tensor<1x?x64xf32> {ternary.role = #ternary.role<seed>}) -> tensor<1x?x64xf32> {
  %y = ternary.activate silu %a : tensor<1x?x64xf32>
  %s1 = arith.addf %x, %y : tensor<1x?x64xf32>
  %z = ternary.activate silu %b : tensor<1x?x64xf32>
  %s2 = arith.addf %s1, %z : tensor<1x?x64xf32>
  %g = arith.mulf %seed, %s2 : tensor<1x?x64xf32>
  return %g : tensor<1x?x64xf32>
}

// Without a seed there is no backward pass.
// CHECK-LABEL: func.func @inference(
// CHECK-COUNT-1: ternary.activate
// CHECK-NOT:     ternary.activate
// CHECK:         return
func.func @inference(%x: tensor<1x?x64xf32>) -> tensor<1x?x64xf32> {
  %0 = ternary.activate silu %x : tensor<1x?x64xf32>
  %1 = arith.mulf %0, %0 : tensor<1x?x64xf32>
  return %1 : tensor<1x?x64xf32>
}
