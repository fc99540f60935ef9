//===- Tokenizer.h - The tokenizer of a model directory ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_TOKENIZER_H
#define TERNARY_IMPORT_TOKENIZER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace ternary {

/// What a compiled model carries of a tokenizer.
struct TokenizerData {
  /// The SentencePiece model as it is in the file; empty if there is none.
  std::string model;
  /// The UTF-8 text of each token; empty for control tokens.
  std::vector<std::string> pieces;
};

/// Where a model directory has its SentencePiece model.
inline constexpr llvm::StringLiteral kSentencePieceFile = "tokenizer.model";

/// Reads `directory`/tokenizer.model, if there is one, and checks that it has at most
/// `vocabSize` tokens.
llvm::Expected<TokenizerData> readTokenizer(llvm::StringRef directory, int64_t vocabSize);

/// The same for a SentencePiece model in memory; `name` says in errors where it is from.
llvm::Expected<TokenizerData> parseTokenizer(std::string model, const llvm::Twine &name,
                                             int64_t vocabSize);

} // namespace ternary

#endif // TERNARY_IMPORT_TOKENIZER_H
