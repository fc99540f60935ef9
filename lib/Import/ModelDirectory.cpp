//===- ModelDirectory.cpp - Models in the Hugging Face layout ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/Model.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

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
  auto text = MemoryBuffer::getFile(path);
  if (!text)
    return createStringError("cannot read '" + path + "': " + text.getError().message());
  model.configJSON = (*text)->getBuffer().str();
  return model;
}
