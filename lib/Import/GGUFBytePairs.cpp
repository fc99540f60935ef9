//===- GGUFBytePairs.cpp - Tokenizers of byte pairs in GGUF files ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kind "gpt2" is what the package `tokenizers` calls BPE on bytes: text is cut by patterns, bytes
// become printable characters, and pairs of tokens are merged. Files have tokens and merges as
// tokenizer.json does, and of the patterns a name.
//
//===----------------------------------------------------------------------===//

#include "GGUFTokenizerKinds.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ternary;

//===----------------------------------------------------------------------===//
// How text is cut
//===----------------------------------------------------------------------===//

namespace {
/// A way of cutting text, with what else the name stands for.
struct Splitting {
  ArrayRef<StringLiteral> names; ///< tokenizer.ggml.pre; the first is written
  /// One after the other cuts what the ones before have left.
  ArrayRef<StringLiteral> patterns;
  /// Whether what is a token as a whole is that one, whatever merges say (ignore_merges).
  bool takesWholeTokens = false;
  bool addsBegin = false; ///< if the file does not say
};
} // namespace

/// The pattern of GPT-2, which ByteLevel in a tokenizer.json stands for.
static constexpr StringLiteral kWords =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
static constexpr StringLiteral kDigit = R"(\p{N})";

static ArrayRef<Splitting> getSplittings() {
  static constexpr StringLiteral llama[] = {"llama-bpe", "llama3",      "llama-v3", "falcon3",
                                            "falcon-h1", "falcon_e",    "pixtral",  "midm-2.0",
                                            "lfm2",      "jina-v5-nano"};
  static constexpr StringLiteral llamaPatterns[] = {
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
      R"(\s*[\r\n]+|\s+(?!\S)|\s+)"};
  static constexpr StringLiteral smaug[] = {"smaug-bpe", "dbrx", "glm4", "chatglm-bpe"};
  static constexpr StringLiteral qwen[] = {"qwen2",  "deepseek-r1-qwen", "kormo",   "f2llmv2",
                                           "megrez", "stablelm2",        "hunyuan", "grok-2"};
  static constexpr StringLiteral qwenPatterns[] = {
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
      R"(\s*[\r\n]+|\s+(?!\S)|\s+)"};
  static constexpr StringLiteral gpt2[] = {
      "gpt-2",       "phi-2",    "mpt",        "olmo",           "jais",    "jina-es",
      "jina-de",     "gigachat", "jina-v2-es", "jina-v2-de",     "a.x-4.0", "mellum",
      "modern-bert", "exaone4",  "trillion",   "granite-docling"};
  static constexpr StringLiteral gpt2Patterns[] = {kWords};
  static constexpr StringLiteral smollm[] = {"smollm",    "starcoder", "refact",    "command-r",
                                             "codeshell", "exaone",    "minerva-7b"};
  static constexpr StringLiteral smollmPatterns[] = {kDigit, kWords};
  static constexpr StringLiteral others[] = {"default"};
  static constexpr StringLiteral otherPatterns[] = {R"([\p{P}\$\+<=>\^~\|]+)", kWords, R"(\p{N}+)",
                                                    "[0-9][0-9][0-9]"};
  static constexpr Splitting splittings[] = {
      {llama, llamaPatterns, /*takesWholeTokens=*/true, /*addsBegin=*/true},
      {smaug, llamaPatterns},
      {qwen, qwenPatterns},
      {gpt2, gpt2Patterns},
      {smollm, smollmPatterns},
      {others, otherPatterns},
  };
  return splittings;
}

//===----------------------------------------------------------------------===//
// Keys to tokenizer.json
//===----------------------------------------------------------------------===//

namespace {
using Merge = std::pair<StringRef, StringRef>;

/// Writes a tokenizer.json.
class TokenizerPrinter {
public:
  TokenizerPrinter(const GGUFTokens &tokens, ArrayRef<Merge> merges, const Splitting &splitting,
                   std::optional<int64_t> begin)
      : tokens(tokens), merges(merges), splitting(splitting), begin(begin) {}

  std::string print();

private:
  void addTokens(json::OStream &os) const;
  void addModel(json::OStream &os) const;
  json::Value getPreTokenizer() const;
  json::Value getPostProcessor() const;

  const GGUFTokens &tokens;
  ArrayRef<Merge> merges;
  const Splitting &splitting;
  std::optional<int64_t> begin; ///< the token that texts start with
};
} // namespace

/// Tokens whose text stands for them as a whole, wherever it is.
void TokenizerPrinter::addTokens(json::OStream &os) const {
  for (auto [id, text, type] : enumerate(tokens.texts, tokens.types)) {
    bool isSpecial = type == GGUFTokens::Control || type == GGUFTokens::Unknown;
    if (isSpecial || type == GGUFTokens::UserDefined)
      os.value(json::Object{{"id", int64_t(id)},
                            {"content", text},
                            {"single_word", false},
                            {"lstrip", false},
                            {"rstrip", false},
                            {"normalized", false},
                            {"special", isSpecial}});
  }
}

json::Value TokenizerPrinter::getPreTokenizer() const {
  json::Array steps;
  for (StringRef pattern : splitting.patterns)
    steps.push_back(json::Object{{"type", "Split"},
                                 {"pattern", json::Object{{"Regex", pattern}}},
                                 {"behavior", "Isolated"},
                                 {"invert", false}});
  steps.push_back(json::Object{{"type", "ByteLevel"},
                               {"add_prefix_space", false},
                               {"trim_offsets", true},
                               {"use_regex", false}});
  return json::Object{{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

json::Value TokenizerPrinter::getPostProcessor() const {
  if (!begin)
    return nullptr;
  StringRef text = tokens.texts[*begin];
  auto piece = [](StringRef kind, StringRef id, int type) {
    return json::Object{{kind, json::Object{{"id", id}, {"type_id", type}}}};
  };
  return json::Object{
      {"type", "TemplateProcessing"},
      {"single", json::Array{piece("SpecialToken", text, 0), piece("Sequence", "A", 0)}},
      {"pair", json::Array{piece("SpecialToken", text, 0), piece("Sequence", "A", 0),
                           piece("SpecialToken", text, 1), piece("Sequence", "B", 1)}},
      {"special_tokens", json::Object{{text, json::Object{{"id", text},
                                                          {"ids", json::Array{*begin}},
                                                          {"tokens", json::Array{text}}}}}}};
}

void TokenizerPrinter::addModel(json::OStream &os) const {
  os.attribute("type", "BPE");
  for (StringRef name : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"})
    os.attribute(name, nullptr);
  os.attribute("fuse_unk", false);
  os.attribute("byte_fallback", false);
  os.attribute("ignore_merges", splitting.takesWholeTokens);
  os.attributeObject("vocab", [&] {
    for (auto [id, text] : enumerate(tokens.texts))
      os.attribute(text, int64_t(id));
  });
  os.attributeArray("merges", [&] {
    for (auto [left, right] : merges)
      os.value(json::Array{left, right});
  });
}

std::string TokenizerPrinter::print() {
  std::string text;
  raw_string_ostream stream(text);
  json::OStream os(stream);
  os.object([&] {
    os.attribute("version", "1.0");
    os.attribute("truncation", nullptr);
    os.attribute("padding", nullptr);
    os.attributeArray("added_tokens", [&] { addTokens(os); });
    os.attribute("normalizer", nullptr);
    os.attribute("pre_tokenizer", getPreTokenizer());
    os.attribute("post_processor", getPostProcessor());
    os.attribute("decoder", json::Object{{"type", "ByteLevel"},
                                         {"add_prefix_space", false},
                                         {"trim_offsets", true},
                                         {"use_regex", false}});
    os.attributeObject("model", [&] { addModel(os); });
  });
  stream << '\n';
  return text;
}

/// The way of cutting that `tokenizer.ggml.pre` names, or null, of which `warn` is told.
static Expected<const Splitting *> readSplitting(const GGUFFile &file,
                                                 function_ref<void(const Twine &)> warn) {
  constexpr StringLiteral key = "tokenizer.ggml.pre";
  Expected<StringRef> name = file.has(key) ? file.getString(key) : StringRef("default");
  if (!name)
    return name.takeError();
  const auto *it = find_if(getSplittings(), [&](const Splitting &splitting) {
    return is_contained(splitting.names, *name);
  });
  std::string place = (file.getPath() + ": key '" + key + "'").str();
  if (it == getSplittings().end()) {
    SmallVector<StringRef> known;
    for (const Splitting &splitting : getSplittings())
      known.append(splitting.names.begin(), splitting.names.end());
    warn(toString(makeFileError(place, "leaving out the tokenizer: expected one of " +
                                           join(known, ", ") + ", got '" + *name + "'")));
    return nullptr;
  }
  if (!file.has(key))
    warn(place +
         ": expected the name of a way to cut text, got none; taking 'default' as llama.cpp "
         "does, which may not be what the model has learnt");
  return it;
}

Expected<std::string> ternary::readGGUFBytePairs(const GGUFFile &file, const GGUFTokens &tokens,
                                                 function_ref<void(const Twine &)> warn) {
  Expected<const Splitting *> splitting = readSplitting(file, warn);
  if (!splitting)
    return splitting.takeError();
  if (!*splitting)
    return std::string();
  DenseSet<StringRef> known;
  for (StringRef token : tokens.texts)
    if (!known.insert(token).second)
      return makeFileError(file.getPath() + ": key 'tokenizer.ggml.tokens'",
                           "expected tokens that differ, got '" + token + "' twice");

  constexpr StringLiteral mergesKey = "tokenizer.ggml.merges";
  auto texts = file.getStrings(mergesKey);
  if (!texts)
    return texts.takeError();
  std::vector<Merge> merges;
  for (StringRef text : *texts) {
    // A token has no space in it, but it may be one.
    size_t space = text.find(' ', 1);
    Merge merge(text.take_front(space), space == StringRef::npos ? "" : text.drop_front(space + 1));
    std::string both = (merge.first + merge.second).str();
    if (!known.contains(merge.first) || !known.contains(merge.second) || !known.contains(both))
      return makeFileError(file.getPath() + ": key '" + mergesKey + "'",
                           "expected two tokens that make a third, got '" + text + "'");
    merges.push_back(merge);
  }

  constexpr StringLiteral addsBeginKey = "tokenizer.ggml.add_bos_token";
  Expected<bool> addsBegin =
      file.has(addsBeginKey) ? file.getBool(addsBeginKey) : (*splitting)->addsBegin;
  if (!addsBegin)
    return addsBegin.takeError();
  Expected<std::optional<int64_t>> begin = readGGUFTokenId(file, tokens, "bos_token_id");
  if (!begin)
    return begin.takeError();
  if (!*addsBegin)
    begin->reset();
  return TokenizerPrinter(tokens, merges, **splitting, *begin).print();
}

//===----------------------------------------------------------------------===//
// tokenizer.json to keys
//===----------------------------------------------------------------------===//

namespace {
/// What keys say of a tokenizer.json. Errors are what they cannot say.
class TokenizerParser {
public:
  TokenizerParser(const json::Object &object, const ModelConfig &config)
      : object(object), config(config) {}

  Error parse();

  GGUFTokens tokens;
  std::vector<std::string> merges;
  StringRef splittingName;
  bool addsBegin = false;

private:
  Error parseModel();
  Error parseTokens();
  Error parseMerges();
  Error findSplitting();
  Error parsePostProcessor(const json::Object &processor);

  const json::Object &object, *model = nullptr;
  const ModelConfig &config;
};
} // namespace

template <typename... Ts> static Error expected(const Ts &...what) {
  std::string message;
  raw_string_ostream os(message);
  os << "expected ";
  (os << ... << what);
  return createStringError(message);
}

Error TokenizerParser::parseModel() {
  model = object.getObject("model");
  StringRef type = model ? model->getString("type").value_or("none") : "none";
  if (type != "BPE")
    return expected("a model of type BPE, got ", type);
  for (StringRef name : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model->getString(name).value_or("").empty())
      return expected("no ", name);
  if (model->getBoolean("byte_fallback").value_or(false))
    return expected("no byte_fallback");
  return Error::success();
}

Error TokenizerParser::parseTokens() {
  tokens.texts.resize(config.vocabSize);
  tokens.types.resize(config.vocabSize);
  int64_t count = 0;
  auto add = [&](std::optional<StringRef> text, std::optional<int64_t> id,
                 GGUFTokens::Type type) -> Error {
    if (!text || !id || *id < 0 || *id >= config.vocabSize)
      return expected("tokens with ids below ", config.vocabSize);
    if (tokens.types[*id] != 0 && tokens.texts[*id] != *text)
      return expected("one token for each id");
    tokens.texts[*id] = *text;
    tokens.types[*id] = type;
    count = std::max(count, *id + 1);
    return Error::success();
  };
  const json::Object *vocabulary = model->getObject("vocab");
  if (!vocabulary)
    return expected("an object vocab");
  for (const auto &[text, id] : *vocabulary)
    if (Error error = add(StringRef(text), id.getAsInteger(), GGUFTokens::Normal))
      return error;
  if (const json::Array *added = object.getArray("added_tokens"))
    for (const json::Value &value : *added) {
      const json::Object *token = value.getAsObject();
      if (!token)
        return expected("added_tokens that are objects");
      for (StringRef name : {"lstrip", "rstrip", "single_word"})
        if (token->getBoolean(name).value_or(false))
          return expected("no added token with ", name);
      bool isSpecial = token->getBoolean("special").value_or(false);
      if (Error error = add(token->getString("content"), token->getInteger("id"),
                            isSpecial ? GGUFTokens::Control : GGUFTokens::UserDefined))
        return error;
    }
  if (count == 0 || is_contained(ArrayRef(tokens.types).take_front(count), 0))
    return expected("tokens with ids one after the other");
  tokens.texts.resize(count);
  tokens.types.resize(count);
  return Error::success();
}

Error TokenizerParser::parseMerges() {
  const json::Array *array = model->getArray("merges");
  if (!array)
    return expected("an array merges");
  // Each is "A B" or, in newer files, ["A", "B"].
  for (const json::Value &value : *array) {
    const json::Array *pair = value.getAsArray();
    std::optional<StringRef> left, right;
    if (pair && pair->size() == 2) {
      left = (*pair)[0].getAsString();
      right = (*pair)[1].getAsString();
    } else if (std::optional<StringRef> text = value.getAsString()) {
      std::tie(left.emplace(), right.emplace()) = text->split(' ');
    }
    if (!left || !right || left->contains(' ') || right->contains(' '))
      return expected("merges of two tokens without spaces");
    merges.push_back((*left + " " + *right).str());
  }
  return Error::success();
}

/// Finds the name of the patterns that text is cut by.
Error TokenizerParser::findSplitting() {
  const json::Object *whole = object.getObject("pre_tokenizer");
  SmallVector<const json::Object *> steps;
  if (const json::Array *sequence = whole ? whole->getArray("pretokenizers") : nullptr) {
    for (const json::Value &step : *sequence)
      steps.push_back(step.getAsObject());
  } else {
    steps.push_back(whole);
  }
  std::vector<StringRef> patterns;
  bool isKnown = true, writesBytes = false;
  for (const json::Object *step : steps) {
    StringRef type = step ? step->getString("type").value_or("") : "";
    // Nothing may follow that sees bytes as other characters.
    isKnown &= !writesBytes;
    if (type == "Split") {
      const json::Object *pattern = step->getObject("pattern");
      isKnown &= step->getString("behavior").value_or("") == "Isolated" &&
                 !step->getBoolean("invert").value_or(false);
      patterns.push_back(pattern ? pattern->getString("Regex").value_or("") : "");
    } else if (type == "Digits") {
      isKnown &= step->getBoolean("individual_digits").value_or(false);
      patterns.push_back(kDigit);
    } else if (type == "ByteLevel") {
      isKnown &= !step->getBoolean("add_prefix_space").value_or(true);
      if (step->getBoolean("use_regex").value_or(true))
        patterns.push_back(kWords);
      writesBytes = true;
    } else {
      isKnown = false;
    }
  }
  bool takesWholeTokens = model->getBoolean("ignore_merges").value_or(false);
  if (isKnown && writesBytes)
    for (const Splitting &splitting : getSplittings())
      if (takesWholeTokens == splitting.takesWholeTokens && equal(splitting.patterns, patterns)) {
        splittingName = splitting.names.front();
        return Error::success();
      }
  SmallVector<StringRef> names;
  for (const Splitting &splitting : getSplittings())
    names.push_back(splitting.names.front());
  return expected("a pre_tokenizer and ignore_merges as of ", join(names, ", "));
}

/// What is put around a text has to be nothing, or bos_token_id in front.
Error TokenizerParser::parsePostProcessor(const json::Object &processor) {
  if (const json::Array *sequence = processor.getArray("processors")) {
    for (const json::Value &value : *sequence)
      if (const json::Object *part = value.getAsObject())
        if (Error error = parsePostProcessor(*part))
          return error;
    return Error::success();
  }
  const json::Array *pieces = processor.getArray("single");
  if (processor.getString("type").value_or("") == "ByteLevel" || (pieces && pieces->size() == 1))
    return Error::success();
  const json::Object *first =
      pieces && pieces->size() == 2 ? pieces->front().getAsObject() : nullptr;
  const json::Object *special = first ? first->getObject("SpecialToken") : nullptr;
  std::optional<StringRef> text = special ? special->getString("id") : std::nullopt;
  if (!text || config.bosTokenId < 0 ||
      config.bosTokenId >= static_cast<int64_t>(tokens.texts.size()) ||
      tokens.texts[config.bosTokenId] != *text)
    return expected("a post_processor that adds nothing, or the token of bos_token_id in front");
  addsBegin = true;
  return Error::success();
}

Error TokenizerParser::parse() {
  if (Error error = parseModel())
    return error;
  if (Error error = parseTokens())
    return error;
  if (Error error = parseMerges())
    return error;
  if (Error error = findSplitting())
    return error;
  if (const json::Object *processor = object.getObject("post_processor"))
    return parsePostProcessor(*processor);
  return Error::success();
}

bool ternary::addGGUFBytePairs(GGUFWriter &writer, StringRef tokenizerJSON,
                               const ModelConfig &config, function_ref<void(const Twine &)> warn) {
  auto refuse = [&](Error error) {
    warn("writing no tokenizer: " + toString(std::move(error)));
    return false;
  };
  Expected<json::Object> object = parseJSONObject(tokenizerJSON, "tokenizer.json");
  if (!object)
    return refuse(object.takeError());
  TokenizerParser parser(*object, config);
  if (Error error = parser.parse())
    return refuse(makeFileError("tokenizer.json", toString(std::move(error))));
  if (object->getObject("normalizer"))
    warn(kNormalisationIsLost);
  addGGUFTokens(writer, "gpt2", parser.splittingName, std::move(parser.tokens), config, warn);
  std::vector<StringRef> merges(parser.merges.begin(), parser.merges.end());
  writer.setStrings("tokenizer.ggml.merges", merges);
  writer.setBool("tokenizer.ggml.add_bos_token", parser.addsBegin);
  return true;
}
