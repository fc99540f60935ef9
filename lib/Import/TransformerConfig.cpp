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

/// What all Transformers have; `config` has the defaults of the family.
static void readTransformer(ConfigReader &reader, TransformerConfig &config) {
  // As of Transformers 5 what concerns rotations is an object of its own.
  reader.flatten("rope_parameters");
  reader.require("attention_bias", false);
  reader.require("attention_dropout", 0.0);
  reader.require("rope_parameters.rope_type", "default");
  for (StringRef key : {"rope_scaling", "rope_parameters.factor"})
    if (reader.has(key))
      reader.fail("no " + key + ", which is not supported");

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
  double theta = reader.getNumber("rope_theta", 0.0, 1e30, config.ropeTheta);
  config.ropeTheta = reader.getNumber("rope_parameters.rope_theta", 0.0, 1e30, theta);
  config.maxTokens = reader.getInteger("max_position_embeddings", 1, 1 << 20, 2048);
  // A model from scratch is as Transformers makes it.
  config.matrixDeviation = reader.getNumber("initializer_range", 0.0, 1e3, 0.02);
  config.gainDeviation = 0.0f;
}

ConfigResult ternary::readLlamaConfig(ConfigReader &reader) {
  auto config = std::make_unique<TransformerConfig>();
  reader.readCommon(*config);
  config->bosTokenId = reader.getTokenId("bos_token_id", config->vocabSize, 1);
  config->eosTokenId = reader.getTokenId("eos_token_id", config->vocabSize, 2);
  reader.require("architectures", json::Array{"LlamaForCausalLM"});
  reader.require("hidden_act", "silu");
  reader.require("mlp_bias", false);
  reader.require("pretraining_tp", 1);
  reader.readQuantization(*config, "lm_head");
  readTransformer(reader, *config);
  if (Error error = reader.takeError())
    return error;
  return config;
}

ConfigResult ternary::readQwen3Config(ConfigReader &reader) {
  auto config = std::make_unique<TransformerConfig>();
  config->hasHeadNorms = true;
  reader.readCommon(*config);
  config->bosTokenId = reader.getTokenId("bos_token_id", config->vocabSize, -1);
  config->eosTokenId = reader.getTokenId("eos_token_id", config->vocabSize, -1);
  reader.require("architectures", json::Array{"Qwen3ForCausalLM"});
  reader.require("hidden_act", "silu");
  reader.require("use_sliding_window", false);
  reader.readQuantization(*config, "lm_head");
  readTransformer(reader, *config);
  if (Error error = reader.takeError())
    return error;
  return config;
}

ConfigResult ternary::readBitNetConfig(ConfigReader &reader) {
  auto config = std::make_unique<TransformerConfig>();
  config->hasSubNorms = true;
  config->rmsNormEps = 1e-5f;
  config->ropeTheta = 500000.0;
  reader.readCommon(*config);
  config->bosTokenId = reader.getTokenId("bos_token_id", config->vocabSize, 128000);
  config->eosTokenId = reader.getTokenId("eos_token_id", config->vocabSize, 128001);
  reader.require("architectures", json::Array{"BitNetForCausalLM"});
  if (reader.getChoice("hidden_act", {"relu2", "silu"}, "relu2") == "relu2")
    config->activation = Activation::SquaredRelu;
  if (!reader.has("quantization_config"))
    reader.fail("quantization_config, which says how weights are made ternary, got none");
  reader.readQuantization(*config, "lm_head");
  readTransformer(reader, *config);
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
