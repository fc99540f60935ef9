// RUN: ternary-opt %s -split-input-file -verify-diagnostics

func.func @linear_without_scale(%x: tensor<2x64xf32>, %w: tensor<8x64x!ternary.trit>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.linear' op expected a scale exactly for trits, got 'tensor<8x64x!ternary.trit>' without a scale}}
  %0 = ternary.linear %x, %w : tensor<2x64xf32>, tensor<8x64x!ternary.trit> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @linear_of_floats(%x: tensor<2x64xf32>, %w: tensor<8x64xf16>, %s: tensor<1xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.linear' op expected a scale exactly for trits, got 'tensor<8x64xf16>' with a scale}}
  %0 = ternary.linear %x, %w scale(%s : tensor<1xf32>) : tensor<2x64xf32>, tensor<8x64xf16> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @linear_groups(%x: tensor<2x64xf32>, %w: tensor<8x64x!ternary.trit>, %s: tensor<8x3xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected a static weight with a scale of shape [1], [8] or [8, G] with a G that divides the 64 columns, got 'tensor<8x64x!ternary.trit>' and 'tensor<8x3xf32>'}}
  %0 = ternary.linear %x, %w scale(%s : tensor<8x3xf32>) : tensor<2x64xf32>, tensor<8x64x!ternary.trit> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @linear_in_f64(%x: tensor<2x64xf64>, %w: tensor<8x64x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x8xf64> {
  // expected-error @+1 {{'ternary.linear' op expected floats of one type, got 'tensor<2x64xf64>' and 'tensor<1xf32>'}}
  %0 = ternary.linear %x, %w scale(%s : tensor<1xf32>) : tensor<2x64xf64>, tensor<8x64x!ternary.trit> -> tensor<2x8xf64>
  return %0 : tensor<2x8xf64>
}

// -----

func.func @embedding(%ids: tensor<2xi32>, %w: tensor<8x64x!ternary.trit>) -> tensor<2x64xf32> {
  // expected-error @+1 {{'ternary.embedding' op expected a scale exactly for trits, got 'tensor<8x64x!ternary.trit>' without a scale}}
  %0 = ternary.embedding %ids, %w : tensor<2xi32>, tensor<8x64x!ternary.trit> -> tensor<2x64xf32>
  return %0 : tensor<2x64xf32>
}

// -----

func.func @accumulate_padded(%x: tensor<2x64xf32>, %w: tensor<8x60x!ternary.trit>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.accumulate' op expected as many columns of floats as the weight has, got 64 and 'tensor<8x60x!ternary.trit>'}}
  %0 = ternary.accumulate %x, %w : tensor<2x64xf32>, tensor<8x60x!ternary.trit> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @accumulate_groups(%x: tensor<2x60xf32>, %w: tensor<8x60x!ternary.trit>) -> tensor<2x8x6xf32> {
  // expected-error @+1 {{'ternary.accumulate' op expected a group_size that is a multiple of 4 for floats, got 10}}
  %0 = ternary.accumulate %x, %w {group_size = 10 : i64} : tensor<2x60xf32>, tensor<8x60x!ternary.trit> -> tensor<2x8x6xf32>
  return %0 : tensor<2x8x6xf32>
}

// -----

func.func @dequantize_floats(%acc: tensor<2x8xf32>, %a: tensor<2xf32>, %s: tensor<1xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.dequantize' op expected an activation scale exactly for an accumulator of i32, got 'tensor<2x8xf32>' with a scale}}
  %0 = ternary.dequantize %acc, %a, %s : tensor<2x8xf32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @dequantize_integers(%acc: tensor<2x8xi32>, %s: tensor<1xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.dequantize' op expected an activation scale exactly for an accumulator of i32, got 'tensor<2x8xi32>' without a scale}}
  %0 = ternary.dequantize %acc, %s : tensor<2x8xi32>, tensor<1xf32> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @kernel_columns(%x: tensor<2x64xf32>, %w: tensor<8x60x!ternary.trit>, %s: tensor<1xf32>, %out: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.linear_kernel' op expected f32 activations with the 60 columns of the weight, got 'tensor<2x64xf32>'}}
  %0 = ternary.linear_kernel ins(%x, %w : tensor<2x64xf32>, tensor<8x60x!ternary.trit>) scales(%s : tensor<1xf32>) outs(%out : tensor<2x8xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @kernel_scales(%x: tensor<2x64xf32>, %w: tensor<8x64x!ternary.trit>, %a: tensor<2xf32>, %s: tensor<1xf32>, %out: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.linear_kernel' op expected no scales and no sums of activations for floats}}
  %0 = ternary.linear_kernel ins(%x, %w : tensor<2x64xf32>, tensor<8x64x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) outs(%out : tensor<2x8xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @kernel_of_integers(%x: tensor<2x64xi8>, %w: tensor<8x64x!ternary.trit>, %s: tensor<1xf32>, %out: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.linear_kernel' op expected scales for activations of i8, got none}}
  %0 = ternary.linear_kernel ins(%x, %w : tensor<2x64xi8>, tensor<8x64x!ternary.trit>) scales(%s : tensor<1xf32>) outs(%out : tensor<2x8xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @kernel_groups(%x: tensor<2x60xf32>, %w: tensor<8x60x!ternary.trit>, %s: tensor<6x8xf32>, %out: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'ternary.linear_kernel' op expected groups of a multiple of 4 columns for floats, got 10}}
  %0 = ternary.linear_kernel ins(%x, %w : tensor<2x60xf32>, tensor<8x60x!ternary.trit>) scales(%s : tensor<6x8xf32>) outs(%out : tensor<2x8xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @gather_without_scale(%ids: tensor<2xi32>, %w: tensor<8x64x!ternary.trit>, %out: tensor<2x64xf32>) -> tensor<2x64xf32> {
  // expected-error @+1 {{'ternary.gather_kernel' op expected a scale exactly for trits, got 'tensor<8x64x!ternary.trit>' without a scale}}
  %0 = ternary.gather_kernel ins(%ids, %w : tensor<2xi32>, tensor<8x64x!ternary.trit>) outs(%out : tensor<2x64xf32>) -> tensor<2x64xf32>
  return %0 : tensor<2x64xf32>
}

// -----

func.func @gather_scale(%ids: tensor<2xi32>, %w: tensor<8x64x!ternary.trit>, %s: tensor<8x4xf32>, %out: tensor<2x64xf32>) -> tensor<2x64xf32> {
  // expected-error @+1 {{expected weight scale of shape [1], [8] or [G, 8] with a G that divides the 64 columns, got 'tensor<8x4xf32>'}}
  %0 = ternary.gather_kernel ins(%ids, %w : tensor<2xi32>, tensor<8x64x!ternary.trit>) scale(%s : tensor<8x4xf32>) outs(%out : tensor<2x64xf32>) -> tensor<2x64xf32>
  return %0 : tensor<2x64xf32>
}

// -----

!halves = tensor<8x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2, halves = 2>>

func.func @gather_halves(%ids: tensor<2xi32>, %w: !halves, %s: tensor<1xf32>, %out: tensor<2x64xf32>) -> tensor<2x64xf32> {
  // expected-error @+1 {{expected a table packed in 1 half, got 'tensor<8x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2, halves = 2>>'}}
  %0 = ternary.gather_kernel ins(%ids, %w : tensor<2xi32>, !halves) scale(%s : tensor<1xf32>) outs(%out : tensor<2x64xf32>) -> tensor<2x64xf32>
  return %0 : tensor<2x64xf32>
}
