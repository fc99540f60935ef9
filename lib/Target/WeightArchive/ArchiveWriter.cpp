//===- ArchiveWriter.cpp - Writing a weight archive -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/WeightArchive.h"
#include "ternary/archive_format.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <unistd.h>

using namespace llvm;
using namespace ternary;

Expected<std::unique_ptr<WeightArchiveWriter>>
WeightArchiveWriter::create(StringRef path, const ArchiveLayout &layout) {
  Expected<TemporaryFile> file = TemporaryFile::create(path);
  if (!file)
    return file.takeError();
  std::unique_ptr<WeightArchiveWriter> writer(new WeightArchiveWriter(layout, std::move(*file)));

  // The prefix comes last: it has the payload's checksum.
  if (Error error = writer->writeZeros(TERNARY_ARCHIVE_PREFIX_BYTES))
    return error;
  if (Error error = writer->write(arrayRefFromStringRef(writer->header)))
    return error;
  if (Error error = writer->writeZeros(writer->payloadOffset - writer->position))
    return error;
  return writer;
}

WeightArchiveWriter::WeightArchiveWriter(const ArchiveLayout &layout, TemporaryFile temporary)
    : file(std::move(temporary)), entries(layout.getEntries()), header(layout.getHeader()),
      payloadOffset(
          alignTo(TERNARY_ARCHIVE_PREFIX_BYTES + header.size(), TERNARY_ARCHIVE_PAYLOAD_ALIGNMENT)),
      payloadBytes(layout.getPayloadBytes()) {}

Error WeightArchiveWriter::write(ArrayRef<uint8_t> data) {
  raw_fd_ostream stream(file.getFD(), /*shouldClose=*/false, /*unbuffered=*/true);
  stream.write(reinterpret_cast<const char *>(data.data()), data.size());
  std::error_code code = stream.error();
  stream.clear_error();
  if (code)
    return file.makeError(code);
  position += data.size();
  return Error::success();
}

Error WeightArchiveWriter::writeZeros(uint64_t count) {
  return write(SmallVector<uint8_t, 0>(count, 0));
}

Error WeightArchiveWriter::append(ArrayRef<uint8_t> data) {
  if (next == entries.size())
    return createStringError("expected " + Twine(next) + " archive entries, got more");
  const ArchiveEntry &entry = entries[next++];
  if (data.size() != entry.bytes)
    return createStringError("expected " + Twine(entry.bytes) + " bytes of archive entry '" +
                             entry.name + "', got " + Twine(data.size()));
  SmallVector<uint8_t, ArchiveLayout::kAlignment> padding(payloadOffset + entry.offset - position);
  for (ArrayRef<uint8_t> part : {ArrayRef<uint8_t>(padding), data}) {
    if (part.empty()) // zlib starts anew at a null pointer
      continue;
    payloadCRC32 = crc32(payloadCRC32, part);
    if (Error error = write(part))
      return error;
  }
  return Error::success();
}

Error WeightArchiveWriter::writePrefix() {
  ternary_archive_prefix prefix = {TERNARY_ARCHIVE_VERSION,
                                   crc32(arrayRefFromStringRef(header)),
                                   header.size(),
                                   payloadOffset,
                                   payloadBytes,
                                   payloadCRC32};
  uint8_t bytes[TERNARY_ARCHIVE_PREFIX_BYTES];
  ternary_write_archive_prefix(bytes, &prefix);
  if (::lseek(file.getFD(), 0, SEEK_SET) < 0)
    return file.makeError(std::error_code(errno, std::generic_category()));
  return write(bytes);
}

Error WeightArchiveWriter::finish() {
  if (next != entries.size())
    return createStringError("expected " + Twine(entries.size()) + " archive entries, got " +
                             Twine(next));
  return writePrefix();
}

Error WeightArchiveWriter::keep() {
  // Whoever sees the name sees the data, even after a loss of power.
  if (::fsync(file.getFD()) != 0)
    return file.makeError(std::error_code(errno, std::generic_category()));
  return file.keep();
}
