//===- GGUFTokenizerKinds.h - Kinds of tokenizers in GGUF files ------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_IMPORT_GGUFTOKENIZERKINDS_H
#define TERNARY_LIB_IMPORT_GGUFTOKENIZERKINDS_H

#include "ternary/Import/GGUFTokenizer.h"

namespace ternary {

/// What all kinds have: tokens by their ids.
struct GGUFTokens {
  enum Type : int32_t { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };

  std::vector<llvm::StringRef> texts;
  std::vector<int32_t> types; ///< as many, each a `Type`
};

/// The token that the key `tokenizer.ggml.NAME` says; nothing if there is no such key.
llvm::Expected<std::optional<int64_t>>
readGGUFTokenId(const GGUFFile &file, const GGUFTokens &tokens, llvm::StringRef name);

/// Kind "llama": the SentencePiece model that llama.cpp took apart.
llvm::Expected<std::string>
readGGUFSentencePiece(const GGUFFile &file, const GGUFTokens &tokens,
                      llvm::function_ref<void(const llvm::Twine &)> warn);

/// Kind "gpt2": a tokenizer.json of byte pairs; empty if text is cut in a way that is not known.
llvm::Expected<std::string> readGGUFBytePairs(const GGUFFile &file, const GGUFTokens &tokens,
                                              llvm::function_ref<void(const llvm::Twine &)> warn);

/// Add the keys of a tokenizer. False if they cannot describe it, of which `warn` is told.
bool addGGUFSentencePiece(GGUFWriter &writer, llvm::StringRef model, const ModelConfig &config,
                          llvm::function_ref<void(const llvm::Twine &)> warn);
bool addGGUFBytePairs(GGUFWriter &writer, llvm::StringRef tokenizerJSON, const ModelConfig &config,
                      llvm::function_ref<void(const llvm::Twine &)> warn);

/// Adds the keys of the tokens, of as many unused ones as the model has more, and of those that end
/// a text.
void addGGUFTokens(GGUFWriter &writer, llvm::StringRef kind, llvm::StringRef pre, GGUFTokens tokens,
                   const ModelConfig &config, llvm::function_ref<void(const llvm::Twine &)> warn);

/// What to warn of.
inline constexpr llvm::StringLiteral kNormalisationIsLost =
    "writing a tokenizer that takes text as it is: GGUF has no keys for the normalisation that "
    "this one does";

} // namespace ternary

#endif // TERNARY_LIB_IMPORT_GGUFTOKENIZERKINDS_H
