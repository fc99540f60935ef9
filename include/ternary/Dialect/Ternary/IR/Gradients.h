//===- Gradients.h - Gradients of values, while they are built --------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DIALECT_TERNARY_IR_GRADIENTS_H
#define TERNARY_DIALECT_TERNARY_IR_GRADIENTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include <functional>

namespace ternary {

/// What reverse mode knows of a function: which values the loss depends on and depend on what
/// it is differentiated by, and the gradient of the loss by each as far as it has been summed
/// up.
class Gradients {
public:
  using StartFn = std::function<mlir::Value(mlir::Value)>;

  explicit Gradients(llvm::DenseSet<mlir::Value> active) : active(std::move(active)) {}

  /// The gradients in a region that is differentiated, whose values are clones as `clones`
  /// says. The region adds to gradients of values of `outer`; the sum of each starts from what
  /// `start` returns when it is first asked for, which may be null.
  Gradients(Gradients &outer, const mlir::IRMapping &clones, StartFn start);

  /// Whether the value depends on what is differentiated by, and the loss on the value.
  bool wants(mlir::Value value) const {
    return active.contains(value) || (outer && outer->wants(value));
  }

  /// The gradient so far, or null: nothing that uses the value leads to the loss.
  mlir::Value lookup(mlir::Value value);

  /// As `lookup`, but zeros where there is none yet.
  mlir::Value lookupOrZero(mlir::OpBuilder &builder, mlir::Value value);

  /// Adds `gradient`, of the value's type, if the value wants one.
  void add(mlir::OpBuilder &builder, mlir::Value value, mlir::Value gradient);

  /// Replaces the gradient so far by one that includes it.
  void set(mlir::Value value, mlir::Value gradient) { sums[value] = gradient; }

  /// Adds the gradients of what `ops`, in this order, read. The gradients of their results are
  /// known but for what they add themselves.
  mlir::LogicalResult differentiate(mlir::OpBuilder &builder,
                                    llvm::ArrayRef<mlir::Operation *> ops);

  /// Lets values stand for others, which are about to be erased.
  void replace(mlir::ValueRange from, mlir::ValueRange to);

  /// The values from outside of the region whose gradients it adds to.
  llvm::SmallVector<mlir::Value> getOuterValues() const;

  /// The number of ops that were differentiated, with those in regions.
  unsigned getNumDifferentiated() const { return numDifferentiated; }

private:
  bool isOuter(mlir::Value value) const { return !active.contains(value) && outer; }

  Gradients *outer = nullptr;
  StartFn start;
  llvm::DenseSet<mlir::Value> active;
  llvm::MapVector<mlir::Value, mlir::Value> sums;
  unsigned numDifferentiated = 0;
};

/// Whether a gradient of this type is a sum like any other: floats, and what consists of them.
bool carriesGradient(mlir::Type type);

/// A value of the type and sizes of `like`, which carries a gradient, that is `value`
/// everywhere.
mlir::Value createSplat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value like,
                        double value);

} // namespace ternary

#endif // TERNARY_DIALECT_TERNARY_IR_GRADIENTS_H
