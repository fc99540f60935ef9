//===- File.cpp - Reading files that the user names -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/File.h"
#include "ternary/Runtime/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace ternary::runtime;

//===----------------------------------------------------------------------===//
// InputFile
//===----------------------------------------------------------------------===//

static const char *kindOfFile(mode_t mode) {
  return S_ISDIR(mode) ? "a directory" : S_ISFIFO(mode) ? "a pipe" : "a device";
}

InputFile::InputFile(std::string path, std::string failure)
    : path(std::move(path)), failure(std::move(failure)) {
  // Otherwise opening a pipe would wait for someone to write to it.
  file = open(this->path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) {
    int reason = errno;
    if (file >= 0)
      close(file);
    fail(this->path, ": ", this->failure, ": ", std::strerror(reason));
  }
  if (!S_ISREG(status.st_mode)) {
    close(file);
    fail(this->path, ": ", this->failure, ": expected a regular file, found ",
         kindOfFile(status.st_mode));
  }
  bytes = status.st_size;
}

InputFile::~InputFile() { close(file); }

void InputFile::read(int64_t offset, void *to, size_t count) const {
  char *next = static_cast<char *>(to);
  while (count > 0) {
    ssize_t done = pread(file, next, count, offset);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      fail(path, ": ", failure, ": ", std::strerror(errno));
    if (done == 0)
      fail(path, ": ", failure, ": expected ", bytes, " bytes, found the end after ", offset);
    next += done;
    offset += done;
    count -= static_cast<size_t>(done);
  }
}

std::string InputFile::readAll(const char *what, int64_t most) const {
  if (bytes > most)
    fail(path, ": expected ", what, " of at most ", most, " bytes, found ", bytes);
  std::string all(static_cast<size_t>(bytes), 0);
  read(0, all.data(), all.size());
  return all;
}

//===----------------------------------------------------------------------===//
// Shared objects
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
  const char *const failure = "cannot load the model";
  InputFile file(path, failure);
  auto refuse = [&](const auto &...parts) { fail(path, ": ", failure, ": ", parts...); };
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
