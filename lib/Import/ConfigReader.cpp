//===- ConfigReader.cpp - Members of a config.json ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigReader.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace ternary;

static constexpr int64_t kMaxVocabulary = 1 << 24;
static constexpr int64_t kMaxLayers = 1 << 12;

/// A value as it stands in the file, cut short.
static std::string print(const json::Value &value) {
  std::string text = formatv("{0}", value).str();
  constexpr size_t longest = 60;
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

void ConfigReader::fail(const Twine &message) {
  if (error.empty())
    error = ("expected " + message).str();
}

void ConfigReader::failValue(StringRef key, const Twine &expected, const json::Value &value) {
  fail(getName(key) + " to be " + expected + ", got " + print(value));
}

Error ConfigReader::takeError() {
  if (error.empty())
    return Error::success();
  return makeFileError(file, error);
}

const json::Value *ConfigReader::find(StringRef key, bool required) {
  const json::Value *value = object.get(key);
  if (value && !value->getAsNull())
    return value;
  if (required)
    fail(getName(key) + ", got none");
  return nullptr;
}

bool ConfigReader::has(StringRef key) const {
  const json::Value *value = object.get(key);
  return value && !value->getAsNull();
}

bool ConfigReader::isNull(StringRef key) const {
  const json::Value *value = object.get(key);
  return value && value->getAsNull();
}

int64_t ConfigReader::getInteger(StringRef key, int64_t min, int64_t max,
                                 std::optional<int64_t> fallback) {
  const json::Value *value = find(key, /*required=*/!fallback);
  if (!value)
    return fallback.value_or(min);
  std::optional<int64_t> number = value->getAsInteger();
  if (number && *number >= min && *number <= max)
    return *number;
  failValue(key, "an integer from " + Twine(min) + " to " + Twine(max), *value);
  return min;
}

double ConfigReader::getNumber(StringRef key, double min, double max,
                               std::optional<double> fallback) {
  const json::Value *value = find(key, /*required=*/!fallback);
  if (!value)
    return fallback.value_or(max);
  std::optional<double> number = value->getAsNumber();
  if (number && *number > min && *number < max)
    return *number;
  std::string range;
  raw_string_ostream(range) << format("a number between %g and %g", min, max);
  failValue(key, range, *value);
  return max;
}

bool ConfigReader::getBool(StringRef key, bool fallback) {
  const json::Value *value = find(key, /*required=*/false);
  if (!value)
    return fallback;
  if (std::optional<bool> flag = value->getAsBoolean())
    return *flag;
  failValue(key, "true or false", *value);
  return fallback;
}

StringRef ConfigReader::getString(StringRef key, std::optional<StringRef> fallback) {
  const json::Value *value = find(key, /*required=*/!fallback);
  if (!value)
    return fallback.value_or("");
  if (std::optional<StringRef> text = value->getAsString())
    return *text;
  failValue(key, "a string", *value);
  return fallback.value_or("");
}

StringRef ConfigReader::getChoice(StringRef key, ArrayRef<StringRef> choices, StringRef fallback) {
  StringRef choice = getString(key, fallback);
  if (!is_contained(choices, choice))
    failValue(key, "one of " + join(choices, ", "), choice);
  return choice;
}

void ConfigReader::flatten(StringRef key) {
  const json::Value *value = find(key, /*required=*/false);
  if (!value)
    return;
  const json::Object *members = value->getAsObject();
  if (!members)
    return failValue(key, "an object", *value);
  json::Object flat;
  for (const auto &[name, member] : *members)
    flat[(key + "." + StringRef(name)).str()] = member;
  for (auto &[name, member] : flat)
    object.try_emplace(name, std::move(member));
}

void ConfigReader::require(StringRef key, const json::Value &expected,
                           std::optional<json::Value> fallback) {
  const json::Value *value = find(key, /*required=*/false);
  if (!value && fallback)
    value = &*fallback;
  if (value && *value != expected)
    failValue(key, print(expected) + ", all that is supported", *value);
}

void ConfigReader::requireAll(StringRef key, const json::Value &expected) {
  const json::Value *value = find(key, /*required=*/false);
  if (!value)
    return;
  const json::Array *list = value->getAsArray();
  if (!list)
    return failValue(key, "a list", *value);
  for (const json::Value &element : *list)
    if (element != expected)
      return failValue(key, "of " + print(expected) + " alone, all that is supported", element);
}

void ConfigReader::readQuantization(ModelConfig &config) {
  if (!has("quantization_config"))
    return;
  auto key = [](StringRef member) { return ("quantization_config." + member).str(); };
  flatten("quantization_config");
  require(key("quant_method"), "bitnet", nullptr);
  // A table is no linear layer, so that it may be in the list.
  std::string modules = key("modules_to_not_convert");
  StringRef head = config.getHeadName(), table = config.getTableName();
  if (const json::Value *value = find(modules, /*required=*/false))
    if (*value != json::Array{head, table} && *value != json::Array{table, head})
      require(modules, json::Array{head});
  StringRef linearClass =
      getChoice(key("linear_class"), {"autobitlinear", "bitlinear"}, "bitlinear");
  StringRef mode = getChoice(key("quantization_mode"), {"online", "offline"}, "offline");
  bool isAuto = linearClass == "autobitlinear";
  if (mode == "offline")
    config.packedScale = isAuto ? PackedScale::Multiplies : PackedScale::Divides;
  else if (!isAuto)
    fail(key("linear_class") + " to be autobitlinear with " + key("quantization_mode") +
         " online, got bitlinear");
  config.isTernary = true;
  if (getBool(key("use_rms_norm"), false))
    config.epsilonInLayers = getNumber(key("rms_norm_eps"), 1e-30, 1.0, 1e-6);
}

SmallVector<int64_t, 2> ConfigReader::getTokenIds(StringRef key, int64_t vocabSize,
                                                  std::optional<int64_t> fallback) {
  const json::Value *value = object.get(key);
  if (!value) {
    // A default may lie beyond a small vocabulary.
    if (fallback && *fallback < vocabSize)
      return {*fallback};
    return {};
  }
  if (value->getAsNull())
    return {};
  SmallVector<int64_t, 2> ids;
  auto add = [&](const json::Value &id) {
    std::optional<int64_t> number = id.getAsInteger();
    if (!number || *number < 0 || *number >= vocabSize)
      return false;
    if (!is_contained(ids, *number))
      ids.push_back(*number);
    return true;
  };
  const json::Array *list = value->getAsArray();
  if (list ? !all_of(*list, add) : !add(*value))
    failValue(key, (list ? "integers from 0 to " : "an integer from 0 to ") + Twine(vocabSize - 1),
              *value);
  return ids;
}

void ConfigReader::readCommon(ModelConfig &config, std::optional<int64_t> bos,
                              std::optional<int64_t> eos) {
  config.modelType = getString("model_type", std::nullopt);
  config.vocabSize = getInteger("vocab_size", 1, kMaxVocabulary);
  config.hiddenSize = getInteger("hidden_size", 1, kMaxColumns);
  config.numHiddenLayers = getInteger("num_hidden_layers", 1, kMaxLayers);
  SmallVector<int64_t, 2> starts = getTokenIds("bos_token_id", config.vocabSize, bos);
  if (starts.size() > 1)
    fail(getName("bos_token_id") + " to be one token, got " + Twine(starts.size()));
  config.bosTokenId = starts.empty() ? -1 : starts.front();
  config.eosTokenIds = getTokenIds("eos_token_id", config.vocabSize, eos);
}
