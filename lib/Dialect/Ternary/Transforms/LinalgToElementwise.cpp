//===- LinalgToElementwise.cpp - Loops over elements as ops on tensors ------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inverse of upstream's convert-elementwise-to-linalg. Kernels absorb elementwise ops on
// tensors, and gradients have rules for them; that an op of linalg stands for some does not show
// but in its region. What no kernel absorbs becomes linalg's again.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYLINALGTOELEMENTWISE
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// One op of linalg that computes elements of one result each from their own place.
class Unpacking {
public:
  explicit Unpacking(linalg::GenericOp op)
      : op(op), type(dyn_cast<RankedTensorType>(op->getResult(0).getType())) {}

  /// Why it stays what it is; empty if it need not.
  std::string findObstacle() {
    if (op.getNumResults() != 1 || !type || type.getRank() == 0)
      return "it has not one result with dimensions";
    if (op.getNumParallelLoops() != op.getNumLoops())
      return "it is a sum, or another reduction";
    if (!op.getIndexingMapMatchingResult(op->getResult(0)).isIdentity())
      return "it does not write its result in order";
    for (OpOperand &operand : op->getOpOperands())
      if (op.payloadUsesValueFromOperand(&operand) && !isReadInPlace(operand))
        return ("operand " + Twine(operand.getOperandNumber()) +
                " is neither read in order nor a row or a number that is repeated")
            .str();
    for (Operation &inner : op.getBody()->without_terminator())
      if (!isElementwise(&inner))
        return ("it computes by '" + inner.getName().getStringRef() + "'").str();
    if (isa<BlockArgument>(getYielded()) || getYielded().getParentBlock() != op.getBody())
      return "it copies or fills";
    return {};
  }

  void replace(RewriterBase &rewriter) {
    rewriter.setInsertionPoint(op);
    IRMapping values;
    for (OpOperand &operand : op->getOpOperands())
      if (op.payloadUsesValueFromOperand(&operand))
        values.map(op.getMatchingBlockArgument(&operand), createWhole(rewriter, operand));
    for (Operation &inner : op.getBody()->without_terminator()) {
      if (isConstant(&inner))
        continue;
      OperationState state(inner.getLoc(), inner.getName());
      for (Value operand : inner.getOperands()) {
        if (!values.contains(operand))
          values.map(operand, createRepeated(rewriter, operand));
        state.operands.push_back(values.lookup(operand));
      }
      for (Type scalar : inner.getResultTypes())
        state.types.push_back(type.clone(scalar));
      state.attributes = inner.getAttrDictionary();
      values.map(inner.getResults(), rewriter.create(state)->getResults());
    }
    rewriter.replaceOp(op, values.lookup(getYielded()));
  }

private:
  Value getYielded() { return op.getBody()->getTerminator()->getOperand(0); }

  static bool isConstant(Operation *inner) { return isa<arith::ConstantOp>(inner); }

  static bool isFloatOrBool(Type type) { return isa<FloatType>(type) || type.isInteger(1); }

  static bool isElementwise(Operation *inner) {
    bool isKnown = isa<arith::ArithDialect, math::MathDialect>(inner->getDialect());
    return isKnown && inner->getNumResults() == 1 &&
           (isConstant(inner) || OpTrait::hasElementwiseMappableTraits(inner)) &&
           llvm::all_of(inner->getOperandTypes(), isFloatOrBool) &&
           llvm::all_of(inner->getResultTypes(), isFloatOrBool);
  }

  AffineMap getMap(OpOperand &operand) { return op.getMatchingIndexingMap(&operand); }

  /// Whether a map is that of the last dimension alone.
  static bool isRow(AffineMap map) {
    return map.getNumResults() == 1 &&
           map.getResult(0) == getAffineDimExpr(map.getNumDims() - 1, map.getContext());
  }

  bool isReadInPlace(OpOperand &operand) {
    AffineMap map = getMap(operand);
    return map.isIdentity() || isRow(map) || map.getNumResults() == 0;
  }

  SmallVector<OpFoldResult> getSizes(RewriterBase &rewriter) {
    return tensor::getMixedSizes(rewriter, op.getLoc(), op.getDpsInits().front());
  }

  Value createSplat(RewriterBase &rewriter, Value number) {
    SmallVector<Value> sizes;
    for (OpFoldResult size : getSizes(rewriter))
      if (auto value = dyn_cast<Value>(size))
        sizes.push_back(value);
    return tensor::SplatOp::create(rewriter, op.getLoc(), type.clone(number.getType()), number,
                                   sizes);
  }

  /// An operand in the shape of the result.
  Value createWhole(RewriterBase &rewriter, OpOperand &operand) {
    Value value = operand.get();
    AffineMap map = getMap(operand);
    if (map.isIdentity())
      return value;
    if (map.getNumResults() == 0) {
      if (isa<RankedTensorType>(value.getType()))
        value = tensor::ExtractOp::create(rewriter, op.getLoc(), value, ValueRange());
      return createSplat(rewriter, value);
    }
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), getSizes(rewriter),
                                          getElementTypeOrSelf(value));
    auto dimensions = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank() - 1));
    return linalg::BroadcastOp::create(rewriter, op.getLoc(), value, empty, dimensions)
        ->getResult(0);
  }

  /// A number from outside of the region, or a constant in it, in the shape of the result.
  Value createRepeated(RewriterBase &rewriter, Value number) {
    if (auto constant = number.getDefiningOp<arith::ConstantOp>()) {
      if (type.hasStaticShape())
        return arith::ConstantOp::create(
            rewriter, constant.getLoc(),
            DenseElementsAttr::get(type.clone(number.getType()), constant.getValue()));
      if (number.getParentBlock() == op.getBody())
        number = rewriter.clone(*constant)->getResult(0);
    }
    return createSplat(rewriter, number);
  }

  linalg::GenericOp op;
  RankedTensorType type;
};

/// max(x, 0) as exporters write it: NaN and the sign of zeros are the same.
struct FormMaximum : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::SelectOp op, PatternRewriter &rewriter) const override {
    auto compare = op.getCondition().getDefiningOp<arith::CmpFOp>();
    if (!compare || compare.getPredicate() != arith::CmpFPredicate::UGT ||
        compare.getLhs() != op.getTrueValue() || compare.getRhs() != op.getFalseValue() ||
        !matchPattern(op.getFalseValue(), m_PosZeroFloat()))
      return failure();
    rewriter.replaceOpWithNewOp<arith::MaximumFOp>(op, op.getTrueValue(), op.getFalseValue());
    return success();
  }
};

struct LinalgToElementwise : ternary::impl::TernaryLinalgToElementwiseBase<LinalgToElementwise> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics())
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops)
      unpack(op, rewriter);
    formMaxima();
  }

  void unpack(linalg::LinalgOp op, IRRewriter &rewriter) {
    // These say what they are, and kernels and gradients know them.
    if (isa<linalg::BroadcastOp, linalg::FillOp, linalg::TransposeOp, linalg::ReduceOp,
            linalg::CopyOp>(*op) ||
        op.getNumParallelLoops() != op.getNumLoops())
      return;
    auto generic = dyn_cast<linalg::GenericOp>(*op);
    if (!generic) {
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::GenericOp> same = linalg::generalizeNamedOp(rewriter, op);
      if (failed(same))
        return;
      generic = *same;
    }
    Unpacking unpacking(generic);
    std::string obstacle = unpacking.findObstacle();
    auto options = remark::RemarkOpts::name("linalg-to-elementwise").category("ternary");
    if (!obstacle.empty()) {
      remark::missed(generic.getLoc(), options) << "kernels do not absorb it: " << obstacle;
      return;
    }
    remark::passed(generic.getLoc(), options) << "taken as elementwise ops, for kernels";
    unpacking.replace(rewriter);
    ++numUnpacked;
  }

  void formMaxima() {
    RewritePatternSet patterns(&getContext());
    patterns.add<FormMaximum>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
