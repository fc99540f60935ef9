//===- BindBuffers.h - Memory of what goes in and out -----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_BINDBUFFERS_H
#define TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_BINDBUFFERS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "llvm/ADT/StringMap.h"

namespace ternary {

/// What is named after parameters, each in a block of memory of its own: the attribute that names
/// it, the role of its block, and how messages call it. Outside of training there are parameters
/// alone.
struct ParameterBlock {
  llvm::StringRef attr;
  Role role;
  llvm::StringRef kind;
};
inline constexpr ParameterBlock kParameterBlocks[] = {
    {kParameterAttr, Role::Parameters, "parameter"},
    {kGradientAttr, Role::Gradients, "gradient"},
    {kFirstMomentAttr, Role::FirstMoments, "first moment"},
    {kSecondMomentAttr, Role::SecondMoments, "second moment"}};

/// Errors unless a function is one block, its parameters are tensors of static shape and, in
/// training, there is a place for every result that is named after one. A parameter has the same
/// type in all functions, of which `parameterTypes` has those seen so far; results of a step are
/// tensors in roles of their own.
mlir::LogicalResult checkFunction(mlir::func::FuncOp func,
                                  llvm::StringMap<mlir::Type> &parameterTypes, bool training);

/// Lets `value` go to `memory`, which may be changed.
void storeResult(mlir::OpBuilder &builder, mlir::Value value, mlir::Value memory);

/// Makes memory of tensors that go in and out of a function: arguments become memrefs, a result
/// goes to the argument of the same role, or to a new one. What is no tensor stays as it is.
void bindBuffers(mlir::func::FuncOp func);

} // namespace ternary

#endif // TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_BINDBUFFERS_H
