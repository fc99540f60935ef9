//===- JSONFileTest.cpp - JSON that is not trusted ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/JSONFile.h"
#include "../TestFiles.h"
#include "gmock/gmock.h"

using namespace llvm;
using namespace ternary;
using testing::HasSubstr;

static std::string parse(StringRef text) {
  Expected<json::Object> object = parseJSONObject(text, "f");
  return object ? "" : toString(object.takeError());
}

TEST(JSONFileTest, AcceptsObjects) {
  EXPECT_EQ(parse("{}"), "");
  EXPECT_EQ(parse(R"({"a": {"b": 1}, "b": [{"a": 1}, {"a": 1}]})"), "");
  EXPECT_EQ(parse(R"({"\"a\": ": 1, "a:": "x:{[", "b\\": 1})"), "");
}

TEST(JSONFileTest, RefusesWhatIsNoObject) {
  EXPECT_EQ(parse("[]"), "f: expected a JSON object, got another value");
  for (StringRef text : {"", "{", "}", "{\"a", "{\"a\\", "{\"a\" 1}", "{} {}", "]]]", ":",
                         "{\"a\": 1,}", "{\"\xff\": 1}"})
    EXPECT_THAT(parse(text), HasSubstr("f: invalid JSON: ")) << text.str();
}

TEST(JSONFileTest, RefusesTwoMembersOfOneName) {
  EXPECT_EQ(parse(R"({"a": 1, "b": {"a": 1}, "a": 2})"),
            "f: expected different names, got 'a' twice");
  EXPECT_EQ(parse(R"([{"b": 1, "b": 2}])"), "f: expected different names, got 'b' twice");
  // However they are written.
  EXPECT_EQ(parse(R"({"ab": 1, "\u0061b": 2})"), "f: expected different names, got 'ab' twice");
  EXPECT_EQ(parse(R"({"a/b": 1, "a\/b": 2})"), "f: expected different names, got 'a/b' twice");
}

TEST(JSONFileTest, SaysWhatStandsInPlaceOfAFile) {
  EXPECT_EQ(parse("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
            "f: expected the file itself, got a pointer of Git LFS, in whose place 'git lfs pull' "
            "puts the file");
  for (StringRef page : {"<!DOCTYPE html>\n<html>", " \n<HTML lang=\"en\">", "\xef\xbb\xbf<html>"})
    EXPECT_EQ(parse(page), "f: expected the file itself, got a page of HTML, which some web site "
                           "has given in its place");
  for (StringRef other : {"version 1", "<xml>", "<", ""})
    EXPECT_THAT(parse(other), HasSubstr("invalid JSON"));
}

TEST(JSONFileTest, RefusesDeepNesting) {
  std::string deep = "{\"a\": " + std::string(1'000'000, '[');
  EXPECT_EQ(parse(deep), "f: expected JSON of at most 16 levels, got more");
}

TEST(JSONFileTest, RefusesFilesThatItCannotRead) {
  TestDirectory directory;
  std::string path = directory.write("a.json", "{\"a\": 1}");
  EXPECT_EQ(getMessage(readJSONFile(path, 8), directory), "");
  EXPECT_EQ(getMessage(readJSONFile(path, 7), directory),
            "a.json: expected at most 7 bytes, got 8");
  EXPECT_EQ(getMessage(readJSONFile(directory.getPath("b"), 7), directory),
            "b: No such file or directory");
  EXPECT_EQ(getMessage(readJSONFile("/dev/zero", 7), directory),
            "/dev/zero: expected a regular file");
}

TEST(JSONFileTest, MakesErrorsOfOneLine) {
  EXPECT_EQ(toString(makeFileError("a\nb", "got '\x1f\x7f é'")), "a\\x0ab: got '\\x1f\\x7f é'");
}
