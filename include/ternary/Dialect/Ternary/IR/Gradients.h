//===- Gradients.h - Gradients of values, while they are built --------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DIALECT_TERNARY_IR_GRADIENTS_H
#define TERNARY_DIALECT_TERNARY_IR_GRADIENTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace ternary {

/// What reverse mode knows of a function: which values depend on what it differentiates by,
/// and the gradient of the loss by each value as far as it has been summed up.
class Gradients {
public:
  explicit Gradients(llvm::DenseSet<mlir::Value> active) : active(std::move(active)) {}

  /// Whether the value depends on what is differentiated by.
  bool wants(mlir::Value value) const { return active.contains(value); }

  /// The gradient so far, or null: nothing that uses the value leads to the loss.
  mlir::Value lookup(mlir::Value value) const { return sums.lookup(value); }

  /// As `lookup`, but zeros where there is none yet.
  mlir::Value lookupOrZero(mlir::OpBuilder &builder, mlir::Value value);

  /// Adds `gradient`, of the value's type, if the value wants one.
  void add(mlir::OpBuilder &builder, mlir::Value value, mlir::Value gradient);

  /// Replaces the gradient so far by one that includes it.
  void set(mlir::Value value, mlir::Value gradient) { sums[value] = gradient; }

private:
  llvm::DenseSet<mlir::Value> active;
  llvm::DenseMap<mlir::Value, mlir::Value> sums;
};

/// A tensor of the type and sizes of `like` that is `value` everywhere.
mlir::Value createSplat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value like,
                        float value);

} // namespace ternary

#endif // TERNARY_DIALECT_TERNARY_IR_GRADIENTS_H
