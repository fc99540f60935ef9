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
  void buildStep(StringRef name, int64_t tokens) {
    beginStep(name);
    Value ids = addArgument("ids", RankedTensorType::get({options.batch, tokens}, b.getI32Type()));
    SmallVector<int64_t> shape = {2 * config.numHiddenLayers, options.batch, config.maxTokens,
                                  config.numKeyValueHeads};
    Value state, scales;
    if (options.cacheType == DType::I8) {
      scales = addArgument("scales", floats(shape));
      shape.push_back(config.headSize);
      state = addArgument("state", RankedTensorType::get(shape, b.getI8Type()));
    } else {
      shape.back() *= config.headSize;
      state = addArgument("state", RankedTensorType::get(shape, getFloatType(options.cacheType)));
    }
    past = addArgument("position", RankedTensorType::get({}, b.getI32Type()));
    Value logitsFrom = addArgument("logits_from", b.getIndexType());
    Value position = tensor::ExtractOp::create(b, past, ValueRange());
    Value offset = arith::IndexCastOp::create(b, b.getIndexType(), position);
    auto store = [&](Value &cache, Value tokens, int64_t index) {
      cache = insertSlice(append(slice(cache, index), tokens, offset), cache, index);
    };
    int64_t next = 0;
    Value x = buildBlocks(ids, [&](KeysAndValues &kept) {
      Value ofStep[] = {kept.k, kept.v};
      for (auto [i, tokens] : llvm::enumerate(ofStep)) {
        if (!scales) {
          store(state, narrow(tokens), next + i);
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
    Value count = tensor::DimOp::create(b, ids, 1);
    count = arith::IndexCastOp::create(b, b.getI32Type(), count);
    Value after = arith::AddIOp::create(b, position, count);
    after = tensor::InsertOp::create(b, after, past, ValueRange());
    SmallVector<std::pair<StringRef, Value>> results = {{"logits", logits}, {"state", state}};
    if (scales)
      results.push_back({"scales", scales});
    results.push_back({"position", after});
    endStep(results);
  }

  /// `(ids [B, T], targets [B, T]) -> loss`
  void buildLoss() {
    beginStep("loss");
    auto type = RankedTensorType::get({options.batch, ShapedType::kDynamic}, b.getI32Type());
    Value ids = addArgument("ids", type);
    Value targets = addArgument("targets", type);
    Value x = buildBlocks(ids, [](KeysAndValues &) {});
    endStep({{"loss", CrossEntropyOp::create(b, buildHead(x), targets)}});
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

  /// In the type of float that keys and values are kept in.
  Value narrow(Value x) {
    auto type = cast<RankedTensorType>(x.getType());
    Type element = getFloatType(options.cacheType);
    if (element == type.getElementType())
      return x;
    return arith::TruncFOp::create(b, type.clone(element), x);
  }

  /// `cache` [B, C, ...] with `tokens` [B, T, ...] from `offset` on.
  Value append(Value cache, Value tokens, Value offset) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), tokens);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    offsets[1] = offset;
    return tensor::InsertSliceOp::create(b, tokens, cache, offsets, sizes, strides);
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
  builder.buildStep("prefill", ShapedType::kDynamic);
  builder.buildStep("decode", 1);
}
