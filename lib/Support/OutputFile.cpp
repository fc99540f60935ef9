//===- OutputFile.cpp - What the compiler writes --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace ternary;

static Error cannotWrite(StringRef path, std::error_code error) {
  return createStringError(error, "cannot write '" + path + "': " + error.message());
}

Expected<OutputFile> OutputFile::create(StringRef path) {
  Expected<TemporaryFile> file = TemporaryFile::create(path);
  if (!file)
    return file.takeError();
  auto stream = std::make_unique<raw_fd_ostream>(file->getFD(), /*shouldClose=*/false);
  return OutputFile(std::move(*file), std::move(stream), path.str());
}

Expected<OutputFile> OutputFile::createStream(StringRef path) {
  sys::fs::file_status status;
  bool isStream =
      path == "-" || (!sys::fs::status(path, status) && !sys::fs::is_regular_file(status) &&
                      !sys::fs::is_directory(status));
  if (!isStream)
    return create(path);
  std::error_code error;
  auto stream = std::make_unique<raw_fd_ostream>(path, error);
  if (error) {
    stream->clear_error();
    return cannotWrite(path, error);
  }
  return OutputFile(std::nullopt, std::move(stream), path == "-" ? "standard output" : path.str());
}

OutputFile::~OutputFile() {
  if (!stream)
    return;
  stream->flush();
  stream->clear_error();
}

Error OutputFile::flush() {
  stream->flush();
  if (!stream->has_error())
    return Error::success();
  std::error_code error = stream->error();
  stream->clear_error();
  return cannotWrite(path, error);
}

Error OutputFile::keep() {
  if (Error error = flush())
    return error;
  stream.reset();
  return file ? file->keep() : Error::success();
}
