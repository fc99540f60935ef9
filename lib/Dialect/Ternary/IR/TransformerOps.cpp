//===- TransformerOps.cpp - Float layers and attention ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"
#include "ternary/Support/Power.h"
#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

/// The type of rows of `input` times a matrix with `columns` columns.
static Type getProductType(Value input, int64_t columns) {
  Type type = input.getType();
  return withShape(type, replaceColumns(type, {columns}), getComputeType(type));
}

/// Errors unless `matrix` is static and has `got` rows or columns for the `columns` of `input`.
static LogicalResult verifyFactor(Operation *op, StringRef name, Value matrix, int64_t dim,
                                  Type input) {
  auto type = cast<ShapedType>(matrix.getType());
  if (failed(verifyColumns(op, "input", input)))
    return failure();
  if (type.hasStaticShape() && type.getDimSize(dim) == getColumns(input))
    return success();
  return op->emitOpError() << "expected a static " << name << " with " << getColumns(input)
                           << (dim == 0 ? " rows" : " columns") << " to match the input, got "
                           << type;
}

//===----------------------------------------------------------------------===//
// LinearOp, MatmulOp, MatmulTransposeAOp, TransposeOp
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(getProductType(adaptor.getInput(), getDim(adaptor.getWeight().getType(), 0)));
  return success();
}

LogicalResult LinearOp::verify() {
  if (failed(verifyFactor(*this, "weight", getWeight(), /*dim=*/1, getInput().getType()))) // (C1)
    return failure();
  return verifyScaleOfTrits(*this, getWeight(), getWeightScale()); // (C2)
}

SmallVector<Value> LinearOp::decompose(OpBuilder &builder) {
  if (Value scale = getWeightScale()) {
    ArrayRef<int64_t> scales = cast<ShapedType>(scale.getType()).getShape();
    IntegerAttr groupSize;
    if (scales.size() == 2)
      groupSize = builder.getI64IntegerAttr(getColumns(getInput().getType()) / scales[1]);
    Value sum = AccumulateOp::create(builder, getLoc(), getInput(), getWeight(), groupSize);
    return {DequantizeOp::create(builder, getLoc(), sum, /*activation_scale=*/Value(), scale)};
  }
  Value transposed = TransposeOp::create(builder, getLoc(), getWeight());
  return {MatmulOp::create(builder, getLoc(), getInput(), transposed)};
}

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(getProductType(adaptor.getInput(), getColumns(adaptor.getMatrix().getType())));
  return success();
}

LogicalResult MatmulOp::verify() {
  return verifyFactor(*this, "matrix", getMatrix(), /*dim=*/0, getInput().getType()); // (C1)
}

LogicalResult MatmulTransposeAOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                   Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type a = adaptor.getA().getType(), b = adaptor.getB().getType();
  types.push_back(RankedTensorType::get({getColumns(a), getColumns(b)}, getComputeType(a)));
  return success();
}

LogicalResult MatmulTransposeAOp::verify() {
  Type a = getA().getType(), b = getB().getType();
  if (failed(verifyColumns(*this, "a", a)) || failed(verifyColumns(*this, "b", b))) // (C1)
    return failure();
  return verifyShape(*this, "b", b, replaceColumns(a, {getColumns(b)})); // (C1)
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  Type type = adaptor.getInput().getType();
  types.push_back(
      RankedTensorType::get({getDim(type, 1), getDim(type, 0)}, getElementTypeOrSelf(type)));
  return success();
}

LogicalResult TransposeOp::verify() {
  auto type = cast<ShapedType>(getInput().getType());
  if (type.hasStaticShape()) // (C1)
    return success();
  return emitOpError() << "expected an input of static shape [N, K], got " << type;
}

//===----------------------------------------------------------------------===//
// RotaryEmbeddingOp
//===----------------------------------------------------------------------===//

LogicalResult ternary::verifyRotary(Operation *op, Type input, int64_t headSize,
                                    const APFloat &theta) {
  if (cast<ShapedType>(input).getRank() != 3) // (C1)
    return op->emitOpError() << "expected an input of shape [B, T, H], got " << input;
  if (failed(verifyColumns(op, "input", input)))
    return failure();
  if (headSize < 2 || headSize > 1024 || headSize % 2 != 0) // (C2)
    return op->emitOpError() << "expected an even head_size from 2 to 1024, got " << headSize;
  if (getColumns(input) % headSize != 0) // (C1)
    return op->emitOpError() << "expected a head_size that divides the " << getColumns(input)
                             << " columns, got " << headSize;
  // (C3)
  if (theta.isFinite() && !theta.isNegative() && !theta.isZero())
    return success();
  SmallString<16> text;
  theta.toString(text);
  return op->emitOpError() << "expected a positive, finite theta, got " << text;
}

LogicalResult RotaryEmbeddingOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                  Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult RotaryEmbeddingOp::verify() {
  return verifyRotary(*this, getInput().getType(), getHeadSize(), getTheta());
}

SmallVector<float> RotaryKernelOp::getFrequencies() {
  return getRotaryFrequencies(getHeadSize(), getTheta().convertToDouble());
}

//===----------------------------------------------------------------------===//
// AttentionOp, AttentionBackwardOp
//===----------------------------------------------------------------------===//

LogicalResult ternary::verifyAttention(Operation *op, Type q, Type k, TypeRange scales,
                                       int64_t heads, int64_t kvHeads) {
  for (auto [name, type] : {std::pair("q", q), std::pair("k", k)}) {
    if (cast<ShapedType>(type).getRank() != 3)
      return op->emitOpError() << "expected " << name << " of shape [B, T, H], got " << type;
    if (failed(verifyColumns(op, name, type)))
      return failure();
  }
  if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0) // (C2)
    return op->emitOpError() << "expected a number of kv_heads that divides the " << heads
                             << " heads, got " << kvHeads;
  if (heads / kvHeads > AttentionOp::kMaxHeadsOfGroup) // (C2)
    return op->emitOpError() << "expected at most " << AttentionOp::kMaxHeadsOfGroup
                             << " heads for each of kv_heads, got " << heads / kvHeads;
  if (getColumns(q) % heads != 0) // (C1)
    return op->emitOpError() << "expected a number of heads that divides the " << getColumns(q)
                             << " columns of q, got " << heads;
  auto queries = cast<ShapedType>(q).getShape();
  int64_t tokens = cast<ShapedType>(k).getDimSize(1);
  if (failed(verifyShape(op, "k", k, {queries[0], tokens, getColumns(q) / heads * kvHeads})))
    return failure();
  if (ShapedType::isStatic(queries[1]) && ShapedType::isStatic(tokens) &&
      tokens < queries[1]) // (C3)
    return op->emitOpError() << "expected k of at least " << queries[1] << " tokens, got " << k;
  size_t count = getElementTypeOrSelf(k).isInteger() ? 2 : 0;
  if (scales.size() != count) // (C4)
    return op->emitOpError() << "expected " << count << " scales for k of "
                             << getElementTypeOrSelf(k) << ", got " << scales.size();
  for (Type scale : scales)
    if (failed(verifyShape(op, "scales", scale, {queries[0], tokens, kvHeads})))
      return failure();
  return success();
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  Type q = adaptor.getQ().getType();
  types.push_back(q);
  int64_t heads = adaptor.getHeadsAttr() ? adaptor.getHeads() : ShapedType::kDynamic;
  types.push_back(withShape(q, replaceColumns(q, {heads})));
  return success();
}

LogicalResult AttentionOp::verify() {
  return verifyAttention(*this, getQ().getType(), getK().getType(), getScales().getTypes(),
                         getHeads(), getKvHeads());
}

LogicalResult AttentionBackwardOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                    Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getQ().getType());
  types.append(2, adaptor.getK().getType());
  return success();
}

LogicalResult AttentionBackwardOp::verify() {
  Type q = getQ().getType(), k = getK().getType();
  if (failed(verifyAttention(*this, q, k, /*scales=*/{}, getHeads(), getKvHeads())))
    return failure();
  SmallVector<int64_t> shape(cast<ShapedType>(q).getShape());
  shape.back() = getColumns(k);
  if (failed(verifyShape(*this, "k", k, shape)))
    return failure();
  shape.back() = getHeads();
  return verifyShape(*this, "log_sum_exp", getLogSumExp().getType(), shape);
}
