//===- InputFile.h - The bytes that are tried, as a file ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_FUZZ_INPUTFILE_H
#define TERNARY_FUZZ_INPUTFILE_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace ternary {

/// A file in memory, which holds one input after the other.
class InputFile {
public:
  InputFile() : fd(memfd_create("input", 0)) {
    if (fd < 0)
      std::abort();
  }

  std::string getPath() const { return "/proc/self/fd/" + std::to_string(fd); }

  void write(const uint8_t *data, size_t size) {
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != ssize_t(size))
      std::abort();
  }

private:
  int fd;
};

/// A folder in which the input has a name.
class InputDirectory {
public:
  explicit InputDirectory(llvm::StringRef name) {
    if (llvm::sys::fs::createUniqueDirectory("ternary-fuzz", path) ||
        llvm::sys::fs::create_link(input.getPath(), getPath(name)))
      std::abort();
  }
  ~InputDirectory() { llvm::sys::fs::remove_directories(path); }

  std::string getPath() const { return path.str().str(); }
  std::string getPath(llvm::StringRef name) const {
    llvm::SmallString<128> result(path);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  InputFile input;

private:
  llvm::SmallString<128> path;
};

/// Stops the program unless the error is one line, as all errors have to be.
inline void checkMessage(llvm::Error error) {
  if (!error)
    return;
  std::string message = llvm::toString(std::move(error));
  if (message.empty() || message.find('\n') != std::string::npos) {
    llvm::errs() << "expected a message of one line, got:\n" << message << "\n";
    std::abort();
  }
}

} // namespace ternary

#endif // TERNARY_FUZZ_INPUTFILE_H
