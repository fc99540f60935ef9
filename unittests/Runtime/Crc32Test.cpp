//===- Crc32Test.cpp - Checksums ------------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Archive.h"

#include <gtest/gtest.h>
#include <string>

using ternary::runtime::crc32;

static uint32_t crc32(const std::string &text) { return crc32(0, text.data(), text.size()); }

TEST(Crc32Test, KnownValues) {
  EXPECT_EQ(crc32(""), 0u);
  EXPECT_EQ(crc32("a"), 0xe8b7be43u);
  EXPECT_EQ(crc32("123456789"), 0xcbf43926u);
  EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414fa339u);
  EXPECT_EQ(crc32(std::string(32, '\0')), 0x190a55adu);
  EXPECT_EQ(crc32(std::string(32, '\xff')), 0xff6cab0bu);
}

TEST(Crc32Test, PartsGiveTheSame) {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += static_cast<char>(i * 37);
  for (size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(crc32(crc32(0, text.data(), cut), text.data() + cut, text.size() - cut), crc32(text));
}
