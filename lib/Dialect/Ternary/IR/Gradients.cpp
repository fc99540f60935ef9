//===- Gradients.cpp - Backward rules of the dialect's ops ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/gradients.md derives each rule. Layers without one here are taken apart before
// they are differentiated.
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

bool ternary::carriesGradient(Type type) {
  return isa<FloatType, RankedTensorType, VectorType>(type) &&
         isa<FloatType>(getElementTypeOrSelf(type));
}

Value ternary::createSplat(OpBuilder &builder, Location loc, Value like, double value) {
  TypedAttr element = builder.getFloatAttr(getElementTypeOrSelf(like), value);
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    element = DenseElementsAttr::get(vector, element);
  Value scalar = arith::ConstantOp::create(builder, loc, element);
  auto type = dyn_cast<RankedTensorType>(like.getType());
  if (!type)
    return scalar;
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(tensor::DimOp::create(builder, loc, like, dim));
  return tensor::SplatOp::create(builder, loc, type, scalar, sizes);
}

Gradients::Gradients(Gradients &outer, const IRMapping &clones, StartFn start)
    : outer(&outer), start(std::move(start)) {
  for (auto [value, clone] : clones.getValueMap())
    if (outer.wants(value))
      active.insert(clone);
}

Value Gradients::lookup(Value value) {
  auto *known = sums.find(value);
  if (known != sums.end())
    return known->second;
  if (!isOuter(value) || !wants(value))
    return {};
  Value sum = start(value);
  sums[value] = sum;
  return sum;
}

Value Gradients::lookupOrZero(OpBuilder &builder, Value value) {
  if (Value sum = lookup(value))
    return sum;
  return createSplat(builder, value.getLoc(), value, 0.0);
}

void Gradients::add(OpBuilder &builder, Value value, Value gradient) {
  if (!wants(value))
    return;
  if (Value sum = lookup(value))
    gradient = arith::AddFOp::create(builder, value.getLoc(), sum, gradient);
  set(value, gradient);
}

LogicalResult Gradients::differentiate(OpBuilder &builder, ArrayRef<Operation *> ops) {
  for (Operation *op : llvm::reverse(ops)) {
    if (llvm::none_of(op->getResults(), [&](Value result) { return lookup(result) != nullptr; }))
      continue;
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!rule)
      return op->emitOpError("expected an op with a backward rule, on which the loss depends");
    ++numDifferentiated;
    if (failed(rule.buildBackward(builder, *this)))
      return failure();
  }
  if (outer)
    outer->numDifferentiated += numDifferentiated;
  return success();
}

void Gradients::replace(ValueRange from, ValueRange to) {
  for (auto [value, replacement] : llvm::zip_equal(from, to)) {
    if (active.erase(value))
      active.insert(replacement);
    auto *known = sums.find(value);
    if (known == sums.end())
      continue;
    Value sum = known->second;
    sums.erase(known);
    sums[replacement] = sum;
  }
}

SmallVector<Value> Gradients::getOuterValues() const {
  SmallVector<Value> values;
  for (auto [value, sum] : sums)
    if (isOuter(value))
      values.push_back(value);
  return values;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (gradients.wants(getTable()))
    gradients.add(builder, getTable(),
                  EmbeddingBackwardOp::create(builder, getLoc(), getTable().getType(), getIds(),
                                              gradients.lookup(getResult())));
  return success();
}

LogicalResult RMSNormOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  Location loc = getLoc();
  Value grad = gradients.lookup(getResult());
  // The statistics of the forward pass, once common subexpressions are eliminated.
  Value sums = SquareSumsOp::create(builder, loc, getInput());
  Value scale =
      InverseRMSOp::create(builder, loc, sums, getColumns(getInput().getType()), getEpsilon());
  if (gradients.wants(getGain())) {
    Value normed = ScaleRowsOp::create(builder, loc, getInput(), scale);
    Value product = arith::MulFOp::create(builder, loc, grad, normed);
    gradients.add(builder, getGain(), SumRowsOp::create(builder, loc, product));
  }
  if (gradients.wants(getInput()))
    gradients.add(builder, getInput(),
                  RMSNormBackwardOp::create(builder, loc, grad, getInput(), scale, getGain()));
  return success();
}

/// To subtract the mean is a projection onto what has none, and symmetric.
LogicalResult CenterOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (gradients.wants(getInput()))
    gradients.add(builder, getInput(),
                  CenterOp::create(builder, getLoc(), gradients.lookup(getResult())));
  return success();
}

LogicalResult LowerBoundsOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (gradients.wants(getInput()))
    gradients.add(builder, getInput(),
                  LowerBoundsBackwardOp::create(builder, getLoc(), getInput(),
                                                gradients.lookup(getResult())));
  return success();
}

LogicalResult ActivateOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (!gradients.wants(getInput()))
    return success();
  Location loc = getLoc();
  Value x = getInput(), grad = gradients.lookup(getResult());
  auto activate = [&](Activation activation) -> Value {
    return ActivateOp::create(builder, loc, x, activation);
  };
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(builder, loc, a, b); };
  auto oneMinus = [&](Value a) -> Value {
    return arith::SubFOp::create(builder, loc, createSplat(builder, loc, x, 1.0), a);
  };
  switch (getActivation()) {
  case Activation::Identity:
    break;
  case Activation::Sigmoid: { // σ' = σ (1 - σ)
    Value rest = oneMinus(getResult());
    grad = mul(grad, mul(getResult(), rest));
    break;
  }
  case Activation::Silu: { // (x σ)' = σ + x σ (1 - σ) = σ (1 + x (1 - σ))
    Value sigmoid = activate(Activation::Sigmoid);
    Value rest = oneMinus(sigmoid);
    Value product = mul(x, rest);
    Value one = createSplat(builder, loc, x, 1.0);
    Value slope = arith::AddFOp::create(builder, loc, one, product);
    grad = mul(grad, mul(sigmoid, slope));
    break;
  }
  case Activation::Relu:
    grad = mul(grad, activate(Activation::Step));
    break;
  case Activation::SquaredRelu: { // (relu²)' = 2 relu
    Value two = createSplat(builder, loc, x, 2.0);
    Value relu = activate(Activation::Relu);
    grad = mul(grad, mul(two, relu));
    break;
  }
  case Activation::Step: // flat wherever it is differentiable
    return success();
  }
  gradients.add(builder, x, grad);
  return success();
}

//===----------------------------------------------------------------------===//
// What layers consist of
//===----------------------------------------------------------------------===//

/// The straight-through estimator: quantised activations stand for the activations, trits
/// times their scale for the latent weight; nothing flows through scales and rounding.
LogicalResult DequantizeOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  Location loc = getLoc();
  auto accumulate = getAccumulator().getDefiningOp<AccumulateOp>();
  if (!accumulate || accumulate.getGroupSize())
    return emitOpError("expected the accumulator of an 'accumulate' without groups to "
                       "differentiate by");
  auto activations = accumulate.getActivations().getDefiningOp<QuantizeActivationsOp>();
  auto weights = accumulate.getWeight().getDefiningOp<QuantizeWeightsOp>();
  if (!activations)
    return emitOpError("expected activations of 'quantize_activations' to differentiate by");
  Value grad = gradients.lookup(getResult());
  if (gradients.wants(activations.getInput())) {
    if (cast<ShapedType>(getWeightScale().getType()).getDimSize(0) != 1)
      return emitOpError() << "expected one weight scale to differentiate by the input, got "
                           << getWeightScale().getType();
    gradients.add(builder, activations.getInput(),
                  LinearBackwardInputOp::create(builder, loc, grad, accumulate.getWeight(),
                                                getWeightScale()));
  }
  if (weights && gradients.wants(weights.getWeight()))
    gradients.add(builder, weights.getWeight(),
                  LinearBackwardWeightOp::create(builder, loc, grad, accumulate.getActivations(),
                                                 getActivationScale()));
  return success();
}

LogicalResult LinearScanOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  auto backward = LinearScanBackwardOp::create(
      builder, getLoc(), getForget(), getHidden(), getState(),
      gradients.lookupOrZero(builder, getHidden()), gradients.lookupOrZero(builder, getNewState()));
  gradients.add(builder, getForget(), backward.getGradForget());
  gradients.add(builder, getInput(), backward.getGradInput());
  gradients.add(builder, getState(), backward.getGradInitial());
  return success();
}

LogicalResult CrossEntropyOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (!gradients.wants(getLogits()))
    return success();
  // The statistics of the forward pass, once common subexpressions are eliminated.
  auto rows = CrossEntropyRowsOp::create(builder, getLoc(), getLogits(), getTargets());
  auto mean = MeanOverTargetsOp::create(builder, getLoc(), rows.getLoss(), getTargets());
  gradients.add(builder, getLogits(),
                CrossEntropyBackwardOp::create(builder, getLoc(), getLogits(), getTargets(),
                                               rows.getLogSumExp(), mean.getWeight(),
                                               gradients.lookup(getResult())));
  return success();
}

//===----------------------------------------------------------------------===//
// Float layers and attention
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (getWeightScale())
    return emitOpError() << "expected float weights to differentiate by, got "
                         << getWeight().getType();
  Value grad = gradients.lookup(getResult());
  if (gradients.wants(getInput()))
    gradients.add(builder, getInput(), MatmulOp::create(builder, getLoc(), grad, getWeight()));
  if (gradients.wants(getWeight()))
    gradients.add(builder, getWeight(),
                  MatmulTransposeAOp::create(builder, getLoc(), grad, getInput()));
  return success();
}

/// A rotation keeps lengths, so that its transpose is its inverse.
LogicalResult RotaryEmbeddingOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (gradients.wants(getInput()))
    gradients.add(builder, getInput(),
                  RotaryEmbeddingOp::create(builder, getLoc(), gradients.lookup(getResult()),
                                            getPast(), getHeadSizeAttr(), getThetaAttr(),
                                            getInverse() ? UnitAttr() : builder.getUnitAttr()));
  return success();
}

LogicalResult AttentionOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (getPast() || getQ().getType().getElementType() != getK().getType().getElementType() ||
      getQ().getType().getShape().drop_back() != getK().getType().getShape().drop_back())
    return emitOpError() << "expected as many queries as keys, none of them past, to differentiate "
                            "by, got q of "
                         << getQ().getType() << " and k of " << getK().getType();
  if (gradients.lookup(getLogSumExp()))
    return emitOpError("expected a log_sum_exp that the loss does not depend on");
  auto backward = AttentionBackwardOp::create(
      builder, getLoc(), getQ(), getK(), getV(), getResult(), getLogSumExp(),
      gradients.lookup(getResult()), getHeadsAttr(), getKvHeadsAttr());
  gradients.add(builder, getQ(), backward.getGradQ());
  gradients.add(builder, getK(), backward.getGradK());
  gradients.add(builder, getV(), backward.getGradV());
  return success();
}

//===----------------------------------------------------------------------===//
// Token shift and WKV
//===----------------------------------------------------------------------===//

/// What goes to a token comes from the one after it.
LogicalResult TokenShiftOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  auto backward = TokenShiftOp::create(
      builder, getLoc(), gradients.lookupOrZero(builder, getResult()),
      gradients.lookupOrZero(builder, getNewState()), /*inverse=*/!getInverse());
  gradients.add(builder, getInput(), backward.getResult());
  gradients.add(builder, getState(), backward.getNewState());
  return success();
}

LogicalResult WKVOp::buildBackward(OpBuilder &builder, Gradients &gradients) {
  if (gradients.wants(getState()) || gradients.lookup(getNewState()))
    return emitOpError("expected states that no parameter leads to and that do not lead to the "
                       "loss, to differentiate by");
  auto backward = WKVBackwardOp::create(builder, getLoc(), getK(), getV(), getDecay(), getFirst(),
                                        getState(), getResult(), gradients.lookup(getResult()));
  gradients.add(builder, getK(), backward.getGradK());
  gradients.add(builder, getV(), backward.getGradV());
  for (auto [parameter, ofSequences] : {std::pair(getDecay(), backward.getGradDecay()),
                                        std::pair(getFirst(), backward.getGradFirst())})
    if (gradients.wants(parameter))
      gradients.add(builder, parameter, SumRowsOp::create(builder, getLoc(), ofSequences));
  return success();
}
