//===- ModelDirectory.cpp - Models in the Hugging Face layout ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelOpeners.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

/// What a directory has beside config.json, tensors and tokenizer.model that goes with the model.
static constexpr StringLiteral kOtherFiles[] = {
    "tokenizer.json",          "tokenizer_config.json",  "vocab.json",         "merges.txt",
    "special_tokens_map.json", "generation_config.json", "chat_template.jinja"};

static Expected<std::string> readText(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return createStringError("cannot read '" + path + "': " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

static Expected<std::vector<NamedFile>> readOtherFiles(StringRef directory) {
  std::vector<NamedFile> files;
  for (StringRef name : kOtherFiles) {
    SmallString<128> path(directory);
    sys::path::append(path, name);
    if (!sys::fs::is_regular_file(path))
      continue;
    Expected<std::string> text = readText(path);
    if (!text)
      return text.takeError();
    files.emplace_back(name, std::move(*text));
  }
  return files;
}

Expected<Model> ternary::openModelDirectory(StringRef directory,
                                            std::optional<uint64_t> randomWeights,
                                            function_ref<void(const Twine &)> warn) {
  Expected<std::shared_ptr<ModelConfig>> config = readModelConfig(directory);
  if (!config)
    return config.takeError();
  Model model;
  model.config = *config;
  if (randomWeights) {
    model.parameters = std::make_shared<RandomParameters>(
        [config = model.config, seed = *randomWeights](StringRef name, ArrayRef<int64_t> shape) {
          return config->makeInitialValue(name, shape, seed);
        });
  } else {
    Expected<std::shared_ptr<Checkpoint>> checkpoint =
        Checkpoint::open(directory, model.config->packedScale);
    if (!checkpoint)
      return checkpoint.takeError();
    model.parameters = *checkpoint;
  }
  if (Error error = model.parameters->check(model.config->getParameters(), warn))
    return error;
  Expected<TokenizerData> tokenizer = readTokenizer(directory, model.config->vocabSize);
  if (!tokenizer)
    return tokenizer.takeError();
  model.tokenizer = std::move(*tokenizer);
  SmallString<128> path(directory);
  sys::path::append(path, "config.json");
  Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  model.configJSON = std::move(*text);
  Expected<std::vector<NamedFile>> files = readOtherFiles(directory);
  if (!files)
    return files.takeError();
  model.files = std::move(*files);
  return model;
}
