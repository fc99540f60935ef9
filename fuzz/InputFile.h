//===- InputFile.h - The bytes that are tried, as a file ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_FUZZ_INPUTFILE_H
#define TERNARY_FUZZ_INPUTFILE_H

#include <cstdint>
#include <cstdio>
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

/// Stops the program unless the message is one line, as all errors have to be.
inline void checkMessage(const std::string &message) {
  if (!message.empty() && message.find('\n') == std::string::npos)
    return;
  std::fprintf(stderr, "expected a message of one line, got:\n%s\n", message.c_str());
  std::abort();
}

/// Stops the program unless what has to be true of any input is.
inline void require(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "expected %s\n", what);
  std::abort();
}

} // namespace ternary

#endif // TERNARY_FUZZ_INPUTFILE_H
