//===- Link.cpp - Shared libraries ----------------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/OutputFile.h"
#include "ternary/Target/Object.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/InterfaceStub/ELFObjHandler.h"
#include "llvm/InterfaceStub/IFSStub.h"
#include "llvm/Object/ObjectFile.h"
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

namespace {
/// A file of this process that is gone when this is.
class ScratchFile {
public:
  ScratchFile() = default;
  ScratchFile(const ScratchFile &) = delete;
  ScratchFile &operator=(const ScratchFile &) = delete;
  ~ScratchFile() {
    if (path.empty())
      return;
    sys::fs::remove(path);
    sys::DontRemoveFileOnSignal(path);
  }

  Error create(StringRef suffix) {
    if (std::error_code error = sys::fs::createTemporaryFile("ternary-link", suffix, path))
      return createStringError(error, "cannot create a temporary file: " + error.message());
    sys::RemoveFileOnSignal(path);
    return Error::success();
  }

  SmallString<128> path;
};
} // namespace

/// The name that loaders know a system's libm by, or nothing where its functions lie in the C
/// library, which every program has.
static StringRef getMathLibrary(const Triple &triple) {
  if (!triple.isOSLinux() || triple.isMusl())
    return "";
  return triple.isAndroid() ? "libm.so" : "libm.so.6";
}

/// Writes a library that stands for the libm of machines of `triple`, which this one need not have:
/// its name, and the functions that code generators call where a processor has no instructions, or
/// that ops of MLIR's math become.
static Error writeMathLibrary(const Triple &triple, StringRef path) {
  ifs::IFSStub stub;
  stub.SoName = getMathLibrary(triple).str();
  stub.Target.Arch = ELF::convertTripleArchTypeToEMachine(triple.getArch());
  stub.Target.Endianness =
      triple.isLittleEndian() ? ifs::IFSEndiannessType::Little : ifs::IFSEndiannessType::Big;
  stub.Target.BitWidth =
      triple.isArch64Bit() ? ifs::IFSBitWidthType::IFS64 : ifs::IFSBitWidthType::IFS32;
  for (StringRef name :
       {"acos",  "acosh",     "asin", "asinh", "atan",  "atan2", "atanh",     "cbrt",  "ceil",
        "cos",   "cosh",      "erf",  "erfc",  "exp",   "exp10", "exp2",      "expm1", "floor",
        "fma",   "fmod",      "log",  "log10", "log1p", "log2",  "nearbyint", "pow",   "rint",
        "round", "roundeven", "sin",  "sinh",  "sqrt",  "tan",   "tanh",      "trunc"})
    for (StringRef suffix : {"", "f"}) {
      ifs::IFSSymbol &symbol = stub.Symbols.emplace_back((name + suffix).str());
      symbol.Type = ifs::IFSSymbolType::Func;
    }
  return ifs::writeBinaryStub(path, stub);
}

/// Errors if the library at `path` ends early: the linker does not look whether its standard output
/// takes what it writes.
static Error checkWhole(StringRef path) {
  auto file = object::ObjectFile::createObjectFile(path);
  if (!file)
    return createStringError("cannot link: expected a whole library, got one cut short (" +
                             toString(file.takeError()) + "); is the disk full?");
  return Error::success();
}

Error ternary::linkShared(StringRef object, const OutputFile &output, const Triple &triple) {
  ErrorOr<std::string> linker = findLinker();
  if (!linker)
    return createStringError(linker.getError(),
                             "cannot link a shared library: expected ld.lld on the path, got none");
  // Functions of the C library are resolved by whoever loads the library.
  SmallVector<StringRef> arguments = {*linker,         "-shared", "--build-id", "-z", "noexecstack",
                                      "--gc-sections", object,    "-o",         "-"};
  // Those of libm as well, but a program need not have loaded that.
  ScratchFile math, log;
  if (!getMathLibrary(triple).empty()) {
    if (Error error = math.create("so"))
      return error;
    if (Error error = writeMathLibrary(triple, math.path))
      return error;
    arguments.append({"--as-needed", math.path});
  }
  if (Error error = log.create("log"))
    return error;
  // A signal that ends this process removes the output. The linker may live on, so it has the file
  // and no name to make another one of.
  std::string opened = "/dev/fd/" + std::to_string(output.getFD());
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(opened), StringRef(log.path)};
  std::string message;
  int status = sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &message);
  // Of what a linker says the first line counts; one that crashed says how to report that.
  if (auto text = MemoryBuffer::getFile(log.path); status > 0 && text) {
    StringRef line = (*text)->getBuffer().take_until([](char c) { return c == '\n'; });
    if (line.contains("error: "))
      line = line.split("error: ").second;
    message = line.str();
  }
  if (status != 0)
    return createStringError("cannot link: " + (message.empty() ? "the linker failed" : message));
  if (Error error = checkWhole(output.temporaryPath()))
    return error;
  // The linker would have made a file of its own executable.
  unsigned permissions = sys::fs::all_all & ~sys::fs::getUmask();
  if (std::error_code error =
          sys::fs::setPermissions(output.temporaryPath(), static_cast<sys::fs::perms>(permissions)))
    return createStringError(error, "cannot link: " + error.message());
  return Error::success();
}
