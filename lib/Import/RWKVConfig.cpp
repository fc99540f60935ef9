//===- RWKVConfig.cpp - The shape of RWKV-4 -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigReader.h"
#include "ternary/Support/Power.h"
#include "llvm/Support/JSON.h"
#include <cmath>

using namespace llvm;
using namespace ternary;

/// How often hidden states may be halved: f32 has exponents for it, and for ε beside them.
static constexpr int64_t kMaxHalvings = 32;

ConfigResult ternary::readRWKVConfig(ConfigReader &reader) {
  auto config = std::make_unique<RWKVConfig>();
  reader.readCommon(*config, /*bos=*/0, /*eos=*/0);
  reader.require("architectures", json::Array{"RwkvForCausalLM"});
  reader.readQuantization(*config);
  config->attentionHiddenSize =
      reader.getInteger("attention_hidden_size", 1, kMaxColumns, config->hiddenSize);
  config->intermediateSize =
      reader.getInteger("intermediate_size", 1, kMaxColumns, 4 * config->hiddenSize);
  if (config->intermediateSize > kMaxColumns)
    reader.fail("hidden_size of at most " + Twine(kMaxColumns / 4) +
                " without an intermediate_size, got " + Twine(config->hiddenSize));
  config->layerNormEpsilon = reader.getNumber("layer_norm_epsilon", 1e-30, 1.0, 1e-5);
  constexpr int64_t any = std::numeric_limits<int32_t>::max();
  config->rescaleEvery = reader.getInteger("rescale_every", -any, any, 6);
  if (config->rescaleEvery > 0 && config->numHiddenLayers / config->rescaleEvery > kMaxHalvings)
    reader.fail(reader.getName("rescale_every") + " to halve hidden states at most " +
                Twine(kMaxHalvings) + " times in " + Twine(config->numHiddenLayers) +
                " layers, got " + Twine(config->rescaleEvery));
  config->tieWordEmbeddings = reader.getBool("tie_word_embeddings", false);
  if (Error error = reader.takeError())
    return error;
  return config;
}

std::vector<ParameterInfo> RWKVConfig::getParameters() const {
  std::vector<ParameterInfo> parameters;
  auto add = [&](const Twine &name, ArrayRef<int64_t> shape, bool ternary = false) {
    parameters.push_back({name.str(), SmallVector<int64_t, 2>(shape), ternary});
  };
  auto project = [&](const Twine &name, int64_t rows, int64_t columns) {
    add(name + ".weight", {rows, columns}, isTernary);
    if (epsilonInLayers)
      add(name + ".rms_norm.weight", {columns});
  };
  auto addLayerNorm = [&](const Twine &name) {
    add(name + ".weight", {hiddenSize});
    add(name + ".bias", {hiddenSize});
  };
  add("rwkv.embeddings.weight", {vocabSize, hiddenSize});
  for (int64_t layer = 0; layer < numHiddenLayers; ++layer) {
    std::string block = ("rwkv.blocks." + Twine(layer) + ".").str();
    if (layer == 0)
      addLayerNorm(block + "pre_ln");
    addLayerNorm(block + "ln1");
    std::string attention = block + "attention.";
    for (StringRef vector : {"time_decay", "time_first"})
      add(attention + vector, {attentionHiddenSize});
    for (StringRef use : {"key", "value", "receptance"}) {
      add(attention + "time_mix_" + use, {1, 1, hiddenSize});
      project(attention + use, attentionHiddenSize, hiddenSize);
    }
    project(attention + "output", hiddenSize, attentionHiddenSize);
    addLayerNorm(block + "ln2");
    std::string feedForward = block + "feed_forward.";
    for (StringRef use : {"key", "receptance"})
      add(feedForward + "time_mix_" + use, {1, 1, hiddenSize});
    project(feedForward + "key", intermediateSize, hiddenSize);
    project(feedForward + "receptance", hiddenSize, hiddenSize);
    project(feedForward + "value", hiddenSize, intermediateSize);
  }
  addLayerNorm("rwkv.ln_out");
  if (!tieWordEmbeddings)
    add("head.weight", {vocabSize, hiddenSize});
  return parameters;
}

json::Object RWKVConfig::getMembers() const {
  json::Object members = ModelConfig::getMembers();
  members["attention_hidden_size"] = attentionHiddenSize;
  members["intermediate_size"] = intermediateSize;
  members["layer_norm_epsilon"] = layerNormEpsilon;
  members["rescale_every"] = rescaleEvery;
  members["tie_word_embeddings"] = tieWordEmbeddings;
  return members;
}

/// As Transformers makes it, save that matrices are drawn from a normal distribution that has the
/// deviation of its orthogonal ones.
HostTensor RWKVConfig::makeInitialValue(StringRef name, ArrayRef<int64_t> shape,
                                        uint64_t seed) const {
  if (name == "rwkv.embeddings.weight")
    return makeRandomParameter(name, shape, seed, /*matrixDeviation=*/1e-4f);
  if (shape.size() == 2)
    return makeRandomParameter(name, shape, seed,
                               (name == "head.weight" ? 0.5 : 1.0) / std::sqrt(shape[1]));

  int64_t layer = 0;
  StringRef block = name;
  if (block.consume_front("rwkv.blocks."))
    (void)block.consumeInteger(10, layer);
  double layers = numHiddenLayers, height = 1.0 - layer / layers;
  double depth = numHiddenLayers > 1 ? layer / (layers - 1.0) : 0.0;
  HostTensor tensor = HostTensor::allocate(DType::F32, shape);
  MutableArrayRef<float> values = tensor.getMutableValues<float>();
  double last = std::max<double>(values.size() - 1.0, 1.0);
  for (auto [i, value] : enumerate(values)) {
    double part = static_cast<double>(i) / values.size();
    if (name.ends_with(".bias"))
      value = 0.0f;
    else if (name.ends_with(".time_decay"))
      value = -5.0 + 8.0 * power(i / last, 0.7 + 1.3 * depth);
    else if (name.ends_with(".attention.time_mix_value"))
      value = power(part, height) + 0.3 * depth;
    else if (name.ends_with(".attention.time_mix_receptance"))
      value = power(part, 0.5 * height);
    else if (name.contains(".time_mix_"))
      value = power(part, height);
    else // gains and time_first
      value = 1.0f;
  }
  return tensor;
}

void RWKVConfig::buildGraph(mlir::ModuleOp module, const GraphOptions &options) const {
  buildRWKV(module, *this, options);
}
