//===- ToolTest.h - Running the tools ---------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_UNITTESTS_TOOLTEST_H
#define TERNARY_UNITTESTS_TOOLTEST_H

#include "TempDir.h"

#include <algorithm>
#include <cstdint>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>
#include <vector>

/// Where the fake objects are.
const std::string kModels = FAKE_MODELS "/";

struct Result {
  int status;
  std::string out, err;
};

class ToolTest : public testing::Test {
protected:
  /// Runs a shell command in the temporary folder.
  Result shell(const std::string &command) {
    std::string wrapped = "cd '" + dir.file(".") + "' && " + command + " > '" + dir.file("out") +
                          "' 2> '" + dir.file("err") + "'";
    int status = std::system(wrapped.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, dir.read("out"), dir.read("err")};
  }

  /// One line that starts with the tool's name, and nothing else.
  void expectError(const Result &result, const std::string &text, const std::string &tool) {
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, testing::StartsWith(tool + ": error: "));
    EXPECT_THAT(result.err, testing::HasSubstr(text));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
  }

  /// Writes ids as a .npy file of int32.
  void writeIds(const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<int32_t> &ids) {
    std::string header = "{'descr': '<i4', 'fortran_order': False, 'shape': (";
    for (int64_t size : shape)
      header += std::to_string(size) + ",";
    header += ")}\n";
    std::string file("\x93NUMPY\1\0", 8);
    file += {static_cast<char>(header.size()), 0};
    file += header;
    file.append(reinterpret_cast<const char *>(ids.data()), ids.size() * 4);
    dir.write(name, file);
  }

  TempDir dir;
};

#endif // TERNARY_UNITTESTS_TOOLTEST_H
