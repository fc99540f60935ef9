//===- DifferentiableTensors.cpp - Backward rules of tensor and linalg ------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DifferentiableRules.h"
#include "Elementwise.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

using namespace mlir;
using namespace ternary;

namespace {
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

/// The sum of `value` along dimensions, all of them if they are as many as it has.
Value createSum(ImplicitLocOpBuilder &b, Value value, ArrayRef<int64_t> dimensions) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> sizes;
  for (auto [i, size] : llvm::enumerate(tensor::getMixedSizes(b, b.getLoc(), value)))
    if (!llvm::is_contained(dimensions, static_cast<int64_t>(i)))
      sizes.push_back(size);
  Value empty = tensor::EmptyOp::create(b, sizes, type.getElementType());
  Value zeros = createSplat(b, b.getLoc(), empty, 0.0);
  auto reduce = linalg::ReduceOp::create(
      b, value, zeros, dimensions, [](OpBuilder &builder, Location loc, ValueRange args) {
        linalg::YieldOp::create(builder, loc,
                                arith::AddFOp::create(builder, loc, args[1], args[0]).getResult());
      });
  return reduce->getResult(0);
}

Value createNumberSum(ImplicitLocOpBuilder &b, Value value) {
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  Value sum = createSum(b, value, llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  return tensor::ExtractOp::create(b, sum, ValueRange());
}

void splatRule(ImplicitLocOpBuilder &b, tensor::SplatOp op, Value grad, Gradients &gradients) {
  if (gradients.wants(op.getInput()))
    gradients.add(b, op.getInput(), createNumberSum(b, grad));
}

void castRule(ImplicitLocOpBuilder &b, tensor::CastOp op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getSource(), tensor::CastOp::create(b, op.getSource().getType(), grad));
}

void fromElementsRule(ImplicitLocOpBuilder &b, tensor::FromElementsOp op, Value grad,
                      Gradients &gradients) {
  ArrayRef<int64_t> shape = op.getType().getShape();
  for (auto [i, element] : llvm::enumerate(op.getElements())) {
    if (!gradients.wants(element))
      continue;
    SmallVector<Value> indices(shape.size());
    int64_t rest = i;
    for (int64_t dim = shape.size() - 1; dim >= 0; rest /= shape[dim--])
      indices[dim] = arith::ConstantIndexOp::create(b, rest % shape[dim]);
    gradients.add(b, element, tensor::ExtractOp::create(b, grad, indices));
  }
}

/// Each part gets its slice.
void concatRule(ImplicitLocOpBuilder &b, tensor::ConcatOp op, Value grad, Gradients &gradients) {
  int64_t rank = op.getResultType().getRank(), dim = op.getDim();
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), strides(rank, b.getIndexAttr(1));
  AffineExpr d0, d1;
  bindDims(b.getContext(), d0, d1);
  for (Value part : op.getInputs()) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), part);
    if (gradients.wants(part))
      gradients.add(b, part,
                    tensor::ExtractSliceOp::create(b, cast<RankedTensorType>(part.getType()), grad,
                                                   offsets, sizes, strides));
    offsets[dim] =
        affine::makeComposedFoldedAffineApply(b, b.getLoc(), d0 + d1, {offsets[dim], sizes[dim]});
  }
}

/// Padding is a constant; what it surrounds gets its slice.
void padRule(ImplicitLocOpBuilder &b, tensor::PadOp op, Value grad, Gradients &gradients) {
  SmallVector<OpFoldResult> strides(op.getSourceType().getRank(), b.getIndexAttr(1));
  gradients.add(b, op.getSource(),
                tensor::ExtractSliceOp::create(b, op.getSourceType(), grad, op.getMixedLowPad(),
                                               tensor::getMixedSizes(b, b.getLoc(), op.getSource()),
                                               strides));
}

Value createTranspose(ImplicitLocOpBuilder &b, Value value, ArrayRef<int64_t> permutation) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), value);
  auto permuted = llvm::map_to_vector(permutation, [&](int64_t dim) { return sizes[dim]; });
  Value empty = tensor::EmptyOp::create(b, permuted, getElementTypeOrSelf(value));
  return linalg::TransposeOp::create(b, value, empty, permutation)->getResult(0);
}

void transposeRule(ImplicitLocOpBuilder &b, linalg::TransposeOp op, Value grad,
                   Gradients &gradients) {
  gradients.add(b, op.getInput(),
                createTranspose(b, grad, invertPermutationVector(op.getPermutation())));
}

void fillRule(ImplicitLocOpBuilder &b, linalg::FillOp op, Value grad, Gradients &gradients) {
  if (gradients.wants(op.getInputs().front()))
    gradients.add(b, op.getInputs().front(), createNumberSum(b, grad));
}

/// C + A B has the gradients dC, dC Bᵀ and Aᵀ dC, batched or not.
template <typename OpTy>
struct MatmulRule : DifferentiableOpInterface::ExternalModel<MatmulRule<OpTy>, OpTy> {
  LogicalResult buildBackward(Operation *op, OpBuilder &builder, Gradients &gradients) const {
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    auto matmul = cast<OpTy>(op);
    if (matmul.hasUserDefinedMaps())
      return op->emitOpError("expected a product without transposed or broadcast operands to "
                             "differentiate by");
    Value lhs = matmul.getInputs()[0], rhs = matmul.getInputs()[1];
    Value grad = gradients.lookup(op->getResult(0));
    auto multiply = [&](Value x, Value y, Value like) -> Value {
      Value zeros = createSplat(b, b.getLoc(), like, 0.0);
      return OpTy::create(b, ValueRange{x, y}, ValueRange{zeros})->getResult(0);
    };
    auto transpose = [&](Value x) {
      auto dims =
          llvm::to_vector(llvm::seq<int64_t>(0, cast<RankedTensorType>(x.getType()).getRank()));
      std::swap(dims[dims.size() - 2], dims[dims.size() - 1]);
      return createTranspose(b, x, dims);
    };
    if (gradients.wants(lhs))
      gradients.add(b, lhs, multiply(grad, transpose(rhs), lhs));
    if (gradients.wants(rhs))
      gradients.add(b, rhs, multiply(transpose(lhs), grad, rhs));
    gradients.add(b, matmul.getOutputs()[0], grad);
    return success();
  }
};

Value createBroadcast(ImplicitLocOpBuilder &b, Value value, Value like,
                      ArrayRef<int64_t> dimensions) {
  Value empty = tensor::EmptyOp::create(b, tensor::getMixedSizes(b, b.getLoc(), like),
                                        getElementTypeOrSelf(like));
  return linalg::BroadcastOp::create(b, value, empty, dimensions)->getResult(0);
}

/// Of sums: every addend gets the gradient of its sum.
struct ReduceRule : DifferentiableOpInterface::ExternalModel<ReduceRule, linalg::ReduceOp> {
  LogicalResult buildBackward(Operation *op, OpBuilder &builder, Gradients &gradients) const {
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    auto reduce = cast<linalg::ReduceOp>(op);
    Block &body = reduce.getCombiner().front();
    auto sum = dyn_cast<arith::AddFOp>(body.front());
    bool isSum = reduce.getInputs().size() == 1 && sum && llvm::hasNItems(body, 2) &&
                 sum.getLhs() != sum.getRhs() &&
                 llvm::all_of(sum->getOperands(), llvm::IsaPred<BlockArgument>);
    if (!isSum)
      return op->emitOpError("expected a sum to differentiate by");
    Value input = reduce.getInputs().front(), grad = gradients.lookup(op->getResult(0));
    if (gradients.wants(input))
      gradients.add(b, input, createBroadcast(b, grad, input, reduce.getDimensions()));
    gradients.add(b, reduce.getInits().front(), grad);
    return success();
  }
};

/// What is repeated gets the sum; a vector that is repeated for every row in the order of sums.
void broadcastRule(ImplicitLocOpBuilder &b, linalg::BroadcastOp op, Value grad,
                   Gradients &gradients) {
  if (Value vector = getBroadcastVector(op))
    gradients.add(b, vector, SumRowsOp::create(b, grad));
  else if (gradients.wants(op.getInput()))
    gradients.add(b, op.getInput(), createSum(b, grad, op.getDimensions()));
}
} // namespace

void ternary::registerDifferentiableTensors(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::CastOp::attachInterface<RuleOf<tensor::CastOp, castRule>>(*context);
    tensor::CollapseShapeOp::attachInterface<RuleOf<tensor::CollapseShapeOp, collapseShapeRule>>(
        *context);
    tensor::ConcatOp::attachInterface<RuleOf<tensor::ConcatOp, concatRule>>(*context);
    tensor::ExpandShapeOp::attachInterface<RuleOf<tensor::ExpandShapeOp, expandShapeRule>>(
        *context);
    tensor::ExtractOp::attachInterface<RuleOf<tensor::ExtractOp, extractRule>>(*context);
    tensor::InsertOp::attachInterface<RuleOf<tensor::InsertOp, insertRule>>(*context);
    tensor::ExtractSliceOp::attachInterface<RuleOf<tensor::ExtractSliceOp, extractSliceRule>>(
        *context);
    tensor::FromElementsOp::attachInterface<RuleOf<tensor::FromElementsOp, fromElementsRule>>(
        *context);
    tensor::InsertSliceOp::attachInterface<RuleOf<tensor::InsertSliceOp, insertSliceRule>>(
        *context);
    tensor::PadOp::attachInterface<RuleOf<tensor::PadOp, padRule>>(*context);
    tensor::SplatOp::attachInterface<RuleOf<tensor::SplatOp, splatRule>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    linalg::BatchMatmulOp::attachInterface<MatmulRule<linalg::BatchMatmulOp>>(*context);
    linalg::BroadcastOp::attachInterface<RuleOf<linalg::BroadcastOp, broadcastRule>>(*context);
    linalg::FillOp::attachInterface<RuleOf<linalg::FillOp, fillRule>>(*context);
    linalg::MatmulOp::attachInterface<MatmulRule<linalg::MatmulOp>>(*context);
    linalg::ReduceOp::attachInterface<ReduceRule>(*context);
    linalg::TransposeOp::attachInterface<RuleOf<linalg::TransposeOp, transposeRule>>(*context);
  });
}
