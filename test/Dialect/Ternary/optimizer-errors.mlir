// RUN: ternary-opt %s -split-input-file -verify-diagnostics

// What verifiers of the optimiser's ops and kernels refuse.

func.func @square_sum_dynamic(%g: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an input of static shape, got 'tensor<?x8xf32>'}}
  %0 = ternary.square_sum %g : tensor<?x8xf32>
  return
}

// -----

func.func @adamw_dynamic(%p: tensor<?xf32>, %s: f32) {
  // expected-error @+1 {{expected a parameter of static shape, got 'tensor<?xf32>'}}
  %0:3 = ternary.adamw %p, %p scale %s keep %s rate %s first %p(%s, %s, %s) second %p(%s, %s, %s) epsilon %s : tensor<?xf32>
  return
}

// -----

func.func @adamw_types(%p: tensor<8xf32>, %m: tensor<4xf32>, %s: f32) {
  // expected-error @+1 {{failed to verify that all of {parameter, gradient, first_moment, second_moment, new_parameter, new_first_moment, new_second_moment} have same type}}
  %0:3 = "ternary.adamw"(%p, %p, %s, %s, %s, %m, %s, %s, %s, %p, %s, %s, %s, %s)
    : (tensor<8xf32>, tensor<8xf32>, f32, f32, f32, tensor<4xf32>, f32, f32, f32, tensor<8xf32>, f32, f32, f32, f32) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @square_sum_kernel_dynamic(%g: memref<?x8xf32>, %parts: memref<64xf64>, %sum: memref<f64>) {
  // expected-error @+1 {{expected an input of static shape, got 'memref<?x8xf32>'}}
  ternary.square_sum_kernel ins(%g : memref<?x8xf32>) outs(%parts, %sum : memref<64xf64>, memref<f64>)
  return
}

// -----

func.func @square_sum_kernel_outs(%g: memref<8xf32>, %sum: memref<f64>) {
  // expected-error @+1 {{expected 1 ins and 2 outs, got 1 and 1}}
  ternary.square_sum_kernel ins(%g : memref<8xf32>) outs(%sum : memref<f64>)
  return
}

// -----

func.func @square_sum_kernel_input(%g: memref<8xf16>, %parts: memref<64xf64>, %sum: memref<f64>) {
  // expected-error @+1 {{expected input of 'f32', got 'memref<8xf16>'}}
  ternary.square_sum_kernel ins(%g : memref<8xf16>) outs(%parts, %sum : memref<64xf64>, memref<f64>)
  return
}

// -----

func.func @square_sum_kernel_parts(%g: memref<8xf32>, %parts: memref<32xf64>, %sum: memref<f64>) {
  // expected-error @+1 {{expected parts of shape [64], got 'memref<32xf64>'}}
  ternary.square_sum_kernel ins(%g : memref<8xf32>) outs(%parts, %sum : memref<32xf64>, memref<f64>)
  return
}

// -----

func.func @square_sum_kernel_sum(%g: memref<8xf32>, %parts: memref<64xf64>, %sum: memref<f32>) {
  // expected-error @+1 {{expected sum of 'f64', got 'memref<f32>'}}
  ternary.square_sum_kernel ins(%g : memref<8xf32>) outs(%parts, %sum : memref<64xf64>, memref<f32>)
  return
}

// -----

func.func @adamw_kernel_dynamic(%g: memref<?xf32>, %s: f32) {
  // expected-error @+1 {{expected a gradient of f32 and static shape, got 'memref<?xf32>'}}
  ternary.adamw_kernel ins(%g : memref<?xf32>) scale %s keep %s rate %s first(%s, %s, %s) second(%s, %s, %s) epsilon %s
      outs(%g, %g, %g : memref<?xf32>, memref<?xf32>, memref<?xf32>)
  return
}

// -----

func.func @adamw_kernel_element(%g: memref<8xf16>, %s: f32) {
  // expected-error @+1 {{expected a gradient of f32 and static shape, got 'memref<8xf16>'}}
  ternary.adamw_kernel ins(%g : memref<8xf16>) scale %s keep %s rate %s first(%s, %s, %s) second(%s, %s, %s) epsilon %s
      outs(%g, %g, %g : memref<8xf16>, memref<8xf16>, memref<8xf16>)
  return
}

// -----

func.func @adamw_kernel_outs(%g: memref<8xf32>, %p: memref<8xf32>, %s: f32) {
  // expected-error @+1 {{expected 3 outs, got 2}}
  ternary.adamw_kernel ins(%g : memref<8xf32>) scale %s keep %s rate %s first(%s, %s, %s) second(%s, %s, %s) epsilon %s
      outs(%p, %p : memref<8xf32>, memref<8xf32>)
  return
}

// -----

func.func @adamw_kernel_shape(%g: memref<8xf32>, %p: memref<8xf32>, %m: memref<2x4xf32>, %s: f32) {
  // expected-error @+1 {{expected outs of the gradient's shape and element type, got 'memref<2x4xf32>' for 'memref<8xf32>'}}
  ternary.adamw_kernel ins(%g : memref<8xf32>) scale %s keep %s rate %s first(%s, %s, %s) second(%s, %s, %s) epsilon %s
      outs(%p, %m, %p : memref<8xf32>, memref<2x4xf32>, memref<8xf32>)
  return
}

// -----

func.func @adamw_kernel_results(%g: tensor<8xf32>, %p: tensor<8xf32>, %s: f32) {
  // expected-error @+1 {{expected results of the types of outs}}
  ternary.adamw_kernel ins(%g : tensor<8xf32>) scale %s keep %s rate %s first(%s, %s, %s) second(%s, %s, %s) epsilon %s
      outs(%p, %p, %p : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}
