// RUN: ternary-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(ternary-form-kernels))' | FileCheck %s

// States are updated where they are.
// CHECK-LABEL: func.func @states(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x8xf32>, %[[W:[^:]*]]: tensor<8xf32>, %[[S:[^:]*]]: tensor<1x8xf32>, %[[P:[^:]*]]: tensor<1x3x8xf32>)
// CHECK:         %[[OUT:.*]] = tensor.empty(%{{.*}}) : tensor<1x?x8xf32>
// CHECK-NEXT:    %[[SHIFT:.*]]:2 = ternary.token_shift_kernel ins(%[[X]] : tensor<1x?x8xf32>) outs(%[[OUT]], %[[S]] : tensor<1x?x8xf32>, tensor<1x8xf32>) ->
// CHECK:         %[[OUT2:.*]] = tensor.empty(%{{.*}}) : tensor<1x?x8xf32>
// CHECK-NEXT:    %[[WKV:.*]]:2 = ternary.wkv_kernel ins(%[[X]], %[[SHIFT]]#0, %[[W]], %[[W]] :
// CHECK-SAME:    outs(%[[OUT2]], %[[P]] : tensor<1x?x8xf32>, tensor<1x3x8xf32>)
// CHECK-NEXT:    return %[[WKV]]#0, %[[SHIFT]]#1, %[[WKV]]#1
func.func @states(%x: tensor<1x?x8xf32>, %w: tensor<8xf32>, %s: tensor<1x8xf32>, %p: tensor<1x3x8xf32>)
    -> (tensor<1x?x8xf32>, tensor<1x8xf32>, tensor<1x3x8xf32>) {
  %0, %1 = ternary.token_shift %x, %s : tensor<1x?x8xf32>, tensor<1x8xf32>
  %2, %3 = ternary.wkv %x, %0, %w, %w, %p : tensor<1x?x8xf32>, tensor<8xf32>, tensor<1x3x8xf32>
  return %2, %1, %3 : tensor<1x?x8xf32>, tensor<1x8xf32>, tensor<1x3x8xf32>
}

// -----

// The direction goes to the kernel.
// CHECK-LABEL: func.func @inverse(
// CHECK:         ternary.token_shift_kernel ins(%{{.*}}) outs(%{{.*}}) {inverse}
func.func @inverse(%x: tensor<1x?x8xf32>, %s: tensor<1x8xf32>) -> tensor<1x?x8xf32> {
  %0, %1 = ternary.token_shift %x, %s {inverse} : tensor<1x?x8xf32>, tensor<1x8xf32>
  return %0 : tensor<1x?x8xf32>
}

// -----

// A gradient leaves the state as it is.
// CHECK-LABEL: func.func @backward(
// CHECK-SAME:    %[[K:[^:]*]]: tensor<1x?x8xf32>, %[[W:[^:]*]]: tensor<8xf32>, %[[P:[^:]*]]: tensor<1x3x8xf32>)
// CHECK-DAG:     %[[A:.*]] = tensor.empty(%{{.*}}) : tensor<1x?x8xf32>
// CHECK-DAG:     %[[B:.*]] = tensor.empty() : tensor<1x8xf32>
// CHECK:         ternary.wkv_backward_kernel ins(%[[K]], %[[K]], %[[W]], %[[W]], %[[P]], %[[K]], %[[K]] :
// CHECK-SAME:    outs(%{{.*}} : tensor<1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>)
func.func @backward(%k: tensor<1x?x8xf32>, %w: tensor<8xf32>, %p: tensor<1x3x8xf32>) -> (tensor<1x?x8xf32>, tensor<1x8xf32>) {
  %0:4 = ternary.wkv_backward %k, %k, %w, %w, %p, %k, %k : tensor<1x?x8xf32>, tensor<8xf32>, tensor<1x3x8xf32>
  return %0#0, %0#2 : tensor<1x?x8xf32>, tensor<1x8xf32>
}
