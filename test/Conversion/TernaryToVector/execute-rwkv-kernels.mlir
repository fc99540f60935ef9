// The kernels of RWKV in the loops' test, run: the same inputs, the same values.

// RUN: ternary-opt %S/../TernaryToLoops/execute-rwkv-kernels.mlir -ternary-to-vector -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-rwkv-kernels.mlir
