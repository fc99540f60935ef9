//===- NarrowActivations.cpp - Keep activations in bf16 -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the backward pass reads of the forward pass is rounded where it is computed, and everyone
// reads the rounded value, so that the gradient is that of the numbers the loss was computed
// from. Each reader extends it for itself: kernels do so while they read, and what lives on is
// the narrow value.
//
//===----------------------------------------------------------------------===//

#include "KeptValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYNARROWACTIVATIONS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
struct NarrowActivations : ternary::impl::TernaryNarrowActivationsBase<NarrowActivations> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (Value seed = findSeed(func))
      run(func.getBody().front(), findKept(func, seed));
  }

  /// The results of the forward pass, f32, that have to be there in the backward pass. What is
  /// computed again from them is not among them, whether it is kept or not: the numbers do not
  /// depend on that.
  static llvm::SetVector<Value> findKept(func::FuncOp func, Value seed) {
    KeptValues values(func, seed);
    llvm::SetVector<Value> kept;
    for (Operation &op : func.getBody().front())
      for (Value result : op.getResults()) {
        if (values.getBackwardUses(result).empty())
          continue;
        for (Value root : values.getRoots(result))
          if (Operation *def = root.getDefiningOp();
              def && isLarge(root) && getElementTypeOrSelf(root).isF32() && !values.isLate(def))
            kept.insert(root);
      }
    return kept;
  }

  void run(Block &body, const llvm::SetVector<Value> &kept) {
    for (Value value : kept) {
      OpBuilder builder(value.getContext());
      builder.setInsertionPointAfterValue(value);
      auto narrow = arith::TruncFOp::create(builder, value.getLoc(), getNarrowType(value), value);
      replaceUses(body, value, narrow);
      ++numNarrowed;
    }
  }

  static Type getNarrowType(Value value) {
    return cast<RankedTensorType>(value.getType()).clone(BFloat16Type::get(value.getContext()));
  }

  /// Lets all that read `value` read `narrow`; slices are taken of that, too.
  static void replaceUses(Block &body, Value value, Value narrow) {
    llvm::MapVector<Operation *, SmallVector<OpOperand *>> readers;
    for (OpOperand &use : value.getUses())
      if (use.getOwner() != narrow.getDefiningOp())
        readers[body.findAncestorOpInBlock(*use.getOwner())].push_back(&use);
    for (auto &[reader, uses] : readers) {
      OpBuilder builder(reader);
      if (auto slice = dyn_cast<tensor::ExtractSliceOp>(reader)) {
        auto type = cast<RankedTensorType>(getNarrowType(slice));
        Value part = tensor::ExtractSliceOp::create(builder, slice.getLoc(), type, narrow,
                                                    slice.getMixedOffsets(), slice.getMixedSizes(),
                                                    slice.getMixedStrides());
        replaceUses(body, slice, part);
        slice.erase();
        continue;
      }
      Value read = narrow;
      if (!isa<tensor::DimOp>(reader))
        read = arith::ExtFOp::create(builder, reader->getLoc(), value.getType(), narrow);
      for (OpOperand *use : uses)
        use->set(read);
    }
  }
};
} // namespace
