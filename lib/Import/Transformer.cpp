//===- Transformer.cpp - The graph of a Transformer -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LlamaForCausalLM, Qwen3ForCausalLM and BitNetForCausalLM of Transformers. A block is
//
//   u = RMS(x; input_layernorm)
//   q = rotary(N(W_q u; q_norm)), k = rotary(N(W_k u; k_norm))
//   x = x + W_o S(attention(q, k, W_v u); attn_sub_norm)
//   v = RMS(x; post_attention_layernorm)
//   x = x + W_down S(act(W_gate v) ⊙ W_up v; ffn_sub_norm)
//
// where S is RMS for BitNet and nothing for the others, N is RMS of each head for Qwen3 and nothing
// for the others. W are ternary layers, with or without a norm of their own, or float ones; act is
// relu² or SiLU.
//
//===----------------------------------------------------------------------===//

#include "GraphBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ternary;

namespace {
class TransformerBuilder : public GraphBuilder {
public:
  TransformerBuilder(ModuleOp module, const TransformerConfig &config, const GraphOptions &options)
      : GraphBuilder(module, options), config(config) {}

  /// `(ids [B, T], state [2 L, B, C, H], position, logits_from) -> (logits, state, position)`, in
  /// which the state holds the keys and the values of each layer for C tokens, of which there
  /// are as many as the position says. T may be dynamic. Codes of G heads of D columns are in a
  /// state [2 L, B, C, G, D], with `scales` [2 L, B, C, G].
  void buildStep(Step step, int64_t tokens) {
    beginStep(step);
    Value ids =
        addArgument(Role::Ids, RankedTensorType::get({options.batch, tokens}, b.getI32Type()));
    SmallVector<int64_t> shape = {2 * config.numHiddenLayers, options.batch, config.maxTokens,
                                  config.numKeyValueHeads};
    Value state, scales;
    if (options.cacheType == DType::I8) {
      scales = addArgument(Role::Scales, floats(shape));
      shape.push_back(config.headSize);
      state = addArgument(Role::State, RankedTensorType::get(shape, b.getI8Type()));
    } else {
      shape.back() *= config.headSize;
      state =
          addArgument(Role::State, RankedTensorType::get(shape, getFloatType(options.cacheType)));
    }
    past = addArgument(Role::Position, RankedTensorType::get({}, b.getI32Type()));
    Value logitsFrom = addArgument(Role::LogitsFrom, b.getIndexType());
    auto store = [&](Value &cache, Value tokens, int64_t index) {
      cache = insertSlice(AppendOp::create(b, tokens, past, slice(cache, index)), cache, index);
    };
    int64_t next = 0;
    Value x = buildBlocks(ids, [&](KeysAndValues &kept) {
      Value ofStep[] = {kept.k, kept.v};
      for (auto [i, tokens] : llvm::enumerate(ofStep)) {
        if (!scales) {
          store(state, tokens, next + i);
          continue;
        }
        auto codes = QuantizeActivationsOp::create(b, splitHeads(tokens));
        store(state, codes.getQuantized(), next + i);
        store(scales, codes.getScale(), next + i);
      }
      // Of the state with both, so that it can be updated in place.
      Value all = scales ? joinHeads(state) : state;
      for (Value *tokens : {&kept.k, &kept.v}) {
        if (scales)
          kept.scales.push_back(slice(scales, next));
        *tokens = slice(all, next++);
      }
    });
    Value logits = buildHead(dropTokens(x, logitsFrom));
    Value after = AdvanceOp::create(b, ids, past);
    SmallVector<std::pair<Role, Value>> results = {{Role::Logits, logits}, {Role::State, state}};
    if (scales)
      results.push_back({Role::Scales, scales});
    results.push_back({Role::Position, after});
    endStep(results);
  }

  /// `(ids [B, T], targets [B, T]) -> loss`
  void buildLoss() {
    beginStep(Step::Loss);
    auto type = RankedTensorType::get({options.batch, ShapedType::kDynamic}, b.getI32Type());
    Value ids = addArgument(Role::Ids, type);
    Value targets = addArgument(Role::Targets, type);
    Value x = buildBlocks(ids, [](KeysAndValues &) {});
    endStep({{Role::Loss, CrossEntropyOp::create(b, buildHead(x), targets)}});
  }

private:
  /// With the scales of both if they are codes.
  struct KeysAndValues {
    Value k, v;
    SmallVector<Value, 2> scales;
  };

  /// Takes the keys and values of these tokens, and gives those of all.
  using Remember = function_ref<void(KeysAndValues &)>;

  Value buildBlocks(Value ids, Remember remember) {
    Value x = embedding(ids, config.getTableName().str(), config.vocabSize, config.hiddenSize);
    for (int64_t layer = 0; layer < config.numHiddenLayers; ++layer)
      x = buildBlock(x, "model.layers." + std::to_string(layer) + ".", remember);
    return x;
  }

  Value buildHead(Value x) {
    return linear(rmsNorm(x, "model.norm"), config.getHeadWeight(), config.vocabSize);
  }

  Value buildBlock(Value x, const std::string &prefix, Remember remember) {
    Value u = rmsNorm(x, prefix + "input_layernorm");
    std::string attn = prefix + "self_attn.";
    int64_t columns = config.numHeads * config.headSize;
    int64_t columnsOfKeys = config.numKeyValueHeads * config.headSize;
    Value q = rotate(headNorm(project(u, attn + "q_proj", columns), attn + "q_norm"));
    Value k = rotate(headNorm(project(u, attn + "k_proj", columnsOfKeys), attn + "k_norm"));
    Value v = project(u, attn + "v_proj", columnsOfKeys);
    KeysAndValues all = {k, v, {}};
    remember(all);
    auto attention = AttentionOp::create(b, q, all.k, all.v, all.scales, past, config.numHeads,
                                         config.numKeyValueHeads);
    Value heads = subNorm(attention.getResult(), attn + "attn_sub_norm");
    x = add(x, project(heads, attn + "o_proj", config.hiddenSize));

    u = rmsNorm(x, prefix + "post_attention_layernorm");
    std::string mlp = prefix + "mlp.";
    Value gate = project(u, mlp + "gate_proj", config.intermediateSize);
    Value up = project(u, mlp + "up_proj", config.intermediateSize);
    Value product = arith::MulFOp::create(b, ActivateOp::create(b, gate, config.activation), up);
    product = subNorm(product, mlp + "ffn_sub_norm");
    return add(x, project(product, mlp + "down_proj", config.hiddenSize));
  }

  Value rmsNorm(Value x, const std::string &name) {
    return RMSNormOp::create(b, x, parameter(name + ".weight", {columns(x)}),
                             b.getF32FloatAttr(config.rmsNormEps));
  }

  Value subNorm(Value x, const std::string &name) {
    return config.hasSubNorms ? rmsNorm(x, name) : x;
  }

  /// The norm of each head of `x` [B, T, heads · D] by itself.
  Value headNorm(Value x, const std::string &name) {
    return config.hasHeadNorms ? joinHeads(rmsNorm(splitHeads(x), name)) : x;
  }

  /// [..., heads · D] as [..., heads, D], and the other way.
  Value splitHeads(Value x) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
    shape.back() /= config.headSize;
    shape.push_back(config.headSize);
    return tensor::ExpandShapeOp::create(b, floats(shape), x, getHeadDims(shape.size()));
  }
  Value joinHeads(Value x) {
    auto type = cast<RankedTensorType>(x.getType());
    SmallVector<int64_t> shape(type.getShape().drop_back());
    shape.back() *= config.headSize;
    return tensor::CollapseShapeOp::create(b, RankedTensorType::get(shape, type.getElementType()),
                                           x, getHeadDims(type.getRank()));
  }
  static SmallVector<ReassociationIndices> getHeadDims(int64_t rank) {
    SmallVector<ReassociationIndices> dims;
    for (int64_t dim : llvm::seq(rank - 1))
      dims.push_back({dim});
    dims.back().push_back(rank - 1);
    return dims;
  }

  /// A layer of a block.
  Value project(Value x, const std::string &name, int64_t rows) {
    return GraphBuilder::project(x, name, rows, config);
  }

  Value rotate(Value x) {
    return RotaryEmbeddingOp::create(b, x, past, config.headSize, APFloat(config.ropeTheta));
  }

  const TransformerConfig &config;
  /// How many tokens there were before this step, in training none.
  Value past;
};
} // namespace

void ternary::buildTransformer(ModuleOp module, const TransformerConfig &config,
                               const GraphOptions &options) {
  TransformerBuilder builder(module, config, options);
  if (options.training)
    return builder.buildLoss();
  builder.buildStep(Step::Prefill, ShapedType::kDynamic);
  builder.buildStep(Step::Decode, 1);
}
