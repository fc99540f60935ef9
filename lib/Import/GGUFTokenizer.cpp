//===- GGUFTokenizer.cpp - The tokenizer in a GGUF file -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// llama.cpp takes a SentencePiece model apart: tokens with scores and types, and keys for the rest.
// It is put together again here, as the message ModelProto of sentencepiece_model.proto.
//
//===----------------------------------------------------------------------===//

#include "GGUFTokenizer.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ternary;

namespace {
/// Writes a message of protocol buffers, field by field.
class Message {
public:
  void add(unsigned field, uint64_t number) {
    addTag(field, /*wireType=*/0);
    encodeULEB128(number, os);
  }
  void add(unsigned field, float number) {
    addTag(field, /*wireType=*/5);
    char bytes[4];
    support::endian::write32le(bytes, bit_cast<uint32_t>(number));
    os.write(bytes, sizeof(bytes));
  }
  void add(unsigned field, StringRef text) {
    addTag(field, /*wireType=*/2);
    encodeULEB128(text.size(), os);
    os << text;
  }
  void add(unsigned field, const Message &message) { add(field, StringRef(message.text)); }

  std::string text;

private:
  void addTag(unsigned field, unsigned wireType) { encodeULEB128(field << 3 | wireType, os); }
  raw_string_ostream os{text};
};

/// Numbers of fields and values in sentencepiece_model.proto.
namespace proto {
constexpr unsigned kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3;
constexpr unsigned kPiece = 1, kScore = 2, kType = 3;
constexpr unsigned kModelType = 3, kByteFallback = 35, kUnknownId = 40, kBeginId = 41, kEndId = 42,
                   kPaddingId = 43;
constexpr uint64_t kBytePairs = 2;
constexpr unsigned kName = 1, kAddDummyPrefix = 3, kRemoveExtraWhitespaces = 4;
constexpr int64_t kByte = 6; // the last type of a piece
} // namespace proto
} // namespace

Expected<TokenizerData> ternary::readGGUFTokenizer(const GGUFFile &file, int64_t vocabSize) {
  constexpr StringLiteral prefix = "tokenizer.ggml.";
  auto key = [&](StringRef name) { return (prefix + name).str(); };
  if (!file.has(key("model")))
    return TokenizerData();
  Expected<StringRef> kind = file.getString(key("model"));
  if (!kind)
    return kind.takeError();
  if (*kind != "llama")
    return TokenizerData();
  auto tokens = file.getStrings(key("tokens"));
  if (!tokens)
    return tokens.takeError();
  auto scores = file.getFloats(key("scores"));
  if (!scores)
    return scores.takeError();
  auto types = file.getIntegers(key("token_type"), 1, proto::kByte);
  if (!types)
    return types.takeError();
  if (scores->size() != tokens->size() || types->size() != tokens->size())
    return makeFileError(file.getPath(), "expected as many scores and types as tokens, got " +
                                             Twine(tokens->size()) + " tokens, " +
                                             Twine(scores->size()) + " scores and " +
                                             Twine(types->size()) + " types");
  bool addsPrefix = true;
  if (file.has(key("add_space_prefix"))) {
    Expected<bool> flag = file.getBool(key("add_space_prefix"));
    if (!flag)
      return flag.takeError();
    addsPrefix = *flag;
  }

  Message model, trainer, normalizer;
  for (auto [token, score, type] : zip_equal(*tokens, *scores, *types)) {
    Message piece;
    piece.add(proto::kPiece, token);
    piece.add(proto::kScore, static_cast<float>(score));
    piece.add(proto::kType, static_cast<uint64_t>(type));
    model.add(proto::kPieces, piece);
  }
  trainer.add(proto::kModelType, proto::kBytePairs);
  trainer.add(proto::kByteFallback, uint64_t(is_contained(*types, proto::kByte)));
  for (auto [name, field] :
       {std::pair("unknown_token_id", proto::kUnknownId),
        std::pair("bos_token_id", proto::kBeginId), std::pair("eos_token_id", proto::kEndId),
        std::pair("padding_token_id", proto::kPaddingId)}) {
    if (!file.has(key(name)))
      continue;
    Expected<int64_t> id = file.getInteger(key(name), 0, static_cast<int64_t>(tokens->size()) - 1);
    if (!id)
      return id.takeError();
    trainer.add(field, static_cast<uint64_t>(*id));
  }
  model.add(proto::kTrainerSpec, trainer);
  normalizer.add(proto::kName, StringRef("identity"));
  normalizer.add(proto::kAddDummyPrefix, uint64_t(addsPrefix));
  normalizer.add(proto::kRemoveExtraWhitespaces, uint64_t(0));
  model.add(proto::kNormalizerSpec, normalizer);
  return parseTokenizer(model.text, file.getPath() + ": tokenizer", vocabSize);
}
