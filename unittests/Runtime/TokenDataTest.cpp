//===- TokenDataTest.cpp - Tokens to train on -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/TokenData.h"
#include "TempDir.h"
#include "ternary/Runtime/Error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace ternary::runtime;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

const std::string kModel = TERNARY_TEST_SOURCE_DIR "/models/shakespeare/tokenizer.model";

class TokenDataTest : public testing::Test {
protected:
  std::vector<int32_t> read(const std::string &content, TokenFormat format, int64_t vocab = 1000) {
    TokenData data(dir.write("data", content), format, nullptr, vocab);
    std::vector<int32_t> ids(static_cast<size_t>(data.size()));
    data.copy(0, data.size(), ids.data());
    return ids;
  }

  /// The error without the path.
  std::string error(const std::string &content, TokenFormat format, int64_t vocab = 1000) {
    try {
      read(content, format, vocab);
    } catch (const Error &error) {
      return std::string(error.what()).substr(dir.file("data").size() + 2);
    }
    return "none";
  }

  static std::string npy(const std::string &type, const std::string &shape,
                         const std::string &data) {
    std::string header =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + "}";
    return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header +
           data;
  }

  TempDir dir;
};

TEST_F(TokenDataTest, ReadsEveryFormat) {
  EXPECT_THAT(read("a\xff", TokenFormat::bytes), ElementsAre(97, 255));
  EXPECT_THAT(read(std::string("\1\0\2\1", 4), TokenFormat::uint16), ElementsAre(1, 258));
  EXPECT_THAT(read(std::string("\1\0\0\0\2\1\0\0", 8), TokenFormat::int32), ElementsAre(1, 258));
  std::string eight("\1\0\0\0\2\0\0\0", 8);
  EXPECT_THAT(read(npy("<u2", "(4,)", eight), TokenFormat::ids), ElementsAre(1, 0, 2, 0));
  EXPECT_THAT(read(npy("<i4", "(2,)", eight), TokenFormat::ids), ElementsAre(1, 2));
  EXPECT_THAT(read(npy("<u4", "(1, 2)", eight), TokenFormat::ids), ElementsAre(1, 2));
  EXPECT_THAT(read(npy("<i8", "(1,)", std::string("\7\0\0\0\0\0\0\0", 8)), TokenFormat::ids),
              ElementsAre(7));
}

TEST_F(TokenDataTest, RefusesWrongData) {
  EXPECT_EQ(error("", TokenFormat::bytes), "expected data to train on, found an empty file");
  EXPECT_EQ(error("abc", TokenFormat::uint16), "expected a multiple of 2 bytes, found 3");
  EXPECT_EQ(error("abc", TokenFormat::int32), "expected a multiple of 4 bytes, found 3");
  EXPECT_EQ(error("abc", TokenFormat::bytes, 98), "expected ids in [0, 98), found 98 at 1");
  EXPECT_EQ(error(std::string(4, '\xff'), TokenFormat::int32),
            "expected ids in [0, 1000), found -1 at 0");
  EXPECT_EQ(error(npy("<i8", "(1,)", std::string("\0\0\0\0\1\0\0\0", 8)), TokenFormat::ids),
            "expected ids in [0, 1000), found 4294967296 at 0");
  EXPECT_EQ(error(npy("<f4", "(2,)", std::string(8, 0)), TokenFormat::ids),
            "expected uint16, int32, uint32 or int64 ids, found type '<f4'");
  EXPECT_EQ(error("text", TokenFormat::ids), "expected a .npy file, found another kind of file");
  EXPECT_THROW(TokenData(dir.file("missing"), TokenFormat::bytes, nullptr, 10), Error);
}

TEST_F(TokenDataTest, TokenizesLongTextInParts) {
  auto tokenizer = Tokenizer::load(kModel);
  std::string line = "But soft, what light through yonder window breaks?\n", text;
  while (text.size() < (5 << 18)) // more than one part
    text += line;
  TokenData data(dir.write("data", text), TokenFormat::text, tokenizer.get(), tokenizer->size());
  int64_t inLine = static_cast<int64_t>(tokenizer->encode(line).size());
  EXPECT_EQ(data.size(), static_cast<int64_t>(text.size() / line.size()) * inLine);
}

TEST_F(TokenDataTest, Fingerprints) {
  TokenData data(dir.write("data", "123456789"), TokenFormat::bytes, nullptr, 256);
  EXPECT_EQ(data.fingerprint().bytes, 9u);
  EXPECT_EQ(data.fingerprint().crc32, 0xcbf43926u); // the check value of CRC-32
}

TEST_F(TokenDataTest, CutsSequences) {
  TokenData data(dir.write("data", "abcdefgh"), TokenFormat::bytes, nullptr, 256);
  int32_t ids[3], targets[3];

  SequenceSet plain(data, 1, 8, 3, -1); // bcdefgh
  ASSERT_EQ(plain.size(), 2);
  plain.copy(1, ids, targets);
  EXPECT_THAT(ids, ElementsAre('e', 'f', 'g'));
  EXPECT_THAT(targets, ElementsAre('f', 'g', 'h'));
  EXPECT_EQ(SequenceSet(data, 1, 7, 3, -1).size(), 1);
  EXPECT_EQ(SequenceSet(data, 1, 1, 3, -1).size(), 0);
  EXPECT_EQ(SequenceSet::tokensFor(2, 3, -1), 7);

  SequenceSet started(data, 1, 7, 3, 5);
  ASSERT_EQ(started.size(), 2);
  started.copy(1, ids, targets);
  EXPECT_THAT(ids, ElementsAre(5, 'e', 'f'));
  EXPECT_THAT(targets, ElementsAre('e', 'f', 'g'));
  EXPECT_EQ(SequenceSet::tokensFor(2, 3, 5), 6);
}

} // namespace
