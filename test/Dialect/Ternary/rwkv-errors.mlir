// RUN: ternary-opt %s -split-input-file -verify-diagnostics

// What verifiers of layer norm, token shift, WKV and their kernels refuse.

func.func @layer_norm_gain(%x: tensor<2x8xf32>, %g: tensor<7xf32>, %b: tensor<7xf32>) {
  // expected-error @+1 {{expected gain of shape [8], got 'tensor<7xf32>'}}
  %0 = ternary.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f32} : tensor<2x8xf32>, tensor<7xf32>
  return
}

// -----

func.func @layer_norm_bias(%x: tensor<2x8xf32>, %g: tensor<8xf32>, %b: tensor<7xf32>) {
  // expected-error @+1 {{expected bias of shape [8], got 'tensor<7xf32>'}}
  %0 = "ternary.layer_norm"(%x, %g, %b) {epsilon = 1.0e-5 : f32} : (tensor<2x8xf32>, tensor<8xf32>, tensor<7xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @layer_norm_epsilon(%x: tensor<2x8xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected a positive, finite epsilon, got 0}}
  %0 = ternary.layer_norm %x, %g, %g {epsilon = 0.0 : f32} : tensor<2x8xf32>, tensor<8xf32>
  return
}

// -----

func.func @center_dynamic(%x: tensor<2x?xf32>) {
  // expected-error @+1 {{expected input with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.center %x : tensor<2x?xf32>
  return
}

// -----

func.func @time_mix_columns(%x: tensor<2x8xf32>, %m: tensor<7xf32>) {
  // expected-error @+1 {{expected mix of shape [8], got 'tensor<7xf32>'}}
  %0 = ternary.time_mix %x, %x, %m : tensor<2x8xf32>, tensor<7xf32>
  return
}

// -----

func.func @time_mix_previous(%x: tensor<2x8xf32>, %p: tensor<3x8xf32>, %m: tensor<8xf32>) {
  // expected-error @+1 {{expected input and previous of one type, got 'tensor<2x8xf32>' and 'tensor<3x8xf32>'}}
  %0 = "ternary.time_mix"(%x, %p, %m) : (tensor<2x8xf32>, tensor<3x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @token_shift_rank(%x: tensor<2x8xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{expected input of shape [B, T, H], got 'tensor<2x8xf32>'}}
  %0, %1 = ternary.token_shift %x, %s : tensor<2x8xf32>, tensor<8xf32>
  return
}

// -----

func.func @token_shift_columns(%x: tensor<2x3x?xf32>, %s: tensor<2x?xf32>) {
  // expected-error @+1 {{expected input with a static last dimension, got 'tensor<2x3x?xf32>'}}
  %0, %1 = ternary.token_shift %x, %s : tensor<2x3x?xf32>, tensor<2x?xf32>
  return
}

// -----

func.func @token_shift_state(%x: tensor<2x?x8xf32>, %s: tensor<3x8xf32>) {
  // expected-error @+1 {{expected state of shape [2, 8], got 'tensor<3x8xf32>'}}
  %0, %1 = ternary.token_shift %x, %s : tensor<2x?x8xf32>, tensor<3x8xf32>
  return
}

// -----

func.func @wkv_rank(%k: tensor<2x8xf32>, %w: tensor<8xf32>, %s: tensor<2x3x8xf32>) {
  // expected-error @+1 {{expected k of shape [B, T, H], got 'tensor<2x8xf32>'}}
  %0, %1 = ternary.wkv %k, %k, %w, %w, %s : tensor<2x8xf32>, tensor<8xf32>, tensor<2x3x8xf32>
  return
}

// -----

func.func @wkv_decay(%k: tensor<2x?x8xf32>, %w: tensor<7xf32>, %s: tensor<2x3x8xf32>) {
  // expected-error @+1 {{expected decay of shape [8], got 'tensor<7xf32>'}}
  %0, %1 = ternary.wkv %k, %k, %w, %w, %s : tensor<2x?x8xf32>, tensor<7xf32>, tensor<2x3x8xf32>
  return
}

// -----

func.func @wkv_state(%k: tensor<2x?x8xf32>, %w: tensor<8xf32>, %s: tensor<2x8xf32>) {
  // expected-error @+1 {{expected state of shape [2, 3, 8], got 'tensor<2x8xf32>'}}
  %0, %1 = ternary.wkv %k, %k, %w, %w, %s : tensor<2x?x8xf32>, tensor<8xf32>, tensor<2x8xf32>
  return
}

// -----

func.func @wkv_backward_state(%k: tensor<2x?x8xf32>, %w: tensor<8xf32>, %s: tensor<1x3x8xf32>) {
  // expected-error @+1 {{expected state of shape [2, 3, 8], got 'tensor<1x3x8xf32>'}}
  %0:4 = ternary.wkv_backward %k, %k, %w, %w, %s, %k, %k : tensor<2x?x8xf32>, tensor<8xf32>, tensor<1x3x8xf32>
  return
}

// -----

func.func @wkv_types(%k: tensor<2x?x8xf32>, %w: tensor<8xf64>, %s: tensor<2x3x8xf32>) {
  // expected-error @+1 {{expected floats of one type, got 'tensor<2x?x8xf32>' and 'tensor<8xf64>'}}
  %0, %1 = ternary.wkv %k, %k, %w, %w, %s : tensor<2x?x8xf32>, tensor<8xf64>, tensor<2x3x8xf32>
  return
}

// -----

func.func @token_shift_kernel_outs(%x: memref<2x3x8xf32>) {
  // expected-error @+1 {{expected 1 ins and 2 outs, got 1 and 1}}
  ternary.token_shift_kernel ins(%x : memref<2x3x8xf32>) outs(%x : memref<2x3x8xf32>)
  return
}

// -----

func.func @token_shift_kernel_rank(%x: memref<2x8xf32>) {
  // expected-error @+1 {{expected input of shape [B, T, H], got 'memref<2x8xf32>'}}
  ternary.token_shift_kernel ins(%x : memref<2x8xf32>) outs(%x, %x : memref<2x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @token_shift_kernel_state(%x: memref<2x3x8xf32>, %s: memref<3x8xf32>) {
  // expected-error @+1 {{expected state of shape [2, 8], got 'memref<3x8xf32>'}}
  ternary.token_shift_kernel ins(%x : memref<2x3x8xf32>) outs(%x, %s : memref<2x3x8xf32>, memref<3x8xf32>)
  return
}

// -----

func.func @wkv_kernel_first(%k: memref<2x3x8xf32>, %w: memref<8xf32>, %u: memref<7xf32>, %s: memref<2x3x8xf32>) {
  // expected-error @+1 {{expected first of shape [8], got 'memref<7xf32>'}}
  ternary.wkv_kernel ins(%k, %k, %w, %u : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<8xf32>, memref<7xf32>)
    outs(%k, %s : memref<2x3x8xf32>, memref<2x3x8xf32>)
  return
}

// -----

func.func @wkv_kernel_rank(%k: memref<2x8xf32>, %w: memref<8xf32>, %s: memref<2x3x8xf32>) {
  // expected-error @+1 {{expected k of shape [B, T, H], got 'memref<2x8xf32>'}}
  ternary.wkv_kernel ins(%k, %k, %w, %w : memref<2x8xf32>, memref<2x8xf32>, memref<8xf32>, memref<8xf32>)
    outs(%k, %s : memref<2x8xf32>, memref<2x3x8xf32>)
  return
}

// -----

func.func @wkv_backward_kernel_sums(%k: memref<2x3x8xf32>, %w: memref<8xf32>, %s: memref<2x3x8xf32>, %d: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad_decay of shape [2, 8], got 'memref<8xf32>'}}
  ternary.wkv_backward_kernel
    ins(%k, %k, %w, %w, %s, %k, %k : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<8xf32>, memref<8xf32>,
        memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x3x8xf32>)
    outs(%k, %k, %w, %d : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<8xf32>, memref<2x8xf32>)
  return
}
