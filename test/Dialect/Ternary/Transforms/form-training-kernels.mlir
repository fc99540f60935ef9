// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-form-kernels))' | FileCheck %s --check-prefixes=CHECK,ALL
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-form-kernels{accumulate=true}))' | FileCheck %s --check-prefixes=CHECK,SUMS
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-form-kernels{bind-time=true}))' | FileCheck %s --check-prefix=BIND

// A weight's gradient that is added to a sum: the kernel adds to it in place, at once.
// CHECK-LABEL: func.func @weight_sum(
// CHECK-SAME:    %[[G:[^:]*]]: tensor<2x?x6xf32>, %[[Q:[^:]*]]: tensor<2x?x8xi8>, %[[S:[^:]*]]: tensor<2x?xf32>, %[[SUM:[^:]*]]: tensor<6x8xf32>)
// CHECK-NEXT:    %[[DW:.*]] = ternary.linear_backward_weight_kernel ins(%[[G]], %[[Q]], %[[S]] : tensor<2x?x6xf32>, tensor<2x?x8xi8>, tensor<2x?xf32>)
// CHECK-SAME:      outs(%[[SUM]] : tensor<6x8xf32>) {accumulate} -> tensor<6x8xf32>
// CHECK-NEXT:    return %[[DW]]
func.func @weight_sum(%g: tensor<2x?x6xf32>, %q: tensor<2x?x8xi8>, %s: tensor<2x?xf32>, %sum: tensor<6x8xf32>) -> tensor<6x8xf32> {
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<2x?x6xf32>, tensor<2x?x8xi8>, tensor<2x?xf32> -> tensor<6x8xf32>
  %1 = arith.addf %sum, %0 : tensor<6x8xf32>
  return %1 : tensor<6x8xf32>
}

// So is a table's. What is added to comes later than the gradient here, and so the kernel
// stands where the sum stood.
// CHECK-LABEL: func.func @table_sum(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<2x?xi32>, %[[G:[^:]*]]: tensor<2x?x8xf32>, %[[SUM:[^:]*]]: tensor<9x8xf32>)
// CHECK-NEXT:    %[[LATER:.*]] = arith.negf %[[SUM]]
// CHECK-NEXT:    %[[DT:.*]] = ternary.scatter_kernel ins(%[[IDS]], %[[G]] : tensor<2x?xi32>, tensor<2x?x8xf32>) outs(%[[LATER]] : tensor<9x8xf32>) {accumulate} -> tensor<9x8xf32>
// CHECK-NEXT:    return %[[DT]]
func.func @table_sum(%ids: tensor<2x?xi32>, %g: tensor<2x?x8xf32>, %sum: tensor<9x8xf32>) -> tensor<9x8xf32> {
  %0 = ternary.embedding_backward %ids, %g : tensor<2x?xi32>, tensor<2x?x8xf32> -> tensor<9x8xf32>
  %later = arith.negf %sum : tensor<9x8xf32>
  %1 = arith.addf %later, %0 : tensor<9x8xf32>
  return %1 : tensor<9x8xf32>
}

// Where what is added to is there before the gradient, the kernel stands where the gradient
// stood: what it reads is needed no longer then.
// CHECK-LABEL: func.func @early_sum(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<2x?xi32>, %[[G:[^:]*]]: tensor<2x?x8xf32>, %[[SUM:[^:]*]]: tensor<9x8xf32>)
// CHECK-NEXT:    %[[BEFORE:.*]] = arith.negf %[[SUM]]
// CHECK-NEXT:    %[[DT:.*]] = ternary.scatter_kernel ins(%[[IDS]], %[[G]] : {{.*}}) outs(%[[BEFORE]] : tensor<9x8xf32>) {accumulate}
// CHECK-NEXT:    %[[DQ:.*]] = ternary.scatter_kernel ins(%[[IDS]], %[[G]] : {{.*}}) outs(%[[SUM]] : tensor<9x8xf32>) {accumulate}
// CHECK-NEXT:    %[[LATER:.*]] = arith.negf %[[G]]
// CHECK-NEXT:    return %[[LATER]], %[[DT]], %[[DQ]]
func.func @early_sum(%ids: tensor<2x?xi32>, %g: tensor<2x?x8xf32>, %sum: tensor<9x8xf32>)
    -> (tensor<2x?x8xf32>, tensor<9x8xf32>, tensor<9x8xf32>) {
  %before = arith.negf %sum : tensor<9x8xf32>
  %0 = ternary.embedding_backward %ids, %g : tensor<2x?xi32>, tensor<2x?x8xf32> -> tensor<9x8xf32>
  %1 = ternary.embedding_backward %ids, %g : tensor<2x?xi32>, tensor<2x?x8xf32> -> tensor<9x8xf32>
  %later = arith.negf %g : tensor<2x?x8xf32>
  %2 = arith.addf %before, %0 : tensor<9x8xf32>
  %3 = arith.addf %sum, %1 : tensor<9x8xf32>
  return %later, %2, %3 : tensor<2x?x8xf32>, tensor<9x8xf32>, tensor<9x8xf32>
}

// Two gradients of one weight: each kernel adds to what the one before it left.
// CHECK-LABEL: func.func @two_sums(
// CHECK-SAME:    %[[SUM:[^:, ]*]]: tensor<6x8xf32>)
// CHECK-NEXT:    %[[FIRST:.*]] = ternary.linear_backward_weight_kernel ins({{.*}}) outs(%[[SUM]] : tensor<6x8xf32>) {accumulate}
// CHECK-NEXT:    %[[SECOND:.*]] = ternary.linear_backward_weight_kernel ins({{.*}}) outs(%[[FIRST]] : tensor<6x8xf32>) {accumulate}
// CHECK-NEXT:    return %[[SECOND]]
func.func @two_sums(%g: tensor<2x6xf32>, %q: tensor<2x8xi8>, %s: tensor<2xf32>, %sum: tensor<6x8xf32>) -> tensor<6x8xf32> {
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
  %1 = ternary.linear_backward_weight %g, %q, %s : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
  %2 = arith.addf %sum, %0 : tensor<6x8xf32>
  %3 = arith.addf %2, %1 : tensor<6x8xf32>
  return %3 : tensor<6x8xf32>
}

// A gradient that is read twice, one on the left of a sum and one that is added to itself
// are written to memory of their own, and not at all before sums have been taken.
// CHECK-LABEL: func.func @no_sums(
// CHECK-SAME:    %[[G:[^:]*]]: tensor<2x6xf32>, %[[Q:[^:]*]]: tensor<2x8xi8>, %[[S:[^:]*]]: tensor<2xf32>, %[[X:[^:]*]]: tensor<6x8xf32>)
// SUMS:          ternary.linear_backward_weight %
// SUMS:          ternary.linear_backward_weight %
// SUMS:          ternary.linear_backward_weight %
// ALL:           %[[E1:.*]] = tensor.empty() : tensor<6x8xf32>
// ALL-NEXT:      %[[TWICE:.*]] = ternary.linear_backward_weight_kernel ins(%[[G]], %[[Q]], %[[S]] : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf32>) outs(%[[E1]] : tensor<6x8xf32>) -> tensor<6x8xf32>
// ALL:           %[[LEFT:.*]] = ternary.linear_backward_weight_kernel ins({{.*}}) outs(%{{.*}} : tensor<6x8xf32>) -> tensor<6x8xf32>
// ALL:           %[[SELF:.*]] = ternary.linear_backward_weight_kernel ins({{.*}}) outs(%{{.*}} : tensor<6x8xf32>) -> tensor<6x8xf32>
// ALL:           arith.addf %[[X]], %[[TWICE]]
// ALL:           arith.addf %[[LEFT]], %[[X]]
// ALL:           arith.addf %[[SELF]], %[[SELF]]
// CHECK:         return
func.func @no_sums(%g: tensor<2x6xf32>, %q: tensor<2x8xi8>, %s: tensor<2xf32>, %x: tensor<6x8xf32>)
    -> (tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>) {
  %twice = ternary.linear_backward_weight %g, %q, %s : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
  %left = ternary.linear_backward_weight %g, %q, %s : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
  %self = ternary.linear_backward_weight %g, %q, %s : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
  %0 = arith.addf %x, %twice : tensor<6x8xf32>
  %1 = arith.addf %left, %x : tensor<6x8xf32>
  %2 = arith.addf %self, %self : tensor<6x8xf32>
  return %twice, %0, %1, %2 : tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>
}

// Every other op of a gradient has a kernel of the same operands, which writes empty
// tensors of the sizes of its results.
// CHECK-LABEL: func.func @input(
// CHECK-SAME:    %[[G:[^:]*]]: tensor<2x?x6xf32>, %[[T:[^:]*]]: tensor<6x8x!ternary.trit>, %[[S:[^:]*]]: tensor<1xf32>)
// SUMS:          ternary.linear_backward_input %
// ALL:           %[[ROWS:.*]] = tensor.dim %[[G]], %{{.*}}
// ALL:           %[[E:.*]] = tensor.empty(%[[ROWS]]) : tensor<2x?x8xf32>
// ALL-NEXT:      %[[DX:.*]] = ternary.linear_backward_input_kernel ins(%[[G]], %[[T]], %[[S]] : tensor<2x?x6xf32>, tensor<6x8x!ternary.trit>, tensor<1xf32>)
// ALL-SAME:        outs(%[[E]] : tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
// ALL-NEXT:      return %[[DX]]
func.func @input(%g: tensor<2x?x6xf32>, %t: tensor<6x8x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x?x8xf32> {
  %0 = ternary.linear_backward_input %g, %t, %s : tensor<2x?x6xf32>, tensor<6x8x!ternary.trit>, tensor<1xf32> -> tensor<2x?x8xf32>
  return %0 : tensor<2x?x8xf32>
}

// CHECK-LABEL: func.func @mean(
// CHECK-SAME:    %[[L:[^:]*]]: tensor<2x?xf32>, %[[T:[^:]*]]: tensor<2x?xi32>)
// SUMS:          ternary.mean_over_targets %
// ALL-NEXT:      %[[E1:.*]] = tensor.empty() : tensor<f32>
// ALL-NEXT:      %[[E2:.*]] = tensor.empty() : tensor<f32>
// ALL-NEXT:      %[[M:.*]]:2 = ternary.mean_kernel ins(%[[L]], %[[T]] : tensor<2x?xf32>, tensor<2x?xi32>) outs(%[[E1]], %[[E2]] : tensor<f32>, tensor<f32>) -> tensor<f32>, tensor<f32>
// ALL-NEXT:      return %[[M]]#0, %[[M]]#1
func.func @mean(%l: tensor<2x?xf32>, %t: tensor<2x?xi32>) -> (tensor<f32>, tensor<f32>) {
  %0, %1 = ternary.mean_over_targets %l, %t : tensor<2x?xf32>, tensor<2x?xi32> -> tensor<f32>, tensor<f32>
  return %0, %1 : tensor<f32>, tensor<f32>
}

// Unlike a scan, its gradient changes nothing that it reads.
// CHECK-LABEL: func.func @scan(
// CHECK-SAME:    %[[F:[^:]*]]: tensor<2x?x8xf32>, %[[H:[^:]*]]: tensor<2x?x8xf32>, %[[S:[^:]*]]: tensor<2x8xf32>, %[[G:[^:]*]]: tensor<2x?x8xf32>, %[[N:[^:]*]]: tensor<2x8xf32>)
// SUMS:          ternary.linear_scan_backward %
// ALL:           %[[STEPS:.*]] = tensor.dim %[[F]], %{{.*}}
// ALL-DAG:       %[[E1:.*]] = tensor.empty(%{{.*}}) : tensor<2x?x8xf32>
// ALL-DAG:       %[[E2:.*]] = tensor.empty(%{{.*}}) : tensor<2x?x8xf32>
// ALL-DAG:       %[[E3:.*]] = tensor.empty() : tensor<2x8xf32>
// ALL:           %[[R:.*]]:3 = ternary.scan_backward_kernel ins(%[[F]], %[[H]], %[[S]], %[[G]], %[[N]] :
// ALL-SAME:        outs(%[[E1]], %[[E2]], %[[E3]] : tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<2x8xf32>)
// ALL-NEXT:      return %[[R]]#0, %[[R]]#1, %[[R]]#2
func.func @scan(%f: tensor<2x?x8xf32>, %h: tensor<2x?x8xf32>, %s: tensor<2x8xf32>, %g: tensor<2x?x8xf32>, %n: tensor<2x8xf32>)
    -> (tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<2x8xf32>) {
  %0, %1, %2 = ternary.linear_scan_backward %f, %h, %s, %g, %n : tensor<2x?x8xf32>, tensor<2x8xf32>
  return %0, %1, %2 : tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<2x8xf32>
}

// CHECK-LABEL: func.func @bounds(
// CHECK-SAME:    %[[P:[^:]*]]: tensor<3x8xf32>, %[[G:[^:]*]]: tensor<3x8xf32>)
// SUMS:          ternary.lower_bounds_backward %
// ALL-NEXT:      %[[E:.*]] = tensor.empty() : tensor<3x8xf32>
// ALL-NEXT:      %[[DP:.*]] = ternary.lower_bounds_backward_kernel ins(%[[P]], %[[G]] : tensor<3x8xf32>, tensor<3x8xf32>) outs(%[[E]] : tensor<3x8xf32>) -> tensor<3x8xf32>
// ALL-NEXT:      return %[[DP]]
func.func @bounds(%p: tensor<3x8xf32>, %g: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %0 = ternary.lower_bounds_backward %p, %g : tensor<3x8xf32>, tensor<3x8xf32>
  return %0 : tensor<3x8xf32>
}

// A table's gradient without a sum has the size of the table, not that of the ids.
// CHECK-LABEL: func.func @table(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<2x?xi32>, %[[G:[^:]*]]: tensor<2x?x8xf32>)
// SUMS:          ternary.embedding_backward %
// ALL-NEXT:      %[[E:.*]] = tensor.empty() : tensor<9x8xf32>
// ALL-NEXT:      %[[DT:.*]] = ternary.scatter_kernel ins(%[[IDS]], %[[G]] : tensor<2x?xi32>, tensor<2x?x8xf32>) outs(%[[E]] : tensor<9x8xf32>) -> tensor<9x8xf32>
// ALL-NEXT:      return %[[DT]]
func.func @table(%ids: tensor<2x?xi32>, %g: tensor<2x?x8xf32>) -> tensor<9x8xf32> {
  %0 = ternary.embedding_backward %ids, %g : tensor<2x?xi32>, tensor<2x?x8xf32> -> tensor<9x8xf32>
  return %0 : tensor<9x8xf32>
}

// Constant tensors are written by a kernel over their rows; those of unknown columns or
// of a value known at run time only are left alone.
// CHECK-LABEL: func.func @fill(
// CHECK-SAME:    %[[N:[^:]*]]: index, %[[X:[^:]*]]: f32)
// SUMS-NOT:      ternary.row_kernel
// ALL:           %[[E:.*]] = tensor.empty(%[[N]]) : tensor<2x?x8xf32>
// ALL-NEXT:      %[[ROWS:.*]] = ternary.row_kernel rows 2 ins() outs(%[[E]] : tensor<2x?x8xf32>) {
// ALL-NEXT:        %[[ROW:.*]] = arith.constant dense<2.500000e-01> : vector<8xf32>
// ALL-NEXT:        ternary.yield %[[ROW]] : vector<8xf32>
// ALL-NEXT:      } -> tensor<2x?x8xf32>
// CHECK:         tensor.splat %{{.*}}[%[[N]]] : tensor<2x?xf32>
// CHECK:         tensor.splat %[[X]] : tensor<2x8xf32>
func.func @fill(%n: index, %x: f32) -> (tensor<2x?x8xf32>, tensor<2x?xf32>, tensor<2x8xf32>) {
  %c = arith.constant 0.25 : f32
  %0 = tensor.splat %c[%n] : tensor<2x?x8xf32>
  %1 = tensor.splat %c[%n] : tensor<2x?xf32>
  %2 = tensor.splat %x : tensor<2x8xf32>
  return %0, %1, %2 : tensor<2x?x8xf32>, tensor<2x?xf32>, tensor<2x8xf32>
}

// Lower bounds are computed when parameters are bound, where they are.
// CHECK-LABEL: func.func @bind_time(
// CHECK:         ternary.lower_bounds %{{.*}} : tensor<3x8xf32> -> tensor<3x8xf32>
// BIND-LABEL:  func.func @bind_time(
// BIND-SAME:     %[[P:.*]]: tensor<3x8xf32>)
// BIND-NEXT:     %[[E:.*]] = tensor.empty() : tensor<3x8xf32>
// BIND-NEXT:     %[[B:.*]] = ternary.lower_bounds_kernel ins(%[[P]] : tensor<3x8xf32>) outs(%[[E]] : tensor<3x8xf32>) -> tensor<3x8xf32>
// BIND-NEXT:     return %[[B]]
func.func @bind_time(%p: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %0 = ternary.lower_bounds %p : tensor<3x8xf32> -> tensor<3x8xf32>
  return %0 : tensor<3x8xf32>
}

// A sum that a loop carries is added to in the loop: the gradient, from outside of it, is added
// as often as the loop runs.
// CHECK-LABEL: func.func @sum_in_a_loop(
// SUMS:          ternary.linear_backward_weight %
// ALL:           ternary.linear_backward_weight_kernel {{.*}} outs(%{{[^ ]*}} : tensor<6x8xf32>) -> tensor<6x8xf32>
// CHECK:         scf.for {{.*}} iter_args(%[[SUM:.*]] = %{{.*}})
// CHECK-NEXT:      arith.addf %[[SUM]]
func.func @sum_in_a_loop(%n: index, %g: tensor<2x?x6xf32>, %q: tensor<2x?x8xi8>, %s: tensor<2x?xf32>, %start: tensor<6x8xf32>) -> tensor<6x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<2x?x6xf32>, tensor<2x?x8xi8>, tensor<2x?xf32> -> tensor<6x8xf32>
  %1 = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %start) -> tensor<6x8xf32> {
    %2 = arith.addf %sum, %0 : tensor<6x8xf32>
    scf.yield %2 : tensor<6x8xf32>
  }
  return %1 : tensor<6x8xf32>
}
