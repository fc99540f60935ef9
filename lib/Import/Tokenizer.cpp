//===- Tokenizer.cpp - The tokenizer of a model directory --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/Tokenizer.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <exception>
#include <sentencepiece_processor.h>

using namespace llvm;
using namespace ternary;

/// Larger than any SentencePiece model.
static constexpr uint64_t kMaxModelBytes = 256 << 20;

/// Whether the bytes are a model with pieces. SentencePiece has a status for most of what it
/// refuses, and throws the rest, such as a piece with a NUL.
static bool parseModel(sentencepiece::SentencePieceProcessor &processor, const std::string &model) {
  try {
    return processor.LoadFromSerializedProto(model).ok() && processor.GetPieceSize() > 0;
  } catch (const std::exception &) {
    return false;
  }
}

/// The text of a token: a space is written as U+2581, a byte as <0xNN>.
static std::string getText(const sentencepiece::SentencePieceProcessor &processor, int id) {
  constexpr StringLiteral space = "\xe2\x96\x81";
  if (processor.IsControl(id) || processor.IsUnused(id))
    return {};
  StringRef piece = processor.IdToPiece(id);
  unsigned byte;
  if (processor.IsByte(id) && piece.consume_front("<0x") && piece.consume_back(">") &&
      !piece.getAsInteger(16, byte))
    return std::string(1, static_cast<char>(byte));
  std::string text;
  while (!piece.empty()) {
    if (piece.consume_front(space)) {
      text += ' ';
      continue;
    }
    text += piece.front();
    piece = piece.drop_front();
  }
  return text;
}

Expected<TokenizerData> ternary::readTokenizer(StringRef directory, int64_t vocabSize) {
  SmallString<128> path(directory);
  sys::path::append(path, kSentencePieceFile);
  if (!sys::fs::exists(path))
    return TokenizerData();
  Expected<uint64_t> size = getRegularFileSize(path);
  if (!size)
    return size.takeError();
  if (*size > kMaxModelBytes)
    return makeFileError(path, "expected at most " + Twine(kMaxModelBytes) + " bytes, got " +
                                   Twine(*size));
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return createStringError(buffer.getError(),
                             path + ": cannot read: " + buffer.getError().message());
  return parseTokenizer((*buffer)->getBuffer().str(), path, vocabSize);
}

Expected<TokenizerData> ternary::parseTokenizer(std::string model, const Twine &name,
                                                int64_t vocabSize) {
  if (Error error = checkFileKind(model, name))
    return error;
  TokenizerData data;
  data.model = std::move(model);
  sentencepiece::SentencePieceProcessor processor;
  if (!parseModel(processor, data.model))
    return createStringError(inconvertibleErrorCode(),
                             name + ": expected a SentencePiece model, found something else");
  if (processor.GetPieceSize() > vocabSize)
    return createStringError(inconvertibleErrorCode(), name + ": expected at most " +
                                                           Twine(vocabSize) +
                                                           " tokens, the model's vocabulary, got " +
                                                           Twine(processor.GetPieceSize()));
  for (int id = 0; id < processor.GetPieceSize(); ++id)
    data.pieces.push_back(getText(processor, id));
  data.pieces.resize(vocabSize);
  return data;
}
