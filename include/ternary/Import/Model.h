//===- Model.h - A model and all that came with it -------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_MODEL_H
#define TERNARY_IMPORT_MODEL_H

#include "ternary/Import/HuggingFace.h"
#include "ternary/Import/Tokenizer.h"
#include "ternary/Support/GGMLBlocks.h"

namespace ternary {

/// The name of a file and its contents.
using NamedFile = std::pair<std::string, std::string>;

/// What a model directory or a file holds.
struct Model {
  std::shared_ptr<ModelConfig> config;
  std::shared_ptr<const ParameterSource> parameters;
  TokenizerData tokenizer;
  /// What config.json says, or would say.
  std::string configJSON;
  /// What a directory has beside, or would have, that goes with the model: tokenizer.json,
  /// generation_config.json and the like.
  std::vector<NamedFile> files;

  /// The contents of one of `files`, or null.
  const std::string *findFile(llvm::StringRef name) const;
};

/// Whether there is a model directory or a GGUF file at `path`.
bool isModel(llvm::StringRef path);

/// Opens a directory in the Hugging Face layout, or a GGUF file, of several the first. With a seed
/// the config.json of a directory is enough, and parameters are made up; `layout` is that of I2_S,
/// which GGUF files do not tell. `warn` gets what is strange but no error.
llvm::Expected<Model> openModel(llvm::StringRef path, std::optional<uint64_t> randomWeights,
                                std::optional<I2SLayout> layout,
                                llvm::function_ref<void(const llvm::Twine &)> warn);

} // namespace ternary

#endif // TERNARY_IMPORT_MODEL_H
