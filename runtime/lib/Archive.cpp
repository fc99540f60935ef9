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
#include "ternary/crc32.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <link.h>
#include <optional>
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

namespace {

/// The fixed part at the start of an archive; see abi.h.
struct Prefix {
  uint32_t version, headerCrc32;
  uint64_t headerBytes, payloadOffset, payloadBytes;
  uint32_t payloadCrc32;

  static constexpr size_t kBytes = 64;

  explicit Prefix(const uint8_t *bytes)
      : version(load(bytes + 8, 4)), headerCrc32(load(bytes + 12, 4)),
        headerBytes(load(bytes + 16, 8)), payloadOffset(load(bytes + 24, 8)),
        payloadBytes(load(bytes + 32, 8)), payloadCrc32(load(bytes + 40, 4)) {}

private:
  static uint64_t load(const uint8_t *bytes, int count) {
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; --i)
      value = value << 8 | bytes[i];
    return value;
  }
};

} // namespace

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
  uint8_t start[Prefix::kBytes] = {};
  file.read(0, start, std::min<uint64_t>(bytes, sizeof(start)));
  Prefix prefix(start);
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
              << hex(prefix.headerCrc32);
    break;
  case TERNARY_ARCHIVE_DAMAGED:
    if (bytes < sizeof(start) || prefix.payloadBytes != bytes - prefix.payloadOffset)
      message << "weight archive is damaged: expected "
              << prefix.payloadOffset + prefix.payloadBytes << " bytes, found " << bytes;
    else
      message << "weight archive is damaged: its contents do not match their "
                 "checksum";
    break;
  default:
    message << text;
  }
  return message.str();
}

/// Where in the file of a loaded object `address` comes from, if `bytes` bytes
/// from there on do.
static std::optional<uint64_t> fileOffset(const void *address, uint64_t bytes) {
  struct Search {
    uint64_t address, bytes;
    std::optional<uint64_t> offset;
  } search{reinterpret_cast<uintptr_t>(address), bytes, {}};
  auto visit = [](dl_phdr_info *object, size_t, void *data) {
    auto &search = *static_cast<Search *>(data);
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const auto &segment = object->dlpi_phdr[i];
      uint64_t from = search.address - object->dlpi_addr - segment.p_vaddr;
      if (segment.p_type == PT_LOAD && from < segment.p_filesz &&
          search.bytes <= segment.p_filesz - from)
        search.offset = segment.p_offset + from;
    }
    return search.offset ? 1 : 0;
  };
  dl_iterate_phdr(visit, &search);
  return search.offset;
}

void ternary::runtime::verifyEmbeddedArchive(const std::string &path,
                                             const ArchiveReference &reference) {
  Prefix prefix(static_cast<const uint8_t *>(reference.archive));
  auto start = fileOffset(reference.archive, reference.bytes);
  if (!start)
    fail(path, ": cannot find the weights inside it");
  InputFile file(path, "cannot read the weights inside it");
  std::vector<char> buffer(1 << 18);
  uint32_t crc = 0;
  for (uint64_t done = 0; done < prefix.payloadBytes;) {
    size_t count = std::min<uint64_t>(prefix.payloadBytes - done, buffer.size());
    file.read(static_cast<int64_t>(*start + prefix.payloadOffset + done), buffer.data(), count);
    crc = crc32(crc, buffer.data(), count);
    done += count;
  }
  if (crc != prefix.payloadCrc32)
    fail(path, ": weights are damaged: expected checksum ", hex(prefix.payloadCrc32), ", found ",
         hex(crc));
}

/// Whether the memory at `address` is of a file and was never written to.
static bool isMappedReadOnly(uintptr_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0, to = 0, inode = 0;
    char permissions[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %*x %*x:%*x %lu", &from, &to, permissions, &inode) ==
            4 &&
        from <= address && address < to)
      return permissions[1] == '-' && inode != 0;
  }
  return false;
}

/// Looks at bytes piece by piece, and lets the memory of each go where it is mapped from a file.
template <typename Look> static void lookOnce(const void *start, uint64_t count, Look look) {
  constexpr uint64_t kPiece = 16 << 20;
  auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto address = reinterpret_cast<uintptr_t>(start);
  uintptr_t from = (address + page - 1) / page * page;
  bool isFile = isMappedReadOnly(address);
  for (uint64_t offset = 0; offset < count; offset += kPiece) {
    uint64_t size = std::min(kPiece, count - offset);
    look(static_cast<const char *>(start) + offset, size);
    uintptr_t to = (address + offset + size) / page * page;
    if (isFile && from < to)
      madvise(reinterpret_cast<void *>(from), to - from, MADV_DONTNEED);
    from = std::max(from, to);
  }
}

/// Whether `bytes` are an archive of the model whose header has this checksum.
static ternary_status checkArchive(const uint8_t *bytes, uint64_t count, uint32_t headerCrc32) {
  if (count < 8 || std::memcmp(bytes, TERNARY_ARCHIVE_MAGIC, 8) != 0)
    return TERNARY_NOT_AN_ARCHIVE;
  if (count < Prefix::kBytes)
    return TERNARY_ARCHIVE_DAMAGED;
  Prefix prefix(bytes);
  if (prefix.version != TERNARY_ARCHIVE_VERSION || prefix.headerCrc32 != headerCrc32)
    return TERNARY_ARCHIVE_MISMATCH;
  if (prefix.payloadOffset % 4096 != 0 || prefix.payloadOffset < Prefix::kBytes ||
      prefix.payloadOffset > count || prefix.headerBytes > prefix.payloadOffset - Prefix::kBytes ||
      prefix.payloadBytes != count - prefix.payloadOffset ||
      crc32(0, bytes + Prefix::kBytes, prefix.headerBytes) != prefix.headerCrc32)
    return TERNARY_ARCHIVE_DAMAGED;
  uint32_t crc = 0;
  lookOnce(bytes + prefix.payloadOffset, prefix.payloadBytes,
           [&](const void *piece, uint64_t size) { crc = crc32(crc, piece, size); });
  return crc == prefix.payloadCrc32 ? TERNARY_OK : TERNARY_ARCHIVE_DAMAGED;
}

WeightArchive::WeightArchive(const std::string &path, const ArchiveReference &reference,
                             const std::string &weights)
    : name(locateArchive(path, reference, weights)) {
  auto start = static_cast<const uint8_t *>(reference.archive);
  uint64_t count = reference.bytes;
  if (!name.empty()) {
    file = std::make_unique<MappedFile>(name, kUnreadable);
    start = file->data();
    count = file->size();
  }
  ternary_status status = checkArchive(start, count, reference.headerCrc32);
  if (status != TERNARY_OK && name.empty())
    fail(path, ": weights inside the model are damaged");
  if (status != TERNARY_OK)
    throw Error(explainArchive(name, reference, status, ""));
  if (name.empty())
    name = path;
  Prefix prefix(start);
  this->start = start + prefix.payloadOffset;
  bytes = prefix.payloadBytes;
}

void WeightArchive::copyTo(void *target, uint64_t count) const {
  lookOnce(start, count, [&](const void *piece, uint64_t size) {
    std::memcpy(target, piece, size);
    target = static_cast<char *>(target) + size;
  });
}
