//===- TransformerConfig.cpp - The shape of a Transformer -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigReader.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace ternary;

/// As many channels as `ternary.rotary_embedding` turns.
static constexpr int64_t kMaxHeadSize = 1024;

/// As of Transformers 5 what concerns rotations is an object of its own, rope_parameters; before,
/// some of it was in rope_scaling. Either may be there and say nothing.
static void readRotation(ConfigReader &reader, TransformerConfig &config) {
  config.ropeTheta = reader.getNumber("rope_theta", 0.0, 1e30, config.ropeTheta);
  for (StringRef name : {"rope_scaling", "rope_parameters"}) {
    auto key = [&](StringRef member) { return (name + "." + member).str(); };
    reader.flatten(name);
    config.ropeTheta = reader.getNumber(key("rope_theta"), 0.0, 1e30, config.ropeTheta);
    reader.require(key("partial_rotary_factor"), 1.0);
    std::string type = key(reader.has(key("rope_type")) ? "rope_type" : "type");
    StringRef scaling = reader.getString(type, "default");
    // Positions that are divided by 1 are as they were.
    if (scaling == "linear" || scaling == "dynamic")
      reader.require(key("factor"), 1.0, nullptr);
    else
      reader.require(type, "default");
  }
  reader.require("partial_rotary_factor", 1.0);
  reader.require("rope_interleaved", false);
}

/// Attention sees all tokens before: no layer has a window, or none that is shorter than a text.
static void checkWindows(ConfigReader &reader, const TransformerConfig &config) {
  constexpr int64_t any = std::numeric_limits<int32_t>::max();
  bool isShort = !reader.isNull("sliding_window") &&
                 reader.getInteger("sliding_window", -1, any, 0) < config.maxTokens;
  // As many layers have none, as Qwen3 has it if the member is missing.
  if (isShort && reader.getInteger("max_window_layers", 0, any, 28) < config.numHiddenLayers)
    reader.require("use_sliding_window", false);
  reader.requireAll("layer_types", "full_attention");
}

/// What all Transformers have; `config` has the defaults of the family.
static void readTransformer(ConfigReader &reader, TransformerConfig &config) {
  reader.require("attention_bias", false);
  readRotation(reader, config);
  config.intermediateSize = reader.getInteger("intermediate_size", 1, kMaxColumns);
  config.numHeads = reader.getInteger("num_attention_heads", 1, kMaxColumns);
  config.numKeyValueHeads =
      reader.getInteger("num_key_value_heads", 1, kMaxColumns, config.numHeads);
  if (config.numHeads % config.numKeyValueHeads != 0)
    reader.fail(reader.getName("num_key_value_heads") + " to divide the " + Twine(config.numHeads) +
                " attention heads, got " + Twine(config.numKeyValueHeads));
  else if (config.numHeads / config.numKeyValueHeads > AttentionOp::kMaxHeadsOfGroup)
    reader.fail(reader.getName("num_attention_heads") + " of at most " +
                Twine(AttentionOp::kMaxHeadsOfGroup) + " times " +
                reader.getName("num_key_value_heads") + ", got " + Twine(config.numHeads) +
                " and " + Twine(config.numKeyValueHeads));
  if (!reader.has("head_dim") && config.hiddenSize % config.numHeads != 0)
    reader.fail(reader.getName("num_attention_heads") + " to divide the " +
                reader.getName("hidden_size") + " of " + Twine(config.hiddenSize) + ", got " +
                Twine(config.numHeads));
  config.headSize =
      reader.getInteger("head_dim", 2, kMaxHeadSize, config.hiddenSize / config.numHeads);
  if (config.headSize < 2 || config.headSize > kMaxHeadSize || config.headSize % 2 != 0)
    reader.fail("heads of an even number of channels from 2 to " + Twine(kMaxHeadSize) + ", got " +
                Twine(config.headSize));
  if (config.numHeads * config.headSize > kMaxColumns)
    reader.fail("at most " + Twine(kMaxColumns) + " channels in all heads, got " +
                Twine(config.numHeads * config.headSize));
  config.tieWordEmbeddings = reader.getBool("tie_word_embeddings", false);
  config.rmsNormEps = reader.getNumber("rms_norm_eps", 1e-30, 1.0, config.rmsNormEps);
  config.maxTokens = reader.getInteger("max_position_embeddings", 1, 1 << 20, config.maxTokens);
  config.dropout = reader.getNumber("attention_dropout", -1e-9, 1.0, 0.0);
  // A model from scratch is as Transformers makes it.
  config.matrixDeviation = reader.getNumber("initializer_range", 0.0, 1e3, 0.02);
  config.gainDeviation = 0.0f;
}

ConfigResult ternary::readLlamaConfig(ConfigReader &reader) {
  auto config = std::make_unique<TransformerConfig>();
  config->maxTokens = 2048;
  reader.readCommon(*config, /*bos=*/1, /*eos=*/2);
  reader.require("architectures", json::Array{"LlamaForCausalLM"});
  reader.getChoice("hidden_act", {"silu", "swish"}, "silu");
  reader.require("mlp_bias", false);
  reader.readQuantization(*config);
  readTransformer(reader, *config);
  checkWindows(reader, *config);
  if (Error error = reader.takeError())
    return error;
  return config;
}

ConfigResult ternary::readQwen3Config(ConfigReader &reader) {
  auto config = std::make_unique<TransformerConfig>();
  config->hasHeadNorms = true;
  config->maxTokens = 32768;
  reader.readCommon(*config, /*bos=*/std::nullopt, /*eos=*/std::nullopt);
  reader.require("architectures", json::Array{"Qwen3ForCausalLM"});
  reader.getChoice("hidden_act", {"silu", "swish"}, "silu");
  reader.readQuantization(*config);
  readTransformer(reader, *config);
  checkWindows(reader, *config);
  if (Error error = reader.takeError())
    return error;
  return config;
}

ConfigResult ternary::readBitNetConfig(ConfigReader &reader) {
  auto config = std::make_unique<TransformerConfig>();
  config->hasSubNorms = true;
  config->rmsNormEps = 1e-5f;
  config->ropeTheta = 500000.0;
  config->maxTokens = 2048;
  reader.readCommon(*config, /*bos=*/128000, /*eos=*/128001);
  reader.require("architectures", json::Array{"BitNetForCausalLM"});
  if (reader.getChoice("hidden_act", {"relu2", "silu", "swish"}, "relu2") == "relu2")
    config->activation = Activation::SquaredRelu;
  if (!reader.has("quantization_config"))
    reader.fail("quantization_config, which says how weights are made ternary, got none");
  reader.readQuantization(*config);
  readTransformer(reader, *config);
  checkWindows(reader, *config);
  if (Error error = reader.takeError())
    return error;
  return config;
}

std::vector<ParameterInfo> TransformerConfig::getParameters() const {
  std::vector<ParameterInfo> parameters;
  auto add = [&](const Twine &name, ArrayRef<int64_t> shape, bool ternary = false) {
    parameters.push_back({(name + ".weight").str(), SmallVector<int64_t, 2>(shape), ternary});
  };
  auto project = [&](const Twine &name, int64_t rows, int64_t columns) {
    add(name, {rows, columns}, isTernary);
    if (epsilonInLayers)
      add(name + ".rms_norm", {columns});
  };
  int64_t queries = numHeads * headSize, keys = numKeyValueHeads * headSize;
  add("model.embed_tokens", {vocabSize, hiddenSize});
  for (int64_t layer = 0; layer < numHiddenLayers; ++layer) {
    std::string prefix = ("model.layers." + Twine(layer) + ".").str();
    add(prefix + "input_layernorm", {hiddenSize});
    project(prefix + "self_attn.q_proj", queries, hiddenSize);
    project(prefix + "self_attn.k_proj", keys, hiddenSize);
    project(prefix + "self_attn.v_proj", keys, hiddenSize);
    if (hasHeadNorms)
      for (StringRef name : {"q_norm", "k_norm"})
        add(prefix + "self_attn." + name, {headSize});
    if (hasSubNorms)
      add(prefix + "self_attn.attn_sub_norm", {queries});
    project(prefix + "self_attn.o_proj", hiddenSize, queries);
    add(prefix + "post_attention_layernorm", {hiddenSize});
    project(prefix + "mlp.gate_proj", intermediateSize, hiddenSize);
    project(prefix + "mlp.up_proj", intermediateSize, hiddenSize);
    if (hasSubNorms)
      add(prefix + "mlp.ffn_sub_norm", {intermediateSize});
    project(prefix + "mlp.down_proj", hiddenSize, intermediateSize);
  }
  add("model.norm", {hiddenSize});
  if (!tieWordEmbeddings)
    add("lm_head", {vocabSize, hiddenSize});
  return parameters;
}

json::Object TransformerConfig::getMembers() const {
  json::Object members = ModelConfig::getMembers();
  members["hidden_act"] = activation == Activation::SquaredRelu ? "relu2" : "silu";
  members["intermediate_size"] = intermediateSize;
  members["num_attention_heads"] = numHeads;
  members["num_key_value_heads"] = numKeyValueHeads;
  members["head_dim"] = headSize;
  members["rope_theta"] = ropeTheta;
  members["rms_norm_eps"] = rmsNormEps;
  members["max_position_embeddings"] = maxTokens;
  members["tie_word_embeddings"] = tieWordEmbeddings;
  return members;
}

void TransformerConfig::buildGraph(mlir::ModuleOp module, const GraphOptions &options) const {
  buildTransformer(module, *this, options);
}
