//===- OrderLoops.cpp - Reductions outside of what vectors can do -----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sum of floats is added in order, so a loop over its addends waits for each addition. A loop
// over neighbouring sums does not wait, and LLVM makes vectors of it: with that one inside, the
// same additions are made in the same order.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYORDERLOOPS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// Whether elements that `loop` passes are neighbours in memory, or one and the same.
bool isContiguous(AffineMap map, unsigned loop) {
  if (!map.isFunctionOfDim(loop))
    return true;
  AffineExpr dim = getAffineDimExpr(loop, map.getContext());
  return map.getResults().back() == dim &&
         llvm::none_of(map.getResults().drop_back(),
                       [&](AffineExpr expr) { return expr.isFunctionOfDim(loop); });
}

/// The loop that should be the innermost one, or nothing if the order is good or nothing is gained.
std::optional<unsigned> findInnermost(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0 || op.getNumParallelLoops() == 0 || op.getNumDpsInits() != 1)
    return std::nullopt;
  AffineMap written = op.getMatchingIndexingMap(&op.getDpsInitsMutable()[0]);
  if (written.getNumResults() == 0)
    return std::nullopt;
  auto last = dyn_cast<AffineDimExpr>(written.getResults().back());
  unsigned innermost = op.getNumLoops() - 1;
  if (!last || last.getPosition() == innermost ||
      op.getIteratorTypesArray()[last.getPosition()] != utils::IteratorType::parallel)
    return std::nullopt;
  if (!llvm::all_of(op.getIndexingMapsArray(),
                    [&](AffineMap map) { return isContiguous(map, last.getPosition()); }))
    return std::nullopt;
  return last.getPosition();
}

struct OrderLoops : ternary::impl::TernaryOrderLoopsBase<OrderLoops> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics() && findInnermost(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      unsigned innermost = *findInnermost(op);
      SmallVector<unsigned> order;
      for (unsigned loop = 0, e = op.getNumLoops(); loop < e; ++loop)
        if (loop != innermost)
          order.push_back(loop);
      order.push_back(innermost);
      rewriter.setInsertionPoint(op);
      auto generic = dyn_cast<linalg::GenericOp>(*op);
      if (!generic) {
        FailureOr<linalg::GenericOp> same = linalg::generalizeNamedOp(rewriter, op);
        if (failed(same))
          continue;
        generic = *same;
      }
      if (succeeded(linalg::interchangeGenericOp(rewriter, generic, order)))
        ++numOrdered;
    }
  }
};
} // namespace
