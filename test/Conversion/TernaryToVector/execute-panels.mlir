// The loops' test of matrices in panels, with the vectors of every microkernel; none of it needs a
// machine of that kind.

// RUN: ternary-opt %S/../TernaryToLoops/execute-panels.mlir -ternary-to-vector=kernel=portable %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-panels.mlir
// RUN: ternary-opt %S/../TernaryToLoops/execute-panels.mlir -ternary-to-vector=kernel=avx2 %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-panels.mlir
// RUN: ternary-opt %S/../TernaryToLoops/execute-panels.mlir -ternary-to-vector=kernel=avx512vnni %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-panels.mlir
