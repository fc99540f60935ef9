//===- SafetensorsTest.cpp - Tensors in safetensors files -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Safetensors.h"
#include "TempDir.h"
#include "ternary/Runtime/Error.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace ternary::runtime;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::string safetensors(const std::string &header, const std::string &data) {
  std::string file;
  for (int i = 0; i < 8; ++i)
    file += static_cast<char>(header.size() >> 8 * i);
  return file + header + data;
}

std::string tensor(const std::string &dtype, const std::string &shape, const std::string &offsets) {
  return R"({"dtype": ")" + dtype + R"(", "shape": )" + shape + R"(, "data_offsets": )" + offsets +
         "}";
}

class SafetensorsTest : public testing::Test {
protected:
  /// The error that opening gives, without the path.
  std::string error(const std::string &content) {
    std::string path = dir.write("a.safetensors", content);
    try {
      SafetensorsFile file(path);
    } catch (const Error &error) {
      return std::string(error.what()).substr(path.size() + 2);
    }
    return "none";
  }

  std::vector<float> read(const std::string &name, const std::vector<int64_t> &shape,
                          size_t count) {
    std::vector<float> values(count);
    SafetensorsFile(dir.file("a.safetensors")).read(name, shape, values.data());
    return values;
  }

  TempDir dir;
};

TEST_F(SafetensorsTest, ReadsWhatItWrites) {
  float a[] = {1, 2, 3, 4, 5, 6}, b[] = {7};
  {
    SafetensorsWriter writer(dir.file("a.safetensors"), {{"b\"\\\n", {2, 3}}, {"a", {}}});
    writer.write(a);
    writer.write(b);
    writer.commit();
  }
  EXPECT_THAT(read("b\"\\\n", {2, 3}, 6), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(read("a", {}, 1), ElementsAre(7));
  std::string file = dir.read("a.safetensors");
  EXPECT_THAT(file, HasSubstr(R"("__metadata__":{"format":"pt"})"));
  EXPECT_EQ(file.size() % 4, 0u); // the data is aligned
  EXPECT_EQ(dir.entries(), 1u);
}

TEST_F(SafetensorsTest, ReadsHalfPrecision) {
  std::string bfloat("\x80\x3f\x00\xc0", 4);
  std::string half("\x00\x3c\x00\xc0\x01\x00\x01\x80\x00\x7c\xff\x7b\x00\x80", 14);
  dir.write("a.safetensors", safetensors("{\"b\": " + tensor("BF16", "[2]", "[0, 4]") +
                                             ", \"h\": " + tensor("F16", "[7]", "[4, 18]") + "}",
                                         bfloat + half));
  EXPECT_THAT(read("b", {2}, 2), ElementsAre(1, -2));
  std::vector<float> values = read("h", {7}, 7);
  EXPECT_THAT(values, ElementsAre(1, -2, 0x1p-24f, -0x1p-24f, INFINITY, 65504, 0));
  EXPECT_TRUE(std::signbit(values[6]));
}

TEST_F(SafetensorsTest, RefusesWrongTensors) {
  dir.write("a.safetensors",
            safetensors("{\"a\": " + tensor("I32", "[1]", "[0, 4]") + "}", std::string(4, 0)));
  try {
    read("a", {2}, 2);
    FAIL();
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("tensor 'a': expected shape [2], found [1]"));
  }
  try {
    read("b", {2}, 2);
    FAIL();
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("tensor 'b': expected shape [2], found no such tensor"));
  }
  try {
    read("a", {1}, 1);
    FAIL();
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("expected dtype F32, F16 or BF16, found I32"));
  }
}

TEST_F(SafetensorsTest, RefusesHostileFiles) {
  auto one = [](const std::string &dtype, const std::string &shape, const std::string &offsets,
                size_t bytes = 8) {
    return safetensors("{\"a\": " + tensor(dtype, shape, offsets) + "}", std::string(bytes, 0));
  };
  EXPECT_EQ(error(one("F32", "[2]", "[0, 8]")), "none");
  EXPECT_EQ(error("short"), "expected a safetensors file of at least 8 bytes, found 5");
  EXPECT_EQ(error(std::string(16, '\xff')),
            "expected a header of at most 8 bytes, found 18446744073709551615");
  EXPECT_EQ(error(safetensors("", "")), "expected a JSON object, found malformed JSON");
  EXPECT_EQ(error(safetensors("{\"a\": ", "")), "expected a JSON object, found malformed JSON");
  EXPECT_EQ(error(safetensors("[]", "")), "expected a JSON object, found array");
  EXPECT_EQ(error(safetensors("{} x", "")), "expected a JSON object, found malformed JSON");
  EXPECT_EQ(error(safetensors("{\"\xff\": 1}", "")),
            "expected a JSON object, found malformed JSON");
  EXPECT_EQ(error(safetensors("{\"a\": 1, \"a\": 2}", "")),
            "expected unique keys, found 'a' twice");
  EXPECT_EQ(error(safetensors(std::string(100000, '['), "")),
            "expected a JSON object, found malformed JSON");
  EXPECT_THAT(error(safetensors("{\"a\": 1}", "")), HasSubstr("tensor 'a': expected an object"));
  EXPECT_THAT(error(safetensors("{\"a\": {}}", "")), HasSubstr("expected a known dtype, found ''"));
  EXPECT_THAT(error(one("F31", "[2]", "[0, 8]")), HasSubstr("a known dtype, found 'F31'"));
  for (const char *shape : {"2", "[-2]", "[2.0]", "[\"2\"]", "[18446744073709551615]", "[1e3]"})
    EXPECT_THAT(error(one("F32", shape, "[0, 8]")), HasSubstr("non-negative integers")) << shape;
  for (const char *offsets : {"8", "[0]", "[0, 4, 8]", "[-8, 0]", "[0.0, 8]"})
    EXPECT_THAT(error(one("F32", "[2]", offsets)), HasSubstr("data_offsets of two")) << offsets;
  EXPECT_THAT(error(one("F32", "[4294967296, 4294967296]", "[0, 8]")), HasSubstr("below 2^63"));
  EXPECT_THAT(error(one("F32", "[2]", "[8, 0]")), HasSubstr("data_offsets within 8 bytes"));
  EXPECT_THAT(error(one("F32", "[2]", "[4, 12]")), HasSubstr("data_offsets within 8 bytes"));
  EXPECT_THAT(error(one("F32", "[1]", "[0, 8]")),
              HasSubstr("expected 4 bytes of F32 [1], found 8"));
  EXPECT_EQ(error(one("F32", "[2]", "[0, 8]", 12)), "expected 8 bytes of data, found 12");
  EXPECT_THAT(error(one("F32", "[2]", "[4, 12]", 12)), HasSubstr("(hole)"));
  std::string two = "{\"a\": " + tensor("F32", "[2]", "[0, 8]") +
                    ", \"b\": " + tensor("F32", "[2]", "[4, 12]") + "}";
  EXPECT_THAT(error(safetensors(two, std::string(12, 0))), HasSubstr("(overlap)"));
}

TEST_F(SafetensorsTest, SurvivesEveryTruncation) {
  std::string whole =
      safetensors("{\"a\": " + tensor("F32", "[2]", "[0, 8]") + "}", std::string(8, 0));
  for (size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_NE(error(whole.substr(0, bytes)), "none");
}

TEST_F(SafetensorsTest, OpensFolders) {
  std::string content =
      safetensors("{\"a\": " + tensor("F32", "[2]", "[0, 8]") + "}", std::string(8, 0));
  EXPECT_THROW(openSafetensors(dir.file(".")), Error);
  dir.write("part", content);
  auto index = [&](const std::string &text) {
    dir.write("model.safetensors.index.json", text);
    return openSafetensors(dir.file("."));
  };
  EXPECT_EQ(index(R"({"weight_map": {"a": "part", "b": "part"}})").size(), 1u);
  EXPECT_THROW(index(R"({"weight_map": {"a": "../part"}})"), Error);
  EXPECT_THROW(index(R"({"weight_map": {"a": 1}})"), Error);
  EXPECT_THROW(index(R"({"weight_map": {}})"), Error);
  EXPECT_THROW(index("{}"), Error);
  EXPECT_THROW(index("{"), Error);
  dir.write("model.safetensors", content);
  EXPECT_EQ(openSafetensors(dir.file(".")).size(), 1u); // the index does not matter
  EXPECT_EQ(openSafetensors(dir.file("part")).size(), 1u);
}

} // namespace
