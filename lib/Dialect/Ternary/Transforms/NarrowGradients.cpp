//===- NarrowGradients.cpp - Products of gradients in 8 bits ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The gradient of logits is left as it is: a probability less one at the target, and next to
// nothing elsewhere, it would be nothing there when rounded to a 127th of the largest.
//
//===----------------------------------------------------------------------===//

#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYNARROWGRADIENTS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
struct NarrowGradients : ternary::impl::TernaryNarrowGradientsBase<NarrowGradients> {
  void runOnOperation() override {
    getOperation()->walk([&](Operation *op) {
      if (auto input = dyn_cast<LinearBackwardInputOp>(op))
        narrow(input);
      else if (auto weight = dyn_cast<LinearBackwardWeightOp>(op))
        narrow(weight);
    });
  }

  template <typename OpTy> void narrow(OpTy op) {
    if (op.getGrad().template getDefiningOp<CrossEntropyBackwardOp>())
      return;
    op.setInt8(true);
    ++numNarrowed;
  }
};
} // namespace
