//===- KeptValues.cpp - What the backward pass reads of the forward pass ------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeptValues.h"
#include "Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace ternary;

bool ternary::isLarge(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 1 && !type.hasStaticShape() &&
         !ShapedType::isDynamic(type.getShape().back());
}

Value ternary::findSeed(func::FuncOp func) {
  return func.getBody().hasOneBlock() ? findArgument(func, Role::Seed) : Value();
}

/// Row ops and what only moves data.
static bool isCheap(Operation *op) {
  return isPure(op) &&
         (isa<RowOpInterface, tensor::ExtractSliceOp>(op) || isElementwiseOnTensors(op) ||
          getSplatConstant(op) || getBroadcastVector(op));
}

/// The value that is in memory when `value` is read: an extension needs none of its own.
static Value getStored(Value value) {
  auto extend = value.getDefiningOp<arith::ExtFOp>();
  return extend ? extend.getIn() : value;
}

KeptValues::KeptValues(func::FuncOp func, Value seed) : body(func.getBody().front()) {
  afterSeed.insert(seed);
  for (Operation &op : body.without_terminator()) {
    if (dependsOn(&op, afterSeed))
      afterSeed.insert(op.result_begin(), op.result_end());
    else if (afterSeed.size() == 1)
      forward.push_back(&op);
  }
}

bool KeptValues::dependsOn(Operation *op, const llvm::DenseSet<Value> &values) {
  return op
      ->walk([&](Operation *nested) {
        return llvm::any_of(nested->getOperands(), [&](Value v) { return values.contains(v); })
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

Operation *KeptValues::getOpInBody(OpOperand *use) {
  return body.findAncestorOpInBlock(*use->getOwner());
}

bool KeptValues::isLate(Operation *op) {
  return forward.empty() || forward.back()->isBeforeInBlock(op);
}

SmallVector<OpOperand *> KeptValues::getBackwardUses(Value value) {
  SmallVector<OpOperand *> uses;
  if (afterSeed.contains(value))
    return uses;
  auto isRecomputed = [&](Value result) { return isRecomputable(result); };
  for (OpOperand &use : value.getUses()) {
    Operation *user = getOpInBody(&use);
    if (user->hasTrait<OpTrait::IsTerminator>() || isa<tensor::DimOp>(user))
      continue;
    if (dependsOn(user, afterSeed) ||
        (isLate(user) && llvm::none_of(user->getResults(), isRecomputed)))
      uses.push_back(&use);
  }
  return uses;
}

SmallVector<Value, 2> KeptValues::getRoots(Value value) {
  auto known = roots.find(value);
  if (known != roots.end())
    return known->second;
  Operation *op = value.getDefiningOp();
  llvm::SmallSetVector<Value, 4> found;
  bool repeats = op && !afterSeed.contains(value) && isCheap(op), isDerived = false;
  // What is rounded to be kept is not rounded again from more bits, which would be kept then.
  if (repeats && isa<arith::TruncFOp>(op) && !isRecomputable(op->getOperand(0)))
    repeats = false;
  if (repeats)
    for (Value operand : op->getOperands())
      if (isLarge(operand)) {
        isDerived |= isRecomputable(getStored(operand));
        found.insert_range(getRoots(operand));
      }
  // Two values, both of which would have to be kept for this one, are not better than one.
  if (!repeats || found.size() > (isDerived ? 2 : 1)) {
    found.clear();
    found.insert(value);
  }
  return roots[value] = SmallVector<Value, 2>(found.getArrayRef());
}

bool KeptValues::isRecomputable(Value value) {
  SmallVector<Value, 2> kept = getRoots(value);
  return kept.empty() || kept.front() != value;
}
