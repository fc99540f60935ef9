//===- HuggingFaceConfig.cpp - The families of models ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigReader.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

static constexpr uint64_t kMaxConfigBytes = 16'000'000;

namespace {
struct ModelFamily {
  StringLiteral modelType;
  ConfigResult (*readConfig)(ConfigReader &);
};
} // namespace

static constexpr ModelFamily kFamilies[] = {
    {"hgrn_bit", readHGRNBitConfig}, {"llama", readLlamaConfig}, {"qwen3", readQwen3Config},
    {"bitnet", readBitNetConfig},    {"rwkv", readRWKVConfig},
};

ModelConfig::~ModelConfig() = default;

bool ModelConfig::hasTernaryWeight(StringRef name) const {
  return any_of(getParameters(), [&](const ParameterInfo &parameter) {
    return parameter.isTernary && parameter.name == name;
  });
}

json::Object ModelConfig::getMembers() const {
  // One token as a number, none as null.
  auto getTokens = [](ArrayRef<int64_t> ids) -> json::Value {
    if (ids.size() > 1)
      return json::Array(ids);
    return ids.empty() ? json::Value(nullptr) : json::Value(ids.front());
  };
  return json::Object{
      {"model_type", modelType},
      {"vocab_size", vocabSize},
      {"hidden_size", hiddenSize},
      {"num_hidden_layers", numHiddenLayers},
      {"bos_token_id", getTokens(bosTokenId < 0 ? ArrayRef<int64_t>() : bosTokenId)},
      {"eos_token_id", getTokens(eosTokenIds)}};
}

HostTensor ModelConfig::makeInitialValue(StringRef name, ArrayRef<int64_t> shape,
                                         uint64_t seed) const {
  return makeRandomParameter(name, shape, seed, matrixDeviation, gainDeviation);
}

SmallVector<StringRef> ternary::getSupportedModelTypes() {
  return to_vector(map_range(
      kFamilies, [](const ModelFamily &family) -> StringRef { return family.modelType; }));
}

ConfigResult ternary::readModelConfig(StringRef directory) {
  SmallString<256> path(directory);
  sys::path::append(path, "config.json");
  Expected<json::Object> object = readJSONFile(path, kMaxConfigBytes);
  if (!object)
    return object.takeError();
  ConfigReader reader(path.str().str(), std::move(*object));
  return parseModelConfig(reader);
}

ConfigResult ternary::parseModelConfig(ConfigReader &reader) {
  StringRef modelType = reader.getString("model_type", std::nullopt);
  if (Error error = reader.takeError())
    return error;
  for (const ModelFamily &family : kFamilies)
    if (family.modelType == modelType)
      return family.readConfig(reader);
  reader.fail("model_type to be one of " + join(getSupportedModelTypes(), ", ") + ", got '" +
              modelType + "'");
  return reader.takeError();
}
