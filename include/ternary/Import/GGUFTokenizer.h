//===- GGUFTokenizer.h - The tokenizer in a GGUF file ----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_GGUFTOKENIZER_H
#define TERNARY_IMPORT_GGUFTOKENIZER_H

#include "ternary/Import/GGUFWriter.h"
#include "ternary/Import/HuggingFace.h"
#include "ternary/Import/Tokenizer.h"

namespace ternary {

/// The SentencePiece model that `tokenizer.ggml.model` "llama" stands for; nothing for other kinds
/// of tokenizers or none. An error if its arrays do not agree or have more than `vocabSize` tokens.
llvm::Expected<TokenizerData> readGGUFTokenizer(const GGUFFile &file, int64_t vocabSize,
                                                llvm::function_ref<void(const llvm::Twine &)> warn);

/// Adds the keys that say the same, with as many tokens as the model has. Without a SentencePiece
/// model, or with one that keys cannot describe, the kind is "none". Calls `warn` with what is
/// lost.
void addGGUFTokenizer(GGUFWriter &writer, const TokenizerData &tokenizer, const ModelConfig &config,
                      llvm::function_ref<void(const llvm::Twine &)> warn);

} // namespace ternary

#endif // TERNARY_IMPORT_GGUFTOKENIZER_H
