//===- GGUFTokenizer.cpp - The tokenizer in a GGUF file -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What keys say in whatever kind of tokenizer: tokens, which of them are special, and the template
// of chats. In a model directory that is tokenizer_config.json and generation_config.json.
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/GGUFTokenizer.h"
#include "GGUFTokenizerKinds.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace ternary;

static constexpr StringLiteral kTemplateKey = "tokenizer.chat_template";
/// Keys of tokens that end a text.
static constexpr StringLiteral kEndKeys[] = {"eos_token_id", "eot_token_id", "eom_token_id"};

static std::string getKey(StringRef name) { return ("tokenizer.ggml." + name).str(); }

static Expected<GGUFTokens> readTokens(const GGUFFile &file) {
  const GGUFTensor *table = file.lookup("token_embd.weight");
  int64_t most = table && !table->shape.empty() ? table->shape[0] : INT32_MAX;
  auto makeError = [&](const Twine &message) {
    return makeFileError(file.getPath() + ": key '" + getKey("tokens") + "'", message);
  };
  if (std::optional<uint64_t> size = file.getArraySize(getKey("tokens"));
      size && (*size == 0 || *size > uint64_t(most)))
    return makeError("expected from 1 to " + Twine(most) + " tokens, the model's vocabulary, got " +
                     Twine(*size));
  auto texts = file.getStrings(getKey("tokens"));
  if (!texts)
    return texts.takeError();
  // As llama.cpp takes them, tokens without types are normal ones.
  auto types = file.has(getKey("token_type"))
                   ? file.getIntegers(getKey("token_type"), GGUFTokens::Normal, GGUFTokens::Byte)
                   : std::vector<int64_t>(texts->size(), GGUFTokens::Normal);
  if (!types)
    return types.takeError();
  if (types->size() != texts->size())
    return makeFileError(file.getPath(), "expected as many types as tokens, got " +
                                             Twine(texts->size()) + " tokens and " +
                                             Twine(types->size()) + " types");
  for (StringRef text : *texts)
    if (!json::isUTF8(text))
      return makeError("expected tokens in UTF-8, got '" + json::fixUTF8(text) + "'");
  return GGUFTokens{std::move(*texts), {types->begin(), types->end()}};
}

Expected<std::optional<int64_t>>
ternary::readGGUFTokenId(const GGUFFile &file, const GGUFTokens &tokens, StringRef name) {
  std::string key = getKey(name);
  if (!file.has(key))
    return std::nullopt;
  Expected<int64_t> id = file.getInteger(key, 0, static_cast<int64_t>(tokens.texts.size()) - 1);
  if (!id)
    return id.takeError();
  return *id;
}

static Expected<json::Object> makeTokenizerConfig(const GGUFFile &file, const GGUFTokens &tokens,
                                                  StringRef tokenizerClass) {
  json::Object config{{"tokenizer_class", tokenizerClass}};
  for (auto [name, member] :
       {std::pair("bos_token_id", "bos_token"), std::pair("eos_token_id", "eos_token"),
        std::pair("unknown_token_id", "unk_token"), std::pair("padding_token_id", "pad_token")}) {
    Expected<std::optional<int64_t>> id = readGGUFTokenId(file, tokens, name);
    if (!id)
      return id.takeError();
    if (*id)
      config[member] = tokens.texts[**id];
  }
  json::Object specials;
  for (auto [id, text, type] : enumerate(tokens.texts, tokens.types))
    if (type == GGUFTokens::Control || type == GGUFTokens::Unknown)
      specials[std::to_string(id)] =
          json::Object{{"content", text}, {"lstrip", false},      {"normalized", false},
                       {"rstrip", false}, {"single_word", false}, {"special", true}};
  config["added_tokens_decoder"] = std::move(specials);
  if (file.has(kTemplateKey)) {
    Expected<StringRef> chat = file.getString(kTemplateKey);
    if (!chat)
      return chat.takeError();
    if (!json::isUTF8(*chat))
      return makeFileError(file.getPath() + ": key '" + kTemplateKey + "'",
                           "expected text in UTF-8");
    config["chat_template"] = *chat;
  }
  return std::move(config);
}

/// Whether a token ends a text although no key says so.
static bool isNamedEnd(const GGUFTokens &tokens, int64_t id) {
  constexpr StringLiteral names[] = {"<|eot_id|>",    "<|eom_id|>",      "<|im_end|>",
                                     "<|endoftext|>", "<|end_of_text|>", "<|end|>",
                                     "<end_of_turn>"};
  return id < static_cast<int64_t>(tokens.texts.size()) &&
         tokens.types[id] == GGUFTokens::Control && is_contained(names, tokens.texts[id]);
}

/// Tokens that end a text: those that keys say and, since files leave them out, special ones of
/// the names that models have for them.
static Expected<json::Object> makeGenerationConfig(const GGUFFile &file, const GGUFTokens &tokens) {
  json::Array ends;
  auto add = [&](int64_t id) {
    if (!is_contained(ends, json::Value(id)))
      ends.push_back(id);
  };
  for (StringRef name : kEndKeys) {
    Expected<std::optional<int64_t>> id = readGGUFTokenId(file, tokens, name);
    if (!id)
      return id.takeError();
    if (*id)
      add(**id);
  }
  for (int64_t id : seq<int64_t>(tokens.texts.size()))
    if (isNamedEnd(tokens, id))
      add(id);
  return json::Object{{"eos_token_id", std::move(ends)}};
}

Expected<std::vector<NamedFile>>
ternary::readGGUFTokenizer(const GGUFFile &file, function_ref<void(const Twine &)> warn) {
  std::vector<NamedFile> files;
  if (!file.has(getKey("model")))
    return files;
  Expected<StringRef> kind = file.getString(getKey("model"));
  if (!kind)
    return kind.takeError();
  if (*kind == "none")
    return files;
  bool isSentencePiece = *kind == "llama";
  if (!isSentencePiece && *kind != "gpt2") {
    warn(toString(
        makeFileError(file.getPath() + ": key '" + getKey("model") + "'",
                      "leaving out the tokenizer: expected llama or gpt2, got '" + *kind + "'")));
    return files;
  }
  Expected<GGUFTokens> tokens = readTokens(file);
  if (!tokens)
    return tokens.takeError();
  Expected<std::string> tokenizer = isSentencePiece ? readGGUFSentencePiece(file, *tokens, warn)
                                                    : readGGUFBytePairs(file, *tokens, warn);
  if (!tokenizer)
    return tokenizer.takeError();
  if (tokenizer->empty())
    return files;
  files.emplace_back(isSentencePiece ? StringRef(kSentencePieceFile) : "tokenizer.json",
                     std::move(*tokenizer));
  Expected<json::Object> config = makeTokenizerConfig(
      file, *tokens, isSentencePiece ? "LlamaTokenizer" : "PreTrainedTokenizerFast");
  if (!config)
    return config.takeError();
  Expected<json::Object> generation = makeGenerationConfig(file, *tokens);
  if (!generation)
    return generation.takeError();
  for (auto [name, object] : {std::pair("tokenizer_config.json", &*config),
                              std::pair("generation_config.json", &*generation)})
    files.emplace_back(name, formatv("{0:2}\n", json::Value(std::move(*object))).str());
  return files;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// A key has one token; the first that ends a text has one in any case, the others unless readers
/// find them by their names.
static void addEnds(GGUFWriter &writer, const ModelConfig &config, const GGUFTokens &tokens,
                    function_ref<void(const Twine &)> warn) {
  ArrayRef<StringLiteral> keys = kEndKeys;
  SmallVector<int64_t> left;
  for (int64_t id : config.eosTokenIds) {
    bool isFirst = keys.size() == std::size(kEndKeys);
    if (!isFirst && isNamedEnd(tokens, id))
      continue;
    if (keys.empty())
      left.push_back(id);
    else
      writer.setUInt32(getKey(keys.consume_front()), id);
  }
  if (!left.empty())
    warn("leaving out tokens that end a text, of which GGUF has keys for " +
         Twine(std::size(kEndKeys)) + ": " + printShape(left));
}

void ternary::addGGUFTokens(GGUFWriter &writer, StringRef kind, StringRef pre, GGUFTokens tokens,
                            const ModelConfig &config, function_ref<void(const Twine &)> warn) {
  int64_t vocabSize = config.vocabSize;
  addEnds(writer, config, tokens, warn);
  std::vector<std::string> fillers;
  for (int64_t id = tokens.texts.size(); id < vocabSize; ++id)
    fillers.push_back("[PAD" + std::to_string(id) + "]");
  tokens.texts.insert(tokens.texts.end(), fillers.begin(), fillers.end());
  tokens.types.resize(tokens.texts.size(), GGUFTokens::Unused);
  writer.setString(getKey("model"), kind);
  writer.setString(getKey("pre"), pre);
  writer.setStrings(getKey("tokens"), tokens.texts);
  writer.setInt32s(getKey("token_type"), tokens.types);
  writer.setBool(getKey("add_eos_token"), false);
}

/// The template of chats in a model directory: a file, or a member of tokenizer_config.json, which
/// may have several by name.
static std::optional<std::string> findChatTemplate(const Model &model) {
  if (const std::string *text = model.findFile("chat_template.jinja"))
    return *text;
  const std::string *text = model.findFile("tokenizer_config.json");
  Expected<json::Object> config = parseJSONObject(text ? *text : "{}", "tokenizer_config.json");
  if (!config) {
    consumeError(config.takeError());
    return std::nullopt;
  }
  if (const json::Array *named = config->getArray("chat_template"))
    for (const json::Value &value : *named)
      if (const json::Object *item = value.getAsObject();
          item && item->getString("name").value_or("") == "default")
        if (std::optional<StringRef> chat = item->getString("template"))
          return chat->str();
  if (std::optional<StringRef> chat = config->getString("chat_template"))
    return chat->str();
  return std::nullopt;
}

void ternary::addGGUFTokenizer(GGUFWriter &writer, const Model &model,
                               function_ref<void(const Twine &)> warn) {
  const ModelConfig &config = *model.config;
  const std::string &sentencePiece = model.tokenizer.model;
  const std::string *json = model.findFile("tokenizer.json");
  bool isWritten = false;
  if (!sentencePiece.empty())
    isWritten = addGGUFSentencePiece(writer, sentencePiece, config, warn);
  else if (json)
    isWritten = addGGUFBytePairs(writer, *json, config, warn);
  if (!isWritten) {
    writer.setString(getKey("model"), "none");
    addEnds(writer, config, GGUFTokens(), warn);
  }
  if (config.bosTokenId >= 0)
    writer.setUInt32(getKey("bos_token_id"), config.bosTokenId);
  if (std::optional<std::string> chat = findChatTemplate(model))
    writer.setString(kTemplateKey, *chat);
}
