//===- ModelDirectory.cpp - Models in the Hugging Face layout ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelOpeners.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

/// What a directory has beside config.json, tensors and tokenizer.model that goes with the model.
static constexpr StringLiteral kOtherFiles[] = {
    "tokenizer.json",          "tokenizer_config.json",  "vocab.json",         "merges.txt",
    "special_tokens_map.json", "generation_config.json", "chat_template.jinja"};

static Expected<std::vector<NamedFile>> readOtherFiles(StringRef directory) {
  std::vector<NamedFile> files;
  for (StringRef name : kOtherFiles) {
    SmallString<128> path(directory);
    sys::path::append(path, name);
    if (!sys::fs::is_regular_file(path))
      continue;
    Expected<std::string> text = readTextFile(path);
    if (!text)
      return text.takeError();
    files.emplace_back(name, std::move(*text));
  }
  return files;
}

/// A checkpoint may have a head although the configuration ties it to the table. As in Transformers
/// 5, it is the table if both have the same values, and stands for itself otherwise.
static Error settleHead(Model &model, Checkpoint &checkpoint,
                        function_ref<void(const Twine &)> warn) {
  ModelConfig &config = *model.config;
  std::string table = (config.getTableName() + ".weight").str();
  std::string head = (config.getHeadName() + ".weight").str();
  if (!config.tieWordEmbeddings || !checkpoint.has(head))
    return Error::success();
  Expected<bool> isSame =
      checkpoint.haveSameValues(table, head, {config.vocabSize, config.hiddenSize});
  if (!isSame)
    return isSame.takeError();
  if (*isSame) {
    checkpoint.forget(head);
    return Error::success();
  }
  config.tieWordEmbeddings = false;
  warn("keeping '" + head + "' apart from '" + table +
       "', which has other values, although config.json says tie_word_embeddings");
  return changeConfig(model, [](json::Object &object) { object["tie_word_embeddings"] = false; });
}

Expected<Model> ternary::openModelDirectory(StringRef directory,
                                            std::optional<uint64_t> randomWeights,
                                            function_ref<void(const Twine &)> warn) {
  Expected<std::shared_ptr<ModelConfig>> config = readModelConfig(directory);
  if (!config)
    return config.takeError();
  Model model;
  model.config = *config;
  SmallString<128> path(directory);
  sys::path::append(path, "config.json");
  Expected<std::string> text = readTextFile(path);
  if (!text)
    return text.takeError();
  model.configJSON = std::move(*text);
  if (randomWeights) {
    // They are floats, whatever the configuration says of weights that come with it.
    if (model.config->packedScale != PackedScale::None) {
      model.config->packedScale = PackedScale::None;
      if (Error error = changeConfig(model, [](json::Object &object) {
            json::Object &quantization = *object.getObject("quantization_config");
            quantization["linear_class"] = "autobitlinear";
            quantization["quantization_mode"] = "online";
          }))
        return error;
    }
    model.parameters = std::make_shared<RandomParameters>(
        [config = model.config, seed = *randomWeights](StringRef name, ArrayRef<int64_t> shape) {
          return config->makeInitialValue(name, shape, seed);
        });
  } else {
    Expected<std::shared_ptr<Checkpoint>> checkpoint =
        Checkpoint::open(directory, model.config->packedScale);
    if (!checkpoint)
      return checkpoint.takeError();
    if (Error error = settleHead(model, **checkpoint, warn))
      return error;
    model.parameters = *checkpoint;
  }
  if (Error error = model.parameters->check(model.config->getParameters(), warn))
    return error;
  Expected<TokenizerData> tokenizer = readTokenizer(directory, model.config->vocabSize);
  if (!tokenizer)
    return tokenizer.takeError();
  model.tokenizer = std::move(*tokenizer);
  Expected<std::vector<NamedFile>> files = readOtherFiles(directory);
  if (!files)
    return files.takeError();
  model.files = std::move(*files);
  if (Error error = addEndTokens(model, warn))
    return error;
  return model;
}
