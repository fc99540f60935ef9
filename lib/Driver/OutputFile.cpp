//===- OutputFile.cpp - Files that appear whole or not at all --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputFile.h"

using namespace llvm;
using namespace ternary;

static Error cannotWrite(StringRef path, std::error_code error) {
  return createStringError(error, "cannot write '" + path + "': " + error.message());
}

static bool isSpecialFile(StringRef path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status) && !sys::fs::is_regular_file(status);
}

Expected<OutputFile> OutputFile::create(StringRef path) {
  if (isSpecialFile(path))
    return createStringError("cannot write '" + path + "': expected a regular file");
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(path + ".%%%%%%.tmp", sys::fs::all_read | sys::fs::all_write);
  if (!file)
    return cannotWrite(path, errorToErrorCode(file.takeError()));
  return OutputFile(std::move(*file), path.str());
}

Expected<OutputFile> OutputFile::createStream(StringRef path) {
  if (!isSpecialFile(path))
    return create(path);
  std::error_code error;
  auto stream = std::make_unique<raw_fd_ostream>(path, error);
  if (error) {
    stream->clear_error();
    return cannotWrite(path, error);
  }
  return OutputFile(std::move(stream), path.str());
}

OutputFile::OutputFile(sys::fs::TempFile temporary, std::string path)
    : file(std::move(temporary)),
      stream(std::make_unique<raw_fd_ostream>(file->FD, /*shouldClose=*/false)),
      path(std::move(path)) {}

/// A moved-from optional still has a value, so it is emptied by hand.
OutputFile::OutputFile(OutputFile &&other)
    : file(std::move(other.file)), stream(std::move(other.stream)), path(std::move(other.path)) {
  other.file.reset();
}

OutputFile::~OutputFile() {
  if (stream) {
    stream->flush();
    stream->clear_error();
    stream.reset();
  }
  if (file)
    consumeError(file->discard());
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
  if (!file)
    return Error::success();
  Error error = file->keep(path);
  file.reset();
  if (error)
    return cannotWrite(path, errorToErrorCode(std::move(error)));
  return Error::success();
}
