// The row kernels of the loops' test, run: the same inputs, the same values.

// RUN: ternary-opt %S/../TernaryToLoops/execute-codes-in-rows.mlir -ternary-to-vector %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-codes-in-rows.mlir
