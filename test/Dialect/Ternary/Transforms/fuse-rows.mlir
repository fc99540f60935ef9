// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-rows))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-rows{fuse=true}))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-rows{fuse=false}))' | FileCheck %s --check-prefix=SINGLE
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-rows))' --remarks-filter=ternary --remark-policy=all -verify-diagnostics -o /dev/null

// The last line checks all remarks: any that the comments below do not expect is an error.

// A norm and the quantisation of its result are one kernel: rows are vectors, values per
// row scalars, and the gain, which all rows share, is passed whole. Only what is read
// outside leaves it. Without `fuse` each op is a kernel of its own.
// CHECK-LABEL: func.func @norm(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>, %[[G:[^:]*]]: tensor<64xf32>)
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[X]], %c1
// CHECK:         %[[EQ:.*]] = tensor.empty(%[[ROWS]]) : tensor<1x?x64xi8>
// CHECK:         %[[EA:.*]] = tensor.empty(%{{.*}}) : tensor<1x?xf32>
// CHECK:         %[[EC:.*]] = tensor.empty(%{{.*}}) : tensor<1x?xi32>
// CHECK:         %[[K:.*]]:3 = ternary.row_kernel rows 2 ins(%[[X]], %[[G]] : tensor<1x?x64xf32>, tensor<64xf32>)
// CHECK-SAME:      outs(%[[EQ]], %[[EA]], %[[EC]] : tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>) {
// CHECK-NEXT:    ^bb0(%[[ROW:.*]]: vector<64xf32>, %[[GAIN:.*]]: vector<64xf32>):
// CHECK-NEXT:      %[[S:.*]] = ternary.square_sums %[[ROW]] : vector<64xf32> -> vector<2xf32>
// CHECK-NEXT:      %[[R:.*]] = ternary.inverse_rms %[[S]] {epsilon = 9.99999997E-7 : f32, size = 64 : i64} : vector<2xf32> -> f32
// CHECK-NEXT:      %[[Y:.*]] = ternary.normalize %[[ROW]], %[[R]], %[[GAIN]] : vector<64xf32>, f32, vector<64xf32>
// CHECK-NEXT:      %[[Q:.*]], %[[A:.*]], %[[C:.*]] = ternary.quantize_activations %[[Y]] : vector<64xf32> -> vector<64xi8>, f32, i32
// CHECK-NEXT:      ternary.yield %[[Q]], %[[A]], %[[C]] : vector<64xi8>, f32, i32
// CHECK-NEXT:    } -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
// CHECK-NEXT:    return %[[K]]#0, %[[K]]#1, %[[K]]#2

// SINGLE-LABEL: func.func @norm(
// SINGLE-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>, %[[G:[^:]*]]: tensor<64xf32>)
// SINGLE:         %[[S:.*]] = ternary.row_kernel rows 2 ins(%[[X]] :
// SINGLE-NEXT:    ^bb0(
// SINGLE-NEXT:      ternary.square_sums
// SINGLE-NEXT:      ternary.yield
// SINGLE:         %[[R:.*]] = ternary.row_kernel rows 2 ins(%[[S]] : tensor<1x?x2xf32>)
// SINGLE-NEXT:    ^bb0(
// SINGLE-NEXT:      ternary.inverse_rms
// SINGLE-NEXT:      ternary.yield
// SINGLE:         %[[Y:.*]] = ternary.row_kernel rows 2 ins(%[[X]], %[[R]], %[[G]] :
// SINGLE-NEXT:    ^bb0(%{{.*}}: vector<64xf32>, %{{.*}}: f32, %{{.*}}: vector<64xf32>):
// SINGLE-NEXT:      ternary.normalize
// SINGLE-NEXT:      ternary.yield
// SINGLE:         %[[Q:.*]]:3 = ternary.row_kernel rows 2 ins(%[[Y]] :
// SINGLE-NEXT:    ^bb0(
// SINGLE-NEXT:      ternary.quantize_activations
// SINGLE-NEXT:      ternary.yield
// SINGLE:         return %[[Q]]#0, %[[Q]]#1, %[[Q]]#2
func.func @norm(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>) -> (tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>) {
  // expected-remark @+1 {{[Passed] fuse-rows | Category:ternary | Remark="fused 4 ops into one row kernel"}}
  %s = ternary.square_sums %x : tensor<1x?x64xf32> -> tensor<1x?x2xf32>
  %r = ternary.inverse_rms %s {epsilon = 1.0e-6 : f32, size = 64 : i64} : tensor<1x?x2xf32> -> tensor<1x?xf32>
  %y = ternary.normalize %x, %r, %g : tensor<1x?x64xf32>, tensor<1x?xf32>, tensor<64xf32>
  %q, %a, %c = ternary.quantize_activations %y : tensor<1x?x64xf32> -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  return %q, %a, %c : tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
}

// Two norms of a sum share it and its statistics: one kernel, with one of each.
// CHECK-LABEL: func.func @two_norms(
// CHECK-NOT:     ternary.row_kernel
// CHECK:         %[[K:.*]]:2 = ternary.row_kernel rows 1 ins(
// CHECK:           %[[SUM:.*]] = arith.addf %{{.*}}, %{{.*}} : vector<64xf32>
// CHECK-NEXT:      %[[S:.*]] = ternary.square_sums %[[SUM]]
// CHECK-NEXT:      %[[R:.*]] = ternary.inverse_rms %[[S]]
// CHECK-NEXT:      %[[A:.*]] = ternary.normalize %[[SUM]], %[[R]]
// CHECK-NEXT:      %[[B:.*]] = ternary.normalize %[[SUM]], %[[R]]
// CHECK-NEXT:      ternary.yield %[[A]], %[[B]]
// CHECK:         return %[[K]]#0, %[[K]]#1
func.func @two_norms(%x: tensor<2x64xf32>, %y: tensor<2x64xf32>, %g: tensor<64xf32>, %h: tensor<64xf32>) -> (tensor<2x64xf32>, tensor<2x64xf32>) {
  // expected-remark @+1 {{fused 5 ops into one row kernel}}
  %sum = arith.addf %x, %y : tensor<2x64xf32>
  %s = ternary.square_sums %sum : tensor<2x64xf32> -> tensor<2x2xf32>
  %r = ternary.inverse_rms %s {epsilon = 1.0e-6 : f32, size = 64 : i64} : tensor<2x2xf32> -> tensor<2xf32>
  %a = ternary.normalize %sum, %r, %g : tensor<2x64xf32>, tensor<2xf32>, tensor<64xf32>
  %b = ternary.normalize %sum, %r, %h : tensor<2x64xf32>, tensor<2xf32>, tensor<64xf32>
  return %a, %b : tensor<2x64xf32>, tensor<2x64xf32>
}

// Statistics that a linear kernel took are read like any other operand, not computed again.
// CHECK-LABEL: func.func @after_linear_kernel(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x64xf32>, %[[S:[^:]*]]: tensor<2x2xf32>, %[[G:[^:]*]]: tensor<64xf32>)
// CHECK:         ternary.row_kernel rows 1 ins(%[[S]], %[[X]], %[[G]] : tensor<2x2xf32>, tensor<2x64xf32>, tensor<64xf32>)
// CHECK-NEXT:    ^bb0(%[[SUMS:.*]]: vector<2xf32>, %[[ROW:.*]]: vector<64xf32>, %[[GAIN:.*]]: vector<64xf32>):
// CHECK-NEXT:      %[[R:.*]] = ternary.inverse_rms %[[SUMS]]
// CHECK-NEXT:      %[[N:.*]] = ternary.normalize %[[ROW]], %[[R]], %[[GAIN]]
// CHECK-NEXT:      %[[Y:.*]] = arith.addf %[[ROW]], %[[N]]
// CHECK-NEXT:      ternary.yield %[[Y]]
func.func @after_linear_kernel(%x: tensor<2x64xf32>, %s: tensor<2x2xf32>, %g: tensor<64xf32>) -> tensor<2x64xf32> {
  // expected-remark @+1 {{fused 3 ops into one row kernel}}
  %r = ternary.inverse_rms %s {epsilon = 1.0e-6 : f32, size = 64 : i64} : tensor<2x2xf32> -> tensor<2xf32>
  %n = ternary.normalize %x, %r, %g : tensor<2x64xf32>, tensor<2xf32>, tensor<64xf32>
  %y = arith.addf %x, %n : tensor<2x64xf32>
  return %y : tensor<2x64xf32>
}

// A constant becomes a row of it in the region, a broadcast the vector behind it; the
// sizes of results are those of the splat, which need not be read for them.
// CHECK-LABEL: func.func @gate(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>, %[[B:[^:]*]]: tensor<64xf32>, %[[ROWS:[^:]*]]: index)
// CHECK-NOT:     tensor.dim
// CHECK:         %[[K:.*]]:2 = ternary.row_kernel rows 2 ins(%[[B]], %[[X]] : tensor<64xf32>, tensor<1x?x64xf32>)
// CHECK-NEXT:    ^bb0(%[[BOUND:.*]]: vector<64xf32>, %[[ROW:.*]]: vector<64xf32>):
// CHECK-NEXT:      %[[ONES:.*]] = arith.constant dense<1.000000e+00> : vector<64xf32>
// CHECK-NEXT:      %[[REST:.*]] = arith.subf %[[ONES]], %[[BOUND]] : vector<64xf32>
// CHECK-NEXT:      %[[Y:.*]] = arith.mulf %[[REST]], %[[ROW]] : vector<64xf32>
// CHECK-NEXT:      %[[Z:.*]] = arith.addf %[[BOUND]], %[[Y]] : vector<64xf32>
// CHECK-NEXT:      ternary.yield %[[Y]], %[[Z]] : vector<64xf32>, vector<64xf32>
// CHECK:         return %[[K]]#0, %[[K]]#1
// SINGLE-LABEL: func.func @gate(
// SINGLE-COUNT-3: ternary.row_kernel
func.func @gate(%x: tensor<1x?x64xf32>, %b: tensor<64xf32>, %rows: index) -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %one = arith.constant 1.0 : f32
  %ones = tensor.splat %one[%rows] : tensor<1x?x64xf32>
  %empty = tensor.empty(%rows) : tensor<1x?x64xf32>
  %bound = linalg.broadcast ins(%b : tensor<64xf32>) outs(%empty : tensor<1x?x64xf32>) dimensions = [0, 1]
  // expected-remark @+1 {{fused 3 ops into one row kernel}}
  %rest = arith.subf %ones, %bound : tensor<1x?x64xf32>
  %y = arith.mulf %rest, %x : tensor<1x?x64xf32>
  %z = arith.addf %bound, %y : tensor<1x?x64xf32>
  return %y, %z : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}

func.func private @use(tensor<2x64xf32>) -> tensor<2x64xf32>

// The sum reads an op that is no row op and reads a row op: in one kernel, each would have
// to come before the other. So there are two.
// CHECK-LABEL: func.func @cycle(
// What only the later one reads is computed in it, so that it is not stored.
// CHECK:         %[[K:.*]] = ternary.row_kernel rows 1
// CHECK:           arith.negf
// CHECK-NEXT:      ternary.yield
// CHECK:         %[[U:.*]] = call @use(%[[K]])
// CHECK:         %[[SUM:.*]] = ternary.row_kernel rows 1 ins(%[[K]], %[[U]] :
// CHECK-NEXT:    ^bb0(
// CHECK-NEXT:      math.absf
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      ternary.yield
// CHECK:         return %[[SUM]]
func.func @cycle(%x: tensor<2x64xf32>) -> tensor<2x64xf32> {
  %a = arith.negf %x : tensor<2x64xf32>
  // expected-remark @+1 {{fused 2 ops into one row kernel}}
  %b = math.absf %a : tensor<2x64xf32>
  %c = func.call @use(%a) : (tensor<2x64xf32>) -> tensor<2x64xf32>
  %d = arith.addf %b, %c : tensor<2x64xf32>
  return %d : tensor<2x64xf32>
}

// A kernel stands where its last op stood, and before all that reads it: the call moves.
// CHECK-LABEL: func.func @early_user(
// CHECK:         %[[K:.*]]:2 = ternary.row_kernel rows 1
// CHECK:           arith.negf
// CHECK-NEXT:      math.absf
// CHECK:         %[[U:.*]] = call @use(%[[K]]#0)
// CHECK-NEXT:    return %[[U]], %[[K]]#1
func.func @early_user(%x: tensor<2x64xf32>) -> (tensor<2x64xf32>, tensor<2x64xf32>) {
  // expected-remark @+1 {{fused 2 ops into one row kernel}}
  %a = arith.negf %x : tensor<2x64xf32>
  %c = func.call @use(%a) : (tensor<2x64xf32>) -> tensor<2x64xf32>
  %b = math.absf %a : tensor<2x64xf32>
  return %c, %b : tensor<2x64xf32>, tensor<2x64xf32>
}

// Ops that are not connected stay apart, even if they read the same rows, and so do ops
// whose rows are not the same: the gain is one row, computed once.
// CHECK-LABEL: func.func @apart(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x64xf32>, %[[G:[^:]*]]: tensor<64xf32>
// CHECK:         %[[H:.*]] = ternary.row_kernel rows 0 ins(%[[G]] : tensor<64xf32>) outs(%{{.*}} : tensor<64xf32>)
// CHECK-NEXT:    ^bb0(%[[ROW:.*]]: vector<64xf32>):
// CHECK-NEXT:      arith.negf %[[ROW]] : vector<64xf32>
// CHECK-NEXT:      ternary.yield
// CHECK:         ternary.row_kernel rows 1 ins(%[[X]], %{{.*}}, %[[H]] : tensor<2x64xf32>, tensor<2xf32>, tensor<64xf32>)
// CHECK:           ternary.normalize
// CHECK-NEXT:      ternary.yield
// CHECK:         ternary.row_kernel rows 1 ins(%[[X]] : tensor<2x64xf32>)
// CHECK:           math.absf
// CHECK-NEXT:      ternary.yield
func.func @apart(%x: tensor<2x64xf32>, %g: tensor<64xf32>, %r: tensor<2xf32>) -> (tensor<2x64xf32>, tensor<2x64xf32>) {
  %h = arith.negf %g : tensor<64xf32>
  %y = ternary.normalize %x, %r, %h : tensor<2x64xf32>, tensor<2xf32>, tensor<64xf32>
  %z = math.absf %x : tensor<2x64xf32>
  return %y, %z : tensor<2x64xf32>, tensor<2x64xf32>
}

// Elementwise ops on other than rows of f32 are left alone: a scalar, integers, a number
// of columns that is not known.
// CHECK-LABEL: func.func @no_rows(
// CHECK-NOT:     ternary.row_kernel
// CHECK:         arith.negf %{{.*}} : f32
// CHECK-NOT:     ternary.row_kernel
// CHECK:         arith.addi %{{.*}} : tensor<2x64xi32>
// CHECK-NOT:     ternary.row_kernel
// CHECK:         arith.negf %{{.*}} : tensor<2x?xf32>
// CHECK-NOT:     ternary.row_kernel
// CHECK:         return
func.func @no_rows(%x: f32, %y: tensor<2x64xi32>, %z: tensor<2x?xf32>) -> (f32, tensor<2x64xi32>, tensor<2x?xf32>) {
  %a = arith.negf %x : f32
  %b = arith.addi %y, %y : tensor<2x64xi32>
  %c = arith.negf %z : tensor<2x?xf32>
  return %a, %b, %c : f32, tensor<2x64xi32>, tensor<2x?xf32>
}

// A path through an op on other rows closes no cycle: what it feeds is a kernel of its own.
// CHECK-LABEL: func.func @other_rank_between(
// CHECK: %[[A:.*]]:2 = ternary.row_kernel rows 1
// CHECK: ternary.inverse_rms
// CHECK: %[[N:.*]] = ternary.row_kernel rows 0 ins(%[[A]]
// CHECK: arith.negf
// CHECK: ternary.row_kernel rows 1 ins({{.*}}%[[N]]
// CHECK: ternary.normalize
func.func @other_rank_between(%x: tensor<2x64xf32>, %g: tensor<64xf32>) -> tensor<2x64xf32> {
  // expected-remark @+1 {{fused 3 ops into one row kernel}}
  %y = arith.negf %x : tensor<2x64xf32>
  %s = ternary.square_sums %y : tensor<2x64xf32> -> tensor<2x2xf32>
  %r = ternary.inverse_rms %s {epsilon = 1.0e-6 : f32, size = 64 : i64} : tensor<2x2xf32> -> tensor<2xf32>
  %nr = arith.negf %r : tensor<2xf32>
  %n = ternary.normalize %y, %nr, %g : tensor<2x64xf32>, tensor<2xf32>, tensor<64xf32>
  return %n : tensor<2x64xf32>
}

// What nobody reads is dropped.
// CHECK-LABEL: func.func @dead(
// CHECK-NOT: ternary.row_kernel
// CHECK: return
func.func @dead(%x: tensor<2x64xf32>) -> tensor<2x64xf32> {
  %0 = arith.addf %x, %x : tensor<2x64xf32>
  return %x : tensor<2x64xf32>
}

// Others keep their order when a kernel has to move before those that read its first result:
// what is late is not computed early, when it would take memory for longer.
// CHECK-LABEL: func.func @order(
// CHECK:         %[[K:.*]]:3 = ternary.row_kernel
// CHECK:         %[[A:.*]] = ternary.accumulate %[[K]]#0
// CHECK:         ternary.dequantize %[[A]]
// CHECK:         %[[LATE:.*]] = ternary.row_kernel rows 2 ins(
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      arith.negf
// CHECK:         return %{{.*}}, %[[LATE]], %[[K]]#
func.func @order(%x: tensor<1x?x64xf32>, %late: tensor<1x?x64xf32>, %t: tensor<8x64x!ternary.trit>, %w: tensor<1xf32>) -> (tensor<1x?x8xf32>, tensor<1x?x64xf32>, tensor<1x?x2xf32>) {
  // expected-remark @+1 {{fused 3 ops into one row kernel}}
  %y = arith.negf %x : tensor<1x?x64xf32>
  %q, %s, %c = ternary.quantize_activations %y : tensor<1x?x64xf32> -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %acc = ternary.accumulate %q, %t : tensor<1x?x64xi8>, tensor<8x64x!ternary.trit> -> tensor<1x?x8xi32>
  %d = ternary.dequantize %acc, %s, %w : tensor<1x?x8xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x8xf32>
  %n = arith.negf %late : tensor<1x?x64xf32>
  %sums = ternary.square_sums %y : tensor<1x?x64xf32> -> tensor<1x?x2xf32>
  return %d, %n, %sums : tensor<1x?x8xf32>, tensor<1x?x64xf32>, tensor<1x?x2xf32>
}

// What is read through a barrier is computed by a kernel of its own, which comes after what the
// barrier waits for; the barrier itself goes.
// CHECK-LABEL: func.func @barrier(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>
// CHECK:         ternary.row_kernel rows 2 ins(%[[X]] :
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      ternary.activate silu
// CHECK-NEXT:      ternary.yield
// CHECK:         %[[G:.*]] = ternary.linear_backward_input
// CHECK:         ternary.row_kernel rows 2 ins(%[[X]], %[[G]] :
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      ternary.activate silu
// CHECK-NEXT:      arith.mulf
// CHECK-NOT:     ternary.optimization_barrier
// CHECK:         return
func.func @barrier(%x: tensor<1x?x64xf32>, %grad: tensor<1x?x8xf32>, %t: tensor<8x64x!ternary.trit>, %w: tensor<1xf32>) -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %y = ternary.activate silu %x : tensor<1x?x64xf32>
  %g = ternary.linear_backward_input %grad, %t, %w : tensor<1x?x8xf32>, tensor<8x64x!ternary.trit>, tensor<1xf32> -> tensor<1x?x64xf32>
  %kept = ternary.optimization_barrier %x after %g : tensor<1x?x64xf32>, tensor<1x?x64xf32>
  // expected-remark @+1 {{fused 2 ops into one row kernel}}
  %again = ternary.activate silu %kept : tensor<1x?x64xf32>
  %d = arith.mulf %again, %g : tensor<1x?x64xf32>
  return %y, %d : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}

// Ops in regions are fused as well, and a path through a region closes no cycle either.
// CHECK-LABEL: func.func @region_between(
// CHECK: %[[A:.*]] = ternary.row_kernel rows 1
// CHECK: arith.negf
// CHECK: arith.negf
// CHECK: %[[B:.*]] = scf.for
// CHECK: %[[K:.*]] = ternary.row_kernel rows 1 ins(%{{.*}}, %[[A]]
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: scf.yield %[[K]]
// CHECK: ternary.row_kernel rows 1 ins(%[[A]], %[[B]]
// CHECK: arith.mulf
func.func @region_between(%x: tensor<2x64xf32>, %n: index) -> tensor<2x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-remark @+1 {{fused 2 ops into one row kernel}}
  %0 = arith.negf %x : tensor<2x64xf32>
  %a = arith.negf %0 : tensor<2x64xf32>
  %b = scf.for %i = %c0 to %n step %c1 iter_args(%c = %x) -> (tensor<2x64xf32>) {
    // expected-remark @+1 {{fused 2 ops into one row kernel}}
    %1 = math.exp %c : tensor<2x64xf32>
    %2 = arith.addf %1, %a : tensor<2x64xf32>
    scf.yield %2 : tensor<2x64xf32>
  }
  %y = arith.mulf %a, %b : tensor<2x64xf32>
  return %y : tensor<2x64xf32>
}

// Rounding and extension are row ops. Each reader extends for itself, so that what goes from one
// kernel to another is narrow; what other ops read is extended in a kernel of its own, right
// before them and not where it is rounded.
// CHECK-LABEL: func.func @narrow(
// CHECK:         %[[N:.*]]:2 = ternary.row_kernel rows 2 {{.*}} outs(%{{.*}}, %{{.*}} : tensor<1x?x64xbf16>, tensor<1x?x64xf32>) {
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      %[[A:.*]] = ternary.activate silu
// CHECK-NEXT:      %[[T:.*]] = arith.truncf %[[A]] : vector<64xf32> to vector<64xbf16>
// CHECK-NEXT:      %[[W:.*]] = arith.extf %[[T]] : vector<64xbf16> to vector<64xf32>
// CHECK-NEXT:      %[[F:.*]] = arith.negf %[[W]]
// CHECK-NEXT:      ternary.yield %[[T]], %[[F]]
// CHECK:         %[[WIDE:.*]] = ternary.row_kernel rows 2 ins(%[[N]]#0 : tensor<1x?x64xbf16>)
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      arith.extf
// CHECK-NEXT:      ternary.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[H:.*]], %{{.*}} = ternary.linear_scan %[[N]]#1, %[[WIDE]],
// CHECK:         ternary.row_kernel rows 2 ins(%[[N]]#0, %[[H]] : tensor<1x?x64xbf16>, tensor<1x?x64xf32>)
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      arith.extf
// CHECK-NEXT:      arith.mulf
// CHECK-NEXT:      ternary.yield
func.func @narrow(%x: tensor<1x?x64xf32>, %state: tensor<1x64xf32>) -> (tensor<1x?x64xf32>, tensor<1x64xf32>) {
  // expected-remark @+1 {{fused 4 ops into one row kernel}}
  %a = ternary.activate silu %x : tensor<1x?x64xf32>
  %t = arith.truncf %a : tensor<1x?x64xf32> to tensor<1x?x64xbf16>
  %w0 = arith.extf %t : tensor<1x?x64xbf16> to tensor<1x?x64xf32>
  %f = arith.negf %w0 : tensor<1x?x64xf32>
  %w1 = arith.extf %t : tensor<1x?x64xbf16> to tensor<1x?x64xf32>
  %h, %s = ternary.linear_scan %f, %w1, %state : tensor<1x?x64xf32>, tensor<1x64xf32>
  // expected-remark @+1 {{fused 2 ops into one row kernel}}
  %w2 = arith.extf %t : tensor<1x?x64xbf16> to tensor<1x?x64xf32>
  %y = arith.mulf %w2, %h : tensor<1x?x64xf32>
  return %y, %s : tensor<1x?x64xf32>, tensor<1x64xf32>
}
