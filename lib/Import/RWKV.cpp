//===- RWKV.cpp - The graph of RWKV-4 -------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// RwkvForCausalLM of Transformers. After the embedding x = LN(x; pre_ln), and a block is
//
//   u = LN(x; ln1);  u' the token before;  m_i = u ⊙ μ_i + u' ⊙ (1 - μ_i)
//   x = x + W_output (σ(W_receptance m_r) ⊙ WKV(W_key m_k, W_value m_v))
//   u = LN(x; ln2);  u' and m_i as above, with other μ
//   x = x + σ(W_receptance m_r) ⊙ (W_value relu²(W_key m_k))
//
// W are float layers or ternary ones without a norm of their own.
//
//===----------------------------------------------------------------------===//

#include "GraphBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;
using namespace ternary;

namespace {
class RWKVBuilder : public GraphBuilder {
public:
  RWKVBuilder(ModuleOp module, const RWKVConfig &config, const GraphOptions &options)
      : GraphBuilder(module, options), config(config) {}

  /// `(ids [B, T], state [L, B, 5, C], logits_from) -> (logits, state)`, in which the rows of the
  /// state are the last token of either half of a block, and p, q and m of WKV. C is as many
  /// columns as the longest row needs, T may be dynamic.
  void buildStep(Step step, int64_t tokens) {
    beginStep(step);
    Value ids =
        addArgument(Role::Ids, RankedTensorType::get({options.batch, tokens}, b.getI32Type()));
    state =
        addArgument(Role::State, floats({config.numHiddenLayers, options.batch, 5,
                                         std::max(config.hiddenSize, config.attentionHiddenSize)}));
    Value logitsFrom = addArgument(Role::LogitsFrom, b.getIndexType());
    Value x = buildBlocks(ids);
    Value logits = buildHead(dropTokens(x, logitsFrom));
    endStep({{Role::Logits, logits}, {Role::State, state}});
  }

  /// `(ids [B, T], targets [B, T]) -> loss`, from an empty state.
  void buildLoss() {
    beginStep(Step::Loss);
    auto type = RankedTensorType::get({options.batch, ShapedType::kDynamic}, b.getI32Type());
    Value ids = addArgument(Role::Ids, type);
    Value targets = addArgument(Role::Targets, type);
    endStep({{Role::Loss, CrossEntropyOp::create(b, buildHead(buildBlocks(ids)), targets)}});
  }

private:
  Value buildBlocks(Value ids) {
    Value x = embedding(ids, config.getTableName().str(), config.vocabSize, config.hiddenSize);
    x = layerNorm(x, "rwkv.blocks.0.pre_ln", config.layerNormEpsilon, /*before=*/0);
    for (int64_t layer = 0; layer < config.numHiddenLayers; ++layer)
      x = buildBlock(x, layer);
    return x;
  }

  Value buildHead(Value x) {
    x = layerNorm(x, "rwkv.ln_out", RWKVConfig::kEpsilonOfLastNorm, config.numHiddenLayers);
    return linear(x, config.getHeadWeight(), config.vocabSize);
  }

  Value buildBlock(Value x, int64_t layer) {
    std::string prefix = "rwkv.blocks." + std::to_string(layer) + ".";
    int64_t hidden = config.hiddenSize, channels = config.attentionHiddenSize;
    std::string attention = prefix + "attention.";
    Value u = layerNorm(x, prefix + "ln1", config.layerNormEpsilon, layer);
    Value previous = shift(u, layer, 0);
    Value k = project(mix(u, previous, attention, "key"), attention + "key", channels);
    Value v = project(mix(u, previous, attention, "value"), attention + "value", channels);
    Value r =
        project(mix(u, previous, attention, "receptance"), attention + "receptance", channels);
    r = ActivateOp::create(b, r, Activation::Sigmoid);
    Value decay = parameter(attention + "time_decay", {channels});
    Value first = parameter(attention + "time_first", {channels});
    auto wkv = WKVOp::create(b, k, v, decay, first, readState(layer, 2, 3, channels));
    writeState(wkv.getNewState(), layer, 2);
    Value gated = arith::MulFOp::create(b, r, wkv.getResult());
    x = add(x, project(gated, attention + "output", hidden));

    std::string feedForward = prefix + "feed_forward.";
    u = layerNorm(x, prefix + "ln2", config.layerNormEpsilon, layer);
    previous = shift(u, layer, 1);
    k = project(mix(u, previous, feedForward, "key"), feedForward + "key", config.intermediateSize);
    k = ActivateOp::create(b, k, Activation::SquaredRelu);
    v = project(k, feedForward + "value", hidden);
    r = project(mix(u, previous, feedForward, "receptance"), feedForward + "receptance", hidden);
    r = ActivateOp::create(b, r, Activation::Sigmoid);
    return add(x, arith::MulFOp::create(b, r, v));
  }

  /// The token before each of `u`, the first of which is in row `row` of the state.
  Value shift(Value u, int64_t layer, int64_t row) {
    auto op = TokenShiftOp::create(b, u, readState(layer, row, 1, columns(u)));
    writeState(op.getNewState(), layer, row);
    return op.getResult();
  }

  /// `count` rows of a layer's state: [B, count, columns], of one row [B, columns].
  Value readState(int64_t layer, int64_t row, int64_t count, int64_t columns) {
    SmallVector<int64_t> shape = {options.batch, columns};
    if (count > 1)
      shape.insert(shape.begin() + 1, count);
    if (!state) {
      Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
      return tensor::SplatOp::create(b, zero, floats(shape));
    }
    auto [offsets, sizes, strides] = findInState(layer, row, count, columns);
    return tensor::ExtractSliceOp::create(b, floats(shape), state, offsets, sizes, strides);
  }

  void writeState(Value rows, int64_t layer, int64_t row) {
    if (!state)
      return;
    ArrayRef<int64_t> shape = cast<RankedTensorType>(rows.getType()).getShape();
    int64_t count = shape.size() > 2 ? shape[1] : 1;
    auto [offsets, sizes, strides] = findInState(layer, row, count, shape.back());
    state = tensor::InsertSliceOp::create(b, rows, state, offsets, sizes, strides);
  }

  std::array<SmallVector<OpFoldResult>, 3> findInState(int64_t layer, int64_t row, int64_t count,
                                                       int64_t columns) {
    return {getAsIndexOpFoldResult(b.getContext(), {layer, 0, row, 0}),
            getAsIndexOpFoldResult(b.getContext(), {1, options.batch, count, columns}),
            getAsIndexOpFoldResult(b.getContext(), {1, 1, 1, 1})};
  }

  /// Transformers generates text with hidden states that are halved after every `rescale_every`
  /// blocks, and what blocks add to them accordingly. Powers of two change no digits, and a norm
  /// undoes them, save that they are small beside its ε: that of values which are not halved has
  /// to be as much larger. `before` is the number of blocks before the norm.
  Value layerNorm(Value x, const std::string &name, float epsilon, int64_t before) {
    if (!options.training && config.rescaleEvery > 0)
      epsilon = std::ldexp(epsilon, 2 * (before / config.rescaleEvery));
    Value gain = parameter(name + ".weight", {columns(x)});
    Value bias = parameter(name + ".bias", {columns(x)});
    return LayerNormOp::create(b, x, gain, bias, b.getF32FloatAttr(epsilon));
  }

  Value mix(Value u, Value previous, const std::string &prefix, const std::string &use) {
    Value weight = parameter(prefix + "time_mix_" + use, {1, 1, columns(u)});
    return TimeMixOp::create(b, u, previous, slice(slice(weight, 0), 0));
  }

  /// A layer of a block.
  Value project(Value x, const std::string &name, int64_t rows) {
    return GraphBuilder::project(x, name, rows, config);
  }

  const RWKVConfig &config;
  /// As far as it is updated; null in training.
  Value state;
};
} // namespace

void ternary::buildRWKV(ModuleOp module, const RWKVConfig &config, const GraphOptions &options) {
  RWKVBuilder builder(module, config, options);
  if (options.training)
    return builder.buildLoss();
  builder.buildStep(Step::Prefill, ShapedType::kDynamic);
  builder.buildStep(Step::Decode, 1);
}
