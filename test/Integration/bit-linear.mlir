// A function of one's own, with its main, in the way of MLIR's integration tests: for either target,
// fused and not.

// RUN: ternary-opt %s --ternary-to-cpu | %run_mlir | FileCheck %s
// RUN: ternary-opt %s --ternary-to-cpu=fuse=false | %run_mlir | FileCheck %s
// RUN: ternary-opt %s --ternary-to-reference | %run_mlir | FileCheck %s

// And by upstream alone, which is given the linalg form.
// RUN: ternary-opt %s --convert-ternary-to-linalg | mlir-opt -convert-elementwise-to-linalg \
// RUN:   -one-shot-bufferize=bufferize-function-boundaries -convert-linalg-to-loops -expand-strided-metadata \
// RUN:   -lower-affine -convert-scf-to-cf -convert-math-to-llvm -convert-math-to-libm -convert-to-llvm -reconcile-unrealized-casts \
// RUN:   | %run_mlir | FileCheck %s

func.func private @printMemrefF32(memref<*xf32>)

// Numbers of BitLinear's definition, by NumPy.
// CHECK:      {{\[}}[0.421631,{{ *}}0.639474,{{ *}}-1.033],
// CHECK-NEXT:  [-0.592129,{{ *}}1.0078,{{ *}}-0.486251]]
func.func @layer(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %w: tensor<3x4xf32>) -> tensor<2x3xf32> {
  %0 = ternary.bit_linear %x, %w norm(%g : tensor<4xf32>) {epsilon = 1.0e-6 : f32}
    : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

func.func @main() {
  %x = arith.constant dense<[[0.5, -1.25, 2.0, 0.75], [-3.0, 0.125, 1.5, -0.5]]> : tensor<2x4xf32>
  %g = arith.constant dense<[1.0, 0.5, 2.0, 1.0]> : tensor<4xf32>
  %w = arith.constant dense<[[0.3, -0.2, 0.01, 0.5], [-0.6, 0.4, 0.2, -0.05], [0.02, 0.7, -0.3, 0.1]]> : tensor<3x4xf32>
  %y = call @layer(%x, %g, %w) : (tensor<2x4xf32>, tensor<4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  %m = bufferization.to_buffer %y : tensor<2x3xf32> to memref<2x3xf32>
  %u = memref.cast %m : memref<2x3xf32> to memref<*xf32>
  call @printMemrefF32(%u) : (memref<*xf32>) -> ()
  return
}
