//===- ArchiveLayout.cpp - What a weight archive holds and where ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/WeightArchive.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ternary;

uint64_t ArchiveLayout::getPayloadBytes() const {
  return entries.empty() ? 0 : entries.back().offset + entries.back().bytes;
}

uint64_t ArchiveLayout::add(StringRef name, StringRef type, uint64_t bytes) {
  uint64_t offset = alignTo(getPayloadBytes(), kAlignment);
  // Names may come from a graph, where any bytes may stand in a string.
  auto toText = [](StringRef text) {
    return json::isUTF8(text) ? text.str() : json::fixUTF8(text);
  };
  entries.push_back({toText(name), toText(type), offset, bytes});
  return offset;
}

std::string ArchiveLayout::getHeader() const {
  std::string header;
  raw_string_ostream stream(header);
  json::OStream json(stream);
  json.object([&] {
    json.attributeArray("tensors", [&] {
      for (const ArchiveEntry &entry : entries)
        json.object([&] {
          json.attribute("name", entry.name);
          json.attribute("type", entry.type);
          json.attribute("offset", entry.offset);
          json.attribute("bytes", entry.bytes);
        });
    });
  });
  return header;
}

uint32_t ArchiveLayout::getHeaderCRC32() const { return crc32(arrayRefFromStringRef(getHeader())); }
