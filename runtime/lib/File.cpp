//===- File.cpp - Files that are read, and files that are whole -----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/File.h"
#include "ternary/Runtime/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace ternary::runtime;

//===----------------------------------------------------------------------===//
// Reading
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

const uint8_t *InputFile::map() const {
  if (bytes == 0)
    return nullptr;
  void *mapping = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ, MAP_PRIVATE, file, 0);
  if (mapping == MAP_FAILED)
    fail(path, ": ", failure, ": ", std::strerror(errno));
  return static_cast<const uint8_t *>(mapping);
}

MappedFile::MappedFile(const std::string &path, const char *failure) : name(path) {
  InputFile file(path, failure);
  count = static_cast<uint64_t>(file.size());
  bytes = file.map();
}

MappedFile::~MappedFile() {
  if (bytes)
    munmap(const_cast<uint8_t *>(bytes), count);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

[[noreturn]] static void failToWrite(const std::string &path, int reason) {
  fail(path, ": cannot write: ", std::strerror(reason));
}

/// Calls `write(bytes, count)` until everything is written.
template <typename Write>
static void writeAll(const std::string &path, const void *bytes, size_t count, Write write) {
  const char *from = static_cast<const char *>(bytes);
  while (count > 0) {
    ssize_t done = write(from, count);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      failToWrite(path, done < 0 ? errno : ENOSPC);
    from += done;
    count -= static_cast<size_t>(done);
  }
}

void ternary::runtime::writeFully(int file, const std::string &path, const void *bytes,
                                  size_t count) {
  writeAll(path, bytes, count,
           [&](const char *from, size_t left) { return ::write(file, from, left); });
}

OutputFile::OutputFile(const std::string &path) : path(path) {
  struct stat existing;
  if (stat(path.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode))
    fail(path, ": cannot write: expected a regular file");
  temporary = path + ".XXXXXX";
  file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0)
    failToWrite(path, errno);
}

OutputFile::~OutputFile() {
  if (file < 0)
    return;
  unlink(temporary.c_str());
  close(file);
}

void OutputFile::writeAt(int64_t offset, const void *bytes, size_t count) {
  writeAll(path, bytes, count, [&](const char *from, size_t left) {
    ssize_t done = pwrite(file, from, left, offset);
    offset += done > 0 ? done : 0;
    return done;
  });
}

void OutputFile::write(const void *bytes, size_t count) {
  writeAt(end, bytes, count);
  end += static_cast<int64_t>(count);
}

void OutputFile::commit(Durability durability) {
  mode_t mask = umask(0);
  umask(mask);
  bool failed =
      fchmod(file, 0666 & ~mask) != 0 || (durability == Durability::synced && fsync(file) != 0);
  int reason = errno;
  // Closing may report an error of an earlier write, too.
  if (close(file) != 0 && !failed) {
    failed = true;
    reason = errno;
  }
  file = -1;
  if (!failed && rename(temporary.c_str(), path.c_str()) == 0)
    return;
  if (!failed)
    reason = errno;
  unlink(temporary.c_str());
  failToWrite(path, reason);
}

void ternary::runtime::writeFile(const std::string &path, std::string_view content,
                                 Durability durability) {
  OutputFile file(path);
  file.write(content.data(), content.size());
  file.commit(durability);
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

void ternary::runtime::createDirectories(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    fail(path, ": cannot create the folder: ", error.message());
}

void ternary::runtime::syncDirectory(const std::string &path) {
  int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool failed = folder < 0 || fsync(folder) != 0;
  int reason = errno;
  if (folder >= 0)
    close(folder);
  // Some network file systems cannot sync folders, and need not.
  if (failed && reason != EINVAL)
    failToWrite(path, reason);
}
