// The row kernels of losses and gradients of the loops' test, run: the same inputs, the same values with
// the vectors and blocks of every microkernel that this machine can run.

// RUN: ternary-opt %S/../TernaryToLoops/execute-gradient-rows.mlir -ternary-to-vector=kernel=portable -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gradient-rows.mlir
// RUN: %if avx2 %{ ternary-opt %S/../TernaryToLoops/execute-gradient-rows.mlir -ternary-to-vector=kernel=avx2 -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gradient-rows.mlir %}
// RUN: %if avx512vnni %{ ternary-opt %S/../TernaryToLoops/execute-gradient-rows.mlir -ternary-to-vector=kernel=avx512vnni -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gradient-rows.mlir %}
// RUN: %if amx-int8 %{ ternary-opt %S/../TernaryToLoops/execute-gradient-rows.mlir -ternary-to-vector=kernel=amx-int8 -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gradient-rows.mlir %}
