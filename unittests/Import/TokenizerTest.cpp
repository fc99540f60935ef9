//===- TokenizerTest.cpp - Tokenizers of models ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/Tokenizer.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace ternary;

namespace {

TEST(TokenizerTest, PiecesThatSentencePieceThrows) {
  // <unk>, and a piece that is a NUL.
  const std::string model("\x0a\x09\x0a\x05<unk>\x18\x02\x0a\x05\x0a\x01\0\x18\x01", 18);
  Expected<TokenizerData> data = parseTokenizer(model, "nul.model", /*vocabSize=*/10);
  ASSERT_FALSE(static_cast<bool>(data));
  EXPECT_EQ(toString(data.takeError()),
            "nul.model: expected a SentencePiece model, found something else");
}

} // namespace
