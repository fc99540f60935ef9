// The optimiser's kernels of the loops' test, run: the same bits with vectors.

// RUN: ternary-opt %S/../TernaryToLoops/execute-optimizer-kernels.mlir -ternary-to-vector %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-optimizer-kernels.mlir
