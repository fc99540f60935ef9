//===- GGUFTokenizer.h - The tokenizer in a GGUF file ----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_GGUFTOKENIZER_H
#define TERNARY_IMPORT_GGUFTOKENIZER_H

#include "ternary/Import/GGUFWriter.h"
#include "ternary/Import/Model.h"

namespace ternary {

/// The files that a model directory would have: for `tokenizer.ggml.model` "llama" a
/// tokenizer.model (SentencePiece), for "gpt2" a tokenizer.json (byte pairs), with
/// tokenizer_config.json, where special tokens and the template of chats are, and
/// generation_config.json. Nothing for other tokenizers, of which `warn` is told, or none. An
/// error if keys do not agree, or there are more tokens than the model has.
llvm::Expected<std::vector<NamedFile>>
readGGUFTokenizer(const GGUFFile &file, llvm::function_ref<void(const llvm::Twine &)> warn);

/// Adds the keys that say the same of `model`, with as many tokens as it has. Without a tokenizer,
/// or with one that keys cannot describe, the kind is "none". Calls `warn` with what is lost.
void addGGUFTokenizer(GGUFWriter &writer, const Model &model,
                      llvm::function_ref<void(const llvm::Twine &)> warn);

} // namespace ternary

#endif // TERNARY_IMPORT_GGUFTOKENIZER_H
