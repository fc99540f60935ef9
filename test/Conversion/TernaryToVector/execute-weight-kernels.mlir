// The weights of the loops' test, run: the same inputs, the same values.

// RUN: ternary-opt %S/../TernaryToLoops/execute-weight-kernels.mlir -ternary-to-vector=kernel=portable -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-weight-kernels.mlir
