//===- NpyTest.cpp - Reading and writing .npy files -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Npy.h"
#include "TempDir.h"
#include "ternary/Runtime/Error.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace ternary::runtime;

namespace {

/// A .npy file; `version` 2 and 3 have a longer field for the header's length.
std::string npy(const std::string &header, const std::string &data, char version = 1) {
  std::string file("\x93NUMPY", 6);
  file += {version, 0};
  size_t length = header.size();
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    file += static_cast<char>(length >> 8 * i);
  return file + header + data;
}

std::string header(const std::string &type, const std::string &shape,
                   const std::string &order = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape +
         ", }          \n";
}

class NpyTest : public testing::Test {
protected:
  IdMatrix read(const std::string &content) { return readIds(dir.write("ids.npy", content)); }

  /// The error that reading gives, without the path.
  std::string error(const std::string &content) {
    try {
      read(content);
    } catch (const Error &error) {
      return std::string(error.what()).substr(dir.file("ids.npy").size() + 2);
    }
    return "none";
  }

  TempDir dir;
};

const std::string kInt64("\1\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 16);
const std::string kInt32("\1\0\0\0\xff\xff\xff\xff", 8);

TEST_F(NpyTest, ReadsInt32AndInt64) {
  for (char version : {1, 2, 3}) {
    IdMatrix ids = read(npy(header("<i8", "(1, 2)"), kInt64, version));
    EXPECT_EQ(ids.rows, 1);
    EXPECT_EQ(ids.columns, 2);
    EXPECT_THAT(ids.values, testing::ElementsAre(1, -1));
  }
  IdMatrix ids = read(npy(header("<i4", "(2,1)"), kInt32));
  EXPECT_EQ(ids.rows, 2);
  EXPECT_THAT(ids.values, testing::ElementsAre(1, -1));
  EXPECT_EQ(read(npy(header("<i4", "(0, 7)"), "")).values.size(), 0u);
}

TEST_F(NpyTest, AcceptsAnyOrderOfKeys) {
  EXPECT_EQ(read(npy("{\"shape\":(1,2),'fortran_order':False,'descr':'<i4'}", kInt32)).columns, 2);
}

TEST_F(NpyTest, RefusesOtherArrays) {
  EXPECT_EQ(error(npy(header("<f4", "(1, 2)"), kInt32)),
            "expected int32 or int64 ids, found type '<f4'");
  EXPECT_EQ(error(npy(header(">i4", "(1, 2)"), kInt32)),
            "expected int32 or int64 ids, found type '>i4'");
  EXPECT_EQ(error(npy(header("<i4", "(1, 2)", "True"), kInt32)),
            "expected an array in C order, found Fortran order");
  EXPECT_EQ(error(npy(header("<i4", "(2,)"), kInt32)),
            "expected 2 dimensions [batch, tokens], found 1");
  EXPECT_EQ(error(npy(header("<i4", "()"), kInt32)),
            "expected 2 dimensions [batch, tokens], found 0");
}

TEST_F(NpyTest, RefusesWrongSizes) {
  EXPECT_EQ(error(npy(header("<i8", "(1, 2)"), kInt32)),
            "expected data for 1 x 2 elements of 8 bytes, found 8 bytes");
  EXPECT_EQ(error(npy(header("<i4", "(1, 1)"), kInt32)),
            "expected data for 1 x 1 elements of 4 bytes, found 8 bytes");
  std::string huge = "999999999999999999";
  EXPECT_EQ(error(npy(header("<i4", "(" + huge + ", " + huge + ")"), kInt32)),
            "expected data for " + huge + " x " + huge + " elements of 4 bytes, found 8 bytes");
  // The product of the dimensions overflows to a plausible size.
  EXPECT_NE(error(npy(header("<i4", "(4294967296, 4294967296)"), "")), "none");
}

TEST_F(NpyTest, RefusesDamagedFiles) {
  EXPECT_EQ(error(""), "expected a .npy file, found another kind of file");
  EXPECT_EQ(error("PK\3\4 a zip file"), "expected a .npy file, found another kind of file");
  EXPECT_EQ(error(npy(header("<i4", "(1, 2)"), kInt32, 9)),
            "expected .npy version 1, 2 or 3, found 9");
  std::string longHeader = npy(header("<i4", "(1, 2)"), kInt32, 2);
  longHeader[11] = '\x7f';
  EXPECT_THAT(error(longHeader), testing::HasSubstr("bytes of header, found"));
  EXPECT_THROW(readIds(dir.file("missing.npy")), Error);
  EXPECT_THROW(readIds(dir.file(".")), Error);
}

TEST_F(NpyTest, RefusesMalformedHeaders) {
  for (const char *text : {"", "{", "{}", "garbage", "{'descr'", "{'descr': '<i4'}",
                           "{'descr': '<i4', 'descr': '<i4'}", "{'shape': (1,", "{'shape': (-1, 2)",
                           "{'shape': (1 2)}", "{'fortran_order': Maybe}", "{'descr': '<i4",
                           "{'shape': (9999999999999999999999, 1)}",
                           "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2)} x",
                           "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1, 2)}"})
    EXPECT_THAT(error(npy(text, kInt32)), testing::HasSubstr("header")) << text;
}

TEST_F(NpyTest, SurvivesEveryTruncation) {
  std::string whole = npy(header("<i4", "(1, 2)"), kInt32);
  for (size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_NE(error(whole.substr(0, bytes)), "none");
}

TEST_F(NpyTest, WritesLogits) {
  std::string path = dir.file("logits.npy");
  {
    LogitsWriter writer(path, 2, 3, 2);
    float first[] = {0, 1, 2, 3, 6, 7, 8, 9}, last[] = {4, 5, 10, 11};
    writer.write(2, 1, last);
    writer.write(0, 2, first);
    EXPECT_FALSE(std::filesystem::exists(path));
    writer.commit();
  }
  std::string file = dir.read("logits.npy");
  ASSERT_EQ(file.size() % 64, 12 * 4u);
  EXPECT_EQ(file.substr(10, 59), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2)");
  const char *data = file.data() + file.size() - 48;
  for (int i = 0; i < 12; ++i) {
    float value;
    std::memcpy(&value, data + i * 4, 4);
    EXPECT_EQ(value, i);
  }
  EXPECT_EQ(dir.entries(), 1u);
}

TEST_F(NpyTest, LeavesNothingWithoutCommit) {
  float logits[] = {1, 2};
  {
    LogitsWriter writer(dir.file("logits.npy"), 1, 1, 2);
    writer.write(0, 1, logits);
  }
  EXPECT_EQ(dir.entries(), 0u);
}

TEST_F(NpyTest, RefusesPlacesThatAreNoFiles) {
  EXPECT_THROW(LogitsWriter(dir.file("no/such/folder.npy"), 1, 1, 1), Error);
  EXPECT_THROW(LogitsWriter(dir.file("."), 1, 1, 1), Error);
  EXPECT_THROW(LogitsWriter("/dev/null", 1, 1, 1), Error);
}

} // namespace
