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

/// What a model directory or a file holds.
struct Model {
  std::shared_ptr<ModelConfig> config;
  std::shared_ptr<const ParameterSource> parameters;
  TokenizerData tokenizer;
  /// What config.json says, or would say.
  std::string configJSON;
};

/// A directory in the Hugging Face layout; with a seed its config.json is enough, and parameters
/// are made up. `warn` gets what is strange but no error.
llvm::Expected<Model> openModelDirectory(llvm::StringRef directory,
                                         std::optional<uint64_t> randomWeights,
                                         llvm::function_ref<void(const llvm::Twine &)> warn);

/// A GGUF file, or the first of several. `layout` is that of I2_S, which files do not tell.
/// Whatever would change what the model computes and is not known is an error.
llvm::Expected<Model> openGGUFModel(llvm::StringRef path, std::optional<I2SLayout> layout,
                                    llvm::function_ref<void(const llvm::Twine &)> warn);

} // namespace ternary

#endif // TERNARY_IMPORT_MODEL_H
