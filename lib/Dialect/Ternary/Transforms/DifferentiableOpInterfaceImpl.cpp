//===- DifferentiableOpInterfaceImpl.cpp - Backward rules of upstream ops ----===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

using namespace mlir;
using namespace ternary;

namespace {
/// A rule that is a function of the op and the gradient of its result.
template <typename OpTy,
          void (*Rule)(ImplicitLocOpBuilder &, OpTy, Value grad, Gradients &gradients)>
struct RuleOf : DifferentiableOpInterface::ExternalModel<RuleOf<OpTy, Rule>, OpTy> {
  LogicalResult buildBackward(Operation *op, OpBuilder &builder, Gradients &gradients) const {
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Rule(b, cast<OpTy>(op), gradients.lookup(op->getResult(0)), gradients);
    return success();
  }
};

Value mul(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::MulFOp::create(b, x, y); }

void addRule(ImplicitLocOpBuilder &b, arith::AddFOp op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getLhs(), grad);
  gradients.add(b, op.getRhs(), grad);
}

void subRule(ImplicitLocOpBuilder &b, arith::SubFOp op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getLhs(), grad);
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), arith::NegFOp::create(b, grad));
}

void mulRule(ImplicitLocOpBuilder &b, arith::MulFOp op, Value grad, Gradients &gradients) {
  if (gradients.wants(op.getLhs()))
    gradients.add(b, op.getLhs(), mul(b, grad, op.getRhs()));
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), mul(b, grad, op.getLhs()));
}

/// (x / y)' = x' / y - (x / y) · y' / y
void divRule(ImplicitLocOpBuilder &b, arith::DivFOp op, Value grad, Gradients &gradients) {
  Value quotient = arith::DivFOp::create(b, grad, op.getRhs());
  gradients.add(b, op.getLhs(), quotient);
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), arith::NegFOp::create(b, mul(b, quotient, op.getResult())));
}

void negRule(ImplicitLocOpBuilder &b, arith::NegFOp op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getOperand(), arith::NegFOp::create(b, grad));
}

void expRule(ImplicitLocOpBuilder &b, math::ExpOp op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getOperand(), mul(b, grad, op.getResult()));
}

/// sqrt' = 1 / (2 sqrt)
void sqrtRule(ImplicitLocOpBuilder &b, math::SqrtOp op, Value grad, Gradients &gradients) {
  Value half = createSplat(b, op.getLoc(), op.getResult(), 0.5);
  gradients.add(b, op.getOperand(), arith::DivFOp::create(b, mul(b, grad, half), op.getResult()));
}

/// Either value gets the gradient where it was chosen, zeros elsewhere.
void selectRule(ImplicitLocOpBuilder &b, arith::SelectOp op, Value grad, Gradients &gradients) {
  Value zero = createSplat(b, op.getLoc(), grad, 0.0);
  auto choose = [&](Value ifTrue, Value ifFalse) -> Value {
    return arith::SelectOp::create(b, op.getCondition(), ifTrue, ifFalse);
  };
  if (gradients.wants(op.getTrueValue()))
    gradients.add(b, op.getTrueValue(), choose(grad, zero));
  if (gradients.wants(op.getFalseValue()))
    gradients.add(b, op.getFalseValue(), choose(zero, grad));
}

/// The sum so far, with `grad` added in the place of the element.
void extractRule(ImplicitLocOpBuilder &b, tensor::ExtractOp op, Value grad, Gradients &gradients) {
  if (!gradients.wants(op.getTensor()))
    return;
  bool isFirst = !gradients.lookup(op.getTensor());
  Value sum = gradients.lookupOrZero(b, op.getTensor());
  if (!isFirst) {
    Value part = tensor::ExtractOp::create(b, sum, op.getIndices());
    grad = arith::AddFOp::create(b, part, grad);
  }
  gradients.set(op.getTensor(), tensor::InsertOp::create(b, grad, sum, op.getIndices()));
}

void insertRule(ImplicitLocOpBuilder &b, tensor::InsertOp op, Value grad, Gradients &gradients) {
  if (gradients.wants(op.getScalar()))
    gradients.add(b, op.getScalar(), tensor::ExtractOp::create(b, grad, op.getIndices()));
  if (gradients.wants(op.getDest())) {
    Value zero = createSplat(b, op.getLoc(), op.getScalar(), 0.0);
    gradients.add(b, op.getDest(), tensor::InsertOp::create(b, zero, grad, op.getIndices()));
  }
}

/// The columns of a slice, first to behind the last, if they are constant and contiguous.
std::optional<std::pair<int64_t, int64_t>> getColumns(OffsetSizeAndStrideOpInterface slice) {
  int64_t offset = slice.getStaticOffsets().back(), size = slice.getStaticSizes().back();
  if (!slice.hasUnitStride() || ShapedType::isDynamic(offset) || ShapedType::isDynamic(size))
    return std::nullopt;
  return std::pair(offset, offset + size);
}

/// Whether a slice has all rows of `whole`.
bool hasAllRows(OffsetSizeAndStrideOpInterface slice, Value whole) {
  auto type = cast<RankedTensorType>(whole.getType());
  for (int64_t i = 0; i + 1 < type.getRank(); ++i) {
    OpFoldResult size = slice.getMixedSizes()[i];
    bool isWhole = getConstantIntValue(size) == type.getDimSize(i);
    if (auto value = dyn_cast<Value>(size))
      if (auto dim = value.getDefiningOp<tensor::DimOp>())
        isWhole = dim.getSource() == whole && dim.getConstantIndex() == i;
    if (!isWhole || !isConstantIntValue(slice.getMixedOffsets()[i], 0))
      return false;
  }
  return true;
}

/// The insertions that made `sum` of zeros, first ones last, or nothing if it may be other than
/// zero in the columns of `op`.
std::optional<SmallVector<tensor::InsertSliceOp>> findOtherSlices(Value sum,
                                                                  tensor::ExtractSliceOp op) {
  auto columns = getColumns(op);
  SmallVector<tensor::InsertSliceOp> others;
  while (auto insert = sum.getDefiningOp<tensor::InsertSliceOp>()) {
    auto inserted = getColumns(insert);
    if (!columns || !inserted ||
        (inserted->first < columns->second && columns->first < inserted->second))
      return std::nullopt;
    others.push_back(insert);
    sum = insert.getDest();
  }
  Operation *zeros = sum.getDefiningOp();
  TypedAttr value = zeros ? getSplatConstant(zeros) : TypedAttr();
  if (value && matchPattern(value, m_PosZeroFloat()))
    return others;
  return std::nullopt;
}

/// The sum so far, with `grad` added in the place of the slice. Slices that make up their source
/// together, as the halves of a merged projection do, are put together without zeros or sums.
void extractSliceRule(ImplicitLocOpBuilder &b, tensor::ExtractSliceOp op, Value grad,
                      Gradients &gradients) {
  if (!gradients.wants(op.getSource()))
    return;
  Value sum = gradients.lookupOrZero(b, op.getSource());
  if (auto others = findOtherSlices(sum, op)) {
    SmallVector<OffsetSizeAndStrideOpInterface> slices(others->begin(), others->end());
    slices.push_back(op);
    int64_t columns = 0;
    for (OffsetSizeAndStrideOpInterface slice : slices)
      columns += slice.getStaticSizes().back();
    if (slices.size() > 1 && columns == op.getSourceType().getShape().back() &&
        llvm::all_of(slices, [&](auto slice) { return hasAllRows(slice, op.getSource()); })) {
      // Nothing is left of the zeros. The sum so far may be another value's gradient as well, so it
      // stays as it is.
      sum = tensor::EmptyOp::create(b, tensor::getMixedSizes(b, op.getLoc(), op.getSource()),
                                    op.getType().getElementType());
      for (tensor::InsertSliceOp other : llvm::reverse(*others))
        sum = tensor::InsertSliceOp::create(b, other.getSource(), sum, other.getMixedOffsets(),
                                            other.getMixedSizes(), other.getMixedStrides());
    }
  } else {
    Value part = tensor::ExtractSliceOp::create(b, op.getType(), sum, op.getMixedOffsets(),
                                                op.getMixedSizes(), op.getMixedStrides());
    grad = arith::AddFOp::create(b, part, grad);
  }
  gradients.set(op.getSource(),
                tensor::InsertSliceOp::create(b, grad, sum, op.getMixedOffsets(),
                                              op.getMixedSizes(), op.getMixedStrides()));
}

void insertSliceRule(ImplicitLocOpBuilder &b, tensor::InsertSliceOp op, Value grad,
                     Gradients &gradients) {
  if (gradients.wants(op.getSource()))
    gradients.add(b, op.getSource(),
                  tensor::ExtractSliceOp::create(b, op.getSourceType(), grad, op.getMixedOffsets(),
                                                 op.getMixedSizes(), op.getMixedStrides()));
  if (gradients.wants(op.getDest())) {
    Value zero = createSplat(b, op.getLoc(), op.getSource(), 0.0);
    gradients.add(b, op.getDest(),
                  tensor::InsertSliceOp::create(b, zero, grad, op.getMixedOffsets(),
                                                op.getMixedSizes(), op.getMixedStrides()));
  }
}

/// The same elements in another shape.
void expandShapeRule(ImplicitLocOpBuilder &b, tensor::ExpandShapeOp op, Value grad,
                     Gradients &gradients) {
  gradients.add(
      b, op.getSrc(),
      tensor::CollapseShapeOp::create(b, op.getSrcType(), grad, op.getReassociationIndices()));
}

void collapseShapeRule(ImplicitLocOpBuilder &b, tensor::CollapseShapeOp op, Value grad,
                       Gradients &gradients) {
  gradients.add(b, op.getSrc(),
                tensor::ExpandShapeOp::create(b, op.getSrcType(), grad,
                                              op.getReassociationIndices(),
                                              tensor::getMixedSizes(b, b.getLoc(), op.getSrc())));
}

/// A vector that is repeated for every row.
struct BroadcastRule
    : DifferentiableOpInterface::ExternalModel<BroadcastRule, linalg::BroadcastOp> {
  LogicalResult buildBackward(Operation *op, OpBuilder &builder, Gradients &gradients) const {
    auto broadcast = cast<linalg::BroadcastOp>(op);
    Value vector = getBroadcastVector(op);
    if (!vector)
      return op->emitOpError("expected a vector that is repeated for every row to differentiate "
                             "by");
    gradients.add(
        builder, vector,
        SumRowsOp::create(builder, op->getLoc(), gradients.lookup(broadcast->getResult(0))));
    return success();
  }
};
} // namespace

void ternary::registerDifferentiableOpInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    arith::AddFOp::attachInterface<RuleOf<arith::AddFOp, addRule>>(*context);
    arith::SubFOp::attachInterface<RuleOf<arith::SubFOp, subRule>>(*context);
    arith::MulFOp::attachInterface<RuleOf<arith::MulFOp, mulRule>>(*context);
    arith::DivFOp::attachInterface<RuleOf<arith::DivFOp, divRule>>(*context);
    arith::NegFOp::attachInterface<RuleOf<arith::NegFOp, negRule>>(*context);
    arith::SelectOp::attachInterface<RuleOf<arith::SelectOp, selectRule>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    math::ExpOp::attachInterface<RuleOf<math::ExpOp, expRule>>(*context);
    math::SqrtOp::attachInterface<RuleOf<math::SqrtOp, sqrtRule>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::CollapseShapeOp::attachInterface<RuleOf<tensor::CollapseShapeOp, collapseShapeRule>>(
        *context);
    tensor::ExpandShapeOp::attachInterface<RuleOf<tensor::ExpandShapeOp, expandShapeRule>>(
        *context);
    tensor::ExtractOp::attachInterface<RuleOf<tensor::ExtractOp, extractRule>>(*context);
    tensor::InsertOp::attachInterface<RuleOf<tensor::InsertOp, insertRule>>(*context);
    tensor::ExtractSliceOp::attachInterface<RuleOf<tensor::ExtractSliceOp, extractSliceRule>>(
        *context);
    tensor::InsertSliceOp::attachInterface<RuleOf<tensor::InsertSliceOp, insertSliceRule>>(
        *context);
  });
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    linalg::BroadcastOp::attachInterface<BroadcastRule>(*context);
  });
}
