//===- Archive.h - Weight archives, seen from outside -----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_ARCHIVE_H
#define TERNARY_RUNTIME_ARCHIVE_H

#include "ternary/Runtime/File.h"
#include "ternary/session.h"
#include "ternary/training.h"

#include <cstddef>
#include <memory>
#include <string>

namespace ternary::runtime {

/// The checksum of some data followed by `bytes`; see crc32.h.
uint32_t crc32(uint32_t crc, const void *bytes, size_t count);

/// What an object says about the weight archive that belongs to it.
struct ArchiveReference {
  const char *model;   // the model's name
  const void *archive; // inside the object, or null
  uint64_t bytes;
  const char *file; // where it is otherwise
  uint32_t headerCrc32;

  explicit ArchiveReference(const ternary_descriptor &info)
      : model(info.name), archive(info.archive), bytes(info.archive_bytes), file(info.archive_file),
        headerCrc32(info.archive_header_crc32) {}
  explicit ArchiveReference(const ternary_training_descriptor &info)
      : model(info.name), archive(info.archive), bytes(info.archive_bytes), file(info.archive_file),
        headerCrc32(info.archive_header_crc32) {}
};

/// Which file holds the weights of the object at `path`: `weights` if given;
/// nothing if they are inside it.
std::string locateArchive(const std::string &path, const ArchiveReference &reference,
                          const std::string &weights);

/// Why opening a file as the archive gave `status`, which means `text`: what was
/// expected and found. Throws that itself if the file cannot be read.
std::string explainArchive(const std::string &path, const ArchiveReference &reference,
                           ternary_status status, const char *text);

/// Compares the weights inside a loaded shared object with their checksum.
/// Reads the object's file, so that weights that are never used stay out of
/// memory.
void verifyEmbeddedArchive(const std::string &path, const ArchiveReference &reference);

/// The weights of the object at `path`, checked, for objects without session.c.
class WeightArchive {
public:
  WeightArchive(const std::string &path, const ArchiveReference &reference,
                const std::string &weights);

  const std::string &path() const { return name; }
  uint64_t payloadBytes() const { return bytes; }

  /// Copies the first `count` bytes of the payload, piece by piece, and lets the memory of each
  /// go: where it is mapped from a file, it is read again when it is looked at.
  void copyTo(void *target, uint64_t count) const;

private:
  std::string name;
  std::unique_ptr<MappedFile> file; // null: inside the object
  const void *start = nullptr;
  uint64_t bytes = 0;
  bool isFile; // the memory is that of a file
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_ARCHIVE_H
