//===- QuantizedOps.cpp - What layers consist of ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

/// `type` with its last dimension dropped: one value for each row.
static Type getPerRowType(Type type, Type elementType = nullptr) {
  return withShape(type, replaceColumns(type, {}), elementType);
}

//===----------------------------------------------------------------------===//
// SquareSumsOp, InverseRMSOp, NormalizeOp, CenterOp
//===----------------------------------------------------------------------===//

LogicalResult SquareSumsOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type type = adaptor.getInput().getType();
  if (getShapeOrScalar(type).empty() || ShapedType::isDynamic(getColumns(type)))
    return emitOptionalError(loc, "expected input with a static last dimension, got ", type);
  int64_t blocks = llvm::divideCeil(getColumns(type), kBlock);
  types.push_back(withShape(type, replaceColumns(type, {blocks})));
  return success();
}

LogicalResult InverseRMSOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(getPerRowType(adaptor.getSquareSums().getType()));
  return success();
}

LogicalResult InverseRMSOp::verify() {
  if (getSize() == 0)
    return emitOpError("expected a positive size, got 0");
  int64_t blocks = llvm::divideCeil(getSize(), SquareSumsOp::kBlock);
  if (getColumns(getSquareSums().getType()) != blocks) // (C1)
    return emitOpError() << "expected " << blocks << " block sums for size " << getSize()
                         << ", got " << getSquareSums().getType();
  return verifyEpsilon(*this, getEpsilon()); // (C2)
}

LogicalResult NormalizeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

bool NormalizeOp::isSharedByRows(OpOperand &operand) { return operand == getGainMutable(); }

LogicalResult NormalizeOp::verify() {
  Type input = getInput().getType();
  if (failed(verifyColumns(*this, "input", input)) || // (C1)
      failed(verifyShape(*this, "scale", getScale().getType(), replaceColumns(input, {}))))
    return failure();
  return verifyShape(*this, "gain", getGain().getType(), {getColumns(input)});
}

LogicalResult CenterOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult CenterOp::verify() {
  return verifyColumns(*this, "input", getInput().getType()); // (C1)
}

//===----------------------------------------------------------------------===//
// QuantizeActivationsOp
//===----------------------------------------------------------------------===//

LogicalResult QuantizeActivationsOp::inferReturnTypes(MLIRContext *context, std::optional<Location>,
                                                      Adaptor adaptor,
                                                      SmallVectorImpl<Type> &types) {
  Type type = adaptor.getInput().getType();
  types.push_back(withShape(type, getShapeOrScalar(type), IntegerType::get(context, 8)));
  types.push_back(getPerRowType(type));
  types.push_back(getPerRowType(type, IntegerType::get(context, 32)));
  return success();
}

bool QuantizeActivationsOp::isCompatibleReturnTypes(TypeRange inferred, TypeRange actual) {
  if (inferred.size() != actual.size())
    return false;
  auto sameRows = [](ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
    return a.size() == b.size() && succeeded(verifyCompatibleShape(a.drop_back(), b.drop_back()));
  };
  return sameRows(getShapeOrScalar(inferred[0]), getShapeOrScalar(actual[0])) &&
         succeeded(verifyCompatibleShapes(inferred.drop_front(), actual.drop_front())); // (C2)
}

LogicalResult QuantizeActivationsOp::verify() {
  if (failed(verifyColumns(*this, "input", getInput().getType())) ||
      failed(verifyColumns(*this, "result", getQuantized().getType())))
    return failure();
  int64_t columns = getColumns(getInput().getType());
  if (getColumns(getQuantized().getType()) < columns) // (C1)
    return emitOpError() << "expected at least " << columns << " quantized columns, got "
                         << getQuantized().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// QuantizeWeightsOp
//===----------------------------------------------------------------------===//

LogicalResult QuantizeWeightsOp::inferReturnTypes(MLIRContext *context, std::optional<Location>,
                                                  Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type weight = adaptor.getWeight().getType();
  int64_t shape[] = {getDim(weight, 0), getDim(weight, 1)};
  types.push_back(RankedTensorType::get(shape, TritType::get(context)));
  types.push_back(
      RankedTensorType::get(getScaleShape(adaptor.getGranularity(), adaptor.getGroupSize(), shape),
                            Float32Type::get(context)));
  return success();
}

LogicalResult QuantizeWeightsOp::verify() {
  auto weight = cast<ShapedType>(getWeight().getType());
  if (!weight.hasStaticShape()) // (C1)
    return emitOpError() << "expected a weight of static shape, got " << weight;
  return verifyGroupSize(*this, getGranularity(), getGroupSize(), weight.getDimSize(1)); // (C2)
}

//===----------------------------------------------------------------------===//
// AccumulateOp, DequantizeOp
//===----------------------------------------------------------------------===//

LogicalResult AccumulateOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type weight = adaptor.getWeight().getType();
  SmallVector<int64_t> columns = {getDim(weight, 0)};
  if (auto groupSize = adaptor.getGroupSize()) { // (C3)
    if (static_cast<int64_t>(*groupSize) <= 0 || getDim(weight, 1) % *groupSize != 0)
      return emitOptionalError(loc, "expected a group_size that divides the ", getDim(weight, 1),
                               " columns, got ", static_cast<int64_t>(*groupSize));
    columns.push_back(getDim(weight, 1) / *groupSize);
  }
  Type activations = adaptor.getActivations().getType();
  Type element = getElementTypeOrSelf(activations);
  if (!isa<FloatType>(element))
    element = IntegerType::get(context, 32);
  types.push_back(RankedTensorType::get(replaceColumns(activations, columns), element));
  return success();
}

LogicalResult AccumulateOp::verify() {
  auto weight = cast<ShapedType>(getWeight().getType());
  if (failed(verifyColumns(*this, "activations", getActivations().getType())))
    return failure();
  int64_t columns = getColumns(getActivations().getType());
  if (!weight.hasStaticShape() || weight.getDimSize(1) > columns) // (C1)
    return emitOpError() << "expected a static weight with at most " << columns
                         << " columns to match the activations, got " << weight;
  if (weight.getDimSize(1) >= kMaxColumns) // (C2)
    return emitOpError() << "expected fewer than " << kMaxColumns << " columns, got "
                         << weight.getDimSize(1);
  if (!isa<FloatType>(getElementTypeOrSelf(getActivations())))
    return success();
  if (weight.getDimSize(1) != columns) // (C1)
    return emitOpError() << "expected as many columns of floats as the weight has, got " << columns
                         << " and " << weight;
  if (getGroupSize().value_or(0) % kFloatSums != 0) // (C3)
    return emitOpError() << "expected a group_size that is a multiple of " << kFloatSums
                         << " for floats, got " << *getGroupSize();
  return success();
}

LogicalResult DequantizeOp::inferReturnTypes(MLIRContext *context, std::optional<Location>,
                                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type accumulator = adaptor.getAccumulator().getType();
  SmallVector<int64_t> shape(getShapeOrScalar(accumulator));
  if (getShapeOrScalar(adaptor.getWeightScale().getType()).size() == 2)
    shape = replaceColumns(accumulator, {});
  types.push_back(RankedTensorType::get(shape, Float32Type::get(context)));
  return success();
}

LogicalResult DequantizeOp::verify() {
  auto result = cast<ShapedType>(getResult().getType());
  auto scale = cast<ShapedType>(getWeightScale().getType());
  if (failed(verifyColumns(*this, "result", result))) // (C1)
    return failure();
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(getAccumulator()));
  if (isFloat == static_cast<bool>(getActivationScale())) // (C3)
    return emitOpError() << "expected an activation scale exactly for an accumulator of i32, got "
                         << getAccumulator().getType()
                         << (isFloat ? " with a scale" : " without a scale");
  if (!isFloat &&
      failed(verifyShape(*this, "activation scale", getActivationScale().getType(), // (C2)
                         replaceColumns(result, {}))))
    return failure();
  int64_t columns = getColumns(result);
  if (scale.getRank() == 2) // (C1)
    return verifyShape(*this, "weight scale", scale,
                       {columns, getColumns(getAccumulator().getType())});
  if (scale.getRank() != 1 || (scale.getDimSize(0) != 1 && scale.getDimSize(0) != columns)) // (C2)
    return emitOpError() << "expected weight scale of shape [1] or [" << columns << "], got "
                         << scale;
  return success();
}
