//===- KeepRoundings.cpp - Round to halves where it is said ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYKEEPROUNDINGS
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;

namespace {
struct KeepRoundings : ternary::impl::TernaryKeepRoundingsBase<KeepRoundings> {
  void runOnOperation() override {
    getOperation()->walk([](arith::TruncFOp op) {
      if (op.getFastmath() == arith::FastMathFlags::contract)
        op.removeFastmathAttr();
      else if (std::optional<arith::FastMathFlags> flags = op.getFastmath())
        op.setFastmath(*flags & ~arith::FastMathFlags::contract);
    });
  }
};
} // namespace
