//===- GGUFSentencePiece.cpp - SentencePiece models in GGUF files ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// llama.cpp takes a SentencePiece model apart: tokens with scores and types, and keys for the rest.
// Here it is put together again, as the message ModelProto of sentencepiece_model.proto, and taken
// apart the same way.
//
//===----------------------------------------------------------------------===//

#include "GGUFTokenizerKinds.h"
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

/// A field of a message.
struct Field {
  unsigned number = 0;
  uint64_t value = 0; ///< if it is a number
  StringRef bytes;    ///< otherwise

  int32_t getInteger() const { return static_cast<int32_t>(value); }
  float getFloat() const { return bit_cast<float>(static_cast<uint32_t>(value)); }
};
} // namespace

/// Takes the next field from `message`; none at its end, or where it is damaged.
static std::optional<Field> takeField(StringRef &message) {
  auto takeNumber = [&]() -> std::optional<uint64_t> {
    unsigned length = 0;
    const char *error = nullptr;
    uint64_t number = decodeULEB128(message.bytes_begin(), &length, message.bytes_end(), &error);
    if (error)
      return std::nullopt;
    message = message.drop_front(length);
    return number;
  };
  std::optional<uint64_t> tag = takeNumber();
  if (!tag)
    return std::nullopt;
  Field field;
  field.number = *tag >> 3;
  std::optional<uint64_t> number;
  switch (*tag & 7) {
  case 0:
    number = takeNumber();
    field.value = number.value_or(0);
    return number ? std::optional(field) : std::nullopt;
  case 1:
    number = sizeof(uint64_t);
    break;
  case 2:
    number = takeNumber();
    break;
  case 5:
    number = sizeof(uint32_t);
    break;
  }
  if (!number || *number > message.size())
    return std::nullopt;
  field.bytes = message.take_front(*number);
  message = message.drop_front(*number);
  if ((*tag & 7) == 5)
    field.value = support::endian::read32le(field.bytes.data());
  return field;
}

namespace {
/// Numbers of fields and values in sentencepiece_model.proto.
namespace proto {
constexpr unsigned kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3;
constexpr unsigned kPiece = 1, kScore = 2, kType = 3;
constexpr unsigned kModelType = 3, kSpaceAsSuffix = 24, kByteFallback = 35, kUnknownId = 40,
                   kBeginId = 41, kEndId = 42, kPaddingId = 43;
constexpr uint64_t kBytePairs = 2;
constexpr unsigned kName = 1, kCharacterMap = 2, kAddDummyPrefix = 3, kRemoveExtraWhitespaces = 4,
                   kEscapeWhitespaces = 5;
} // namespace proto
} // namespace

Expected<std::string> ternary::readGGUFSentencePiece(const GGUFFile &file, const GGUFTokens &tokens,
                                                     function_ref<void(const Twine &)> warn) {
  auto key = [](StringRef name) { return ("tokenizer.ggml." + name).str(); };
  // As for llama.cpp, tokens without scores are all alike.
  auto scores = file.has(key("scores")) ? file.getFloats(key("scores"))
                                        : std::vector<double>(tokens.texts.size());
  if (!scores)
    return scores.takeError();
  if (scores->size() != tokens.texts.size())
    return makeFileError(file.getPath(), "expected as many scores as tokens, got " +
                                             Twine(tokens.texts.size()) + " tokens and " +
                                             Twine(scores->size()) + " scores");
  bool addsPrefix = true, addsBegin = true;
  for (auto [name, flag] :
       {std::pair("add_space_prefix", &addsPrefix), std::pair("add_bos_token", &addsBegin)}) {
    if (!file.has(key(name)))
      continue;
    Expected<bool> value = file.getBool(key(name));
    if (!value)
      return value.takeError();
    *flag = *value;
  }
  if (!addsBegin)
    warn(file.getPath() + ": ignoring key '" + key("add_bos_token") +
         "', which is false: prompts start with the beginning-of-sequence token");

  Message model, trainer, normalizer;
  for (auto [token, score, type] : zip_equal(tokens.texts, *scores, tokens.types)) {
    Message piece;
    piece.add(proto::kPiece, token);
    piece.add(proto::kScore, static_cast<float>(score));
    piece.add(proto::kType, static_cast<uint64_t>(type));
    model.add(proto::kPieces, piece);
  }
  trainer.add(proto::kModelType, proto::kBytePairs);
  trainer.add(proto::kByteFallback, uint64_t(is_contained(tokens.types, GGUFTokens::Byte)));
  for (auto [name, field] :
       {std::pair("unknown_token_id", proto::kUnknownId),
        std::pair("bos_token_id", proto::kBeginId), std::pair("eos_token_id", proto::kEndId),
        std::pair("padding_token_id", proto::kPaddingId)}) {
    Expected<std::optional<int64_t>> id = readGGUFTokenId(file, tokens, name);
    if (!id)
      return id.takeError();
    if (*id)
      trainer.add(field, static_cast<uint64_t>(**id));
  }
  model.add(proto::kTrainerSpec, trainer);
  normalizer.add(proto::kName, StringRef("identity"));
  normalizer.add(proto::kAddDummyPrefix, uint64_t(addsPrefix));
  normalizer.add(proto::kRemoveExtraWhitespaces, uint64_t(0));
  model.add(proto::kNormalizerSpec, normalizer);
  return std::move(model.text);
}

namespace {
/// What keys say of a SentencePiece model.
struct TakenApart {
  explicit TakenApart(StringRef model);

  GGUFTokens tokens; // of which types have the same numbers
  std::vector<float> scores;
  /// As sentencepiece_model.proto has them by default.
  uint64_t modelType = 1;
  int32_t unknownId = 0, paddingId = -1;
  bool addsPrefix = true, removesSpaces = true, escapesSpaces = true, putsSpacesLast = false;
  bool mapsCharacters = false;

private:
  void addPiece(StringRef message);
  void readTrainer(StringRef message);
  void readNormalizer(StringRef message);
};
} // namespace

TakenApart::TakenApart(StringRef model) {
  while (std::optional<Field> field = takeField(model)) {
    if (field->number == proto::kPieces)
      addPiece(field->bytes);
    else if (field->number == proto::kTrainerSpec)
      readTrainer(field->bytes);
    else if (field->number == proto::kNormalizerSpec)
      readNormalizer(field->bytes);
  }
}

void TakenApart::addPiece(StringRef message) {
  tokens.texts.emplace_back();
  tokens.types.push_back(GGUFTokens::Normal);
  scores.push_back(0.0f);
  while (std::optional<Field> field = takeField(message)) {
    if (field->number == proto::kPiece)
      tokens.texts.back() = field->bytes;
    else if (field->number == proto::kScore)
      scores.back() = field->getFloat();
    else if (field->number == proto::kType)
      tokens.types.back() = field->getInteger();
  }
}

void TakenApart::readTrainer(StringRef message) {
  while (std::optional<Field> field = takeField(message)) {
    if (field->number == proto::kModelType)
      modelType = field->value;
    else if (field->number == proto::kSpaceAsSuffix)
      putsSpacesLast = field->value;
    else if (field->number == proto::kUnknownId)
      unknownId = field->getInteger();
    else if (field->number == proto::kPaddingId)
      paddingId = field->getInteger();
  }
}

void TakenApart::readNormalizer(StringRef message) {
  while (std::optional<Field> field = takeField(message)) {
    if (field->number == proto::kCharacterMap)
      mapsCharacters = !field->bytes.empty();
    else if (field->number == proto::kAddDummyPrefix)
      addsPrefix = field->value;
    else if (field->number == proto::kRemoveExtraWhitespaces)
      removesSpaces = field->value;
    else if (field->number == proto::kEscapeWhitespaces)
      escapesSpaces = field->value;
  }
}

bool ternary::addGGUFSentencePiece(GGUFWriter &writer, StringRef model, const ModelConfig &config,
                                   function_ref<void(const Twine &)> warn) {
  TakenApart parts(model);
  if (parts.modelType != proto::kBytePairs || !parts.escapesSpaces || parts.putsSpacesLast) {
    warn("writing no tokenizer: GGUF has keys for SentencePiece models of byte pairs that write "
         "spaces in front of words");
    return false;
  }
  if (parts.mapsCharacters || parts.removesSpaces)
    warn(kNormalisationIsLost);
  for (auto [key, id] : {std::pair("tokenizer.ggml.unknown_token_id", parts.unknownId),
                         std::pair("tokenizer.ggml.padding_token_id", parts.paddingId)})
    if (id >= 0)
      writer.setUInt32(key, id);
  parts.scores.resize(std::max<size_t>(config.vocabSize, parts.scores.size()));
  addGGUFTokens(writer, "llama", "default", std::move(parts.tokens), config, warn);
  writer.setFloat32s("tokenizer.ggml.scores", parts.scores);
  writer.setBool("tokenizer.ggml.add_space_prefix", parts.addsPrefix);
  writer.setBool("tokenizer.ggml.add_bos_token", config.bosTokenId >= 0);
  return true;
}
