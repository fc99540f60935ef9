//===- Model.cpp - A model and all that came with it --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelOpeners.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace ternary;

const std::string *Model::findFile(StringRef name) const {
  auto it = find_if(files, [&](const NamedFile &file) { return file.first == name; });
  return it == files.end() ? nullptr : &it->second;
}

Error ternary::changeConfig(Model &model, function_ref<void(json::Object &)> change) {
  Expected<json::Object> object = parseJSONObject(model.configJSON, "config.json");
  if (!object)
    return object.takeError();
  change(*object);
  model.configJSON = formatv("{0:2}\n", json::Value(std::move(*object))).str();
  return Error::success();
}

Error ternary::addEndTokens(Model &model, function_ref<void(const Twine &)> warn) {
  constexpr StringLiteral name = "generation_config.json";
  const std::string *text = model.findFile(name);
  if (!text)
    return Error::success();
  Expected<json::Object> object = parseJSONObject(*text, name);
  if (!object)
    return object.takeError();
  const json::Value *value = object->get("eos_token_id");
  if (!value || value->getAsNull())
    return Error::success();
  json::Array one{*value};
  ModelConfig &config = *model.config;
  for (const json::Value &element : value->getAsArray() ? *value->getAsArray() : one) {
    std::optional<int64_t> id = element.getAsInteger();
    if (!id)
      return makeFileError(name, "expected eos_token_id to be one id or a list");
    if (*id < 0 || *id >= config.vocabSize)
      warn(name + ": ignoring " + Twine(*id) + " in eos_token_id, which is no token from 0 to " +
           Twine(config.vocabSize - 1));
    else if (!is_contained(config.eosTokenIds, *id))
      config.eosTokenIds.push_back(*id);
  }
  return Error::success();
}

bool ternary::isModel(StringRef path) {
  return sys::fs::is_directory(path) || (sys::fs::exists(path) && path.ends_with(".gguf"));
}

Expected<Model> ternary::openModel(StringRef path, std::optional<uint64_t> randomWeights,
                                   std::optional<I2SLayout> layout,
                                   function_ref<void(const Twine &)> warn) {
  return sys::fs::is_directory(path) ? openModelDirectory(path, randomWeights, warn)
                                     : openGGUFModel(path, layout, warn);
}
