//===- HGRNBit.cpp - The graph of a MatMul-free language model ----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// arXiv 2406.02528, in the form of the released checkpoints. A block is
//
//   u = RMS(x; attn_norm);  x = x + BL_o(gate(BL_g(u), MLGRU(BL_f(u), BL_i(u))))
//   v = RMS(x; mlp_norm);   x = x + BL_down(SwiGLU(BL_gate(v)))
//
// with BL a BitLinear that has a norm of its own.
//
//===----------------------------------------------------------------------===//

#include "GraphBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Import/HuggingFace.h"

using namespace mlir;
using namespace ternary;

namespace {
class HGRNBitBuilder : public GraphBuilder {
public:
  HGRNBitBuilder(ModuleOp module, const HGRNBitConfig &config, const GraphOptions &options)
      : GraphBuilder(module, options), config(config) {}

  /// `(ids [B, T], state [L, B, H], logits_from) -> (logits, state)`; T may be dynamic.
  void buildStep(Step step, int64_t tokens) {
    int64_t batch = options.batch, layers = config.numHiddenLayers, hidden = config.hiddenSize;
    beginStep(step);
    Value ids = addArgument(Role::Ids, RankedTensorType::get({batch, tokens}, b.getI32Type()));
    Value state = addArgument(Role::State, floats({layers, batch, hidden}));
    Value logitsFrom = addArgument(Role::LogitsFrom, b.getIndexType());

    Value x = buildBlocks(
        ids, [&](int64_t layer) { return slice(state, layer); },
        [&](int64_t layer, Value newState) { state = insertSlice(newState, state, layer); });
    Value logits = buildHead(dropTokens(x, logitsFrom));
    endStep({{Role::Logits, logits}, {Role::State, state}});
  }

  /// `(ids [B, T], targets [B, T]) -> loss`, from an empty state.
  void buildLoss() {
    int64_t batch = options.batch;
    beginStep(Step::Loss);
    auto type = RankedTensorType::get({batch, ShapedType::kDynamic}, b.getI32Type());
    Value ids = addArgument(Role::Ids, type);
    Value targets = addArgument(Role::Targets, type);
    Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
    Value state = tensor::SplatOp::create(b, zero, floats({batch, config.hiddenSize}));
    Value x = buildBlocks(ids, [&](int64_t) { return state; }, [](int64_t, Value) {});
    Value loss = CrossEntropyOp::create(b, buildHead(x), targets);
    endStep({{Role::Loss, loss}});
  }

private:
  Value buildBlocks(Value ids, function_ref<Value(int64_t)> getState,
                    function_ref<void(int64_t, Value)> setState) {
    int64_t layers = config.numHiddenLayers, hidden = config.hiddenSize;
    Value x = embedding(ids, config.getTableName().str(), config.vocabSize, hidden);
    Value bounds;
    if (config.useLowerBound)
      bounds = LowerBoundsOp::create(b, parameter("model.lower_bounds", {layers, hidden}));
    for (int64_t layer = 0; layer < layers; ++layer) {
      Value state = getState(layer);
      x = buildBlock(x, layer, bounds, state);
      setState(layer, state);
    }
    return x;
  }

  Value buildHead(Value x) {
    return bitLinear(rmsNorm(x, "model.norm"), config.getHeadWeight(), config.vocabSize);
  }

  Value buildBlock(Value x, int64_t layer, Value bounds, Value &state) {
    std::string prefix = "model.layers." + std::to_string(layer) + ".";
    int64_t hidden = config.hiddenSize;
    Value u = rmsNorm(x, prefix + "attn_norm");
    std::string attn = prefix + "attn.";
    Value forget = bitLinear(u, attn + "f_proj", hidden);
    Value input = bitLinear(u, attn + "i_proj", hidden);
    Value gate = bitLinear(u, attn + "g_proj", hidden);
    // Row 0 of the bounds is zero by construction.
    Value bound = bounds && layer > 0 ? slice(bounds, layer) : Value();
    auto recurrence = MLGRUOp::create(b, forget, input, state, bound);
    state = recurrence.getNewState();
    Value gated = OutputGateOp::create(b, gate, recurrence.getHidden(),
                                       parameter(attn + "g_norm.weight", {hidden}),
                                       GateOrderAttr::get(b.getContext(), GateOrder::NormGate),
                                       b.getF32FloatAttr(config.rmsNormEps));
    x = add(x, bitLinear(gated, attn + "o_proj", hidden));

    Value v = rmsNorm(x, prefix + "mlp_norm");
    Value halves = bitLinear(v, prefix + "mlp.gate_proj", 2 * config.intermediateSize);
    Value product = GLUOp::create(b, halves, Activation::Silu);
    return add(x, bitLinear(product, prefix + "mlp.down_proj", hidden));
  }

  Value rmsNorm(Value x, const std::string &name) {
    return RMSNormOp::create(b, x, parameter(name + ".weight", {columns(x)}),
                             b.getF32FloatAttr(config.rmsNormEps));
  }

  Value bitLinear(Value x, const std::string &name, int64_t rows) {
    Value gain = parameter(name + ".norm.weight", {columns(x)});
    return GraphBuilder::bitLinear(x, name, rows, gain, options.epsilon);
  }

  const HGRNBitConfig &config;
};
} // namespace

void ternary::buildHGRNBit(ModuleOp module, const HGRNBitConfig &config,
                           const GraphOptions &options) {
  HGRNBitBuilder builder(module, config, options);
  if (options.training)
    return builder.buildLoss();
  builder.buildStep(Step::Prefill, ShapedType::kDynamic);
  builder.buildStep(Step::Decode, 1);
}
