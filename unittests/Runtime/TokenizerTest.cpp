//===- TokenizerTest.cpp - Token ids, text and bytes in between -----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Tokenizer.h"
#include "TempDir.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"

#include <gtest/gtest.h>

using namespace ternary::runtime;

namespace {

const std::string kModel = TERNARY_TEST_SOURCE_DIR "/models/shakespeare/tokenizer.model";

TEST(TokenizerTest, TextSurvivesTheRoundTrip) {
  auto tokenizer = Tokenizer::load(kModel);
  for (const std::string text :
       {"ROMEO:\nBut soft, what light", "a  b", " leading", "na\xc3\xafve \xe2\x82\xac"}) {
    TextStream stream;
    std::string result;
    for (int32_t id : tokenizer->encode(text))
      result += stream.feed(tokenizer->text(id));
    result += stream.finish();
    if (tokenizer->addsPrefixSpace())
      result.erase(0, 1);
    EXPECT_EQ(result, text);
  }
}

TEST(TokenizerTest, PiecesThatSentencePieceThrows) {
  // <unk>, and a piece that is a NUL.
  const std::string model("\x0a\x09\x0a\x05<unk>\x18\x02\x0a\x05\x0a\x01\0\x18\x01", 18);
  try {
    Tokenizer tokenizer(model, "nul.model");
    FAIL() << "expected an error";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "nul.model: expected a SentencePiece model, found something else");
  }
}

TEST(TokenizerTest, ControlTokensHaveNoText) {
  auto tokenizer = Tokenizer::load(kModel);
  EXPECT_EQ(tokenizer->text(1), "");
  EXPECT_EQ(tokenizer->text(2), "");
  EXPECT_EQ(tokenizer->text(-1), "");
  EXPECT_EQ(tokenizer->text(tokenizer->size()), "");
}

TEST(TokenizerTest, NamesOfSpecialTokens) {
  auto join = [](std::vector<std::vector<int32_t>> parts) {
    std::vector<int32_t> all;
    for (const std::vector<int32_t> &part : parts)
      all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  auto tokenizer = Tokenizer::load(kModel);
  std::vector<int32_t> a = tokenizer->encode("a <b"), b = tokenizer->encode(" b>");
  EXPECT_EQ(tokenizer->encode("<s>a <b</s><unk> b>", /*special=*/true), join({{1}, a, {2, 0}, b}));
  EXPECT_EQ(tokenizer->encode("a <b", /*special=*/true), a);
  EXPECT_EQ(tokenizer->encode("", /*special=*/true), std::vector<int32_t>());
  EXPECT_EQ(tokenizer->encode("</s>"), Tokenizer::load(kModel)->encode("</s>"));
  EXPECT_NE(tokenizer->encode("</s>"), std::vector<int32_t>{2});

  std::string model = InputFile(kModel, "cannot read").readAll("a tokenizer", 1 << 20);
  Tokenizer more(model, kModel, {{"<|end|>", 9}, {"<|end|>!", 10}, {"", 11}, {"#", 12}});
  EXPECT_EQ(more.encode("<|end|>!#<|end|>a <b</s>", /*special=*/true), join({{10, 12, 9}, a, {2}}));
}

TEST(TokenizerTest, RefusesOtherFiles) {
  TempDir dir;
  EXPECT_THROW(Tokenizer::load(dir.file("missing")), Error);
  EXPECT_THROW(Tokenizer::load(dir.write("text", "no tokenizer")), Error);
  EXPECT_THROW(Tokenizer::load(dir.write("empty", "")), Error);
}

TEST(TextStreamTest, KeepsPartsOfCharacters) {
  TextStream stream;
  EXPECT_EQ(stream.feed("a\xe2"), "a");
  EXPECT_EQ(stream.feed("\x82"), "");
  EXPECT_EQ(stream.feed("\xac"
                        "b"),
            "\xe2\x82\xac"
            "b");
  EXPECT_EQ(stream.feed("\xf0\x9f\x98"), "");
  EXPECT_EQ(stream.feed("\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStreamTest, ReplacesWhatIsNoText) {
  const std::string replacement = "\xef\xbf\xbd";
  auto all = [](std::string_view bytes) {
    TextStream stream;
    std::string text = stream.feed(bytes);
    return text + stream.finish();
  };
  EXPECT_EQ(all("\x80z"), replacement + "z");
  EXPECT_EQ(all("\xe2z"), replacement + "z");
  EXPECT_EQ(all("\xc3"), replacement);
  EXPECT_EQ(all("\xe2\x82"), replacement);
  EXPECT_EQ(all("\xff"), replacement);
  EXPECT_EQ(all("\xc0\xaf"), replacement + replacement); // overlong
  EXPECT_EQ(all("\xed\xa0\x80"),
            replacement + replacement + replacement); // surrogate
  EXPECT_EQ(all("\xf5z"), replacement + "z");         // beyond U+10FFFF
  EXPECT_EQ(all(std::string_view("\0z", 2)), std::string("\0z", 2));
}

} // namespace
