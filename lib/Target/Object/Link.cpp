//===- Link.cpp - Shared libraries ----------------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/Object.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"

using namespace llvm;

/// ld.lld of our LLVM, or the first on the path.
static ErrorOr<std::string> findLinker() {
  for (StringRef name : {"ld.lld-22", "ld.lld"}) {
    if (ErrorOr<std::string> path =
            sys::findProgramByName(name, {"/usr/lib/llvm-22/bin", "/usr/bin", "/usr/local/bin"}))
      return path;
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return path;
  }
  return std::make_error_code(std::errc::no_such_file_or_directory);
}

Error ternary::linkShared(StringRef object, StringRef output) {
  ErrorOr<std::string> linker = findLinker();
  if (!linker)
    return createStringError(linker.getError(),
                             "cannot link a shared library: expected ld.lld on the path, got none");
  // Functions of the C library are resolved by whoever loads the library.
  SmallVector<StringRef> arguments = {
      *linker, "-shared", "--build-id", "-z", "noexecstack", "--gc-sections",
      // A mapped output would end in a bus error when the disk is full.
      "--no-mmap-output-file", object, "-o", output};
  SmallString<128> log;
  if (std::error_code error = sys::fs::createTemporaryFile("ternary-link", "log", log))
    return createStringError(error, "cannot create a temporary file: " + error.message());
  sys::RemoveFileOnSignal(log);
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
  std::string message;
  int status = sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &message);
  // Of what a linker says the first line counts; one that crashed says how to report that.
  if (auto text = MemoryBuffer::getFile(log); status > 0 && text) {
    StringRef line = (*text)->getBuffer().take_until([](char c) { return c == '\n'; });
    line.consume_front("ld.lld: error: ");
    message = line.str();
  }
  sys::fs::remove(log);
  sys::DontRemoveFileOnSignal(log);
  if (status != 0)
    return createStringError("cannot link: " + (message.empty() ? "the linker failed" : message));
  return Error::success();
}
