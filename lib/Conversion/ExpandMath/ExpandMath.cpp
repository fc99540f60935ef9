//===- ExpandMath.cpp - Activations and exponentials as arithmetic --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target's own exp would be a library call, and libraries disagree in the
// last bit.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Conversion/MathUtils.h"
#include "ternary/Conversion/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYEXPANDMATH
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

/// Whether the op is on scalars or vectors: of f32, or for activations of f64, whose
/// exponentials stay as they are.
static bool isExpanded(Operation *op) {
  Type type = op->getResult(0).getType(), element = getElementTypeOrSelf(type);
  return isa<FloatType, VectorType>(type) &&
         (element.isF32() || (isa<ActivateOp>(op) && element.isF64()));
}

namespace {
struct ExpandMath : ternary::impl::TernaryExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<ActivateOp, math::CosOp, math::ExpOp, math::LogOp, math::SinOp>(op) ||
          !isExpanded(op))
        return;
      OpBuilder builder(op);
      Value x = op->getOperand(0);
      auto activate = dyn_cast<ActivateOp>(op);
      Value result = activate ? buildActivation(builder, op->getLoc(), activate.getActivation(), x)
                     : isa<math::LogOp>(op) ? buildLog(builder, op->getLoc(), x)
                     : isa<math::SinOp>(op) ? buildSin(builder, op->getLoc(), x)
                     : isa<math::CosOp>(op) ? buildCos(builder, op->getLoc(), x)
                                            : buildExp(builder, op->getLoc(), x);
      op->replaceAllUsesWith(ValueRange(result));
      op->erase();
    });
  }
};
} // namespace
