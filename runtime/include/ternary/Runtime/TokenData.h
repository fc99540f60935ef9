//===- TokenData.h - Tokens to train on -------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_TOKENDATA_H
#define TERNARY_RUNTIME_TOKENDATA_H

#include "ternary/Runtime/File.h"
#include "ternary/Runtime/Tokenizer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ternary::runtime {

enum class TokenFormat {
  text,   // UTF-8, for a tokenizer
  bytes,  // every byte is a token
  ids,    // a .npy file of ids
  uint16, // ids, little-endian, nothing else
  int32
};

/// What tells whether two files are the same.
struct Fingerprint {
  uint64_t bytes = 0;
  uint32_t crc32 = 0;

  bool operator==(const Fingerprint &other) const {
    return bytes == other.bytes && crc32 == other.crc32;
  }
};

/// The tokens of a file. Ids stay in the file, which is mapped into memory; text
/// is tokenized once.
class TokenData {
public:
  /// `tokenizer` is for text. Throws on ids that are not in [0, vocab).
  TokenData(const std::string &path, TokenFormat format, const Tokenizer *tokenizer, int64_t vocab);

  const std::string &path() const { return file.path(); }
  const Fingerprint &fingerprint() const { return print; }
  int64_t size() const { return count; }

  /// Copies the tokens [from, from + number).
  void copy(int64_t from, int64_t number, int32_t *to) const;

private:
  void tokenize(const Tokenizer &tokenizer);
  void checkIds(int64_t vocab) const;

  MappedFile file;
  Fingerprint print;
  int64_t count = 0;
  enum class Item { uint8, uint16, int32, uint32, int64 } item = Item::uint8;
  const uint8_t *items = nullptr; // perhaps not aligned
  std::vector<int32_t> tokenized;
};

/// A range of tokens, cut into sequences of equal length. The target of a token
/// is the one after it, and every token but the first is a target once.
class SequenceSet {
public:
  /// Of the tokens [begin, end). With a `startId` that is not negative, every
  /// sequence starts with this token and the first token is a target as well.
  SequenceSet(const TokenData &data, int64_t begin, int64_t end, int64_t length, int64_t startId);

  int64_t size() const { return count; }
  int64_t length() const { return tokens; }

  /// The ids of sequence `index` and their targets.
  void copy(int64_t index, int32_t *ids, int32_t *targets) const;

  /// How many tokens `sequences` sequences need.
  static int64_t tokensFor(int64_t sequences, int64_t length, int64_t startId) {
    return sequences * length + (startId < 0 ? 1 : 0);
  }

private:
  const TokenData *data;
  int64_t begin, tokens, startId, count;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_TOKENDATA_H
