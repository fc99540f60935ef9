//===- Archive.cpp - Weight archives, seen from outside -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"
#include "ternary/crc32.h"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <link.h>
#include <optional>
#include <vector>

using namespace ternary::runtime;

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

std::string ternary::runtime::explainArchive(const std::string &path,
                                             const ternary_descriptor &info, ternary_status status,
                                             const char *text) {
  InputFile file(path, "cannot read the weight archive");
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
      message << "expected the weights of model '" << printable(info.name)
              << "', whose header has checksum " << hex(info.archive_header_crc32) << ", found "
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
                                             const ternary_descriptor &info) {
  Prefix prefix(static_cast<const uint8_t *>(info.archive));
  auto offset = fileOffset(info.archive, info.archive_bytes);
  std::ifstream file(path, std::ios::binary);
  if (!offset || !file)
    fail(path, ": cannot read the weights inside it");

  file.seekg(static_cast<std::streamoff>(*offset + prefix.payloadOffset));
  std::vector<char> buffer(1 << 18);
  uint32_t crc = 0;
  for (uint64_t left = prefix.payloadBytes; left > 0;) {
    size_t count = std::min<uint64_t>(left, buffer.size());
    if (!file.read(buffer.data(), static_cast<std::streamsize>(count)))
      fail(path, ": cannot read the weights inside it");
    crc = crc32(crc, buffer.data(), count);
    left -= count;
  }
  if (crc != prefix.payloadCrc32)
    fail(path, ": weights are damaged: expected checksum ", hex(prefix.payloadCrc32), ", found ",
         hex(crc));
}
