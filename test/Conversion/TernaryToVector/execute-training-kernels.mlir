// The kernels of gradients of the loops' test, run: the same inputs, the same values.

// RUN: ternary-opt %S/../TernaryToLoops/execute-training-kernels.mlir -ternary-to-vector=kernel=portable -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-training-kernels.mlir
