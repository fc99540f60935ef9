//===- Library.cpp - Loading what the compiler made -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Library.h"
#include "ternary/Runtime/File.h"
#include "ternary/Runtime/Machine.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>

using namespace ternary::runtime;

static constexpr const char *kFailure = "cannot load the model";

//===----------------------------------------------------------------------===//
// What is in the file
//===----------------------------------------------------------------------===//

#if defined(__x86_64__)
static constexpr int kMachine = EM_X86_64;
#elif defined(__aarch64__)
static constexpr int kMachine = EM_AARCH64;
#elif defined(__riscv)
static constexpr int kMachine = EM_RISCV;
#else
static constexpr int kMachine = EM_NONE; // left to the dynamic loader
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static constexpr int kByteOrder = ELFDATA2LSB;
#else
static constexpr int kByteOrder = ELFDATA2MSB;
#endif

static std::string nameOfMachine(int machine) {
  switch (machine) {
  case EM_386:
    return "x86";
  case EM_X86_64:
    return "x86-64";
  case EM_ARM:
    return "arm";
  case EM_AARCH64:
    return "aarch64";
  case EM_RISCV:
    return "riscv";
  default:
    return "machine " + std::to_string(machine);
  }
}

static const char *kindOfObject(int type) {
  return type == ET_REL ? "an object file" : type == ET_EXEC ? "a program" : "another kind of file";
}

void ternary::runtime::checkSharedObject(const std::string &path) {
  InputFile file(path, kFailure);
  auto refuse = [&](const auto &...parts) { fail(path, ": ", kFailure, ": ", parts...); };
  auto needBytes = [&](uint64_t offset, uint64_t count) {
    uint64_t end;
    if (__builtin_add_overflow(offset, count, &end))
      end = UINT64_MAX;
    if (end > static_cast<uint64_t>(file.size()))
      refuse("file is truncated: expected at least ", end, " bytes, found ", file.size());
  };

  Elf64_Ehdr header = {};
  file.read(0, &header, std::min(sizeof(header), static_cast<size_t>(file.size())));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    refuse("expected a shared object, found another kind of file");
  needBytes(0, sizeof(header));
  if (header.e_ident[EI_DATA] != kByteOrder)
    refuse("expected a shared object of this machine's byte order, found the other one");
  if (kMachine != EM_NONE && header.e_machine != kMachine)
    refuse("expected a shared object for ", nameOfMachine(kMachine), ", found one for ",
           nameOfMachine(header.e_machine));
  if (header.e_ident[EI_CLASS] != ELFCLASS64)
    refuse("expected a 64-bit shared object, found one that is not");
  if (header.e_type != ET_DYN)
    refuse("expected a shared object, found ", kindOfObject(header.e_type));

  if (header.e_phentsize != sizeof(Elf64_Phdr))
    refuse("expected program headers of ", sizeof(Elf64_Phdr), " bytes, found ",
           header.e_phentsize);
  needBytes(header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr));
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    file.read(static_cast<int64_t>(header.e_phoff + i * sizeof(segment)), &segment,
              sizeof(segment));
    if (segment.p_type == PT_LOAD || segment.p_type == PT_DYNAMIC)
      needBytes(segment.p_offset, segment.p_filesz);
  }
  // It is not needed to load the file, but stands at its end.
  needBytes(header.e_shoff, uint64_t(header.e_shnum) * header.e_shentsize);
}

//===----------------------------------------------------------------------===//
// Library
//===----------------------------------------------------------------------===//

/// `path` in a spelling that was never used before: for a name that it knows the dynamic loader
/// gives the library that was loaded by it, even if there is another file now. Otherwise it
/// compares the files themselves.
static std::string nameForLoading(const std::string &path) {
  static std::atomic<unsigned> loads = 0;
  size_t slash = path.rfind('/');
  // Without a slash, it would search the system's library folders.
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  for (unsigned bits = loads++; bits > 0; bits >>= 1)
    folder += bits & 1 ? "/." : "/";
  return folder + "/" + path.substr(slash + 1);
}

Library::Library(const std::string &path, const char *what) : path(path), what(what) {
  checkSharedObject(path);
  std::string file = nameForLoading(path);
  handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    std::string reason = dlerror();
    if (reason.compare(0, file.size() + 2, file + ": ") == 0)
      reason.erase(0, file.size() + 2);
    fail(path, ": ", kFailure, ": ", reason);
  }
}

void *Library::find(const char *name) const { return dlsym(handle, name); }

void Library::unload() {
  dlclose(handle);
  handle = nullptr;
}

void ternary::runtime::checkMachine(const std::string &path, const char *cpu, const char *kernel,
                                    const char *features) {
  const Kernel *known = findKernel(kernel);
  if (known && !known->isSupported())
    fail(path, ": model was compiled for ", cpu, " with ", known->name,
         " kernels, but the best that this machine supports is ", bestKernel().name);

  constexpr size_t kShown = 4;
  std::vector<std::string> missing = missingFeatures(features);
  if (missing.empty())
    return;
  std::string list = missing.front();
  for (size_t i = 1; i < missing.size() && i < kShown; ++i)
    list += ", " + missing[i];
  if (missing.size() > kShown)
    list += " and " + std::to_string(missing.size() - kShown) + " more";
  fail(path, ": model was compiled for CPU ", cpu, ", which has ", list, "; this machine has not");
}

std::string ternary::runtime::besideObject(const std::string &path, const std::string &file) {
  size_t slash = path.rfind('/');
  if (file.compare(0, 1, "/") == 0 || slash == std::string::npos)
    return file;
  return path.substr(0, slash + 1) + file;
}
