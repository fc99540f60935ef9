//===- ArchiveFuzzer.cpp - Weight archives of any bytes -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../unittests/Runtime/FakeModel.h"
#include "InputFile.h"
#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/Error.h"
#include "ternary/archive_format.h"
#include <vector>

using namespace ternary;

using Bytes = std::vector<uint8_t>;

/// Opens the archive as a file and from memory, by both of its readers, which agree.
static void open(const Bytes &archive) {
  static InputFile input;
  input.write(archive.data(), archive.size());
  std::string path = input.getPath();
  ternary_descriptor &info = *fake_model_descriptor();

  info.archive = nullptr;
  ternary_model *model;
  ternary_status status = ternary_open(path.c_str(), &model);
  runtime::ArchiveReference reference(info);
  if (status == TERNARY_OK)
    require(ternary_verify(model) == TERNARY_OK, "weights that match their checksum");
  else
    checkMessage(runtime::explainArchive(path, reference, status, ternary_error_string(status)));
  ternary_close(model);

  bool isFit = false;
  try {
    runtime::WeightArchive weights("model.so", reference, path);
    isFit = true;
    Bytes copy(weights.payloadBytes());
    weights.copyTo(copy.data(), copy.size());
    require(std::equal(copy.begin(), copy.end(), archive.end() - copy.size()),
            "the weights at the end of the archive");
  } catch (const runtime::Error &error) {
    checkMessage(error.what());
  }
  // An object that has no session.c compares no more than the archive's size.
  require(isFit || status != TERNARY_OK, "both readers to take the archive");

  // Weights in memory are not looked at before they are asked for.
  info.archive = archive.data();
  ternary_status inMemory = ternary_open(nullptr, &model);
  require(status != TERNARY_OK || inMemory == TERNARY_OK, "the archive to be fit in memory too");
  if (inMemory == TERNARY_OK)
    require((ternary_verify(model) == TERNARY_OK) == (status == TERNARY_OK),
            "the same weights in memory");
  ternary_close(model);
}

/// Makes the checksums what they have to be, and the model one that the archive may belong to: no
/// bytes that are tried at random would fit.
static void mend(Bytes &archive, ternary_descriptor &info) {
  info.archive_bytes = archive.size();
  if (archive.size() < TERNARY_ARCHIVE_PREFIX_BYTES)
    return;
  ternary_archive_prefix prefix;
  ternary_read_archive_prefix(archive.data(), &prefix);
  size_t rest = archive.size() - TERNARY_ARCHIVE_PREFIX_BYTES;
  const uint8_t *header = archive.data() + TERNARY_ARCHIVE_PREFIX_BYTES;
  size_t headerBytes = std::min<uint64_t>(prefix.header_bytes, rest);
  size_t payloadOffset = std::min<uint64_t>(prefix.payload_offset, archive.size());
  uint32_t headerCrc32 = runtime::crc32(0, header, headerBytes);
  uint32_t payloadCrc32 =
      runtime::crc32(0, archive.data() + payloadOffset, archive.size() - payloadOffset);
  ternary_store_little_endian(archive.data() + 12, 4, headerCrc32);
  ternary_store_little_endian(archive.data() + 40, 4, payloadCrc32);
  info.archive_header_crc32 = headerCrc32;
  info.payload_bytes = prefix.payload_bytes;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ternary_descriptor &info = *fake_model_descriptor();
  static const ternary_descriptor original = info;
  Bytes archive(data, data + size);
  // Memory of an object is as large as the object says.
  info.archive_bytes = size;
  open(archive);
  mend(archive, info);
  open(archive);
  info = original;
  return 0;
}
