//===- WeightArchive.h - The file of a model's weights ----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The format is specified in ternary/archive_format.h.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_WEIGHTARCHIVE_H
#define TERNARY_TARGET_WEIGHTARCHIVE_H

#include "ternary/Support/TemporaryFile.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace ternary {

/// A tensor in an archive.
struct ArchiveEntry {
  std::string name;
  std::string type;    ///< the MLIR type, layout included
  uint64_t offset = 0; ///< from the payload's start, a multiple of 64
  uint64_t bytes = 0;
};

/// What an archive holds and where: all of it except the data. Known before any
/// data is, so that code can be compiled against it.
class ArchiveLayout {
public:
  static constexpr uint64_t kAlignment = 64;

  /// Appends a tensor and returns its offset.
  uint64_t add(llvm::StringRef name, llvm::StringRef type, uint64_t bytes);

  llvm::ArrayRef<ArchiveEntry> getEntries() const { return entries; }
  uint64_t getPayloadBytes() const;
  /// The JSON that lists the entries.
  std::string getHeader() const;
  /// By this checksum, a compiled model recognises its archive.
  uint32_t getHeaderCRC32() const;

private:
  std::vector<ArchiveEntry> entries;
};

/// Writes an archive, entry after entry, under a temporary name next to its
/// destination. Unless it is kept, nothing is left of it.
class WeightArchiveWriter {
public:
  static llvm::Expected<std::unique_ptr<WeightArchiveWriter>> create(llvm::StringRef path,
                                                                     const ArchiveLayout &layout);
  /// Writes the data of the layout's next entry.
  llvm::Error append(llvm::ArrayRef<uint8_t> data);
  /// Completes the file, of which all entries are written, and brings it to the
  /// disk.
  llvm::Error finish();
  /// Gives the finished file its name.
  llvm::Error keep();

  /// Where the file is until it is kept.
  llvm::StringRef getTemporaryPath() const { return file.getTemporaryPath(); }
  /// Bytes of the whole file.
  uint64_t getFileBytes() const { return payloadOffset + payloadBytes; }
  uint64_t getPayloadBytes() const { return payloadBytes; }

private:
  WeightArchiveWriter(const ArchiveLayout &layout, TemporaryFile file);

  llvm::Error write(llvm::ArrayRef<uint8_t> data);
  llvm::Error writeZeros(uint64_t count);
  llvm::Error writePrefix();

  TemporaryFile file;
  std::vector<ArchiveEntry> entries;
  size_t next = 0; ///< the entry to be written
  std::string header;
  uint64_t payloadOffset, payloadBytes;
  uint64_t position = 0;
  uint32_t payloadCRC32 = 0;
};

} // namespace ternary

#endif // TERNARY_TARGET_WEIGHTARCHIVE_H
