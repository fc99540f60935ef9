// RUN: ternary-opt %s -split-input-file -verify-diagnostics -convert-ternary-to-linalg

func.func @gradient(%g: tensor<1x?x97xf32>, %x: tensor<1x?x64xf32>) -> tensor<97x64xf32> {
  // expected-error @+1 {{expected layers and what they consist of, on tensors, got 'ternary.matmul_transpose_a'}}
  %0 = ternary.matmul_transpose_a %g, %x : tensor<1x?x97xf32>, tensor<1x?x64xf32> -> tensor<97x64xf32>
  return %0 : tensor<97x64xf32>
}

// -----

// The kernel, not what it consists of.

func.func @kernel(%x: tensor<?x64xf32>, %out: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error @+1 {{expected layers and what they consist of, on tensors, got 'ternary.row_kernel'}}
  %0 = ternary.row_kernel rows 1 ins(%x : tensor<?x64xf32>) outs(%out : tensor<?x2xf32>) {
  ^bb0(%row: vector<64xf32>):
    %s = ternary.square_sums %row : vector<64xf32> -> vector<2xf32>
    ternary.yield %s : vector<2xf32>
  } -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}

// -----

// A loss: it consists of ops that gradients need.

func.func @loss(%x: tensor<2x8xf32>, %t: tensor<2xi32>) -> tensor<f32> {
  // expected-error @+1 {{expected layers and what they consist of, on tensors, got 'ternary.cross_entropy_rows'}}
  %0 = ternary.cross_entropy %x, %t : tensor<2x8xf32>, tensor<2xi32> -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// expected-error @+1 {{expected weights on tensors, got 'memref<4x8x!ternary.trit>'}}
func.func @memory(%t: memref<4x8x!ternary.trit>) {
  return
}

// -----

// expected-error @+1 {{expected weights on tensors, got 'memref<4x8x!ternary.trit>'}}
func.func private @returned() -> memref<4x8x!ternary.trit>

// -----

func.func @allocated() {
  // expected-error @+1 {{expected weights on tensors, got 'memref<4x8x!ternary.trit>'}}
  %0 = memref.alloc() : memref<4x8x!ternary.trit>
  call @use(%0) : (memref<4x8x!ternary.trit>) -> ()
  return
}
func.func private @use(memref<4x8x!ternary.trit>)
