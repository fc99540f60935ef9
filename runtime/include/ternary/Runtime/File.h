//===- File.h - Reading files that the user names ---------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_FILE_H
#define TERNARY_RUNTIME_FILE_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace ternary::runtime {

/// A regular file. Everything else is refused: a pipe may never end, or never
/// begin. Errors are thrown and start with the path and `failure`, such as
/// "cannot read the tokenizer".
class InputFile {
public:
  InputFile(std::string path, std::string failure);
  ~InputFile();
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;

  int64_t size() const { return bytes; }

  /// Reads the `count` bytes from `offset` on.
  void read(int64_t offset, void *to, size_t count) const;

  /// All of it, which is `what` and at most `most` bytes.
  std::string readAll(const char *what, int64_t most) const;

private:
  std::string path, failure;
  int file = -1;
  int64_t bytes = 0;
};

/// Throws unless `path` is a shared object for this architecture that is all
/// there. The dynamic loader takes the sizes in a file at their word and
/// crashes if they are not true.
void checkSharedObject(const std::string &path);

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_FILE_H
