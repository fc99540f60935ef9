//===- ByteSize.h - Sizes of memory as people write them -----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_BYTESIZE_H
#define TERNARY_SUPPORT_BYTESIZE_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace ternary {

/// The bytes of a size such as `800MB`, `1.5GiB` or `4096B`: a positive decimal number and a
/// unit, B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024). None for anything
/// else and for what is no positive number of bytes in 63 bits.
std::optional<int64_t> parseByteSize(llvm::StringRef text);

} // namespace ternary

#endif // TERNARY_SUPPORT_BYTESIZE_H
