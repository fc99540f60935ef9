//===- TernaryToLoops.cpp - Kernels as scalar loops -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference target. Nothing here is shared with the lowerings that are fast
// but what rounds floats, so that a mistake in one of them shows.
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "ternary/Conversion/KernelChecks.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Conversion/ScalarKernels.h"
#include "ternary/Conversion/WeightStorage.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYTOLOOPS
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

namespace {
struct ConvertGatherKernel : OpConversionPattern<GatherKernelOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(GatherKernelOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (op.hasTernaryTable())
      return failure();
    LoopBuilder b(op, rewriter);
    auto type = cast<MemRefType>(op.getOuts().getType());
    auto tableType = cast<MemRefType>(op.getTable().getType());
    WeightLayoutAttrInterface layout = getLayoutOf(tableType);
    b.nest(b.sizes(op.getOuts(), type.getRank()), [&](ValueRange indices) {
      Value id = b.load(op.getIds(), indices.drop_back());
      Value row = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), id);
      Value table = adaptor.getTable(), k = indices.back();
      Value value = layout ? layout.buildRead(b, b.getLoc(), table, tableType.getShape(), row, k)
                           : b.load(table, {row, k});
      if (value.getType() != type.getElementType())
        value = arith::ExtFOp::create(b, type.getElementType(), value);
      b.store(value, op.getOuts(), indices);
    });
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertScanKernel : OpConversionPattern<ScanKernelOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(ScanKernelOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    LoopBuilder b(op, rewriter);
    Value hidden = op.getOuts()[0], state = op.getOuts()[1];
    SmallVector<Value> sizes = b.sizes(hidden, 3);
    b.nest({sizes[0], sizes[2]}, [&](ValueRange indices) {
      Value first = b.load(state, indices);
      Value last = b.reduce(sizes[1], first, [&](Value time, Value previous) {
        SmallVector<Value> element = {indices[0], time, indices[1]};
        Value kept = b.mulf(b.load(op.getForget(), element), previous);
        Value next = b.addf(kept, b.load(op.getInput(), element));
        b.store(next, hidden, element);
        return next;
      });
      b.store(last, state, indices);
    });
    rewriter.eraseOp(op);
    return success();
  }
};

struct TernaryToLoops : ternary::impl::TernaryToLoopsBase<TernaryToLoops> {
  using TernaryToLoopsBase::TernaryToLoopsBase;

  void runOnOperation() override {
    if (failed(verifyKernels(getOperation())))
      return signalPassFailure();

    MLIRContext *context = &getContext();
    TypeConverter converter;
    RewritePatternSet patterns(context);
    ConversionTarget target(*context);
    populateWeightStorageConversion(converter, patterns, target);
    Scratch scratch;
    populateRowKernelPattern(patterns, converter, scratch);
    populateLinearKernelPattern(patterns, converter, scratch);
    populateScalarKernelLoops(patterns, converter, target);
    populateTrainingKernelPatterns(patterns, converter, target);
    populateTransformerKernelPatterns(patterns, converter, target);
    populateRWKVKernelPatterns(patterns, converter, target);
    patterns.add<ConvertGatherKernel, ConvertScanKernel>(converter, context);
    target.addIllegalOp<GatherKernelOp, LinearKernelOp, RowKernelOp, ScanKernelOp>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      return signalPassFailure();
    if (eraseArchives)
      ternary::eraseArchives(getOperation());
  }
};
} // namespace
