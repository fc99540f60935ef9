//===- FileTest.cpp - Files that are read, and files that are whole -------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/File.h"
#include "ErrorOf.h"
#include "TempDir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace ternary::runtime;
using testing::HasSubstr;

namespace {

//===----------------------------------------------------------------------===//
// InputFile
//===----------------------------------------------------------------------===//

class InputFileTest : public testing::Test {
protected:
  std::string open(const std::string &path) {
    return errorOf([&] { InputFile(path, "cannot read it"); });
  }

  TempDir dir;
};

TEST_F(InputFileTest, ReadsFiles) {
  InputFile file(dir.write("file", "0123456789"), "cannot read it");
  EXPECT_EQ(file.size(), 10);
  EXPECT_EQ(file.readAll("digits", 10), "0123456789");
  char part[3];
  file.read(7, part, 3);
  EXPECT_EQ(std::string(part, 3), "789");
  EXPECT_THAT(errorOf([&] { file.read(8, part, 3); }),
              HasSubstr("file: cannot read it: expected 10 bytes, found the end after 10"));
  EXPECT_THAT(errorOf([&] { file.readAll("digits", 9); }),
              HasSubstr("file: expected digits of at most 9 bytes, found 10"));
}

TEST_F(InputFileTest, RefusesWhatIsNoFile) {
  EXPECT_THAT(open(dir.file("missing")),
              HasSubstr("missing: cannot read it: No such file or directory"));
  EXPECT_EQ(open("/"), "/: cannot read it: expected a regular file, found a directory");
  EXPECT_EQ(open("/dev/zero"),
            "/dev/zero: cannot read it: expected a regular file, found a device");
  ASSERT_EQ(mkfifo(dir.file("pipe").c_str(), 0600), 0);
  EXPECT_THAT(open(dir.file("pipe")), HasSubstr("expected a regular file, found a pipe"));
}

//===----------------------------------------------------------------------===//
// MappedFile
//===----------------------------------------------------------------------===//

TEST(MappedFileTest, MapsFiles) {
  TempDir dir;
  EXPECT_EQ(MappedFile(dir.write("a", "some text")).text(), "some text");
  EXPECT_EQ(MappedFile(dir.write("empty", "")).size(), 0u);
  EXPECT_THAT(errorOf([&] { MappedFile(dir.file("missing")); }),
              HasSubstr("missing: cannot read the file: No such file or directory"));
  EXPECT_EQ(errorOf([&] { MappedFile("/", "cannot read it"); }),
            "/: cannot read it: expected a regular file, found a directory");
  EXPECT_EQ(errorOf([&] { MappedFile("/dev/null"); }),
            "/dev/null: cannot read the file: expected a regular file, found a device");
}

//===----------------------------------------------------------------------===//
// OutputFile
//===----------------------------------------------------------------------===//

TEST(OutputFileTest, AppearsWhenComplete) {
  TempDir dir;
  dir.write("a", "before");
  {
    OutputFile file(dir.file("a"));
    file.write("af", 2);
    file.write("ter", 3);
    file.writeAt(0, "A", 1);
    EXPECT_EQ(dir.read("a"), "before");
    file.commit(Durability::synced);
  }
  EXPECT_EQ(dir.read("a"), "After");
  EXPECT_EQ(dir.entries(), 1u);
}

TEST(OutputFileTest, LeavesNothingBehindWithoutCommit) {
  TempDir dir;
  dir.write("a", "before");
  {
    OutputFile(dir.file("a")).write("after", 5);
  }
  EXPECT_EQ(dir.read("a"), "before");
  EXPECT_EQ(dir.entries(), 1u);
}

TEST(OutputFileTest, RefusesPlacesThatAreNoFiles) {
  TempDir dir;
  EXPECT_THROW(OutputFile(dir.file("no/such")), Error);
  EXPECT_THROW(OutputFile(dir.file(".")), Error);
  EXPECT_THROW(createDirectories(dir.write("a", "") + "/b"), Error);
  EXPECT_THROW(syncDirectory(dir.file("missing")), Error);
}

} // namespace
