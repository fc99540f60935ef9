//===- MergeProjections.cpp - One accumulate for one input ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BindTime.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Remarks.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYMERGEPROJECTIONS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// An accumulate and the dequantise that alone reads it.
struct Projection {
  AccumulateOp accumulate;
  DequantizeOp dequantize;
};

/// Moves what makes a weight of a parameter before `first`, if it stands behind.
void hoist(Value value, Operation *first) {
  auto precedes = [&](Value value) {
    Operation *def = value.getDefiningOp();
    return !def || def->getBlock() != first->getBlock() || def->isBeforeInBlock(first);
  };
  Operation *def = value.getDefiningOp();
  if (precedes(value) || !isa<BindTimeOpInterface>(def))
    return;
  for (Value operand : def->getOperands())
    hoist(operand, first);
  if (llvm::all_of(def->getOperands(), precedes))
    def->moveBefore(first);
}

struct MergeProjections : ternary::impl::TernaryMergeProjectionsBase<MergeProjections> {
  void runOnOperation() override {
    // What may share one product: codes, their scale, how many of them count, how many of these
    // share a scale of the weight, and the block: of two branches only one is run.
    using Input = std::tuple<Block *, Value, Value, int64_t, std::optional<int64_t>>;
    llvm::MapVector<Input, SmallVector<Projection>> byInput;
    getOperation().walk([&](AccumulateOp op) {
      auto users = op->getUsers();
      auto dequantize = op->hasOneUse() ? dyn_cast<DequantizeOp>(*users.begin()) : nullptr;
      if (dequantize && dequantize->getBlock() == op->getBlock() &&
          !cast<RankedTensorType>(op.getWeight().getType()).getEncoding())
        byInput[{op->getBlock(), op.getActivations(), dequantize.getActivationScale(),
                 cast<ShapedType>(op.getWeight().getType()).getDimSize(1), op.getGroupSize()}]
            .push_back({op, dequantize});
    });
    for (auto &[input, projections] : byInput)
      if (projections.size() > 1)
        merge(projections);
  }

  void merge(MutableArrayRef<Projection> projections) {
    Operation *first = projections.front().accumulate;
    for (auto [accumulate, dequantize] : projections)
      for (Value operand : {accumulate.getWeight(), dequantize.getWeightScale()})
        hoist(operand, first);
    DominanceInfo dominance(getOperation());
    auto miss = [](Operation *op, StringRef what,
                   StringRef why = "is computed after the first projection of the same input") {
      remark::missed(op->getLoc(),
                     remark::RemarkOpts::name("merge-projections").category("ternary"))
          << (what + " " + why).str();
    };
    if (Value scale = projections.front().dequantize.getActivationScale();
        scale && !dominance.properlyDominates(scale, first))
      return miss(first, "scale of the input");
    SmallVector<Value> trits, scales;
    Origin origin = getOrigin(projections.front().accumulate.getWeight());
    for (auto [accumulate, dequantize] : projections) {
      trits.push_back(accumulate.getWeight());
      scales.push_back(dequantize.getWeightScale());
      if (!dominance.properlyDominates(trits.back(), first) ||
          !dominance.properlyDominates(scales.back(), first))
        return miss(accumulate, "weight or scale");
      for (Value operand : {trits.back(), scales.back()})
        if (origin == Origin::RunTime || getOrigin(operand) != origin)
          return miss(accumulate, "weight or scale", "is neither a parameter nor a constant");
    }
    OpBuilder builder(first);
    Location loc = first->getLoc();
    auto stacked = StackRowsOp::create(builder, loc, trits, scales);
    Value sum =
        AccumulateOp::create(builder, loc, projections.front().accumulate.getActivations(),
                             stacked.getTrits(), projections.front().accumulate.getGroupSizeAttr());
    Value merged = DequantizeOp::create(
        builder, loc, sum, projections.front().dequantize.getActivationScale(), stacked.getScale());
    int64_t row = 0;
    auto rank = cast<RankedTensorType>(merged.getType()).getRank();
    for (auto [accumulate, dequantize] : projections) {
      auto type = cast<RankedTensorType>(dequantize.getResult().getType());
      SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0));
      SmallVector<OpFoldResult> strides(rank, builder.getIndexAttr(1));
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, merged);
      offsets.back() = builder.getIndexAttr(row);
      sizes.back() = builder.getIndexAttr(type.getShape().back());
      dequantize->replaceAllUsesWith(
          tensor::ExtractSliceOp::create(builder, loc, type, merged, offsets, sizes, strides));
      row += type.getShape().back();
    }
    for (auto [accumulate, dequantize] : projections) {
      dequantize->erase();
      accumulate->erase();
    }
    remark::passed(loc, remark::RemarkOpts::name("merge-projections").category("ternary"))
        << ("merged " + Twine(projections.size()) + " projections into one accumulate of " +
            Twine(row) + " rows")
               .str();
    numMerged += projections.size() - 1;
  }
};
} // namespace
