// The embeddings and scans of the loops' test, run: the same inputs, the same values.

// RUN: ternary-opt %S/../TernaryToLoops/execute-gather-and-scan.mlir -ternary-to-vector %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %S/../TernaryToLoops/execute-gather-and-scan.mlir
