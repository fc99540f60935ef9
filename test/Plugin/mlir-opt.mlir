// mlir-opt as Debian has it loads the dialect, its passes and its pipelines.
// REQUIRES: plugin

// RUN: mlir-opt --load-dialect-plugin=%ternary_plugin --load-pass-plugin=%ternary_plugin %s \
// RUN:   --pass-pipeline='builtin.module(func.func(ternary-decompose),canonicalize)' | FileCheck %s
// RUN: mlir-opt --load-dialect-plugin=%ternary_plugin --load-pass-plugin=%ternary_plugin %s \
// RUN:   --pass-pipeline='builtin.module(ternary-to-cpu)' | FileCheck %s --check-prefix=LLVM
// RUN: mlir-opt --load-dialect-plugin=%ternary_plugin %s | FileCheck %s --check-prefix=ROUND

// CHECK: ternary.accumulate
// CHECK: ternary.dequantize
// ROUND: ternary.bit_linear
// LLVM: llvm.func @layer(
func.func @layer(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) -> tensor<2x3xf32> {
  %0 = ternary.bit_linear %x, %w : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
