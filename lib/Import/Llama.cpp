//===- Llama.cpp - The graph of a float Transformer ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LlamaForCausalLM of Transformers. A block is
//
//   u = RMS(x; input_layernorm)
//   x = x + W_o attention(rotary(W_q u), rotary(W_k u), W_v u)
//   v = RMS(x; post_attention_layernorm);  x = x + W_down(SiLU(W_gate v) ⊙ W_up v)
//
//===----------------------------------------------------------------------===//

#include "GraphBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace ternary;

namespace {
class LlamaBuilder : public GraphBuilder {
public:
  LlamaBuilder(ModuleOp module, const LlamaConfig &config, const GraphOptions &options)
      : GraphBuilder(module, options), config(config) {}

  /// `(ids [B, T], targets [B, T]) -> loss`
  void buildLoss() {
    beginStep("loss");
    auto type = RankedTensorType::get({options.batch, ShapedType::kDynamic}, b.getI32Type());
    Value ids = addArgument("ids", type);
    Value targets = addArgument("targets", type);
    std::string table = "model.embed_tokens";
    Value x = EmbeddingOp::create(
        b, ids, parameter(table + ".weight", {config.vocabSize, config.hiddenSize}, true));
    for (int64_t layer = 0; layer < config.numHiddenLayers; ++layer)
      x = buildBlock(x, "model.layers." + std::to_string(layer) + ".");
    Value logits = linear(rmsNorm(x, "model.norm"), config.tieWordEmbeddings ? table : "lm_head",
                          config.vocabSize);
    endStep({{"loss", CrossEntropyOp::create(b, logits, targets)}});
  }

private:
  Value buildBlock(Value x, const std::string &prefix) {
    Value u = rmsNorm(x, prefix + "input_layernorm");
    std::string attn = prefix + "self_attn.";
    int64_t columns = config.numHeads * config.headSize;
    int64_t columnsOfKeys = config.numKeyValueHeads * config.headSize;
    Value q = rotate(linear(u, attn + "q_proj", columns));
    Value k = rotate(linear(u, attn + "k_proj", columnsOfKeys));
    Value v = linear(u, attn + "v_proj", columnsOfKeys);
    auto attention =
        AttentionOp::create(b, q, k, v, /*past=*/Value(), config.numHeads, config.numKeyValueHeads);
    x = add(x, linear(attention.getResult(), attn + "o_proj", config.hiddenSize));

    u = rmsNorm(x, prefix + "post_attention_layernorm");
    std::string mlp = prefix + "mlp.";
    Value gate = linear(u, mlp + "gate_proj", config.intermediateSize);
    Value up = linear(u, mlp + "up_proj", config.intermediateSize);
    Value product = arith::MulFOp::create(b, ActivateOp::create(b, gate, Activation::Silu), up);
    return add(x, linear(product, mlp + "down_proj", config.hiddenSize));
  }

  Value rmsNorm(Value x, const std::string &name) {
    return RMSNormOp::create(b, x, parameter(name + ".weight", {columns(x)}),
                             b.getF32FloatAttr(config.rmsNormEps));
  }

  Value linear(Value x, const std::string &name, int64_t rows) {
    return LinearOp::create(b, x, parameter(name + ".weight", {rows, columns(x)}, /*matrix=*/true));
  }

  Value rotate(Value x) {
    return RotaryEmbeddingOp::create(b, x, /*past=*/Value(), config.headSize,
                                     APFloat(config.ropeTheta));
  }

  const LlamaConfig &config;
};
} // namespace

void ternary::buildLlama(ModuleOp module, const LlamaConfig &config, const GraphOptions &options) {
  LlamaBuilder(module, config, options).buildLoss();
}
