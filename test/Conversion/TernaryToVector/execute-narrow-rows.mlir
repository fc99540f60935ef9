// The narrow rows of the loops' test, run: the same inputs, the same values, to the bit.

// RUN: ternary-opt %S/../TernaryToLoops/execute-narrow-rows.mlir -ternary-to-vector -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir -O3 | FileCheck %S/../TernaryToLoops/execute-narrow-rows.mlir
