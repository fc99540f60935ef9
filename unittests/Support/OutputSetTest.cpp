//===- OutputSetTest.cpp - The files of a compilation ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/OutputSet.h"
#include "../TestFiles.h"

using namespace llvm;
using namespace ternary;

static void add(OutputSet &outputs, const std::string &path, StringRef text) {
  Expected<OutputFile *> file = outputs.create(path);
  ASSERT_TRUE(bool(file)) << toString(file.takeError());
  (*file)->os() << text;
}

TEST(OutputSet, NamesAppearTogether) {
  TestDirectory folder;
  folder.write("model.h", "old header");
  OutputSet outputs;
  add(outputs, folder.getPath("model.h"), "header");
  add(outputs, folder.getPath("model.o"), "object");
  EXPECT_EQ(folder.read("model.h"), "old header");
  EXPECT_FALSE(sys::fs::exists(folder.getPath("model.o")));
  EXPECT_FALSE(bool(outputs.keep()));
  EXPECT_EQ(folder.read("model.h"), "header");
  EXPECT_EQ(folder.read("model.o"), "object");
  EXPECT_EQ(folder.countFiles(), 2);
}

TEST(OutputSet, NothingIsLeftOfWhatIsNotKept) {
  TestDirectory folder;
  folder.write("model.o", "old object");
  {
    OutputSet outputs;
    add(outputs, folder.getPath("model.weights"), "weights");
    add(outputs, folder.getPath("model.o"), "object");
  }
  EXPECT_EQ(folder.read("model.o"), "old object");
  EXPECT_EQ(folder.countFiles(), 1);
}

// A folder takes the last name meanwhile, so that the last file cannot get it: files that were
// replaced are back, and new ones are gone.
TEST(OutputSet, TheLastFileFails) {
  TestDirectory folder;
  folder.write("model.weights", "old weights");
  {
    OutputSet outputs;
    add(outputs, folder.getPath("model.h"), "header");
    add(outputs, folder.getPath("model.weights"), "weights");
    add(outputs, folder.getPath("model.so"), "library");
    ASSERT_FALSE(sys::fs::create_directory(folder.getPath("model.so")));
    std::string message = toString(outputs.keep());
    EXPECT_NE(message.find("model.so"), std::string::npos) << message;
  }
  EXPECT_EQ(folder.read("model.weights"), "old weights");
  EXPECT_EQ(folder.countFiles(), 2);
}

// The same for a file that others write, such as an archive.
TEST(OutputSet, AFileOfOthersFails) {
  TestDirectory folder;
  folder.write("model.o", "old object");
  {
    OutputSet outputs;
    add(outputs, folder.getPath("model.o"), "object");
    outputs.add(folder.getPath("model.weights"),
                [] { return createStringError("the disk is gone"); });
    EXPECT_EQ(toString(outputs.keep()), "the disk is gone");
  }
  EXPECT_EQ(folder.read("model.o"), "old object");
  EXPECT_EQ(folder.countFiles(), 1);
}

TEST(OutputSet, AStreamIsNoFile) {
  TestDirectory folder;
  OutputSet outputs;
  Expected<OutputFile *> null = outputs.createStream("/dev/null");
  ASSERT_TRUE(bool(null)) << toString(null.takeError());
  EXPECT_TRUE((*null)->isStream());
  outputs.add(folder.getPath("model.weights"), [] { return createStringError("no"); });
  EXPECT_EQ(toString(outputs.keep()), "no");
  EXPECT_TRUE(sys::fs::exists("/dev/null"));
}
