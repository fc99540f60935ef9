//===- KeptValues.h - What the backward pass reads of the forward pass *- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_KEPTVALUES_H
#define TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_KEPTVALUES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace ternary {

/// Whether a value takes memory worth saving: a number for each row and column.
bool isLarge(mlir::Value value);

/// The argument of role `seed` of a gradient of one block; null for any other function.
mlir::Value findSeed(mlir::func::FuncOp func);

/// Values that live from the forward to the backward pass of a gradient, a function of one block.
class KeptValues {
public:
  /// What depends on `seed` is the backward pass.
  KeptValues(mlir::func::FuncOp func, mlir::Value seed);

  /// Uses of a value of the forward pass by the backward pass. What the latter computes from the
  /// former alone is a use only if it cannot be computed again itself.
  llvm::SmallVector<mlir::OpOperand *> getBackwardUses(mlir::Value value);

  /// What has to be kept for a value to be there: the value itself or, if it is computed again,
  /// what that is done from. Chains of cheap ops end where a third value would be needed, so that
  /// a sum of many residuals is not computed again from all of them.
  llvm::SmallVector<mlir::Value, 2> getRoots(mlir::Value value);

  /// Whether a value is computed again from what is kept.
  bool isRecomputable(mlir::Value value);

  /// Whether `op` stands where the backward pass does.
  bool isLate(mlir::Operation *op);

protected:
  static bool dependsOn(mlir::Operation *op, const llvm::DenseSet<mlir::Value> &values);
  mlir::Operation *getOpInBody(mlir::OpOperand *use);

  mlir::Block &body;
  /// Everything before the first op that depends on the seed.
  llvm::SmallVector<mlir::Operation *> forward;
  llvm::DenseSet<mlir::Value> afterSeed;

private:
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value, 2>> roots;
};

} // namespace ternary

#endif // TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_KEPTVALUES_H
