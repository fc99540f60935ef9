//===- OutputFile.h - What the compiler writes ----------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_OUTPUTFILE_H
#define TERNARY_SUPPORT_OUTPUTFILE_H

#include "ternary/Support/TemporaryFile.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace ternary {

/// A file that appears whole or not at all, or a stream: standard output for "-", or a
/// device or pipe that is there.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  /// Also takes what is no regular file.
  static llvm::Expected<OutputFile> createStream(llvm::StringRef path);

  llvm::raw_fd_ostream &os() { return *stream; }
  bool isStream() const { return !file; }
  llvm::StringRef temporaryPath() const { return file->getTemporaryPath(); }
  /// The descriptor of what is no stream.
  int getFD() const { return file->getFD(); }
  /// Flushes; fails if anything could not be written.
  llvm::Error flush();
  /// Flushes and gives the file its name.
  llvm::Error keep();
  ~OutputFile();
  OutputFile(OutputFile &&) = default;

private:
  OutputFile(std::optional<TemporaryFile> file, std::unique_ptr<llvm::raw_fd_ostream> stream,
             std::string path)
      : path(std::move(path)), file(std::move(file)), stream(std::move(stream)) {}

  std::string path;
  std::optional<TemporaryFile> file;
  std::unique_ptr<llvm::raw_fd_ostream> stream;
};

} // namespace ternary

#endif // TERNARY_SUPPORT_OUTPUTFILE_H
