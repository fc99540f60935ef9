//===- TemporaryFile.h - A file that gets its name when it is whole --*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_TEMPORARYFILE_H
#define TERNARY_SUPPORT_TEMPORARYFILE_H

#include "llvm/Support/Error.h"
#include <string>

namespace ternary {

/// A new file next to `path` that becomes `path` when it is kept and is removed otherwise,
/// on signals as well. Unlike llvm::sys::fs::TempFile it takes any path: that one replaces
/// every % in it. A destination that is there has to be a regular file: a device or a
/// folder is refused, not replaced.
class TemporaryFile {
public:
  static llvm::Expected<TemporaryFile> create(llvm::StringRef path);
  TemporaryFile(TemporaryFile &&other);
  TemporaryFile &operator=(TemporaryFile &&) = delete;
  ~TemporaryFile();

  /// Open for reading and writing.
  int getFD() const { return fd; }
  /// Where the file is until it is kept.
  llvm::StringRef getTemporaryPath() const { return temporaryPath; }
  /// Where it will be.
  llvm::StringRef getPath() const { return path; }

  /// Closes the file and gives it its name.
  llvm::Error keep() { return keepAs(path); }
  /// Another one, in the same file system.
  llvm::Error keepAs(llvm::StringRef newPath);

  /// "cannot write 'path': reason".
  llvm::Error makeError(std::error_code reason) const;

private:
  TemporaryFile(std::string path, std::string temporaryPath, int fd)
      : path(std::move(path)), temporaryPath(std::move(temporaryPath)), fd(fd) {}

  std::string path, temporaryPath;
  int fd;
};

} // namespace ternary

#endif // TERNARY_SUPPORT_TEMPORARYFILE_H
