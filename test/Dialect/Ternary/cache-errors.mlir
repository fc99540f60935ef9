// RUN: ternary-opt %s -split-input-file -verify-diagnostics

// What verifiers of caches, positions and their kernels refuse.

func.func @rank(%k: tensor<8xf32>, %past: tensor<i32>, %cache: tensor<8xf32>) {
  // expected-error @+1 {{expected tokens of shape [B, T, ...], got 'tensor<8xf32>'}}
  %0 = ternary.append %k, %past into %cache : tensor<8xf32>, tensor<i32> into tensor<8xf32>
  return
}

// -----

func.func @columns(%k: tensor<1x?x8xf32>, %past: tensor<i32>, %cache: tensor<1x9x7xf32>) {
  // expected-error @+1 {{expected cache of shape [1, 9, 8], got 'tensor<1x9x7xf32>'}}
  %0 = ternary.append %k, %past into %cache : tensor<1x?x8xf32>, tensor<i32> into tensor<1x9x7xf32>
  return
}

// -----

func.func @cache_rank(%k: tensor<1x?x8xf32>, %past: tensor<i32>, %cache: tensor<9xf32>) {
  // expected-error @+1 {{expected cache of shape [1, ?, 8], got 'tensor<9xf32>'}}
  %0 = ternary.append %k, %past into %cache : tensor<1x?x8xf32>, tensor<i32> into tensor<9xf32>
  return
}

// -----

func.func @wider(%k: tensor<1x?x8xf16>, %past: tensor<i32>, %cache: tensor<1x9x8xf32>) {
  // expected-error @+1 {{expected a cache of 'f16', or of narrower floats, got 'tensor<1x9x8xf32>'}}
  %0 = ternary.append %k, %past into %cache : tensor<1x?x8xf16>, tensor<i32> into tensor<1x9x8xf32>
  return
}

// -----

func.func @codes(%k: tensor<1x?x8xf32>, %past: tensor<i32>, %cache: tensor<1x9x8xi8>) {
  // expected-error @+1 {{expected a cache of 'f32', or of narrower floats, got 'tensor<1x9x8xi8>'}}
  %0 = ternary.append %k, %past into %cache : tensor<1x?x8xf32>, tensor<i32> into tensor<1x9x8xi8>
  return
}

// -----

func.func @kernel_operands(%k: memref<1x?x8xf32>, %cache: memref<1x9x8xf32>) {
  // expected-error @+1 {{expected 2 ins and 1 outs, got 1 and 1}}
  ternary.append_kernel ins(%k : memref<1x?x8xf32>) outs(%cache : memref<1x9x8xf32>)
  return
}

// -----

func.func @kernel_past(%k: memref<1x?x8xf32>, %past: memref<1xi32>, %cache: memref<1x9x8xf32>) {
  // expected-error @+1 {{expected past to be an i32 without dimensions, got 'memref<1xi32>'}}
  ternary.append_kernel ins(%k, %past : memref<1x?x8xf32>, memref<1xi32>) outs(%cache : memref<1x9x8xf32>)
  return
}

// -----

func.func @kernel_columns(%k: memref<1x?x8xf32>, %past: memref<i32>, %cache: memref<1x9x7xf32>) {
  // expected-error @+1 {{expected cache of shape [1, 9, 8], got 'memref<1x9x7xf32>'}}
  ternary.append_kernel ins(%k, %past : memref<1x?x8xf32>, memref<i32>) outs(%cache : memref<1x9x7xf32>)
  return
}

// -----

func.func @advance(%past: tensor<i32>, %ids: tensor<4xi32>) {
  // expected-error @+1 {{expected tokens of shape [B, T, ...], got 'tensor<4xi32>'}}
  %0 = ternary.advance %past by %ids : tensor<i32> by tensor<4xi32>
  return
}

// -----

func.func @advance_kernel(%past: memref<i64>, %ids: memref<1x4xi32>) {
  // expected-error @+1 {{expected past to be an i32 without dimensions, got 'memref<i64>'}}
  ternary.advance_kernel ins(%ids : memref<1x4xi32>) outs(%past : memref<i64>)
  return
}
