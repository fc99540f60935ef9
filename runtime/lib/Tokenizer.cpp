//===- Tokenizer.cpp - From text to token ids and back --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Tokenizer.h"
#include "Utf8.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"
#include "ternary/Runtime/FileKind.h"

#include <algorithm>
#include <exception>
#include <sentencepiece_processor.h>

using namespace ternary::runtime;

// SentencePiece writes a space as U+2581.
static constexpr std::string_view kSpace = "\xe2\x96\x81";
static constexpr std::string_view kReplacement = "\xef\xbf\xbd"; // U+FFFD

//===----------------------------------------------------------------------===//
// Tokenizer
//===----------------------------------------------------------------------===//

/// Whether the bytes are a model with pieces. SentencePiece has a status for most of what it
/// refuses, and throws the rest, such as a piece with a NUL.
static bool parseModel(sentencepiece::SentencePieceProcessor &processor, std::string_view model) {
  try {
    return processor.LoadFromSerializedProto({model.data(), model.size()}).ok() &&
           processor.GetPieceSize() > 0;
  } catch (const std::exception &) {
    return false;
  }
}

Tokenizer::Tokenizer(std::string_view model, const std::string &name, Specials more)
    : processor(std::make_unique<sentencepiece::SentencePieceProcessor>()),
      specials(std::move(more)) {
  if (!parseModel(*processor, model)) {
    size_t start = model.find_first_not_of(" \t\r\n");
    bool isJSON = start != std::string_view::npos && model[start] == '{';
    std::string_view placeholder = describePlaceholder(model);
    fail(name, ": expected a SentencePiece model, found ",
         isJSON                ? "JSON; a tokenizer.json is for python -m ternary chat --tokenizer"
         : placeholder.empty() ? "something else"
                               : placeholder);
  }
  for (int piece = 0; piece < processor->GetPieceSize(); ++piece)
    if (processor->IsControl(piece) || processor->IsUnknown(piece))
      specials.emplace(processor->IdToPiece(piece), piece);
  specials.erase("");
  for (const auto &[special, id] : specials)
    if (firstBytes.find(special.front()) == std::string::npos)
      firstBytes += special.front();
}

Tokenizer::~Tokenizer() = default;

std::unique_ptr<Tokenizer> Tokenizer::load(const std::string &path) {
  constexpr int64_t kMost = int64_t(1) << 28;
  InputFile file(path, "cannot read the tokenizer");
  return std::make_unique<Tokenizer>(file.readAll("a tokenizer", kMost), path);
}

int64_t Tokenizer::size() const { return processor->GetPieceSize(); }

void Tokenizer::appendPlain(std::string_view text, std::vector<int32_t> &ids) const {
  if (text.empty())
    return;
  std::vector<int> plain;
  auto status = processor->Encode({text.data(), text.size()}, &plain);
  if (!status.ok())
    fail("cannot tokenize the text: ", status.message());
  ids.insert(ids.end(), plain.begin(), plain.end());
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, bool special) const {
  std::vector<int32_t> ids;
  size_t begin = 0, at = 0; // the plain text so far, and where to look for a special token
  while (special && (at = text.find_first_of(firstBytes, at)) != std::string_view::npos) {
    auto found = std::find_if(specials.begin(), specials.end(), [&](const auto &entry) {
      return text.compare(at, entry.first.size(), entry.first) == 0;
    });
    if (found == specials.end()) {
      ++at;
      continue;
    }
    appendPlain(text.substr(begin, at - begin), ids);
    ids.push_back(found->second);
    begin = at += found->first.size();
  }
  appendPlain(text.substr(begin), ids);
  return ids;
}

std::string Tokenizer::text(int64_t id) const {
  int piece = static_cast<int>(id);
  if (id < 0 || id >= size() || processor->IsControl(piece) || processor->IsUnused(piece))
    return {};
  if (processor->IsUnknown(piece))
    return std::string(kReplacement);

  std::string text = processor->IdToPiece(piece);
  if (processor->IsByte(piece)) // "<0x0A>"
    return {static_cast<char>(std::stoi(text.substr(3, 2), nullptr, 16))};
  for (size_t at = 0; (at = text.find(kSpace, at)) != std::string::npos; ++at)
    text.replace(at, kSpace.size(), " ");
  return text;
}

bool Tokenizer::addsPrefixSpace() const {
  std::vector<int32_t> ids = encode("a");
  return !ids.empty() && text(ids.front()).compare(0, 1, " ") == 0;
}

//===----------------------------------------------------------------------===//
// TextStream
//===----------------------------------------------------------------------===//

std::string TextStream::feed(std::string_view bytes) {
  pending.append(bytes);
  std::string complete;
  size_t at = 0;
  while (at < pending.size()) {
    int length = characterLength(std::string_view(pending).substr(at));
    if (length < 0)
      break;
    if (length == 0)
      complete.append(kReplacement);
    else
      complete.append(pending, at, length);
    at += std::max(length, 1);
  }
  pending.erase(0, at);
  return complete;
}

std::string TextStream::finish() {
  std::string rest(pending.empty() ? std::string_view() : kReplacement);
  pending.clear();
  return rest;
}
