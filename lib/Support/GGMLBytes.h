//===- GGMLBytes.h - Numbers in the blocks of GGUF files --------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_SUPPORT_GGMLBYTES_H
#define TERNARY_LIB_SUPPORT_GGMLBYTES_H

#include "ternary/Support/GGMLBlocks.h"
#include "llvm/Support/Endian.h"
#include <atomic>

namespace ternary {

inline float readFloat16(const uint8_t *bytes) {
  uint16_t bits = llvm::support::endian::read16le(bytes);
  float value;
  convertToFloat32(DType::F16, &bits, &value, 1);
  return value;
}

inline float readFloat32(const uint8_t *bytes) {
  return llvm::bit_cast<float>(llvm::support::endian::read32le(bytes));
}

inline void writeFloat16(uint8_t *bytes, float value) {
  llvm::support::endian::write16le(bytes, roundToFloat16(value));
}

/// Keeps the smallest of what threads find.
inline void keepMinimum(std::atomic<int64_t> &minimum, int64_t value) {
  int64_t known = minimum;
  while (value < known && !minimum.compare_exchange_weak(known, value)) {
  }
}

} // namespace ternary

#endif // TERNARY_LIB_SUPPORT_GGMLBYTES_H
