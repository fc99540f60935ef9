//===- Archive.cpp - Weight archives, seen from outside -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"
#include "ternary/Runtime/Library.h"
#include "ternary/archive_format.h"
#include "ternary/crc32.h"

#include <algorithm>
#include <cstring>
#include <iomanip>
#include <link.h>
#include <optional>
#include <sstream>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace ternary::runtime;

static constexpr const char *kUnreadable = "cannot read the weight archive";

uint32_t ternary::runtime::crc32(uint32_t crc, const void *bytes, size_t count) {
  static const ternary_crc32_tables tables = [] {
    ternary_crc32_tables built;
    ternary_crc32_build(&built);
    return built;
  }();
  return ternary_crc32_update(&tables, crc, bytes, count);
}

static std::string hex(uint32_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << std::setw(8) << std::setfill('0') << value;
  return text.str();
}

std::string ternary::runtime::locateArchive(const std::string &path,
                                            const ArchiveReference &reference,
                                            const std::string &weights) {
  if (!weights.empty() || reference.archive)
    return weights;
  if (!reference.file)
    fail(path, ": model has no weights inside and names no file");
  return besideObject(path, reference.file);
}

std::string ternary::runtime::explainArchive(const std::string &path,
                                             const ArchiveReference &reference,
                                             ternary_status status, const char *text) {
  InputFile file(path, kUnreadable);
  uint64_t bytes = static_cast<uint64_t>(file.size());
  uint8_t start[TERNARY_ARCHIVE_PREFIX_BYTES] = {};
  file.read(0, start, std::min<uint64_t>(bytes, sizeof(start)));
  ternary_archive_prefix prefix;
  ternary_read_archive_prefix(start, &prefix);
  std::ostringstream message;
  message << printable(path) << ": ";

  switch (status) {
  case TERNARY_NOT_AN_ARCHIVE:
    message << "expected a weight archive, which starts with " << TERNARY_ARCHIVE_MAGIC
            << ", found another kind of file";
    break;
  case TERNARY_ARCHIVE_MISMATCH:
    if (prefix.version != TERNARY_ARCHIVE_VERSION)
      message << "expected a weight archive of version " << TERNARY_ARCHIVE_VERSION
              << ", found version " << prefix.version;
    else
      message << "expected the weights of model '" << printable(reference.model)
              << "', whose header has checksum " << hex(reference.headerCrc32) << ", found "
              << hex(prefix.header_crc32);
    break;
  case TERNARY_ARCHIVE_DAMAGED:
    if (bytes != reference.bytes)
      message << "weight archive is damaged: expected " << reference.bytes << " bytes, found "
              << bytes;
    else
      message << "weight archive is damaged: its contents do not match their "
                 "checksum";
    break;
  default:
    message << text;
  }
  return message.str();
}

/// A part of a loaded object's memory that comes from its file.
struct FilePart {
  uint64_t offset;  // in the file
  bool isUnchanged; // the memory cannot be written to
};

/// The part of `bytes` bytes from `address` on, if it is one.
static std::optional<FilePart> findInFile(const void *address, uint64_t bytes) {
  struct Search {
    uint64_t address, bytes;
    std::optional<FilePart> found;
  } search{reinterpret_cast<uintptr_t>(address), bytes, {}};
  auto visit = [](dl_phdr_info *object, size_t, void *data) {
    auto &search = *static_cast<Search *>(data);
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const auto &segment = object->dlpi_phdr[i];
      uint64_t from = search.address - object->dlpi_addr - segment.p_vaddr;
      if (segment.p_type == PT_LOAD && from < segment.p_filesz &&
          search.bytes <= segment.p_filesz - from)
        search.found = {segment.p_offset + from, (segment.p_flags & PF_W) == 0};
    }
    return search.found ? 1 : 0;
  };
  dl_iterate_phdr(visit, &search);
  return search.found;
}

void ternary::runtime::verifyEmbeddedArchive(const std::string &path,
                                             const ArchiveReference &reference) {
  ternary_archive_prefix prefix;
  ternary_read_archive_prefix(static_cast<const uint8_t *>(reference.archive), &prefix);
  auto part = findInFile(reference.archive, reference.bytes);
  if (!part)
    fail(path, ": cannot find the weights inside it");
  InputFile file(path, "cannot read the weights inside it");
  std::vector<char> buffer(1 << 18);
  uint32_t crc = 0;
  for (uint64_t done = 0; done < prefix.payload_bytes;) {
    size_t count = std::min<uint64_t>(prefix.payload_bytes - done, buffer.size());
    file.read(static_cast<int64_t>(part->offset + prefix.payload_offset + done), buffer.data(),
              count);
    crc = crc32(crc, buffer.data(), count);
    done += count;
  }
  if (crc != prefix.payload_crc32)
    fail(path, ": weights are damaged: expected checksum ", hex(prefix.payload_crc32), ", found ",
         hex(crc));
}

/// Looks at bytes piece by piece. With `isFile` they are those of a file that is mapped, and the
/// memory of each piece is let go: it is read again if it is looked at.
template <typename Look>
static void lookOnce(const void *start, uint64_t count, bool isFile, Look look) {
  constexpr uint64_t kPiece = 16 << 20;
  auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto address = reinterpret_cast<uintptr_t>(start);
  uintptr_t from = (address + page - 1) / page * page;
  for (uint64_t offset = 0; offset < count; offset += kPiece) {
    uint64_t size = std::min(kPiece, count - offset);
    look(static_cast<const char *>(start) + offset, size);
    uintptr_t to = (address + offset + size) / page * page;
    if (isFile && from < to)
      madvise(reinterpret_cast<void *>(from), to - from, MADV_DONTNEED);
    from = std::max(from, to);
  }
}

WeightArchive::WeightArchive(const std::string &path, const ArchiveReference &reference,
                             const std::string &weights)
    : name(locateArchive(path, reference, weights)) {
  auto archive = static_cast<const uint8_t *>(reference.archive);
  uint64_t count = reference.bytes;
  bool isInside = name.empty();
  if (isInside) {
    auto part = findInFile(archive, count);
    isFile = part && part->isUnchanged;
    name = path;
  } else {
    file = std::make_unique<MappedFile>(name, kUnreadable);
    archive = file->data();
    count = file->size();
    isFile = true;
  }

  ternary_archive_prefix prefix;
  ternary_status status = ternary_check_archive_prefix(archive, count, count, reference.headerCrc32,
                                                       reference.bytes, &prefix);
  if (status == TERNARY_OK) {
    start = archive + prefix.payload_offset;
    bytes = prefix.payload_bytes;
    uint32_t crc = 0;
    lookOnce(start, bytes, isFile,
             [&](const void *piece, uint64_t size) { crc = crc32(crc, piece, size); });
    if (crc != prefix.payload_crc32 || crc32(0, archive + TERNARY_ARCHIVE_PREFIX_BYTES,
                                             prefix.header_bytes) != prefix.header_crc32)
      status = TERNARY_ARCHIVE_DAMAGED;
  }
  if (status != TERNARY_OK && isInside)
    fail(path, ": weights inside the model are damaged");
  if (status != TERNARY_OK)
    throw Error(explainArchive(name, reference, status, ""));
}

void WeightArchive::copyTo(void *target, uint64_t count) const {
  lookOnce(start, count, isFile, [&](const void *piece, uint64_t size) {
    std::memcpy(target, piece, size);
    target = static_cast<char *>(target) + size;
  });
}
