// The sums of rows of the loops' test, run: the same inputs, the same values with
// the vectors and blocks of every microkernel; none of it needs a machine of that kind.

// RUN: ternary-opt %S/../TernaryToLoops/execute-row-sums.mlir -ternary-to-vector=kernel=portable -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-row-sums.mlir
// RUN: ternary-opt %S/../TernaryToLoops/execute-row-sums.mlir -ternary-to-vector=kernel=avx2 -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-row-sums.mlir
// RUN: ternary-opt %S/../TernaryToLoops/execute-row-sums.mlir -ternary-to-vector=kernel=avx512vnni -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-row-sums.mlir
