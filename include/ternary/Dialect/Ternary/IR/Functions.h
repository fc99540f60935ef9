//===- Functions.h - Functions that others call -----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DIALECT_TERNARY_IR_FUNCTIONS_H
#define TERNARY_DIALECT_TERNARY_IR_FUNCTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {

/// On modules: the name of the last phase that has ended.
inline constexpr llvm::StringLiteral kPhaseAttr = "ternary.phase";
/// On arguments: the number of the result that they are memory for, among those that no argument of
/// the same role is memory for.
inline constexpr llvm::StringLiteral kResultAttr = "ternary.result";
/// On arguments: the name that the source has for them.
inline constexpr llvm::StringLiteral kNameAttr = "ternary.name";
/// On the member `call` of a ternary_function: its `name`, the member `workspace`, and lists of
/// `inputs` and `results`, each with `name`, `type`, `shape` if it is a tensor,
/// and `state` if it is that.
inline constexpr llvm::StringLiteral kSignatureAttr = "ternary.signature";
/// On functions in the LLVM dialect: how C declares them, for whoever writes a header.
inline constexpr llvm::StringLiteral kDeclarationAttr = "ternary.declaration";
/// The symbol of weights in modules of functions that C calls: where their archive's payload is.
inline constexpr llvm::StringLiteral kWeightsSymbol = "ternary_function_weights";
/// On functions: the private function of the same inputs that returns the sizes of all dynamic
/// dimensions of results, in order.
inline constexpr llvm::StringLiteral kResultSizesAttr = "ternary.result_sizes";
/// On functions that are no step and need a workspace: the private function of the arguments before
/// it that returns its bytes.
inline constexpr llvm::StringLiteral kWorkspaceSizeAttr = "ternary.workspace_size";

/// Whether a function is for callers outside of the module: a step or an ordinary function. Kernels
/// are called by these, and declarations are somebody else's.
inline bool isEntry(mlir::func::FuncOp func) {
  return !func.isDeclaration() && !func->hasAttr(kKernelAttr);
}

/// Whether a function is one, but not a step: it is called as MLIR or C call functions.
inline bool isOrdinary(mlir::func::FuncOp func) { return isEntry(func) && !getStep(func); }

} // namespace ternary

#endif // TERNARY_DIALECT_TERNARY_IR_FUNCTIONS_H
