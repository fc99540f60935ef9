//===- Tokenizer.h - From text to token ids and back ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_TOKENIZER_H
#define TERNARY_RUNTIME_TOKENIZER_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace ternary::runtime {

/// A SentencePiece model.
class Tokenizer {
public:
  /// The ids of special tokens by their names. Of several that a text may start with the longest
  /// comes first.
  using Specials = std::map<std::string, int32_t, std::greater<>>;

  /// Parses a serialized model; `name` says in errors where it is from. `specials` come beside the
  /// special tokens that the model has itself: control tokens and the unknown one.
  Tokenizer(std::string_view model, const std::string &name, Specials specials = {});
  ~Tokenizer();

  static std::unique_ptr<Tokenizer> load(const std::string &path);

  int64_t size() const;

  /// The ids of `text`, without beginning- and end-of-sequence tokens. Names of special tokens in
  /// it are these tokens if `special`, and plain text otherwise.
  std::vector<int32_t> encode(std::string_view text, bool special = false) const;

  /// The bytes that a token stands for: none for control tokens, one for a
  /// token of byte fallback, otherwise UTF-8 text with the spaces it starts
  /// with. This is what a compiled model holds as
  /// ternary_descriptor::piece_text.
  std::string text(int64_t id) const;

  /// Whether encoding puts a space before the text, which decoding has to
  /// remove.
  bool addsPrefixSpace() const;

private:
  /// Appends the ids of `text` without special tokens.
  void appendPlain(std::string_view text, std::vector<int32_t> &ids) const;

  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor;
  Specials specials;
  std::string firstBytes; // of the names of special tokens
};

/// Turns the bytes of successive tokens into text that can be shown at once:
/// keeps the start of a character until its end has come, and puts U+FFFD in
/// place of bytes that are no UTF-8.
class TextStream {
public:
  /// What can be shown now that these bytes have come.
  std::string feed(std::string_view bytes);

  /// What is left when no more will come.
  std::string finish();

private:
  std::string pending;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_TOKENIZER_H
