//===- ByteSizeTest.cpp - Sizes of memory as people write them ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/ByteSize.h"
#include "gtest/gtest.h"

using ternary::parseByteSize;

TEST(ByteSize, UnitsArePowersOf1000Or1024) {
  EXPECT_EQ(parseByteSize("1B"), 1);
  EXPECT_EQ(parseByteSize("3kB"), 3'000);
  EXPECT_EQ(parseByteSize("800MB"), 800'000'000);
  EXPECT_EQ(parseByteSize("2GB"), 2'000'000'000);
  EXPECT_EQ(parseByteSize("1TB"), 1'000'000'000'000);
  EXPECT_EQ(parseByteSize("3KiB"), 3 << 10);
  EXPECT_EQ(parseByteSize("5MiB"), 5 << 20);
  EXPECT_EQ(parseByteSize("4GiB"), int64_t(4) << 30);
  EXPECT_EQ(parseByteSize("2TiB"), int64_t(2) << 40);
}

TEST(ByteSize, NumbersMayHaveAFraction) {
  EXPECT_EQ(parseByteSize("1.5GiB"), int64_t(3) << 29);
  EXPECT_EQ(parseByteSize("0.5kB"), 500);
}

TEST(ByteSize, AnythingElseIsNone) {
  for (const char *text : {"", "4", "GiB", "4 GiB", "4gib", "-4GiB", "4GiBs", "1..5GB", ".5GB",
                           "5.GB", "1e3MB", "0MB", "0.1B", "9999999999TB", "nanB", "infB"})
    EXPECT_EQ(parseByteSize(text), std::nullopt) << text;
}
