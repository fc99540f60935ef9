//===- Decompose.cpp - Replace layers by what they consist of --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYDECOMPOSE
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;

namespace {
struct Decompose : ternary::impl::TernaryDecomposeBase<Decompose> {
  void runOnOperation() override {
    // Post-order, and a decomposition may contain layers: repeat until none is left.
    SmallVector<ternary::ModelOpInterface> layers;
    auto collect = [&] {
      layers.clear();
      getOperation().walk([&](ternary::ModelOpInterface op) { layers.push_back(op); });
      return !layers.empty();
    };
    while (collect()) {
      for (ternary::ModelOpInterface layer : layers) {
        OpBuilder builder(layer);
        layer->replaceAllUsesWith(layer.decompose(builder));
        layer->erase();
        ++numDecomposed;
      }
    }
    decomposeUpstream();
  }

  /// Upstream's ops that stand for several have no lowering of their own.
  void decomposeUpstream() {
    SmallVector<linalg::AggregatedOpInterface> ops;
    getOperation().walk([&](linalg::AggregatedOpInterface op) { ops.push_back(op); });
    for (linalg::AggregatedOpInterface op : ops) {
      OpBuilder builder(op);
      FailureOr<SmallVector<Value>> results = op.decomposeOperation(builder);
      if (failed(results))
        continue;
      op->replaceAllUsesWith(*results);
      op->erase();
      ++numDecomposed;
    }
  }
};
} // namespace
