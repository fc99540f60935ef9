//===- OutputFile.h - Files that appear whole or not at all ---------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_OUTPUTFILE_H
#define TERNARY_LIB_DRIVER_OUTPUTFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace ternary {

/// A file under a temporary name next to its destination, until it is kept. A destination
/// that is there and no regular file (a device, a pipe) would be replaced by that, so it
/// is refused or, as a stream, written to as it is.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  static llvm::Expected<OutputFile> createStream(llvm::StringRef path);
  OutputFile(OutputFile &&other);
  ~OutputFile();

  llvm::raw_pwrite_stream &os() { return *stream; }
  llvm::StringRef temporaryPath() const { return file->TmpName; }
  /// Flushes; fails if anything could not be written.
  llvm::Error flush();
  /// Flushes and gives the file its name.
  llvm::Error keep();

private:
  OutputFile(llvm::sys::fs::TempFile file, std::string path);
  OutputFile(std::unique_ptr<llvm::raw_fd_ostream> stream, std::string path)
      : stream(std::move(stream)), path(std::move(path)) {}

  std::optional<llvm::sys::fs::TempFile> file;
  std::unique_ptr<llvm::raw_fd_ostream> stream;
  std::string path;
};

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_OUTPUTFILE_H
