//===- ArchiveFormat.h - The start of a weight archive ----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_TARGET_WEIGHTARCHIVE_ARCHIVEFORMAT_H
#define TERNARY_LIB_TARGET_WEIGHTARCHIVE_ARCHIVEFORMAT_H

#include "ternary/abi.h"
#include "llvm/Support/Endian.h"

namespace ternary {

/// The first 64 bytes; the JSON header follows. See abi.h.
struct ArchivePrefix {
  char magic[8];
  llvm::support::ulittle32_t version;
  llvm::support::ulittle32_t headerCRC32;
  llvm::support::ulittle64_t headerBytes;
  llvm::support::ulittle64_t payloadOffset;
  llvm::support::ulittle64_t payloadBytes;
  llvm::support::ulittle32_t payloadCRC32;
  char zero[20];
};
static_assert(sizeof(ArchivePrefix) == 64);

/// What a payload's offset is a multiple of, so that it can be mapped.
inline constexpr uint64_t kPayloadAlignment = 4096;

} // namespace ternary

#endif // TERNARY_LIB_TARGET_WEIGHTARCHIVE_ARCHIVEFORMAT_H
