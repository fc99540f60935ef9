//===- TemporaryFile.cpp - A file that gets its name when it is whole ---------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/TemporaryFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

using namespace llvm;
using namespace ternary;

static Error makeWriteError(StringRef path, std::error_code reason) {
  return createStringError(reason, "cannot write '" + path + "': " + reason.message());
}

Expected<TemporaryFile> TemporaryFile::create(StringRef path) {
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) && !sys::fs::is_regular_file(status))
    return createStringError("cannot write '" + path + "': expected a regular file");
  constexpr int kAttempts = 128;
  std::error_code reason;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string name =
        (path + "." + utohexstr(sys::Process::GetRandomNumber(), /*LowerCase=*/true) + ".tmp")
            .str();
    int fd;
    reason = sys::fs::openFileForReadWrite(name, fd, sys::fs::CD_CreateNew, sys::fs::OF_None);
    if (!reason) {
      sys::RemoveFileOnSignal(name);
      return TemporaryFile(path.str(), std::move(name), fd);
    }
    if (reason != std::errc::file_exists)
      break;
  }
  return makeWriteError(path, reason);
}

TemporaryFile::TemporaryFile(TemporaryFile &&other)
    : path(std::move(other.path)), temporaryPath(std::move(other.temporaryPath)), fd(other.fd) {
  other.fd = -1;
}

TemporaryFile::~TemporaryFile() {
  if (fd < 0)
    return;
  sys::Process::SafelyCloseFileDescriptor(fd);
  sys::fs::remove(temporaryPath);
  sys::DontRemoveFileOnSignal(temporaryPath);
}

Error TemporaryFile::keepAs(StringRef newPath) {
  std::error_code reason = sys::Process::SafelyCloseFileDescriptor(fd);
  if (!reason)
    reason = sys::fs::rename(temporaryPath, newPath);
  if (reason)
    sys::fs::remove(temporaryPath);
  sys::DontRemoveFileOnSignal(temporaryPath);
  fd = -1;
  return reason ? makeError(reason) : Error::success();
}

Error TemporaryFile::makeError(std::error_code reason) const {
  return makeWriteError(path, reason);
}
