// RUN: ternary-opt %s -split-input-file -verify-diagnostics

// What verifiers of float layers, attention and their kernels refuse.

func.func @linear_columns(%x: tensor<2x8xf32>, %w: tensor<6x7xf32>) {
  // expected-error @+1 {{expected a static weight with 8 columns to match the input, got 'tensor<6x7xf32>'}}
  %0 = ternary.linear %x, %w : tensor<2x8xf32>, tensor<6x7xf32> -> tensor<2x6xf32>
  return
}

// -----

func.func @linear_input(%x: tensor<2x?xf32>, %w: tensor<6x7xf32>) {
  // expected-error @+1 {{expected input with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.linear %x, %w : tensor<2x?xf32>, tensor<6x7xf32> -> tensor<2x6xf32>
  return
}

// -----

func.func @matmul_rows(%x: tensor<2x8xf32>, %w: tensor<6x8xf32>) {
  // expected-error @+1 {{expected a static matrix with 8 rows to match the input, got 'tensor<6x8xf32>'}}
  %0 = ternary.matmul %x, %w : tensor<2x8xf32>, tensor<6x8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @transpose_a_rows(%g: tensor<2x6xf32>, %x: tensor<3x8xf32>) {
  // expected-error @+1 {{expected b of shape [2, 8], got 'tensor<3x8xf32>'}}
  %0 = ternary.matmul_transpose_a %g, %x : tensor<2x6xf32>, tensor<3x8xf32> -> tensor<6x8xf32>
  return
}

// -----

func.func @transpose_a_rank(%g: tensor<1x2x6xf32>, %x: tensor<2x8xf32>) {
  // expected-error @+1 {{expected b of shape [1, 2, 8], got 'tensor<2x8xf32>'}}
  %0 = ternary.matmul_transpose_a %g, %x : tensor<1x2x6xf32>, tensor<2x8xf32> -> tensor<6x8xf32>
  return
}

// -----

func.func @transpose_a_dynamic(%g: tensor<2x?xf32>, %x: tensor<2x8xf32>) {
  // expected-error @+1 {{expected a with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.matmul_transpose_a %g, %x : tensor<2x?xf32>, tensor<2x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @transpose_a_types(%g: tensor<2x6xf32>, %x: tensor<2x8xf64>) {
  // expected-error @+1 {{expected floats of one type, got 'tensor<2x6xf32>' and 'tensor<2x8xf64>'}}
  %0 = ternary.matmul_transpose_a %g, %x : tensor<2x6xf32>, tensor<2x8xf64> -> tensor<6x8xf32>
  return
}

// -----

func.func @transpose_dynamic(%w: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an input of static shape [N, K], got 'tensor<?x8xf32>'}}
  %0 = ternary.transpose %w : tensor<?x8xf32> -> tensor<8x?xf32>
  return
}

// -----

func.func @rotary_rank(%x: tensor<2x8xf32>) {
  // expected-error @+1 {{expected an input of shape [B, T, H], got 'tensor<2x8xf32>'}}
  %0 = ternary.rotary_embedding %x {head_size = 4 : i64, theta = 1.0e4 : f64} : tensor<2x8xf32>
  return
}

// -----

func.func @rotary_odd(%x: tensor<1x2x9xf32>) {
  // expected-error @+1 {{expected an even head_size from 2 to 1024, got 3}}
  %0 = ternary.rotary_embedding %x {head_size = 3 : i64, theta = 1.0e4 : f64} : tensor<1x2x9xf32>
  return
}

// -----

func.func @rotary_heads(%x: tensor<1x2x10xf32>) {
  // expected-error @+1 {{expected a head_size that divides the 10 columns, got 4}}
  %0 = ternary.rotary_embedding %x {head_size = 4 : i64, theta = 1.0e4 : f64} : tensor<1x2x10xf32>
  return
}

// -----

func.func @rotary_theta(%x: tensor<1x2x8xf32>) {
  // expected-error @+1 {{expected a positive, finite theta, got -1}}
  %0 = ternary.rotary_embedding %x {head_size = 4 : i64, theta = -1.0 : f64} : tensor<1x2x8xf32>
  return
}

// -----

func.func @attention_rank(%q: tensor<2x8xf32>, %k: tensor<1x2x8xf32>) {
  // expected-error @+1 {{expected q of shape [B, T, H], got 'tensor<2x8xf32>'}}
  %0, %1 = ternary.attention %q, %k, %k {heads = 2 : i64, kv_heads = 2 : i64} : tensor<2x8xf32>, tensor<1x2x8xf32> -> tensor<2x8xf32>, tensor<2x2xf32>
  return
}

// -----

func.func @attention_groups(%q: tensor<1x2x8xf32>, %k: tensor<1x2x6xf32>) {
  // expected-error @+1 {{expected a number of kv_heads that divides the 4 heads, got 3}}
  %0, %1 = ternary.attention %q, %k, %k {heads = 4 : i64, kv_heads = 3 : i64} : tensor<1x2x8xf32>, tensor<1x2x6xf32> -> tensor<1x2x8xf32>, tensor<1x2x4xf32>
  return
}

// -----

func.func @attention_heads(%q: tensor<1x2x8xf32>, %k: tensor<1x2x8xf32>) {
  // expected-error @+1 {{expected a number of heads that divides the 8 columns of q, got 3}}
  %0, %1 = ternary.attention %q, %k, %k {heads = 3 : i64, kv_heads = 3 : i64} : tensor<1x2x8xf32>, tensor<1x2x8xf32> -> tensor<1x2x8xf32>, tensor<1x2x3xf32>
  return
}

// -----

func.func @attention_keys(%q: tensor<1x2x8xf32>, %k: tensor<1x2x8xf32>) {
  // expected-error @+1 {{expected k of shape [1, 2, 4], got 'tensor<1x2x8xf32>'}}
  %0, %1 = ternary.attention %q, %k, %k {heads = 4 : i64, kv_heads = 2 : i64} : tensor<1x2x8xf32>, tensor<1x2x8xf32> -> tensor<1x2x8xf32>, tensor<1x2x4xf32>
  return
}

// -----

func.func @attention_backward_keys(%q: tensor<1x2x8xf32>, %k: tensor<1x3x8xf32>, %l: tensor<1x2x2xf32>) {
  // expected-error @+1 {{expected k of shape [1, 2, 8], got 'tensor<1x3x8xf32>'}}
  %0, %1, %2 = ternary.attention_backward %q, %k, %k, %q, %l, %q {heads = 2 : i64, kv_heads = 2 : i64} : tensor<1x2x8xf32>, tensor<1x3x8xf32>, tensor<1x2x2xf32>
  return
}

// -----

func.func @attention_backward_sums(%q: tensor<1x2x8xf32>, %l: tensor<1x2x4xf32>) {
  // expected-error @+1 {{expected log_sum_exp of shape [1, 2, 2], got 'tensor<1x2x4xf32>'}}
  %0, %1, %2 = ternary.attention_backward %q, %q, %q, %q, %l, %q {heads = 2 : i64, kv_heads = 2 : i64} : tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x4xf32>
  return
}

// -----

func.func @transpose_a_kernel_ins(%g: memref<2x6xf32>, %out: memref<6x8xf32>) {
  // expected-error @+1 {{expected 2 ins and 1 outs, got 1 and 1}}
  ternary.matmul_transpose_a_kernel ins(%g : memref<2x6xf32>) outs(%out : memref<6x8xf32>)
  return
}

// -----

func.func @transpose_a_kernel_rows(%g: memref<2x6xf32>, %x: memref<3x8xf32>, %out: memref<6x8xf32>) {
  // expected-error @+1 {{expected a of shape [3, 6], got 'memref<2x6xf32>'}}
  ternary.matmul_transpose_a_kernel ins(%g, %x : memref<2x6xf32>, memref<3x8xf32>) outs(%out : memref<6x8xf32>)
  return
}

// -----

func.func @transpose_a_kernel_columns(%g: memref<2x6xf32>, %x: memref<2x9xf32>, %out: memref<6x8xf32>) {
  // expected-error @+1 {{expected b of shape [2, 8], got 'memref<2x9xf32>'}}
  ternary.matmul_transpose_a_kernel ins(%g, %x : memref<2x6xf32>, memref<2x9xf32>) outs(%out : memref<6x8xf32>)
  return
}

// -----

func.func @transpose_a_kernel_type(%g: memref<2x6xf32>, %x: memref<2x8xi8>, %out: memref<6x8xf32>) {
  // expected-error @+1 {{expected b of 'f32', got 'memref<2x8xi8>'}}
  ternary.matmul_transpose_a_kernel ins(%g, %x : memref<2x6xf32>, memref<2x8xi8>) outs(%out : memref<6x8xf32>)
  return
}

// -----

func.func @transpose_a_kernel_outs(%g: memref<2x6xf32>, %x: memref<2x8xf32>, %out: memref<6x1x8xf32>) {
  // expected-error @+1 {{expected outs of shape [6, 8], got 'memref<6x1x8xf32>'}}
  ternary.matmul_transpose_a_kernel ins(%g, %x : memref<2x6xf32>, memref<2x8xf32>) outs(%out : memref<6x1x8xf32>)
  return
}

// -----

// expected-error @+1 {{expected a positive number of rows in a panel, got 0}}
func.func @panels_of_nothing(%w: tensor<6x8xf32, #ternary.panels<0>>) {
  return
}

// -----

func.func @panels_of_another_type(%w: tensor<6x8xbf16>) {
  // expected-error @+1 {{expected result of shape [6, 8] and 'bf16', got 'tensor<6x8xf32, #ternary.panels<4>>'}}
  %0 = ternary.pack %w : tensor<6x8xbf16> -> tensor<6x8xf32, #ternary.panels<4>>
  return
}

// -----

func.func @rows_of_panels(%x: memref<2x8xf32>, %w: memref<7x8xf32, #ternary.panels<4>>, %out: memref<2x9xf32>) {
  // expected-error @+1 {{expected outs of shape [2, 7], got 'memref<2x9xf32>'}}
  ternary.matmul_kernel ins(%x, %w : memref<2x8xf32>, memref<7x8xf32, #ternary.panels<4>>) outs(%out : memref<2x9xf32>)
  return
}

// -----

// expected-error @+1 {{expected a weight in panels to have a static shape [N, K]}}
func.func @dynamic_panels(%w: tensor<?x8xf32, #ternary.panels<4>>) {
  return
}

// -----

// expected-error @+1 {{expected elements in panels to be floats, got '!ternary.trit'}}
func.func @panels_of_trits(%w: tensor<4x8x!ternary.trit, #ternary.panels<4>>) {
  return
}

// -----

func.func @matmul_kernel(%x: memref<2x8xf32>, %w: memref<6x8xf32>, %out: memref<2x8xf32>) {
  // expected-error @+1 {{expected input of shape [2, 6], got 'memref<2x8xf32>'}}
  ternary.matmul_kernel ins(%x, %w : memref<2x8xf32>, memref<6x8xf32>) outs(%out : memref<2x8xf32>)
  return
}

// -----

func.func @matmul_kernel_type(%x: memref<2x8xf32>, %w: memref<8x6xi8>, %out: memref<2x6xf32>) {
  // expected-error @+1 {{expected matrix of 'f32', got 'memref<8x6xi8>'}}
  ternary.matmul_kernel ins(%x, %w : memref<2x8xf32>, memref<8x6xi8>) outs(%out : memref<2x6xf32>)
  return
}

// -----

func.func @matmul_kernel_dynamic(%x: memref<2x8xf32>, %w: memref<8x?xf32>, %out: memref<2x6xf32>) {
  // expected-error @+1 {{expected a matrix of two static dimensions, got 'memref<8x?xf32>'}}
  ternary.matmul_kernel ins(%x, %w : memref<2x8xf32>, memref<8x?xf32>) outs(%out : memref<2x6xf32>)
  return
}

// -----

func.func @transpose_kernel(%w: memref<6x8xf32>, %out: memref<6x8xf32>) {
  // expected-error @+1 {{expected outs of shape [8, 6], got 'memref<6x8xf32>'}}
  ternary.transpose_kernel ins(%w : memref<6x8xf32>) outs(%out : memref<6x8xf32>)
  return
}

// -----

func.func @rotary_kernel(%x: memref<1x2x8xf32>, %out: memref<1x2x9xf32>) {
  // expected-error @+1 {{expected input of shape [1, 2, 9], got 'memref<1x2x8xf32>'}}
  ternary.rotary_kernel ins(%x : memref<1x2x8xf32>) outs(%out : memref<1x2x9xf32>) {head_size = 4 : i64, theta = 1.0e4 : f64}
  return
}

// -----

func.func @rotary_kernel_past(%x: memref<1x2x8xf32>, %past: memref<1xi32>) {
  // expected-error @+1 {{expected past of shape [], got 'memref<1xi32>'}}
  ternary.rotary_kernel ins(%x, %past : memref<1x2x8xf32>, memref<1xi32>) outs(%x : memref<1x2x8xf32>) {head_size = 4 : i64, theta = 1.0e4 : f64}
  return
}

// -----

func.func @rotary_kernel_size(%x: memref<1x2x8xf32>) {
  // expected-error @+1 {{expected an even head_size from 2 to 1024, got 0}}
  ternary.rotary_kernel ins(%x : memref<1x2x8xf32>) outs(%x : memref<1x2x8xf32>) {head_size = 0 : i64, theta = 1.0e4 : f64}
  return
}

// -----

func.func @attention_kernel_operands(%q: memref<1x2x8xf32>, %l: memref<1x2x2xf32>) {
  // expected-error @+1 {{expected 3 ins and 2 outs, got 2 and 2}}
  ternary.attention_kernel ins(%q, %q : memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%q, %l : memref<1x2x8xf32>, memref<1x2x2xf32>) {heads = 2 : i64, kv_heads = 2 : i64}
  return
}

// -----

func.func @attention_kernel_sums(%q: memref<1x2x8xf32>, %l: memref<1x2x4xf32>) {
  // expected-error @+1 {{expected log_sum_exp of shape [1, 2, 2], got 'memref<1x2x4xf32>'}}
  ternary.attention_kernel ins(%q, %q, %q : memref<1x2x8xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%q, %l : memref<1x2x8xf32>, memref<1x2x4xf32>) {heads = 2 : i64, kv_heads = 2 : i64}
  return
}

// -----

func.func @attention_backward_kernel(%q: memref<1x2x8xf32>, %k: memref<1x3x8xf32>, %l: memref<1x2x2xf32>) {
  // expected-error @+1 {{expected k of shape [1, 2, 8], got 'memref<1x3x8xf32>'}}
  ternary.attention_backward_kernel ins(%q, %k, %k, %q, %l, %q : memref<1x2x8xf32>, memref<1x3x8xf32>, memref<1x3x8xf32>, memref<1x2x8xf32>, memref<1x2x2xf32>, memref<1x2x8xf32>)
    outs(%q, %k, %k, %l : memref<1x2x8xf32>, memref<1x3x8xf32>, memref<1x3x8xf32>, memref<1x2x2xf32>) {heads = 2 : i64, kv_heads = 2 : i64}
  return
}

// -----

func.func @attention_values(%q: tensor<1x8x64xf32>, %k: tensor<1x8x32xf32>, %v: tensor<1x5x99xf32>) {
  // expected-error @+1 {{all of {k, v} have same type}}
  %0:2 = "ternary.attention"(%q, %k, %v) {heads = 4 : i64, kv_heads = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>}
    : (tensor<1x8x64xf32>, tensor<1x8x32xf32>, tensor<1x5x99xf32>) -> (tensor<1x8x64xf32>, tensor<1x8x4xf32>)
  return
}

// -----

func.func @attention_backward_values(%q: tensor<1x8x64xf32>, %k: tensor<1x8x32xf32>, %v: tensor<1x8x16xf32>, %l: tensor<1x8x4xf32>) {
  // expected-error @+1 {{all of {k, v} have same type}}
  %0:3 = "ternary.attention_backward"(%q, %k, %v, %q, %l, %q) {heads = 4 : i64, kv_heads = 2 : i64}
    : (tensor<1x8x64xf32>, tensor<1x8x32xf32>, tensor<1x8x16xf32>, tensor<1x8x64xf32>, tensor<1x8x4xf32>, tensor<1x8x64xf32>)
    -> (tensor<1x8x64xf32>, tensor<1x8x32xf32>, tensor<1x8x32xf32>)
  return
}

// -----

func.func @attention_backward_grad(%q: tensor<1x8x64xf32>, %k: tensor<1x8x32xf32>, %g: tensor<1x5x64xf32>, %l: tensor<1x8x4xf32>) {
  // expected-error @+1 {{all of {q, result, grad} have same type}}
  %0:3 = "ternary.attention_backward"(%q, %k, %k, %q, %l, %g) {heads = 4 : i64, kv_heads = 2 : i64}
    : (tensor<1x8x64xf32>, tensor<1x8x32xf32>, tensor<1x8x32xf32>, tensor<1x8x64xf32>, tensor<1x8x4xf32>, tensor<1x5x64xf32>)
    -> (tensor<1x8x64xf32>, tensor<1x8x32xf32>, tensor<1x8x32xf32>)
  return
}

// -----

func.func @attention_tokens(%q: tensor<1x8x64xf32>, %k: tensor<1x4x32xf32>) {
  // expected-error @+1 {{expected k of at least 8 tokens, got 'tensor<1x4x32xf32>'}}
  %0, %1 = ternary.attention %q, %k, %k {heads = 4 : i64, kv_heads = 2 : i64}
    : tensor<1x8x64xf32>, tensor<1x4x32xf32> -> tensor<1x8x64xf32>, tensor<1x8x4xf32>
  return
}

// -----

func.func @attention_kernel_tokens(%q: memref<1x8x64xf32>, %k: memref<1x4x32xf32>, %o: memref<1x8x64xf32>, %l: memref<1x8x4xf32>) {
  // expected-error @+1 {{expected k of at least 8 tokens, got 'memref<1x4x32xf32>'}}
  ternary.attention_kernel ins(%q, %k, %k : memref<1x8x64xf32>, memref<1x4x32xf32>, memref<1x4x32xf32>)
      outs(%o, %l : memref<1x8x64xf32>, memref<1x8x4xf32>) {heads = 4 : i64, kv_heads = 2 : i64}
  return
}

// -----

func.func @attention_codes(%q: tensor<1x2x8xf32>, %k: tensor<1x2x4xi8>) {
  // expected-error @+1 {{expected 2 scales for k of 'i8', got 0}}
  %0, %1 = ternary.attention %q, %k, %k {heads = 2 : i64, kv_heads = 1 : i64} : tensor<1x2x8xf32>, tensor<1x2x4xi8> -> tensor<1x2x8xf32>, tensor<1x2x2xf32>
  return
}

// -----

func.func @attention_floats(%q: tensor<1x2x8xf32>, %k: tensor<1x2x4xf16>, %s: tensor<1x2x1xf32>) {
  // expected-error @+1 {{expected 0 scales for k of 'f16', got 1}}
  %0, %1 = ternary.attention %q, %k, %k scales(%s : tensor<1x2x1xf32>) {heads = 2 : i64, kv_heads = 1 : i64} : tensor<1x2x8xf32>, tensor<1x2x4xf16> -> tensor<1x2x8xf32>, tensor<1x2x2xf32>
  return
}

// -----

func.func @attention_scales(%q: tensor<1x2x8xf32>, %k: tensor<1x2x4xi8>, %s: tensor<1x2x1xf32>, %t: tensor<1x2x2xf32>) {
  // expected-error @+1 {{expected scales of shape [1, 2, 1], got 'tensor<1x2x2xf32>'}}
  %0, %1 = ternary.attention %q, %k, %k scales(%s, %t : tensor<1x2x1xf32>, tensor<1x2x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64} : tensor<1x2x8xf32>, tensor<1x2x4xi8> -> tensor<1x2x8xf32>, tensor<1x2x2xf32>
  return
}

// -----

func.func @attention_kernel_codes(%q: memref<1x2x8xf32>, %k: memref<1x2x4xi8>, %l: memref<1x2x2xf32>) {
  // expected-error @+1 {{expected 5 ins and 2 outs, got 3 and 2}}
  ternary.attention_kernel ins(%q, %k, %k : memref<1x2x8xf32>, memref<1x2x4xi8>, memref<1x2x4xi8>) outs(%q, %l : memref<1x2x8xf32>, memref<1x2x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  return
}

// -----

func.func @attention_kernel_scales(%q: memref<1x2x8xf32>, %k: memref<1x2x4xi8>, %s: memref<1x3x1xf32>, %l: memref<1x2x2xf32>) {
  // expected-error @+1 {{expected scales of shape [1, 2, 1], got 'memref<1x3x1xf32>'}}
  ternary.attention_kernel ins(%q, %k, %k, %s, %s : memref<1x2x8xf32>, memref<1x2x4xi8>, memref<1x2x4xi8>, memref<1x3x1xf32>, memref<1x3x1xf32>) outs(%q, %l : memref<1x2x8xf32>, memref<1x2x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  return
}
