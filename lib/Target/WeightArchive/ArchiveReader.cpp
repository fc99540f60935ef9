//===- ArchiveReader.cpp - Reading a weight archive -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArchiveFormat.h"
#include "ternary/Support/JSONFile.h"
#include "ternary/Target/WeightArchive.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CRC.h"

using namespace llvm;
using namespace ternary;

Expected<std::unique_ptr<WeightArchive>> WeightArchive::open(StringRef path) {
  if (Expected<uint64_t> size = getRegularFileSize(path); !size)
    return size.takeError();
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeFileError(path, buffer.getError().message());
  std::unique_ptr<WeightArchive> archive(new WeightArchive(path, std::move(*buffer)));
  if (Error error = archive->readPrefix())
    return error;
  return archive;
}

Error WeightArchive::readPrefix() {
  StringRef file = buffer->getBuffer();
  ArchivePrefix prefix;
  if (file.size() < sizeof(prefix))
    return makeFileError(path, "expected at least " + Twine(sizeof(prefix)) + " bytes, got " +
                                   Twine(file.size()));
  std::memcpy(&prefix, file.data(), sizeof(prefix));
  if (StringRef(prefix.magic, sizeof(prefix.magic)) != TERNARY_ARCHIVE_MAGIC)
    return makeFileError(path, "expected a weight archive");
  if (prefix.version != TERNARY_ARCHIVE_VERSION)
    return makeFileError(path, "expected version " + Twine(TERNARY_ARCHIVE_VERSION) +
                                   " of the archive format, got " +
                                   Twine(uint32_t(prefix.version)));

  uint64_t headerBytes = prefix.headerBytes, offset = prefix.payloadOffset;
  if (offset % kPayloadAlignment != 0 || offset < sizeof(prefix) || offset > file.size() ||
      headerBytes > offset - sizeof(prefix))
    return makeFileError(path, "expected a header of " + Twine(headerBytes) +
                                   " bytes and a payload at " + Twine(offset) + " within " +
                                   Twine(file.size()) + " bytes");
  if (prefix.payloadBytes != file.size() - offset)
    return makeFileError(path, "expected a payload of " + Twine(uint64_t(prefix.payloadBytes)) +
                                   " bytes, got " + Twine(file.size() - offset));
  StringRef header = file.substr(sizeof(prefix), headerBytes);
  headerCRC32 = prefix.headerCRC32;
  payloadCRC32 = prefix.payloadCRC32;
  payload = arrayRefFromStringRef(file.drop_front(offset));
  if (crc32(arrayRefFromStringRef(header)) != headerCRC32)
    return makeFileError(path, "checksum of the header does not match");
  return readHeader(header);
}

Error WeightArchive::readHeader(StringRef header) {
  Expected<json::Object> object = parseJSONObject(header, path);
  if (!object)
    return object.takeError();
  const json::Array *tensors = object->getArray("tensors");
  if (!tensors)
    return makeFileError(path, "expected an array tensors, got none");
  StringSet<> names;
  uint64_t end = 0;
  for (const json::Value &value : *tensors) {
    const json::Object *tensor = value.getAsObject();
    std::optional<StringRef> name, type;
    std::optional<int64_t> offset, bytes;
    if (tensor) {
      name = tensor->getString("name");
      type = tensor->getString("type");
      offset = tensor->getInteger("offset");
      bytes = tensor->getInteger("bytes");
    }
    if (!name || !type || !offset || !bytes)
      return makeFileError(path, "expected tensors with name, type, offset and "
                                 "bytes");
    auto fail = [&](const Twine &message) {
      return makeFileError(path + ": tensor '" + *name + "'", message);
    };
    if (!names.insert(*name).second)
      return fail("expected different names, got it twice");
    uint64_t begin = *offset, size = *bytes;
    if (begin % ArchiveLayout::kAlignment != 0 || begin < end)
      return fail("expected an offset that is a multiple of " + Twine(ArchiveLayout::kAlignment) +
                  " and at least " + Twine(end) + ", got " + Twine(*offset));
    if (begin > payload.size() || size > payload.size() - begin)
      return fail("expected it within " + Twine(payload.size()) + " bytes, got " + Twine(*bytes) +
                  " bytes at " + Twine(*offset));
    end = begin + size;
    entries.push_back({name->str(), type->str(), begin, size});
  }
  return Error::success();
}

std::optional<ArrayRef<uint8_t>> WeightArchive::lookup(StringRef name) const {
  for (const ArchiveEntry &entry : entries)
    if (entry.name == name)
      return payload.slice(entry.offset, entry.bytes);
  return std::nullopt;
}

Error WeightArchive::verifyPayload() const {
  if (crc32(payload) != payloadCRC32)
    return makeFileError(path, "checksum of the payload does not match");
  return Error::success();
}
