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

// A slice of what a kernel computes is copied to where it goes by a kernel; what only passes by, or
// has no contiguous rows, is left alone.
// CHECK-LABEL: func.func @copy(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<1x?xi32>, %[[TABLE:[^:]*]]: tensor<8x64xf32>, %[[CACHE:[^:]*]]: tensor<1x9x16xf32>, %[[FROM:[^:]*]]: index)
// CHECK:         %[[X:.*]] = ternary.gather_kernel
// CHECK:         %[[SLICE:.*]] = tensor.extract_slice %[[X]][0, 0, 48] [1, %{{.*}}, 16] [1, 1, 1]
// CHECK:         %[[OUT:.*]] = tensor.empty(%{{.*}}) : tensor<1x?x16xf32>
// CHECK:         %[[COPY:.*]] = ternary.row_kernel rows 2 ins(%[[SLICE]] : tensor<1x?x16xf32>) outs(%[[OUT]] : tensor<1x?x16xf32>) {
// CHECK-NEXT:    ^bb0(%[[ROW:.*]]: vector<16xf32>):
// CHECK-NEXT:      ternary.yield %[[ROW]] : vector<16xf32>
// CHECK:         %[[FIRST:.*]] = tensor.insert_slice %[[COPY]] into %[[CACHE]]
// CHECK:         %[[OTHER:.*]] = tensor.extract_slice %[[X]][0, 0, 0] [1, 1, 16] [1, 1, 2]
// CHECK:         %[[SECOND:.*]] = tensor.insert_slice %[[OTHER]] into %[[FIRST]]
// CHECK:         %[[OWN:.*]] = tensor.extract_slice %[[CACHE]]
// CHECK:         %[[THIRD:.*]] = tensor.insert_slice %[[OWN]] into %[[SECOND]]
// CHECK:         return %[[THIRD]]
func.func @copy(%ids: tensor<1x?xi32>, %table: tensor<8x64xf32>, %cache: tensor<1x9x16xf32>, %from: index) -> tensor<1x9x16xf32> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %ids, %c1 : tensor<1x?xi32>
  %x = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<8x64xf32> -> tensor<1x?x64xf32>
  %0 = tensor.extract_slice %x[0, 0, 48] [1, %n, 16] [1, 1, 1] : tensor<1x?x64xf32> to tensor<1x?x16xf32>
  %1 = tensor.insert_slice %0 into %cache[0, %from, 0] [1, %n, 16] [1, 1, 1] : tensor<1x?x16xf32> into tensor<1x9x16xf32>
  %2 = tensor.extract_slice %x[0, 0, 0] [1, 1, 16] [1, 1, 2] : tensor<1x?x64xf32> to tensor<1x1x16xf32>
  %3 = tensor.insert_slice %2 into %1[0, 0, 0] [1, 1, 16] [1, 1, 1] : tensor<1x1x16xf32> into tensor<1x9x16xf32>
  %4 = tensor.extract_slice %cache[0, 1, 0] [1, 1, 16] [1, 1, 1] : tensor<1x9x16xf32> to tensor<1x1x16xf32>
  %5 = tensor.insert_slice %4 into %3[0, 2, 0] [1, 1, 16] [1, 1, 1] : tensor<1x1x16xf32> into tensor<1x9x16xf32>
  return %5 : tensor<1x9x16xf32>
}

// Scales of groups as linear kernels have them.
// CHECK-LABEL: func.func @ternary_table(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<2xi32>, %[[TABLE:[^:]*]]: tensor<8x64x!ternary.trit>, %[[S:[^:]*]]: tensor<8x4xf32>)
// CHECK-DAG:     %[[TURNED:.*]] = ternary.transpose %[[S]] : tensor<8x4xf32> -> tensor<4x8xf32>
// CHECK:         ternary.gather_kernel ins(%[[IDS]], %[[TABLE]] : tensor<2xi32>, tensor<8x64x!ternary.trit>) scale(%[[TURNED]] : tensor<4x8xf32>)
func.func @ternary_table(%ids: tensor<2xi32>, %table: tensor<8x64x!ternary.trit>, %s: tensor<8x4xf32>) -> tensor<2x64xf32> {
  %x = ternary.embedding %ids, %table scale(%s : tensor<8x4xf32>) : tensor<2xi32>, tensor<8x64x!ternary.trit> -> tensor<2x64xf32>
  return %x : tensor<2x64xf32>
}

// What a loop carries stays where it is: a kernel copies the value of the next iteration there. A
// scan updates its state in place as it is.
// CHECK-LABEL: func.func @carried(
// CHECK:         scf.for {{.*}} iter_args(%[[X:.*]] = %{{.*}}, %[[S:.*]] = %{{.*}})
// CHECK:           %[[SCAN:.*]]:2 = ternary.scan_kernel {{.*}} outs(%{{.*}}, %[[S]] :
// CHECK:           %[[COPY:.*]] = ternary.row_kernel rows 2 ins(%[[SCAN]]#0 : tensor<1x4x64xf32>) outs(%[[X]] : tensor<1x4x64xf32>)
// CHECK-NEXT:      ^bb0(%[[ROW:.*]]: vector<64xf32>):
// CHECK-NEXT:        ternary.yield %[[ROW]]
// CHECK:           scf.yield %[[COPY]], %[[SCAN]]#1
func.func @carried(%x: tensor<1x4x64xf32>, %s: tensor<1x64xf32>, %n: index) -> (tensor<1x4x64xf32>, tensor<1x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %s) -> (tensor<1x4x64xf32>, tensor<1x64xf32>) {
    %h, %t = ternary.linear_scan %a, %x, %b : tensor<1x4x64xf32>, tensor<1x64xf32>
    scf.yield %h, %t : tensor<1x4x64xf32>, tensor<1x64xf32>
  }
  return %y#0, %y#1 : tensor<1x4x64xf32>, tensor<1x64xf32>
}
