//===- Archive.h - Weight archives, seen from outside -----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_ARCHIVE_H
#define TERNARY_RUNTIME_ARCHIVE_H

#include "ternary/abi.h"
#include "ternary/session.h"

#include <cstddef>
#include <string>

namespace ternary::runtime {

/// The checksum of some data followed by `bytes`; see crc32.h.
uint32_t crc32(uint32_t crc, const void *bytes, size_t count);

/// Why `ternary_open` returned `status`, which means `text`, for a file: what
/// it expected and found. Throws that itself if the file cannot be read.
std::string explainArchive(const std::string &path, const ternary_descriptor &info,
                           ternary_status status, const char *text);

/// Compares the weights inside a loaded shared object with their checksum.
/// Reads the object's file, so that weights that are never used stay out of
/// memory.
void verifyEmbeddedArchive(const std::string &path, const ternary_descriptor &info);

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_ARCHIVE_H
