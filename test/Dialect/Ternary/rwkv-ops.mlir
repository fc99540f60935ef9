// RUN: ternary-opt %s | ternary-opt | FileCheck %s
// RUN: ternary-opt --mlir-print-op-generic %s | ternary-opt | FileCheck %s
// RUN: ternary-opt --emit-bytecode %s | ternary-opt | FileCheck %s

// The examples in the ops' descriptions are a test of their own.

// CHECK-LABEL: func.func @double_precision
func.func @double_precision(%x: tensor<?x?x8xf64>, %v: tensor<8xf64>, %s: tensor<?x8xf64>, %p: tensor<?x3x8xf64>)
    -> (tensor<?x?x8xf64>, tensor<?x8xf64>) {
  // CHECK: ternary.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {epsilon = 9.99999974E-6 : f32} : tensor<?x?x8xf64>, tensor<8xf64>
  %0 = ternary.layer_norm %x, %v, %v {epsilon = 1.0e-5 : f32} : tensor<?x?x8xf64>, tensor<8xf64>
  // CHECK: ternary.center %{{.*}} : tensor<?x?x8xf64>
  %1 = ternary.center %0 : tensor<?x?x8xf64>
  // CHECK: ternary.token_shift %{{.*}}, %{{.*}} {inverse} : tensor<?x?x8xf64>, tensor<?x8xf64>
  %2, %3 = ternary.token_shift %1, %s {inverse} : tensor<?x?x8xf64>, tensor<?x8xf64>
  // CHECK: ternary.time_mix %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x8xf64>, tensor<8xf64>
  %4 = ternary.time_mix %1, %2, %v : tensor<?x?x8xf64>, tensor<8xf64>
  // CHECK: ternary.wkv %{{.*}} : tensor<?x?x8xf64>, tensor<8xf64>, tensor<?x3x8xf64>
  %5, %6 = ternary.wkv %4, %x, %v, %v, %p : tensor<?x?x8xf64>, tensor<8xf64>, tensor<?x3x8xf64>
  // CHECK: ternary.wkv_backward %{{.*}} : tensor<?x?x8xf64>, tensor<8xf64>, tensor<?x3x8xf64>
  %7, %8, %9, %10 = ternary.wkv_backward %4, %x, %v, %v, %p, %5, %x : tensor<?x?x8xf64>, tensor<8xf64>, tensor<?x3x8xf64>
  return %7, %9 : tensor<?x?x8xf64>, tensor<?x8xf64>
}

// CHECK-LABEL: func.func @on_memory
func.func @on_memory(%x: memref<1x?x8xf32>, %v: memref<8xf32>, %s: memref<1x8xf32>, %p: memref<1x3x8xf32>) {
  // CHECK: ternary.token_shift_kernel ins(%{{.*}} : memref<1x?x8xf32>) outs(%{{.*}}, %{{.*}} : memref<1x?x8xf32>, memref<1x8xf32>) {inverse}
  ternary.token_shift_kernel ins(%x : memref<1x?x8xf32>) outs(%x, %s : memref<1x?x8xf32>, memref<1x8xf32>) {inverse}
  // CHECK: ternary.wkv_kernel ins(%{{.*}} : memref<1x?x8xf32>, memref<1x?x8xf32>, memref<8xf32>, memref<8xf32>)
  // CHECK-SAME: outs(%{{.*}} : memref<1x?x8xf32>, memref<1x3x8xf32>)
  ternary.wkv_kernel ins(%x, %x, %v, %v : memref<1x?x8xf32>, memref<1x?x8xf32>, memref<8xf32>, memref<8xf32>)
    outs(%x, %p : memref<1x?x8xf32>, memref<1x3x8xf32>)
  return
}

// A row of a row kernel is a vector.
// CHECK-LABEL: func.func @row
func.func @row(%x: memref<?x5xf32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x5xf32>) outs(%x : memref<?x5xf32>) {
  ^bb0(%row: vector<5xf32>):
    // CHECK: ternary.center %{{.*}} : vector<5xf32>
    %0 = ternary.center %row : vector<5xf32>
    ternary.yield %0 : vector<5xf32>
  }
  return
}
