// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-linear))' -split-input-file -verify-diagnostics
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-linear{epilogue=false square-sums=false}))' -split-input-file -verify-diagnostics

func.func @foreign_activations(%q: tensor<2x64xi8>, %a: tensor<2xf32>, %t: tensor<8x64x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected activations from 'quantize_activations'}}
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<8x64x!ternary.trit> -> tensor<2x8xi32>
  %d = ternary.dequantize %acc, %a, %s : tensor<2x8xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x8xf32>
  return %d : tensor<2x8xf32>
}

// -----

func.func @foreign_accumulator(%acc: tensor<2x8xi32>, %a: tensor<2xf32>, %s: tensor<1xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected the accumulator of an 'accumulate' that nothing else reads}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x8xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x8xf32>
  return %d : tensor<2x8xf32>
}

// -----

// An accumulator never reaches memory, so it cannot be read twice.
func.func @accumulator_read_twice(%x: tensor<2x64xf32>, %t: tensor<8x64x!ternary.trit>, %s: tensor<1xf32>) -> (tensor<2x8xf32>, tensor<2x8xi32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<8x64x!ternary.trit> -> tensor<2x8xi32>
  // expected-error @+1 {{expected the accumulator of an 'accumulate' that nothing else reads}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x8xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x8xf32>
  return %d, %acc : tensor<2x8xf32>, tensor<2x8xi32>
}
