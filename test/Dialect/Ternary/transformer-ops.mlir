// RUN: ternary-opt %s | ternary-opt | FileCheck %s
// RUN: ternary-opt --mlir-print-op-generic %s | ternary-opt | FileCheck %s
// RUN: ternary-opt --emit-bytecode %s | ternary-opt | FileCheck %s

// The examples in the ops' descriptions are a test of their own.

// CHECK-LABEL: func.func @half_floats
func.func @half_floats(%x: tensor<4x64xf32>, %w: tensor<8x64xbf16>) -> tensor<4x8xf32> {
  // CHECK: ternary.linear %{{.*}}, %{{.*}} : tensor<4x64xf32>, tensor<8x64xbf16> -> tensor<4x8xf32>
  // CHECK: ternary.transpose %{{.*}} : tensor<8x64xbf16> -> tensor<64x8xbf16>
  // CHECK: ternary.matmul %{{.*}}, %{{.*}} : tensor<4x64xf32>, tensor<64x8xbf16> -> tensor<4x8xf32>
  %0 = ternary.linear %x, %w : tensor<4x64xf32>, tensor<8x64xbf16> -> tensor<4x8xf32>
  %1 = ternary.transpose %w : tensor<8x64xbf16> -> tensor<64x8xbf16>
  %2 = ternary.matmul %x, %1 : tensor<4x64xf32>, tensor<64x8xbf16> -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @panels
func.func @panels(%x: tensor<4x64xf32>, %w: tensor<70x64xbf16>, %ids: tensor<4xi32>, %product: tensor<4x70xf32>,
                  %rows: tensor<4x64xf32>) -> (tensor<4x70xf32>, tensor<4x64xf32>) {
  // CHECK: ternary.pack %{{.*}} : tensor<70x64xbf16> -> tensor<70x64xbf16, #ternary.panels<32>>
  // CHECK: ternary.matmul_kernel ins(%{{.*}} : tensor<4x64xf32>, tensor<70x64xbf16, #ternary.panels<32>>)
  // CHECK: ternary.gather_kernel ins(%{{.*}} : tensor<4xi32>, tensor<70x64xbf16, #ternary.panels<32>>)
  %0 = ternary.pack %w : tensor<70x64xbf16> -> tensor<70x64xbf16, #ternary.panels<32>>
  %1 = ternary.matmul_kernel ins(%x, %0 : tensor<4x64xf32>, tensor<70x64xbf16, #ternary.panels<32>>) outs(%product : tensor<4x70xf32>) -> tensor<4x70xf32>
  %2 = ternary.gather_kernel ins(%ids, %0 : tensor<4xi32>, tensor<70x64xbf16, #ternary.panels<32>>) outs(%rows : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1, %2 : tensor<4x70xf32>, tensor<4x64xf32>
}

// CHECK-LABEL: func.func @double_precision
func.func @double_precision(%x: tensor<1x?x8xf64>, %w: tensor<8x8xf64>) -> (tensor<8x8xf64>, tensor<1x?x2xf64>) {
  // CHECK: ternary.linear %{{.*}}, %{{.*}} : tensor<1x?x8xf64>, tensor<8x8xf64> -> tensor<1x?x8xf64>
  %0 = ternary.linear %x, %w : tensor<1x?x8xf64>, tensor<8x8xf64> -> tensor<1x?x8xf64>
  // CHECK: ternary.rotary_embedding %{{.*}} {head_size = 4 : i64, theta = 1.000000e+04 : f64} : tensor<1x?x8xf64>
  %1 = ternary.rotary_embedding %0 {head_size = 4 : i64, theta = 1.0e4 : f64} : tensor<1x?x8xf64>
  // CHECK: ternary.attention %{{.*}} : tensor<1x?x8xf64>, tensor<1x?x8xf64> -> tensor<1x?x8xf64>, tensor<1x?x2xf64>
  %2, %3 = ternary.attention %1, %1, %x {heads = 2 : i64, kv_heads = 2 : i64}
    : tensor<1x?x8xf64>, tensor<1x?x8xf64> -> tensor<1x?x8xf64>, tensor<1x?x2xf64>
  // CHECK: ternary.matmul_transpose_a %{{.*}}, %{{.*}} : tensor<1x?x8xf64>, tensor<1x?x8xf64> -> tensor<8x8xf64>
  %4 = ternary.matmul_transpose_a %2, %x : tensor<1x?x8xf64>, tensor<1x?x8xf64> -> tensor<8x8xf64>
  return %4, %3 : tensor<8x8xf64>, tensor<1x?x2xf64>
}

// CHECK-LABEL: func.func @with_past
func.func @with_past(%q: tensor<1x?x64xf32>, %cache: tensor<1x100x32xf32>, %past: tensor<i32>) -> tensor<1x?x64xf32> {
  // CHECK: ternary.rotary_embedding %{{.*}} past(%{{.*}} : tensor<i32>) {head_size = 16 : i64, inverse, theta = 5.000000e+05 : f64} : tensor<1x?x64xf32>
  %0 = ternary.rotary_embedding %q past(%past : tensor<i32>) {head_size = 16 : i64, theta = 5.0e5 : f64, inverse} : tensor<1x?x64xf32>
  // CHECK: ternary.attention %{{.*}}, %{{.*}}, %{{.*}} past(%{{.*}} : tensor<i32>) {heads = 4 : i64, kv_heads = 2 : i64}
  // CHECK-SAME: : tensor<1x?x64xf32>, tensor<1x100x32xf32> -> tensor<1x?x64xf32>, tensor<1x?x4xf32>
  %1, %2 = ternary.attention %0, %cache, %cache past(%past : tensor<i32>) {heads = 4 : i64, kv_heads = 2 : i64}
    : tensor<1x?x64xf32>, tensor<1x100x32xf32> -> tensor<1x?x64xf32>, tensor<1x?x4xf32>
  return %1 : tensor<1x?x64xf32>
}

// CHECK-LABEL: func.func @codes
func.func @codes(%q: tensor<1x?x64xf32>, %cache: tensor<1x100x32xi8>, %s: tensor<1x100x2xf32>, %past: tensor<i32>) -> tensor<1x?x64xf32> {
  // CHECK: ternary.attention %{{.*}}, %[[K:.*]], %[[K]] scales(%[[S:.*]], %[[S]] : tensor<1x100x2xf32>, tensor<1x100x2xf32>) past(%{{.*}} : tensor<i32>) {heads = 4 : i64, kv_heads = 2 : i64}
  // CHECK-SAME: : tensor<1x?x64xf32>, tensor<1x100x32xi8> -> tensor<1x?x64xf32>, tensor<1x?x4xf32>
  %0, %1 = ternary.attention %q, %cache, %cache scales(%s, %s : tensor<1x100x2xf32>, tensor<1x100x2xf32>)
    past(%past : tensor<i32>) {heads = 4 : i64, kv_heads = 2 : i64}
    : tensor<1x?x64xf32>, tensor<1x100x32xi8> -> tensor<1x?x64xf32>, tensor<1x?x4xf32>
  return %0 : tensor<1x?x64xf32>
}

// CHECK-LABEL: func.func @on_memory
func.func @on_memory(%q: memref<1x?x64xf32>, %k: memref<1x100x32xf32>, %past: memref<i32>, %l: memref<1x?x4xf32>) {
  // CHECK: ternary.rotary_kernel ins(%{{.*}}, %{{.*}} : memref<1x?x64xf32>, memref<i32>) outs(%{{.*}} : memref<1x?x64xf32>) {head_size = 16 : i64, theta = 1.000000e+04 : f64}
  ternary.rotary_kernel ins(%q, %past : memref<1x?x64xf32>, memref<i32>) outs(%q : memref<1x?x64xf32>) {head_size = 16 : i64, theta = 1.0e4 : f64}
  // CHECK: ternary.attention_kernel ins(%{{.*}} : memref<1x?x64xf32>, memref<1x100x32xf32>, memref<1x100x32xf32>, memref<i32>)
  // CHECK-SAME: outs(%{{.*}} : memref<1x?x64xf32>, memref<1x?x4xf32>) {heads = 4 : i64, kv_heads = 2 : i64}
  ternary.attention_kernel ins(%q, %k, %k, %past : memref<1x?x64xf32>, memref<1x100x32xf32>, memref<1x100x32xf32>, memref<i32>)
    outs(%q, %l : memref<1x?x64xf32>, memref<1x?x4xf32>) {heads = 4 : i64, kv_heads = 2 : i64}
  return
}
