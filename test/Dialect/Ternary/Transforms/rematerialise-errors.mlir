// RUN: not ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{budget=-1}))' 2>&1 | FileCheck %s --check-prefix=BUDGET
// RUN: not ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{tokens=0}))' 2>&1 | FileCheck %s --check-prefix=TOKENS
// RUN: not ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-rematerialise{recompute=some}))' 2>&1 | FileCheck %s --check-prefix=RECOMPUTE

// BUDGET: rematerialise-errors.mlir:[[@LINE+3]]:1: error: expected 'budget' of at least 0 bytes and 'tokens' of at least 1, got -1 and 512
// TOKENS: rematerialise-errors.mlir:[[@LINE+2]]:1: error: expected 'budget' of at least 0 bytes and 'tokens' of at least 1, got 0 and 0
// RECOMPUTE: Cannot find option named 'some'
func.func @f() {
  return
}
