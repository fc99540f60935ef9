//===- ModelOpeners.h - Models in either layout ----------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_IMPORT_MODELOPENERS_H
#define TERNARY_LIB_IMPORT_MODELOPENERS_H

#include "ternary/Import/Model.h"

namespace ternary {

/// A directory in the Hugging Face layout.
llvm::Expected<Model> openModelDirectory(llvm::StringRef directory,
                                         std::optional<uint64_t> randomWeights,
                                         llvm::function_ref<void(const llvm::Twine &)> warn);

/// A GGUF file. Whatever would change what the model computes and is not known is an error.
llvm::Expected<Model> openGGUFModel(llvm::StringRef path, std::optional<I2SLayout> layout,
                                    llvm::function_ref<void(const llvm::Twine &)> warn);

/// Adds the tokens that generation_config.json says to end a text to those of the configuration.
llvm::Error addEndTokens(Model &model, llvm::function_ref<void(const llvm::Twine &)> warn);

/// Changes what config.json says.
llvm::Error changeConfig(Model &model, llvm::function_ref<void(llvm::json::Object &)> change);

} // namespace ternary

#endif // TERNARY_LIB_IMPORT_MODELOPENERS_H
