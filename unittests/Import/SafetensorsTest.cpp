//===- SafetensorsTest.cpp - Files that are not trusted -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/Safetensors.h"
#include "../TestFiles.h"
#include "SafetensorsBuilder.h"
#include "gmock/gmock.h"
#include <random>

using namespace llvm;
using namespace ternary;
using testing::HasSubstr;

namespace {
class SafetensorsTest : public testing::Test {
protected:
  /// What is wrong with a file of these bytes.
  std::string open(StringRef bytes) {
    std::string path = directory.write("f", bytes);
    return getMessage(SafetensorsFile::open(path), directory);
  }
  /// What is wrong with tensor 't' of a file with 8 bytes of data.
  std::string openTensor(StringRef dtype, StringRef shape, StringRef offsets) {
    return open(buildFile("{" + describe("t", dtype, shape, offsets) + "}", std::string(8, '\0')));
  }

  TestDirectory directory;
};
} // namespace

TEST_F(SafetensorsTest, ReadsTensors) {
  std::string header = "{\"__metadata__\": {\"format\": \"pt\"}, " +
                       describe("b", "I8", "[2, 3]", "[8, 14]") + ", " +
                       describe("a", "F32", "[2]", "[0, 8]") + ", " +
                       describe("e", "F16", "[0, 7]", "[14, 14]") + ", " +
                       describe("s", "BF16", "[]", "[14, 16]") + "}   ";
  float floats[] = {1.5f, -2.0f};
  std::string data(reinterpret_cast<char *>(floats), 8);
  data += "\1\2\3\4\5\6\x80\x3f";
  auto file = SafetensorsFile::open(directory.write("f", buildFile(header, data)));
  ASSERT_TRUE(bool(file)) << toString(file.takeError());
  EXPECT_EQ((*file)->getEntries().size(), 4u);

  HostTensor a = cantFail((*file)->read("a"));
  EXPECT_EQ(a.getDType(), DType::F32);
  EXPECT_EQ(a.getValues<float>(), ArrayRef(floats));
  HostTensor b = cantFail((*file)->read("b"));
  EXPECT_EQ(b.getShape(), ArrayRef<int64_t>({2, 3}));
  EXPECT_EQ(b.getValues<int8_t>(), ArrayRef<int8_t>({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(cantFail((*file)->read("e")).getNumElements(), 0);
  HostTensor s = cantFail((*file)->read("s"));
  EXPECT_EQ(s.getRank(), 0);
  EXPECT_EQ(s.getValues<uint16_t>(), ArrayRef<uint16_t>({0x3f80}));
}

TEST_F(SafetensorsTest, ReadsTensorsAtAnyPlace) {
  // Large ones are mapped, and here neither starts at a page nor at an element.
  std::vector<int32_t> values(100'000);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i * i;
  StringRef data(reinterpret_cast<char *>(values.data()), 400'000);
  for (StringRef padding : {"", " ", "  ", "   "}) {
    std::string header = "{" + describe("t", "I32", "[100000]", "[0, 400000]") + "}";
    auto file =
        SafetensorsFile::open(directory.write("f", buildFile(header + padding.str(), data)));
    ASSERT_TRUE(bool(file));
    HostTensor tensor = cantFail((*file)->read("t"));
    file->reset(); // the tensor needs the file no longer
    EXPECT_EQ(tensor.getValues<int32_t>(), ArrayRef(values));
  }
}

TEST_F(SafetensorsTest, RefusesWrongHeaders) {
  EXPECT_EQ(open(""), "f: expected at least 8 bytes, got 0");
  EXPECT_EQ(open("1234567"), "f: expected at least 8 bytes, got 7");
  std::string whole = SafetensorsBuilder().add("t", {2}).build();
  EXPECT_EQ(open(whole), "");
  EXPECT_EQ(open(whole.substr(0, 20)), "f: expected a header of 61 bytes, got 12");
  EXPECT_EQ(open(std::string(8, '\xff') + "{}"),
            "f: expected a header of at most 100000000 bytes, got "
            "18446744073709551615");
  EXPECT_THAT(open(buildFile("", "")), HasSubstr("f: invalid JSON: "));
  EXPECT_EQ(open(buildFile("[]", "")), "f: expected a JSON object, got another value");
  EXPECT_EQ(open(buildFile("{" + std::string(1000, '['), "")),
            "f: expected JSON of at most 16 levels, got more");
}

TEST_F(SafetensorsTest, RefusesWrongDescriptions) {
  EXPECT_EQ(open(buildFile("{\"t\": 1}", "")),
            "f: tensor 't': expected an object with dtype, shape and "
            "data_offsets");
  EXPECT_EQ(open(buildFile("{\"t\": {}}", "")), "f: tensor 't': expected a known dtype, got ''");
  EXPECT_EQ(openTensor("F31", "[2]", "[0, 8]"), "f: tensor 't': expected a known dtype, got 'F31'");
  for (StringRef shape :
       {"[-2]", "[1.5]", "[\"2\"]", "2", "null", "{}", "[[2]]", "[9223372036854775808]", "[1e30]"})
    EXPECT_EQ(openTensor("F32", shape, "[0, 8]"),
              "f: tensor 't': expected a shape of non-negative integers");
  for (StringRef offsets :
       {"[0]", "[0, 4, 8]", "[-8, 0]", "[0, 8.5]", "8", "null", "[0, 18446744073709551615]"})
    EXPECT_EQ(openTensor("F32", "[2]", offsets),
              "f: tensor 't': expected data_offsets of two non-negative "
              "integers");
}

TEST_F(SafetensorsTest, RefusesWrongSizes) {
  EXPECT_EQ(openTensor("F32", "[2]", "[0, 8]"), "");
  EXPECT_EQ(openTensor("F32", "[3]", "[0, 8]"),
            "f: tensor 't': expected 12 bytes of F32 [3], got 8");
  EXPECT_EQ(openTensor("F32", "[3]", "[0, 12]"),
            "f: tensor 't': expected data_offsets within 8 bytes, got [0, 12]");
  EXPECT_EQ(openTensor("F32", "[0]", "[4, 0]"),
            "f: tensor 't': expected data_offsets within 8 bytes, got [4, 0]");
  EXPECT_EQ(openTensor("U8", "[9223372036854775807, 2, 0]", "[0, 0]"),
            "f: tensor 't': expected a size below 2^63 bytes, got shape "
            "[9223372036854775807, 2, 0]");
  EXPECT_EQ(openTensor("F32", "[4611686018427387904]", "[0, 8]"),
            "f: tensor 't': expected a size below 2^63 bytes, got shape "
            "[4611686018427387904]");
  EXPECT_EQ(openTensor("F32", "[1]", "[0, 4]"), "f: expected 4 bytes of data, got 8");
  EXPECT_EQ(openTensor("F32", "[1]", "[4, 8]"),
            "f: tensor 't': expected data from byte 0 on, where the previous "
            "tensor ends, got 4 (hole)");
}

TEST_F(SafetensorsTest, RefusesOverlapsAndHoles) {
  auto openTwo = [&](StringRef first, StringRef second) {
    return open(buildFile("{" + describe("a", "F32", "[2]", first) + ", " +
                              describe("b", "F32", "[2]", second) + "}",
                          std::string(20, '\0')));
  };
  EXPECT_EQ(openTwo("[0, 8]", "[4, 12]"),
            "f: tensor 'b': expected data from byte 8 on, where the previous "
            "tensor ends, got 4 (overlap)");
  EXPECT_EQ(openTwo("[0, 8]", "[0, 8]"),
            "f: tensor 'b': expected data from byte 8 on, where the previous "
            "tensor ends, got 0 (overlap)");
  EXPECT_EQ(openTwo("[12, 20]", "[0, 8]"),
            "f: tensor 'a': expected data from byte 8 on, where the previous "
            "tensor ends, got 12 (hole)");
  EXPECT_EQ(openTwo("[0, 8]", "[8, 16]"), "f: expected 16 bytes of data, got 20");
}

TEST_F(SafetensorsTest, RefusesNamesThatOccurTwice) {
  std::string t = describe("t", "F32", "[1]", "[0, 4]");
  EXPECT_EQ(open(buildFile("{" + t + ", " + t + "}", "1234")),
            "f: expected different names, got 't' twice");
}

TEST_F(SafetensorsTest, RefusesTypesThatItDoesNotRead) {
  std::string bytes = buildFile("{" + describe("t", "I64", "[1]", "[0, 8]") + "}", "12345678");
  auto file = SafetensorsFile::open(directory.write("f", bytes));
  ASSERT_TRUE(bool(file));
  EXPECT_EQ(getMessage((*file)->read("t"), directory),
            "f: tensor 't': expected dtype F32, F16, BF16, I8, U8 or I32, got I64");
  EXPECT_EQ(getMessage((*file)->read("u"), directory),
            "f: tensor 'u': expected it to be there, got none");
}

TEST_F(SafetensorsTest, RefusesFilesThatItCannotRead) {
  EXPECT_EQ(getMessage(SafetensorsFile::open(directory.getPath("g")), directory),
            "g: No such file or directory");
  EXPECT_EQ(getMessage(SafetensorsFile::open("/dev/zero"), directory),
            "/dev/zero: expected a regular file");
}

/// Any damage is either refused or harmless; sanitizers watch.
TEST_F(SafetensorsTest, SurvivesDamage) {
  std::string whole = SafetensorsBuilder().add("a", {2, 3}).add("b", {4}).add("c", {0}).build();
  std::mt19937 generator(1);
  const char bytes[] = "\0\1\x7f\xff\"{}[],:0123456789-.eE \\";
  for (int i = 0; i < 500; ++i) {
    std::string damaged = whole;
    for (unsigned edits = 1 + generator() % 3; edits > 0; --edits)
      damaged[generator() % damaged.size()] = bytes[generator() % (sizeof(bytes) - 1)];
    if (i % 4 == 0)
      damaged.resize(generator() % damaged.size());
    auto file = SafetensorsFile::open(directory.write("f", damaged));
    if (!file) {
      EXPECT_EQ(toString(file.takeError()).find('\n'), std::string::npos);
      continue;
    }
    for (const auto &[name, entry] : (*file)->getEntries())
      if (auto tensor = (*file)->read(name))
        consumeError(checkFinite(*tensor));
      else
        consumeError(tensor.takeError());
  }
}
