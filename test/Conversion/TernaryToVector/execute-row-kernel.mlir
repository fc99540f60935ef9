// The row kernel of the loops' test, run: the same inputs, the same values, to the bit.

// RUN: ternary-opt %S/../TernaryToLoops/execute-row-kernel.mlir -ternary-to-vector %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-row-kernel.mlir
