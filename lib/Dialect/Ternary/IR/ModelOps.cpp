//===- ModelOps.cpp - Layers ------------------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

namespace {

/// `vector` repeated for every row of `like`.
Value broadcastToRows(OpBuilder &builder, Location loc, Value vector, Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  Value empty = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, like),
                                        type.getElementType());
  SmallVector<int64_t> rows = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank() - 1));
  return linalg::BroadcastOp::create(builder, loc, vector, empty, rows)->getResult(0);
}
} // namespace

//===----------------------------------------------------------------------===//
// EmbeddingOp
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  SmallVector<int64_t> shape(getShapeOrScalar(adaptor.getIds().getType()));
  shape.push_back(getColumns(adaptor.getTable().getType()));
  types.push_back(RankedTensorType::get(shape, getComputeType(adaptor.getTable().getType())));
  return success();
}

LogicalResult EmbeddingOp::verify() {
  return verifyScaleOfTrits(*this, getTable(), getTableScale()); // (C2)
}

//===----------------------------------------------------------------------===//
// RMSNormOp
//===----------------------------------------------------------------------===//

LogicalResult RMSNormOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult RMSNormOp::verify() {
  if (failed(verifyColumns(*this, "input", getInput().getType())) || // (C1)
      failed(verifyShape(*this, "gain", getGain().getType(), {getColumns(getInput().getType())})))
    return failure();
  return verifyEpsilon(*this, getEpsilon()); // (C2)
}

SmallVector<Value> RMSNormOp::decompose(OpBuilder &builder) {
  Value sums = SquareSumsOp::create(builder, getLoc(), getInput());
  Value scale =
      InverseRMSOp::create(builder, getLoc(), sums, getColumns(getInput().getType()), getEpsilon());
  return {NormalizeOp::create(builder, getLoc(), getInput(), scale, getGain())};
}

//===----------------------------------------------------------------------===//
// LayerNormOp, TimeMixOp
//===----------------------------------------------------------------------===//

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult LayerNormOp::verify() {
  if (failed(verifyColumns(*this, "input", getInput().getType())) || // (C1)
      failed(verifyShape(*this, "gain", getGain().getType(), {getColumns(getInput().getType())})) ||
      failed(verifyShape(*this, "bias", getBias().getType(), {getColumns(getInput().getType())})))
    return failure();
  return verifyEpsilon(*this, getEpsilon()); // (C2)
}

SmallVector<Value> LayerNormOp::decompose(OpBuilder &builder) {
  Value centered = CenterOp::create(builder, getLoc(), getInput());
  Value normed = RMSNormOp::create(builder, getLoc(), centered, getGain(), getEpsilonAttr());
  Value bias = broadcastToRows(builder, getLoc(), getBias(), getInput());
  return {arith::AddFOp::create(builder, getLoc(), normed, bias)};
}

LogicalResult TimeMixOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult TimeMixOp::verify() {
  if (getInput().getType() != getPrevious().getType()) // (C1)
    return emitOpError() << "expected input and previous of one type, got " << getInput().getType()
                         << " and " << getPrevious().getType();
  if (failed(verifyColumns(*this, "input", getInput().getType()))) // (C1)
    return failure();
  return verifyShape(*this, "mix", getMix().getType(), {getColumns(getInput().getType())}); // (C1)
}

SmallVector<Value> TimeMixOp::decompose(OpBuilder &builder) {
  Location loc = getLoc();
  Value mix = broadcastToRows(builder, loc, getMix(), getInput());
  Value one = createSplat(builder, loc, getInput(), 1.0);
  Value rest = arith::SubFOp::create(builder, loc, one, mix);
  Value current = arith::MulFOp::create(builder, loc, getInput(), mix);
  Value previous = arith::MulFOp::create(builder, loc, getPrevious(), rest);
  return {arith::AddFOp::create(builder, loc, current, previous)};
}

//===----------------------------------------------------------------------===//
// BitLinearOp
//===----------------------------------------------------------------------===//

LogicalResult BitLinearOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  int64_t rows = getDim(adaptor.getWeight().getType(), 0);
  types.push_back(RankedTensorType::get(replaceColumns(adaptor.getInput().getType(), {rows}),
                                        Float32Type::get(adaptor.getInput().getContext())));
  return success();
}

LogicalResult BitLinearOp::verify() {
  auto weight = cast<ShapedType>(getWeight().getType());
  if (failed(verifyColumns(*this, "input", getInput().getType()))) // (C1)
    return failure();
  int64_t columns = getColumns(getInput().getType());
  if (!weight.hasStaticShape() || weight.getDimSize(1) != columns) // (C1)
    return emitOpError() << "expected a static weight with " << columns
                         << " columns to match the input, got " << weight;
  if (getNormGain() &&
      failed(verifyShape(*this, "norm gain", getNormGain().getType(), {columns}))) // (C1)
    return failure();
  bool isTrit = isa<TritType>(weight.getElementType());
  if (isTrit != static_cast<bool>(getWeightScale())) // (C2)
    return emitOpError() << "expected a weight scale exactly for a ternary weight, got " << weight
                         << (isTrit ? " without a scale" : " with a scale");
  if (failed(verifyEpsilon(*this, getEpsilon())) ||                              // (C3)
      failed(verifyGroupSize(*this, getGranularity(), getGroupSize(), columns))) // (C4)
    return failure();
  if (isTrit) // (C2)
    return verifyShape(*this, "weight scale", getWeightScale().getType(),
                       getScaleShape(getGranularity(), getGroupSize(), weight.getShape()));
  return success();
}

SmallVector<Value> BitLinearOp::decompose(OpBuilder &builder) {
  Location loc = getLoc();
  Value input = getInput();
  if (getNormGain())
    input = RMSNormOp::create(builder, loc, input, getNormGain(), getEpsilonAttr());
  auto quantized = QuantizeActivationsOp::create(builder, loc, input);
  Value trits = getWeight(), scale = getWeightScale();
  if (!scale) {
    auto weights = QuantizeWeightsOp::create(builder, loc, getWeight(), getGranularityAttr(),
                                             getGroupSizeAttr());
    trits = weights.getTrits();
    scale = weights.getScale();
  }
  Value sum =
      AccumulateOp::create(builder, loc, quantized.getQuantized(), trits, getGroupSizeAttr());
  return {DequantizeOp::create(builder, loc, sum, quantized.getScale(), scale)};
}

//===----------------------------------------------------------------------===//
// MLGRUOp
//===----------------------------------------------------------------------===//

LogicalResult MLGRUOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getForget().getType());
  types.push_back(adaptor.getState().getType());
  return success();
}

/// `[B, T, H]` gates and a `[B, H]` state.
static LogicalResult verifyRecurrence(Operation *op, Type gates, Type state) {
  auto type = cast<ShapedType>(gates);
  if (type.getRank() != 3)
    return op->emitOpError() << "expected forget gates of shape [B, T, H], got " << gates;
  if (failed(verifyColumns(op, "forget gates", gates)))
    return failure();
  return verifyShape(op, "state", state, {type.getDimSize(0), type.getDimSize(2)});
}

LogicalResult MLGRUOp::verify() {
  if (getForget().getType() != getInput().getType()) // (C1)
    return emitOpError() << "expected forget and input of one type, got " << getForget().getType()
                         << " and " << getInput().getType();
  if (failed(verifyRecurrence(*this, getForget().getType(), getState().getType()))) // (C1, C2)
    return failure();
  if (getLowerBound()) // (C2)
    return verifyShape(*this, "lower bound", getLowerBound().getType(),
                       {getColumns(getForget().getType())});
  return success();
}

SmallVector<Value> MLGRUOp::decompose(OpBuilder &builder) {
  Location loc = getLoc();
  Value one = createSplat(builder, loc, getForget(), 1.0f);
  Value forget = ActivateOp::create(builder, loc, getForget(), Activation::Sigmoid);
  if (getLowerBound()) {
    Value bound = broadcastToRows(builder, loc, getLowerBound(), getForget());
    Value rest = arith::SubFOp::create(builder, loc, one, bound);
    Value scaled = arith::MulFOp::create(builder, loc, rest, forget);
    forget = arith::AddFOp::create(builder, loc, bound, scaled);
  }
  Value input = ActivateOp::create(builder, loc, getInput(), Activation::Silu);
  Value rest = arith::SubFOp::create(builder, loc, one, forget);
  input = arith::MulFOp::create(builder, loc, input, rest);
  auto scan = LinearScanOp::create(builder, loc, forget, input, getState());
  return {scan.getHidden(), scan.getNewState()};
}

LogicalResult LinearScanOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getForget().getType());
  types.push_back(adaptor.getState().getType());
  return success();
}

LogicalResult LinearScanOp::verify() {
  if (getForget().getType() != getInput().getType()) // (C1)
    return emitOpError() << "expected forget and input of one type, got " << getForget().getType()
                         << " and " << getInput().getType();
  return verifyRecurrence(*this, getForget().getType(), getState().getType()); // (C1, C2)
}

//===----------------------------------------------------------------------===//
// GLUOp
//===----------------------------------------------------------------------===//

LogicalResult GLUOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  Type type = adaptor.getInput().getType();
  int64_t columns = getColumns(type);
  if (ShapedType::isDynamic(columns))
    return emitOptionalError(loc, "expected input with a static last dimension, got ", type);
  types.push_back(withShape(type, replaceColumns(type, {columns / 2})));
  return success();
}

LogicalResult GLUOp::verify() {
  if (getColumns(getInput().getType()) % 2 != 0) // (C1)
    return emitOpError() << "expected an even number of columns, got " << getInput().getType();
  return success();
}

SmallVector<Value> GLUOp::decompose(OpBuilder &builder) {
  auto type = cast<RankedTensorType>(getResult().getType());
  int64_t columns = getColumns(type);
  auto half = [&](int64_t offset) -> Value {
    SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, getLoc(), getInput());
    offsets.back() = builder.getIndexAttr(offset);
    sizes.back() = builder.getIndexAttr(columns);
    return tensor::ExtractSliceOp::create(builder, getLoc(), type, getInput(), offsets, sizes,
                                          strides);
  };
  Value gate = half(0), up = half(columns);
  Value active = ActivateOp::create(builder, getLoc(), gate, getActivation());
  return {arith::MulFOp::create(builder, getLoc(), active, up)};
}

//===----------------------------------------------------------------------===//
// OutputGateOp
//===----------------------------------------------------------------------===//

LogicalResult OutputGateOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getGate().getType());
  return success();
}

LogicalResult OutputGateOp::verify() {
  if (getGate().getType() != getHidden().getType()) // (C1)
    return emitOpError() << "expected gate and hidden of one type, got " << getGate().getType()
                         << " and " << getHidden().getType();
  if (failed(verifyColumns(*this, "gate", getGate().getType())) || // (C1)
      failed(verifyShape(*this, "gain", getGain().getType(), {getColumns(getGate().getType())})))
    return failure();
  return verifyEpsilon(*this, getEpsilon()); // (C2)
}

SmallVector<Value> OutputGateOp::decompose(OpBuilder &builder) {
  Value normed = getGate(), activated = getHidden();
  if (getOrder() == GateOrder::NormState)
    std::swap(normed, activated);
  normed = RMSNormOp::create(builder, getLoc(), normed, getGain(), getEpsilonAttr());
  activated = ActivateOp::create(builder, getLoc(), activated, Activation::Silu);
  return {arith::MulFOp::create(builder, getLoc(), normed, activated)};
}

//===----------------------------------------------------------------------===//
// LowerBoundsOp, ActivateOp
//===----------------------------------------------------------------------===//

LogicalResult LowerBoundsOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                              Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type input = adaptor.getInput().getType();
  types.push_back(RankedTensorType::get(getShapeOrScalar(input), getComputeType(input)));
  return success();
}

LogicalResult LowerBoundsOp::verify() {
  if (!cast<ShapedType>(getInput().getType()).hasStaticShape()) // (C1)
    return emitOpError() << "expected an input of static shape, got " << getInput().getType();
  return success();
}

OpFoldResult ActivateOp::fold(FoldAdaptor) {
  if (getActivation() == Activation::Identity)
    return getInput();
  // relu(relu(x)) = relu(x)
  auto producer = getInput().getDefiningOp<ActivateOp>();
  if (producer && getActivation() == Activation::Relu &&
      producer.getActivation() == Activation::Relu)
    return getInput();
  return {};
}
