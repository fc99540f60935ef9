//===- GGUFTokenizer.h - The tokenizer in a GGUF file ----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_IMPORT_GGUFTOKENIZER_H
#define TERNARY_LIB_IMPORT_GGUFTOKENIZER_H

#include "ternary/Import/GGUF.h"
#include "ternary/Import/Tokenizer.h"

namespace ternary {

/// The SentencePiece model that `tokenizer.ggml.model` "llama" stands for; nothing for other kinds
/// of tokenizers or none. An error if its arrays do not agree or have more than `vocabSize` tokens.
llvm::Expected<TokenizerData> readGGUFTokenizer(const GGUFFile &file, int64_t vocabSize);

} // namespace ternary

#endif // TERNARY_LIB_IMPORT_GGUFTOKENIZER_H
