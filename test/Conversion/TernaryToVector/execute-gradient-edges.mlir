// The loops' test at the edge of floats and shapes, with the vectors of every microkernel.

// RUN: ternary-opt %S/../TernaryToLoops/execute-gradient-edges.mlir -ternary-to-vector=kernel=portable -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gradient-edges.mlir
// RUN: %if avx2 %{ ternary-opt %S/../TernaryToLoops/execute-gradient-edges.mlir -ternary-to-vector=kernel=avx2 -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gradient-edges.mlir %}
// RUN: %if avx512vnni %{ ternary-opt %S/../TernaryToLoops/execute-gradient-edges.mlir -ternary-to-vector=kernel=avx512vnni -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gradient-edges.mlir %}
// RUN: %if amx-int8 %{ ternary-opt %S/../TernaryToLoops/execute-gradient-edges.mlir -ternary-to-vector=kernel=amx-int8 -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gradient-edges.mlir %}
