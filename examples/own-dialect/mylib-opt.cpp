//===- mylib-opt.cpp - ternary-opt with a dialect and a pass more ---------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/InliningUtils.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/InitAll.h"

#include "MylibDialect.h.inc"
#define GET_OP_CLASSES
#include "MylibOps.h.inc"

#include "MylibDialect.cpp.inc"
#define GET_OP_CLASSES
#include "MylibOps.cpp.inc"

namespace mylib {
#define GEN_PASS_DECL
#define GEN_PASS_DEF_MYLIBCLIPINPUTS
#define GEN_PASS_REGISTRATION
#include "MylibPasses.h.inc"
} // namespace mylib

using namespace mlir;

//===----------------------------------------------------------------------===//
// The dialect
//===----------------------------------------------------------------------===//

namespace {
/// For functions that others call.
struct MylibInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final { return true; }
};
} // namespace

void mylib::MylibDialect::initialize() {
  addInterfaces<MylibInliner>();
  addOperations<
#define GET_OP_LIST
#include "MylibOps.cpp.inc"
      >();
}

/// Elementwise ops become part of the kernels beside them.
SmallVector<Value> mylib::ClipOp::decompose(OpBuilder &builder) {
  Location loc = getLoc();
  auto splat = [&](APFloat value) -> Value {
    Value scalar =
        arith::ConstantOp::create(builder, loc, builder.getFloatAttr(builder.getF32Type(), value));
    return tensor::SplatOp::create(builder, loc, scalar,
                                   tensor::getMixedSizes(builder, loc, getX()));
  };
  Value lower = arith::MaximumFOp::create(builder, loc, getX(), splat(-getLimit()));
  return {arith::MinimumFOp::create(builder, loc, lower, splat(getLimit()))};
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct ClipInputs : mylib::impl::MylibClipInputsBase<ClipInputs> {
  using MylibClipInputsBase::MylibClipInputsBase;

  void runOnOperation() override {
    getOperation().walk([&](ternary::BitLinearOp linear) {
      OpBuilder builder(linear);
      linear.getInputMutable().assign(mylib::ClipOp::create(
          builder, linear.getLoc(), linear.getInput(), builder.getF32FloatAttr(limit)));
    });
  }
};
} // namespace

int main(int argc, char **argv) {
  DialectRegistry registry;
  ternary::registerAllDialects(registry);
  registry.insert<mylib::MylibDialect>();
  ternary::registerAllPasses();
  mylib::registerMylibPasses();
  return asMainReturnCode(MlirOptMain(argc, argv, "Ternary and Mylib\n", registry));
}
