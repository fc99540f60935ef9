//===- File.h - Files that are read, and files that are whole ---*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_FILE_H
#define TERNARY_RUNTIME_FILE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ternary::runtime {

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// A regular file. Everything else is refused: a pipe may never end, or never
/// begin. Errors are thrown and start with the path and `failure`, such as
/// "cannot read the tokenizer".
class InputFile {
public:
  InputFile(std::string path, std::string failure);
  ~InputFile();
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;

  int64_t size() const { return bytes; }

  /// Reads the `count` bytes from `offset` on.
  void read(int64_t offset, void *to, size_t count) const;

  /// All of it, which is `what` and at most `most` bytes.
  std::string readAll(const char *what, int64_t most) const;

private:
  friend class MappedFile;
  const uint8_t *map() const;

  std::string path, failure;
  int file = -1;
  int64_t bytes = 0;
};

/// All of an InputFile in memory, read when it is looked at.
class MappedFile {
public:
  explicit MappedFile(const std::string &path, const char *failure = "cannot read the file");
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::string &path() const { return name; }
  const uint8_t *data() const { return bytes; }
  uint64_t size() const { return count; }
  std::string_view text() const { return {reinterpret_cast<const char *>(bytes), count}; }

private:
  std::string name;
  const uint8_t *bytes = nullptr;
  uint64_t count = 0;
};

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Whether a file survives a crash of the machine from the moment it has its
/// name.
enum class Durability { none, synced };

/// A file that appears under its name when it is complete, not before, and not
/// at all after an error.
class OutputFile {
public:
  explicit OutputFile(const std::string &path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  /// Adds to the end.
  void write(const void *bytes, size_t count);
  void writeAt(int64_t offset, const void *bytes, size_t count);

  /// Gives the complete file its name. For this to last, the folder has to be
  /// synced as well.
  void commit(Durability durability = Durability::none);

private:
  std::string path, temporary;
  int file = -1;
  int64_t end = 0;
};

void writeFile(const std::string &path, std::string_view content,
               Durability durability = Durability::none);

/// Writes all of `bytes` to an open file, which `path` names in errors.
void writeFully(int file, const std::string &path, const void *bytes, size_t count);

/// Creates a folder and those it is in.
void createDirectories(const std::string &path);

/// Makes the names in a folder last.
void syncDirectory(const std::string &path);

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_FILE_H
