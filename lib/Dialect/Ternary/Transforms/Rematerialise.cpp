//===- Rematerialise.cpp - Compute again what is cheaper than to keep ---------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the backward pass reads of the forward pass lives from one to the other, for every
// token and layer: that is most of what training needs. Products, scans and sums of
// residuals are worth keeping; norms, gates, activations and quantised inputs are a pass
// over a row, which the backward pass makes anyway, so that they cost little once fused.
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYREMATERIALISE
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// Whether a value takes memory worth saving: a number for each row and column.
bool isLarge(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 1 && !type.hasStaticShape() &&
         !ShapedType::isDynamic(type.getShape().back());
}

/// Row ops and what only moves data.
bool isCheap(Operation *op) {
  return isPure(op) &&
         (isa<RowOpInterface, tensor::ExtractSliceOp>(op) || isElementwiseOnTensors(op) ||
          getSplatConstant(op) || getBroadcastVector(op));
}

class Rematerialiser {
public:
  explicit Rematerialiser(func::FuncOp func) : func(func) {}

  /// Returns how many values are computed again.
  int64_t run(Value seed) {
    Block &body = func.getBody().front();
    llvm::DenseSet<Value> afterSeed = {seed};
    SmallVector<Operation *> forward;
    for (Operation &op : body.without_terminator()) {
      if (llvm::any_of(op.getOperands(), [&](Value v) { return afterSeed.contains(v); })) {
        backward.insert(&op);
        afterSeed.insert(op.result_begin(), op.result_end());
      } else {
        forward.push_back(&op);
      }
    }
    int64_t count = 0;
    for (Operation *op : forward)
      for (Value result : op->getResults())
        if (isLarge(result) && isRecomputable(result))
          count += recompute(result);
    return count;
  }

private:
  /// A value is computed again from what is kept if its op is cheap and does not join two
  /// values that would both have to be kept for it.
  bool isRecomputable(Value value) {
    auto known = recomputable.find(value);
    if (known != recomputable.end())
      return known->second;
    Operation *op = value.getDefiningOp();
    bool result = op && !backward.contains(op) && isCheap(op);
    if (result) {
      llvm::SmallDenseSet<Value> kept;
      bool derived = false;
      for (Value operand : op->getOperands()) {
        if (!isLarge(operand))
          continue;
        if (isRecomputable(operand))
          derived = true;
        else
          kept.insert(operand);
      }
      result = kept.size() < 2 || derived;
    }
    return recomputable[value] = result;
  }

  /// Lets the backward pass use a copy of its own, made before the first use.
  bool recompute(Value value) {
    SmallVector<OpOperand *> uses;
    Operation *first = nullptr;
    for (OpOperand &use : value.getUses())
      if (backward.contains(use.getOwner())) {
        uses.push_back(&use);
        if (!first || use.getOwner()->isBeforeInBlock(first))
          first = use.getOwner();
      }
    if (uses.empty())
      return false;
    IRMapping mapping;
    OpBuilder builder(first);
    Value copy = clone(value, builder, mapping);
    for (OpOperand *use : uses)
      use->set(copy);
    return true;
  }

  Value clone(Value value, OpBuilder &builder, IRMapping &mapping) {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    if (!isRecomputable(value) || !isLarge(value))
      return value;
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      if (Value copy = clone(operand, builder, mapping); copy != operand)
        mapping.map(operand, copy);
    builder.clone(*op, mapping);
    return mapping.lookup(value);
  }

  func::FuncOp func;
  llvm::DenseSet<Operation *> backward;
  llvm::DenseMap<Value, bool> recomputable;
};

struct Rematerialise : ternary::impl::TernaryRematerialiseBase<Rematerialise> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    for (BlockArgument argument : func.getArguments()) {
      auto role = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRoleAttr);
      if (role && role == "seed")
        numRecomputed += Rematerialiser(func).run(argument);
    }
  }
};
} // namespace
