// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-rows))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-rows{fuse=false}))' | FileCheck %s --check-prefix=SINGLE

// A sum of rows is the last of a kernel's results, in parts that a kernel of its own adds.
// CHECK-LABEL: func.func @sum(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x?x8xf32>, %[[BEFORE:[^:]*]]: tensor<8xf32>)
// CHECK:         %[[PARTS:.*]] = tensor.empty() : tensor<64x8xf32>
// CHECK:         %[[K:.*]]:2 = ternary.row_kernel rows 2 sums 1 ins(%[[X]] : tensor<2x?x8xf32>)
// CHECK-SAME:      outs(%{{.*}}, %[[PARTS]] : tensor<2x?x8xf32>, tensor<64x8xf32>) {
// CHECK-NEXT:    ^bb0(%[[ROW:.*]]: vector<8xf32>):
// CHECK-NEXT:      %[[Y:.*]] = math.exp %[[ROW]] : vector<8xf32>
// CHECK-NEXT:      ternary.yield %[[Y]], %[[Y]] : vector<8xf32>, vector<8xf32>
// CHECK-NEXT:    } -> tensor<2x?x8xf32>, tensor<64x8xf32>
// CHECK-NEXT:    %[[E:.*]] = tensor.empty() : tensor<8xf32>
// CHECK-NEXT:    %[[SUM:.*]] = ternary.sum_rows_kernel ins(%[[K]]#1 : tensor<64x8xf32>) outs(%[[E]] : tensor<8xf32>) -> tensor<8xf32>
// CHECK:         %[[NEW:.*]] = ternary.row_kernel rows 0 ins(%[[BEFORE]], %[[SUM]]
// CHECK:         return %[[K]]#0, %[[NEW]]

// SINGLE-LABEL: func.func @sum(
// SINGLE:         %[[Y:.*]] = ternary.row_kernel rows 2 ins(
// SINGLE:         %[[K:.*]] = ternary.row_kernel rows 2 sums 1 ins(%[[Y]] : tensor<2x?x8xf32>)
// SINGLE-SAME:      outs(%{{.*}} : tensor<64x8xf32>) {
// SINGLE-NEXT:    ^bb0(%[[ROW:.*]]: vector<8xf32>):
// SINGLE-NEXT:      ternary.yield %[[ROW]] : vector<8xf32>
// SINGLE:         ternary.sum_rows_kernel ins(%[[K]] : tensor<64x8xf32>)
func.func @sum(%x: tensor<2x?x8xf32>, %before: tensor<8xf32>) -> (tensor<2x?x8xf32>, tensor<8xf32>) {
  %y = math.exp %x : tensor<2x?x8xf32>
  %0 = ternary.sum_rows %y : tensor<2x?x8xf32> -> tensor<8xf32>
  %1 = arith.addf %before, %0 : tensor<8xf32>
  return %y, %1 : tensor<2x?x8xf32>, tensor<8xf32>
}

// What is the same everywhere has rows, too.
// CHECK-LABEL: func.func @splat(
// CHECK:         %[[ONES:.*]] = tensor.splat
// CHECK:         ternary.row_kernel rows 2 sums 1 ins(%[[ONES]] : tensor<2x?x8xf32>)
func.func @splat(%rows: index) -> tensor<8xf32> {
  %one = arith.constant 1.0 : f32
  %x = tensor.splat %one[%rows] : tensor<2x?x8xf32>
  %0 = ternary.sum_rows %x : tensor<2x?x8xf32> -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// Kernels that read the same rows are one, and a sum waits for one that reads what it reads: here the
// sum of x · s for one that must wait for %w.
// CHECK-LABEL: func.func @same_rows(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x?x8xf32>, %[[S:[^:]*]]: tensor<2x?xf32>
// CHECK-NOT:     ternary.row_kernel
// CHECK:         %[[Q:.*]] = ternary.linear_backward_input
// CHECK:         %[[K:.*]]:3 = ternary.row_kernel rows 2 sums 1 ins(%[[X]], %[[S]], %[[Q]] :
// CHECK-DAG:       %[[N:.*]] = arith.negf %{{.*}} : vector<8xf32>
// CHECK-DAG:       %[[P:.*]] = ternary.scale_rows
// CHECK-DAG:       %[[A:.*]] = arith.addf
// CHECK:           ternary.yield %[[N]], %[[A]], %[[P]]
// CHECK-NOT:     ternary.row_kernel
func.func @same_rows(%x: tensor<2x?x8xf32>, %s: tensor<2x?xf32>, %g: tensor<2x?x6xf32>, %t: tensor<6x8x!ternary.trit>, %a: tensor<1xf32>)
    -> (tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<8xf32>) {
  %p = ternary.scale_rows %x, %s : tensor<2x?x8xf32>, tensor<2x?xf32>
  %sum = ternary.sum_rows %p : tensor<2x?x8xf32> -> tensor<8xf32>
  %w = ternary.linear_backward_input %g, %t, %a : tensor<2x?x6xf32>, tensor<6x8x!ternary.trit>, tensor<1xf32> -> tensor<2x?x8xf32>
  %n = arith.negf %w : tensor<2x?x8xf32>
  %y = arith.addf %x, %w : tensor<2x?x8xf32>
  return %n, %y, %sum : tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<8xf32>
}

// A sum that a kernel reads whose rows it sums does not wait for it, nor are they one kernel.
// CHECK-LABEL: func.func @needed(
// CHECK:         ternary.row_kernel rows 2 sums 1
// CHECK:         %[[SUM:.*]] = ternary.sum_rows_kernel
// CHECK:         ternary.row_kernel rows 2 ins(%{{.*}}, %{{.*}}, %[[SUM]] :
// CHECK:           ternary.normalize
func.func @needed(%x: tensor<2x?x8xf32>, %s: tensor<2x?xf32>) -> tensor<2x?x8xf32> {
  %sum = ternary.sum_rows %x : tensor<2x?x8xf32> -> tensor<8xf32>
  %y = ternary.normalize %x, %s, %sum : tensor<2x?x8xf32>, tensor<2x?xf32>, tensor<8xf32>
  return %y : tensor<2x?x8xf32>
}

// silu(x) is x · sigmoid(x) where that is there.
// CHECK-LABEL: func.func @gate(
// CHECK:         ^bb0(%[[ROW:.*]]: vector<8xf32>):
// CHECK-NEXT:      %[[SIGMOID:.*]] = ternary.activate sigmoid %[[ROW]]
// CHECK-NEXT:      %[[SILU:.*]] = arith.mulf %[[ROW]], %[[SIGMOID]]
// CHECK-NOT:       ternary.activate
// CHECK:           ternary.yield %[[SILU]],
func.func @gate(%x: tensor<2x?x8xf32>) -> (tensor<2x?x8xf32>, tensor<2x?x8xf32>) {
  %y = ternary.activate silu %x : tensor<2x?x8xf32>
  %s = ternary.activate sigmoid %x : tensor<2x?x8xf32>
  %n = arith.negf %s : tensor<2x?x8xf32>
  return %y, %n : tensor<2x?x8xf32>, tensor<2x?x8xf32>
}
