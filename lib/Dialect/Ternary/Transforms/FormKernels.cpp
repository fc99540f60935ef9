//===- FormKernels.cpp - Embeddings and scans in destination style ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYFORMKERNELS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
struct FormGather : OpRewritePattern<EmbeddingOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(EmbeddingOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, op.getLoc(), op.getIds());
    sizes.push_back(rewriter.getIndexAttr(type.getShape().back()));
    Value out = tensor::EmptyOp::create(rewriter, op.getLoc(), sizes, type.getElementType());
    rewriter.replaceOpWithNewOp<GatherKernelOp>(op, type, op.getIds(), op.getTable(), out);
    return success();
  }
};

struct FormScan : OpRewritePattern<LinearScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LinearScanOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getHidden().getType());
    Value out = tensor::EmptyOp::create(
        rewriter, op.getLoc(), tensor::getMixedSizes(rewriter, op.getLoc(), op.getForget()),
        type.getElementType());
    rewriter.replaceOpWithNewOp<ScanKernelOp>(op, op.getResultTypes(), op.getForget(),
                                              op.getInput(), ValueRange{out, op.getState()});
    return success();
  }
};

struct FormKernels : ternary::impl::TernaryFormKernelsBase<FormKernels> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FormGather, FormScan>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
