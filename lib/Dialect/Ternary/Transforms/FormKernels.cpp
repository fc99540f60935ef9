//===- FormKernels.cpp - Destination style for what is not in rows ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
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
    // Of groups, as linear kernels read them, so that a table which is the head's weight as well
    // has its scales once.
    Value scale = op.getTableScale();
    if (scale && cast<RankedTensorType>(scale.getType()).getRank() == 2)
      scale = TransposeOp::create(rewriter, op.getLoc(), scale);
    rewriter.replaceOpWithNewOp<GatherKernelOp>(op, type, op.getIds(), op.getTable(), scale, out);
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

/// Empty tensors like `results` of `op`, to be written by a kernel.
SmallVector<Value> createOuts(PatternRewriter &rewriter, Operation *op, ResultRange results) {
  ReifiedRankedShapedTypeDims shapes;
  SmallVector<Value> outs;
  bool isReified = isa<ReifyRankedShapedTypeOpInterface>(op) &&
                   succeeded(reifyResultShapes(rewriter, op, shapes));
  for (auto [i, result] : llvm::enumerate(results)) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<OpFoldResult> sizes =
        isReified ? shapes[i] : getAsIndexOpFoldResult(op->getContext(), type.getShape());
    outs.push_back(tensor::EmptyOp::create(rewriter, op->getLoc(), sizes, type.getElementType()));
  }
  return outs;
}

SmallVector<Value> createOuts(PatternRewriter &rewriter, Operation *op) {
  return createOuts(rewriter, op, op->getResults());
}

/// The kernel that stands for `op`, with its attributes.
template <typename KernelOpTy>
KernelOpTy createKernel(PatternRewriter &rewriter, Operation *op, ValueRange ins, ValueRange outs) {
  const StringRef segments = KernelOpTy::getOperandSegmentSizeAttr();
  SmallVector<NamedAttribute> attributes = llvm::filter_to_vector(
      op->getAttrs(), [&](NamedAttribute attribute) { return attribute.getName() != segments; });
  attributes.push_back(rewriter.getNamedAttr(
      segments, rewriter.getDenseI32ArrayAttr(
                    {static_cast<int32_t>(ins.size()), static_cast<int32_t>(outs.size())})));
  SmallVector<Value> operands(ins);
  llvm::append_range(operands, outs);
  return KernelOpTy::create(rewriter, op->getLoc(), outs.getTypes(), operands, attributes);
}

/// An op and the kernel of the same operands that writes what the op returns.
template <typename OpTy, typename KernelOpTy> struct FormKernel : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    SmallVector<Value> outs = createOuts(rewriter, op);
    rewriter.replaceOp(op, createKernel<KernelOpTy>(rewriter, op, op->getOperands(), outs));
    return success();
  }
};

/// An op whose last operand and result are a state, which its kernel updates in place.
template <typename OpTy, typename KernelOpTy> struct FormUpdating : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    SmallVector<Value> outs = createOuts(rewriter, op, op->getResults().drop_back());
    outs.push_back(op->getOperands().back());
    ValueRange ins = ValueRange(op->getOperands()).drop_back();
    rewriter.replaceOp(op, createKernel<KernelOpTy>(rewriter, op, ins, outs));
    return success();
  }
};

/// The addition of the result of `op` to what is there already, in the same block, or null.
arith::AddFOp findSumSoFar(Operation *op) {
  Value result = op->getResult(0);
  auto sum = result.hasOneUse() ? dyn_cast<arith::AddFOp>(*result.user_begin()) : arith::AddFOp();
  return sum && sum->getBlock() == op->getBlock() && sum.getRhs() == result &&
                 sum.getLhs() != result
             ? sum
             : arith::AddFOp();
}

/// A sum of an op's result and what is there already: the kernel adds to that.
template <typename OpTy, typename KernelOpTy> struct FormAccumulating : OpRewritePattern<OpTy> {
  FormAccumulating(MLIRContext *context, bool sumsOnly)
      : OpRewritePattern<OpTy>(context), sumsOnly(sumsOnly) {}

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    arith::AddFOp sum = findSumSoFar(op);
    SmallVector<Value> outs;
    if (sum) {
      // As early as can be, so that what it reads is needed no longer.
      outs = {sum.getLhs()};
      Operation *before = outs.front().getDefiningOp();
      bool isBefore =
          !before || (before->getBlock() == op->getBlock() && before->isBeforeInBlock(op));
      rewriter.setInsertionPoint(isBefore ? op : sum.getOperation());
    } else if (sumsOnly) {
      return failure();
    } else {
      outs = createOuts(rewriter, op);
    }
    auto kernel = createKernel<KernelOpTy>(rewriter, op, op->getOperands(), outs);
    kernel.setAccumulate(static_cast<bool>(sum));
    if (!sum) {
      rewriter.replaceOp(op, kernel);
      return success();
    }
    rewriter.replaceOp(sum, kernel);
    rewriter.eraseOp(op);
    return success();
  }

  bool sumsOnly;
};

/// A sum of squares, which has memory for its parts beside what it is added to.
struct FormSquareSum : OpRewritePattern<SquareSumOp> {
  FormSquareSum(MLIRContext *context, bool sumsOnly)
      : OpRewritePattern(context), sumsOnly(sumsOnly) {}

  LogicalResult matchAndRewrite(SquareSumOp op, PatternRewriter &rewriter) const override {
    Operation *replaced = op;
    Value out;
    if (arith::AddFOp sum = findSumSoFar(op)) {
      replaced = sum;
      out = sum.getLhs();
      rewriter.setInsertionPoint(sum);
    } else if (sumsOnly) {
      return failure();
    }
    auto create = [&](ArrayRef<int64_t> shape) -> Value {
      return tensor::EmptyOp::create(rewriter, op.getLoc(), shape, rewriter.getF64Type());
    };
    Value parts = create({SquareSumOp::kParts});
    if (!out)
      out = create({});
    auto kernel = SquareSumKernelOp::create(
        rewriter, op.getLoc(), TypeRange{parts.getType(), out.getType()}, ValueRange(op.getInput()),
        ValueRange{parts, out}, /*accumulate=*/replaced != op);
    rewriter.replaceOp(replaced, kernel.getResult(1));
    if (replaced != op)
      rewriter.eraseOp(op);
    return success();
  }

  bool sumsOnly;
};

/// The optimiser changes a parameter and its moments where they are.
struct FormAdamW : OpRewritePattern<AdamWOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AdamWOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<AdamWKernelOp>(
        op, op->getResultTypes(), op.getGradient(), op.getGradientScale(), op.getKeep(),
        op.getRate(), op.getBeta1(), op.getRest1(), op.getCorrection1(), op.getBeta2(),
        op.getRest2(), op.getCorrection2(), op.getEpsilon(),
        ValueRange{op.getParameter(), op.getFirstMoment(), op.getSecondMoment()});
    return success();
  }
};

/// The kernel keeps a number for each query, like log_sum_exp, beside its results.
struct FormAttentionBackward : OpRewritePattern<AttentionBackwardOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionBackwardOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> outs = createOuts(rewriter, op);
    Value statistics = op.getLogSumExp();
    outs.push_back(tensor::EmptyOp::create(rewriter, op.getLoc(),
                                           tensor::getMixedSizes(rewriter, op.getLoc(), statistics),
                                           getElementTypeOrSelf(statistics.getType())));
    auto kernel = createKernel<AttentionBackwardKernelOp>(rewriter, op, op->getOperands(), outs);
    rewriter.replaceOp(op, kernel.getResults().drop_back());
    return success();
  }
};

/// A row kernel that reads `ins` and writes `out`; the rewriter goes on in its region, which is
/// still empty.
RowKernelOp createRowKernel(PatternRewriter &rewriter, Location loc, ValueRange ins, Value out) {
  auto type = cast<RankedTensorType>(out.getType());
  auto kernel = RowKernelOp::create(rewriter, loc, TypeRange(type), type.getRank() - 1,
                                    /*sums=*/0, ins, ValueRange(out));
  rewriter.createBlock(&kernel.getBody());
  return kernel;
}

/// A kernel that copies the rows of `value` to `out`; the type of both has a static last dimension.
RowKernelOp createCopy(PatternRewriter &rewriter, Location loc, Value value, Value out) {
  OpBuilder::InsertionGuard guard(rewriter);
  RowKernelOp kernel = createRowKernel(rewriter, loc, value, out);
  auto type = cast<RankedTensorType>(value.getType());
  Value row = kernel.getBody().addArgument(getRowType(type, type.getRank() - 1), loc);
  YieldOp::create(rewriter, loc, row);
  return kernel;
}

/// What a loop carries stays where it is: the value of the next iteration is copied to that of the
/// last one, unless it is made there.
struct FormCarried : OpRewritePattern<scf::ForOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(scf::ForOp loop, PatternRewriter &rewriter) const override {
    bool hasChanged = false;
    auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
    for (OpOperand &next : yield->getOpOperands()) {
      Value carried = loop.getRegionIterArg(next.getOperandNumber());
      auto type = dyn_cast<RankedTensorType>(carried.getType());
      if (!type || type.getRank() == 0 || ShapedType::isDynamic(type.getShape().back()) ||
          isMadeIn(next.get(), carried))
        continue;
      rewriter.setInsertionPoint(yield);
      RowKernelOp copy = createCopy(rewriter, loop.getLoc(), next.get(), carried);
      rewriter.modifyOpInPlace(yield, [&] { next.set(copy.getResult(0)); });
      hasChanged = true;
    }
    return success(hasChanged);
  }

  /// Whether `value` is `place` after ops that write to it.
  static bool isMadeIn(Value value, Value place) {
    while (value != place) {
      auto result = dyn_cast<OpResult>(value);
      if (!result)
        return false;
      if (auto kernel = dyn_cast<DestinationStyleOpInterface>(result.getOwner()))
        value = kernel.getTiedOpOperand(result)->get();
      else if (auto insert = dyn_cast<tensor::InsertSliceOp>(result.getOwner()))
        value = insert.getDest();
      else
        return false;
    }
    return true;
  }
};

/// A slice of what a kernel makes that is inserted elsewhere: a kernel copies its rows.
struct FormCopy : OpRewritePattern<tensor::InsertSliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::InsertSliceOp op,
                                PatternRewriter &rewriter) const override {
    auto slice = op.getSource().getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || !slice.getSource().getDefiningOp<KernelOpInterface>())
      return failure();
    // Rows are contiguous.
    RankedTensorType type = slice.getType();
    if (!slice.hasUnitStride() || slice.getSourceType().getRank() != type.getRank() ||
        type.getRank() == 0 || ShapedType::isDynamic(type.getShape().back()))
      return failure();
    Value out = tensor::EmptyOp::create(rewriter, op.getLoc(),
                                        tensor::getMixedSizes(rewriter, op.getLoc(), slice),
                                        type.getElementType());
    RowKernelOp kernel = createCopy(rewriter, op.getLoc(), slice.getResult(), out);
    rewriter.modifyOpInPlace(op, [&] { op.getSourceMutable().assign(kernel.getResult(0)); });
    return success();
  }
};

/// A constant tensor, written by a kernel over its rows.
struct FormFill : OpRewritePattern<tensor::SplatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::SplatOp op, PatternRewriter &rewriter) const override {
    TypedAttr constant = getSplatConstant(op);
    auto type = cast<RankedTensorType>(op.getType());
    if (!constant || type.getRank() == 0 || ShapedType::isDynamic(type.getShape().back()))
      return failure();
    Value out = tensor::EmptyOp::create(
        rewriter, op.getLoc(), getMixedValues(type.getShape(), op.getDynamicSizes(), rewriter),
        type.getElementType());
    OpBuilder::InsertionGuard guard(rewriter);
    RowKernelOp kernel = createRowKernel(rewriter, op.getLoc(), ValueRange(), out);
    auto row = VectorType::get(type.getShape().take_back(), type.getElementType());
    Value value =
        arith::ConstantOp::create(rewriter, op.getLoc(), DenseElementsAttr::get(row, constant));
    YieldOp::create(rewriter, op.getLoc(), value);
    rewriter.replaceOp(op, kernel);
    return success();
  }
};

struct FormKernels : ternary::impl::TernaryFormKernelsBase<FormKernels> {
  using TernaryFormKernelsBase::TernaryFormKernelsBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<FormAccumulating<LinearBackwardWeightOp, LinearBackwardWeightKernelOp>,
                 FormAccumulating<MatmulTransposeAOp, MatmulTransposeAKernelOp>,
                 FormAccumulating<EmbeddingBackwardOp, ScatterKernelOp>, FormSquareSum>(context,
                                                                                        accumulate);
    if (!accumulate)
      patterns.add<FormGather, FormScan, FormCopy, FormFill, FormAdamW, FormAttentionBackward,
                   FormKernel<RotaryEmbeddingOp, RotaryKernelOp>,
                   FormKernel<AttentionOp, AttentionKernelOp>, FormKernel<MatmulOp, MatmulKernelOp>,
                   FormKernel<LinearBackwardInputOp, LinearBackwardInputKernelOp>,
                   FormKernel<MeanOverTargetsOp, MeanKernelOp>,
                   FormKernel<LinearScanBackwardOp, ScanBackwardKernelOp>,
                   FormKernel<WKVBackwardOp, WKVBackwardKernelOp>,
                   FormUpdating<AppendOp, AppendKernelOp>, FormUpdating<AdvanceOp, AdvanceKernelOp>,
                   FormUpdating<TokenShiftOp, TokenShiftKernelOp>, FormUpdating<WKVOp, WKVKernelOp>,
                   FormKernel<LowerBoundsBackwardOp, LowerBoundsBackwardKernelOp>>(context);
    if (bindTime)
      patterns.add<FormKernel<LowerBoundsOp, LowerBoundsKernelOp>,
                   FormKernel<TransposeOp, TransposeKernelOp>>(context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    if (accumulate)
      return;
    // Only now is it known what kernels make in its place.
    RewritePatternSet carried(context);
    carried.add<FormCarried>(context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(carried))))
      signalPassFailure();
  }
};
} // namespace
