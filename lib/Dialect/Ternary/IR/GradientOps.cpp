//===- GradientOps.cpp - Losses and gradients --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

/// The row dimensions of `type`: all but the last.
static SmallVector<int64_t> getRows(Type type) { return replaceColumns(type, {}); }

/// Infers one result of the type of the first operand.
static LogicalResult inferSameAs(Value value, SmallVectorImpl<Type> &types) {
  types.push_back(value.getType());
  return success();
}

//===----------------------------------------------------------------------===//
// Cross-entropy
//===----------------------------------------------------------------------===//

LogicalResult CrossEntropyOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                               Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(withShape(adaptor.getLogits().getType(), {}));
  return success();
}

LogicalResult CrossEntropyOp::verify() {
  if (failed(verifyColumns(*this, "logits", getLogits().getType()))) // (C1)
    return failure();
  return verifyShape(*this, "targets", getTargets().getType(), getRows(getLogits().getType()));
}

SmallVector<Value> CrossEntropyOp::decompose(OpBuilder &builder) {
  auto rows = CrossEntropyRowsOp::create(builder, getLoc(), getLogits(), getTargets());
  auto mean = MeanOverTargetsOp::create(builder, getLoc(), rows.getLoss(), getTargets());
  return {mean.getMean()};
}

LogicalResult CrossEntropyRowsOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                   Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type type = adaptor.getLogits().getType();
  types.assign(2, withShape(type, getRows(type)));
  return success();
}

LogicalResult CrossEntropyRowsOp::verify() {
  if (failed(verifyColumns(*this, "logits", getLogits().getType()))) // (C1)
    return failure();
  return verifyShape(*this, "target", getTarget().getType(), getRows(getLogits().getType()));
}

LogicalResult MeanOverTargetsOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                  Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.assign(2, withShape(adaptor.getValues().getType(), {}));
  return success();
}

LogicalResult MeanOverTargetsOp::verify() {
  return verifyShape(*this, "targets", getTargets().getType(), // (C1)
                     cast<ShapedType>(getValues().getType()).getShape());
}

LogicalResult CrossEntropyBackwardOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                       Adaptor adaptor,
                                                       SmallVectorImpl<Type> &types) {
  return inferSameAs(adaptor.getLogits(), types);
}

bool CrossEntropyBackwardOp::isSharedByRows(OpOperand &operand) {
  return operand == getWeightMutable() || operand == getGradMutable();
}

LogicalResult CrossEntropyBackwardOp::verify() {
  Type logits = getLogits().getType();
  if (failed(verifyColumns(*this, "logits", logits)) || // (C1)
      failed(verifyShape(*this, "target", getTarget().getType(), getRows(logits))))
    return failure();
  return verifyShape(*this, "log_sum_exp", getLogSumExp().getType(), getRows(logits));
}

//===----------------------------------------------------------------------===//
// Linear layers
//===----------------------------------------------------------------------===//

LogicalResult LinearBackwardInputOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                      Adaptor adaptor,
                                                      SmallVectorImpl<Type> &types) {
  Type grad = adaptor.getGrad().getType();
  types.push_back(
      withShape(grad, replaceColumns(grad, {getColumns(adaptor.getWeight().getType())})));
  return success();
}

LogicalResult LinearBackwardInputOp::verify() {
  auto weight = cast<RankedTensorType>(getWeight().getType());
  if (weight.getEncoding() || !weight.hasStaticShape()) // (C1)
    return emitOpError() << "expected a plain weight of static shape, got " << weight;
  if (getColumns(getGrad().getType()) != weight.getDimSize(0)) // (C1)
    return emitOpError() << "expected grad with " << weight.getDimSize(0)
                         << " columns to match the weight, got " << getGrad().getType();
  return verifyShape(*this, "weight scale", getWeightScale().getType(), {1}); // (C2)
}

LogicalResult LinearBackwardWeightOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                       Adaptor adaptor,
                                                       SmallVectorImpl<Type> &types) {
  Type grad = adaptor.getGrad().getType();
  types.push_back(
      RankedTensorType::get({getColumns(grad), getColumns(adaptor.getActivations().getType())},
                            Float32Type::get(grad.getContext())));
  return success();
}

LogicalResult LinearBackwardWeightOp::verify() {
  if (failed(verifyColumns(*this, "grad", getGrad().getType())) || // (C1)
      failed(verifyColumns(*this, "activations", getActivations().getType())))
    return failure();
  SmallVector<int64_t> shape = getRows(getGrad().getType());
  if (failed(verifyShape(*this, "activation scale", getActivationScale().getType(), shape)))
    return failure();
  shape.push_back(getColumns(getActivations().getType()));
  return verifyShape(*this, "activations", getActivations().getType(), shape);
}

//===----------------------------------------------------------------------===//
// Norms and rows
//===----------------------------------------------------------------------===//

LogicalResult ScaleRowsOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferSameAs(adaptor.getInput(), types);
}

LogicalResult ScaleRowsOp::verify() {
  if (failed(verifyColumns(*this, "input", getInput().getType()))) // (C1)
    return failure();
  return verifyShape(*this, "scale", getScale().getType(), getRows(getInput().getType()));
}

LogicalResult RMSNormBackwardOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                  Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferSameAs(adaptor.getInput(), types);
}

bool RMSNormBackwardOp::isSharedByRows(OpOperand &operand) { return operand == getGainMutable(); }

LogicalResult RMSNormBackwardOp::verify() {
  Type input = getInput().getType();
  if (failed(verifyColumns(*this, "input", input)) || // (C1)
      failed(verifyShape(*this, "grad", getGrad().getType(), getShapeOrScalar(input))) ||
      failed(verifyShape(*this, "scale", getScale().getType(), getRows(input))))
    return failure();
  return verifyShape(*this, "gain", getGain().getType(), {getColumns(input)});
}

LogicalResult SumRowsOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  Type input = adaptor.getInput().getType();
  types.push_back(withShape(input, {getColumns(input)}));
  return success();
}

LogicalResult SumRowsOp::verify() {
  return verifyColumns(*this, "input", getInput().getType()); // (C1)
}

//===----------------------------------------------------------------------===//
// Recurrences, embeddings, bounds
//===----------------------------------------------------------------------===//

LogicalResult LinearScanBackwardOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                     Adaptor adaptor,
                                                     SmallVectorImpl<Type> &types) {
  types.assign(2, adaptor.getForget().getType());
  types.push_back(adaptor.getState().getType());
  return success();
}

LogicalResult LinearScanBackwardOp::verify() {
  auto type = cast<ShapedType>(getForget().getType());
  if (type.getRank() != 3) // (C1)
    return emitOpError() << "expected forget gates of shape [B, T, H], got " << type;
  if (failed(verifyColumns(*this, "forget gates", type))) // (C1)
    return failure();
  return verifyShape(*this, "state", getState().getType(), // (C2)
                     {type.getDimSize(0), type.getDimSize(2)});
}

LogicalResult EmbeddingBackwardOp::verify() {
  auto result = cast<ShapedType>(getResult().getType());
  if (result.getRank() != 2 || !result.hasStaticShape()) // (C1)
    return emitOpError() << "expected a result of static shape [V, H], got " << result;
  SmallVector<int64_t> shape(cast<ShapedType>(getIds().getType()).getShape());
  shape.push_back(result.getDimSize(1));
  return verifyShape(*this, "grad", getGrad().getType(), shape); // (C1)
}

LogicalResult LowerBoundsBackwardOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                      Adaptor adaptor,
                                                      SmallVectorImpl<Type> &types) {
  return inferSameAs(adaptor.getInput(), types);
}

LogicalResult LowerBoundsBackwardOp::verify() {
  auto type = cast<ShapedType>(getInput().getType());
  if (type.getRank() != 2 || !type.hasStaticShape()) // (C1)
    return emitOpError() << "expected an input of static shape [L, H], got " << type;
  return verifyShape(*this, "grad", getGrad().getType(), type.getShape()); // (C1)
}

/// One type for what is `[B, T, H]`, one for states.
ParseResult ternary::parseGradientTypes(OpAsmParser &parser, Type &forget, Type &hidden, Type &grad,
                                        Type &state, Type &gradState) {
  if (parser.parseType(forget) || parser.parseComma() || parser.parseType(state))
    return failure();
  hidden = grad = forget;
  gradState = state;
  return success();
}

void ternary::printGradientTypes(OpAsmPrinter &printer, Operation *, Type forget, Type, Type,
                                 Type state, Type) {
  printer << forget << ", " << state;
}

//===----------------------------------------------------------------------===//
// OptimizationBarrierOp
//===----------------------------------------------------------------------===//

LogicalResult OptimizationBarrierOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                      Adaptor adaptor,
                                                      SmallVectorImpl<Type> &types) {
  return inferSameAs(adaptor.getValue(), types);
}
