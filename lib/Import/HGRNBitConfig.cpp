//===- HGRNBitConfig.cpp - The shape of a MatMul-free language model ------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigReader.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace ternary;

/// What the original implementation makes of a ratio, multiples of 256.
static int64_t computeIntermediateSize(int64_t hiddenSize, double ratio) {
  auto size = static_cast<int64_t>(hiddenSize * ratio * 2 / 3);
  return alignTo(size, 256);
}

ConfigResult ternary::readHGRNBitConfig(ConfigReader &reader) {
  auto config = std::make_unique<HGRNBitConfig>();
  config->isTernary = true;
  reader.readCommon(*config, /*bos=*/1, /*eos=*/2);
  reader.require("num_heads", 1);
  reader.require("expand_ratio", 1);
  reader.require("use_short_conv", false);
  reader.require("tie_word_embeddings", false);
  if (reader.has("quantization_config"))
    reader.fail("no quantization_config, since weights of hgrn_bit are stored latent");
  StringRef activation = reader.getString("hidden_act", "swish");
  if (activation != "swish" && activation != "silu")
    reader.fail("hidden_act to be swish or silu, got '" + activation + "'");

  config->useLowerBound = reader.getBool("use_lower_bound", true);
  config->rmsNormEps = reader.getNumber("rms_norm_eps", 1e-30, 1.0, 1e-6);
  if (reader.has("intermediate_size")) {
    config->intermediateSize = reader.getInteger("intermediate_size", 1, kMaxColumns);
  } else {
    double ratio = reader.getNumber("hidden_ratio", 0.0, 1024.0, 4.0);
    config->intermediateSize = computeIntermediateSize(config->hiddenSize, ratio);
    if (config->intermediateSize < 1 || config->intermediateSize > kMaxColumns)
      reader.fail("hidden_size and hidden_ratio that make from 1 to " + Twine(kMaxColumns) +
                  " intermediate columns, got " + Twine(config->intermediateSize));
  }
  if (Error error = reader.takeError())
    return error;
  return config;
}

std::vector<ParameterInfo> HGRNBitConfig::getParameters() const {
  std::vector<ParameterInfo> parameters;
  auto add = [&](const Twine &name, ArrayRef<int64_t> shape, bool ternary = false) {
    parameters.push_back({name.str(), SmallVector<int64_t, 2>(shape), ternary});
  };
  auto addBitLinear = [&](const Twine &name, int64_t rows, int64_t columns) {
    add(name + ".weight", {rows, columns}, /*ternary=*/true);
    add(name + ".norm.weight", {columns});
  };
  add("model.embeddings.weight", {vocabSize, hiddenSize});
  if (useLowerBound)
    add("model.lower_bounds", {numHiddenLayers, hiddenSize});
  for (int64_t layer = 0; layer < numHiddenLayers; ++layer) {
    std::string prefix = ("model.layers." + Twine(layer) + ".").str();
    add(prefix + "attn_norm.weight", {hiddenSize});
    for (StringRef projection : {"i_proj", "f_proj", "g_proj", "o_proj"})
      addBitLinear(prefix + "attn." + projection, hiddenSize, hiddenSize);
    add(prefix + "attn.g_norm.weight", {hiddenSize});
    add(prefix + "mlp_norm.weight", {hiddenSize});
    addBitLinear(prefix + "mlp.gate_proj", 2 * intermediateSize, hiddenSize);
    addBitLinear(prefix + "mlp.down_proj", hiddenSize, intermediateSize);
  }
  add("model.norm.weight", {hiddenSize});
  addBitLinear("lm_head", vocabSize, hiddenSize);
  return parameters;
}

json::Object HGRNBitConfig::getMembers() const {
  json::Object members = ModelConfig::getMembers();
  members["hidden_act"] = "swish";
  members["intermediate_size"] = intermediateSize;
  members["use_lower_bound"] = useLowerBound;
  members["rms_norm_eps"] = rmsNormEps;
  return members;
}

void HGRNBitConfig::buildGraph(mlir::ModuleOp module, const GraphOptions &options) const {
  buildHGRNBit(module, *this, options);
}
