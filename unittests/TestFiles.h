//===- TestFiles.h - Files for unit tests -----------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_UNITTESTS_TESTFILES_H
#define TERNARY_UNITTESTS_TESTFILES_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

namespace ternary {

/// A directory that goes with the test.
class TestDirectory {
public:
  TestDirectory() { EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("ternary-test", path)); }
  ~TestDirectory() { llvm::sys::fs::remove_directories(path); }
  TestDirectory(const TestDirectory &) = delete;
  TestDirectory &operator=(const TestDirectory &) = delete;

  std::string getPath() const { return path.str().str(); }
  std::string getPath(llvm::StringRef name) const {
    llvm::SmallString<128> result(path);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  /// Writes a file and returns its path.
  std::string write(llvm::StringRef name, llvm::StringRef bytes) const {
    std::error_code code;
    llvm::raw_fd_ostream stream(getPath(name), code);
    EXPECT_FALSE(code) << code.message();
    stream << bytes;
    return getPath(name);
  }

  std::string read(llvm::StringRef name) const {
    auto buffer = llvm::MemoryBuffer::getFile(getPath(name));
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

  /// The number of files in it.
  int countFiles() const {
    int count = 0;
    std::error_code code;
    for (llvm::sys::fs::directory_iterator it(path, code), end; it != end && !code;
         it.increment(code))
      ++count;
    return count;
  }

private:
  llvm::SmallString<128> path;
};

/// The message of an error, "" if there is none. File names lose `directory`,
/// which is different in each run.
inline std::string getMessage(llvm::Error error, const TestDirectory &directory) {
  std::string message = llvm::toString(std::move(error));
  std::string prefix = directory.getPath() + "/";
  for (size_t at; (at = message.find(prefix)) != std::string::npos;)
    message.erase(at, prefix.size());
  return message;
}

template <typename T>
std::string getMessage(llvm::Expected<T> value, const TestDirectory &directory) {
  return value ? "" : getMessage(value.takeError(), directory);
}

} // namespace ternary

#endif // TERNARY_UNITTESTS_TESTFILES_H
