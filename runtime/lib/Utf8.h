//===- Utf8.h - Characters in bytes -----------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_LIB_UTF8_H
#define TERNARY_RUNTIME_LIB_UTF8_H

#include <cstdint>
#include <string_view>

namespace ternary::runtime {

/// The length in bytes of the character at the start of `text`, which is not empty; 0 if it is no
/// UTF-8, and -1 if only its start is there.
inline int characterLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte(0);
  if (first < 0x80)
    return 1;
  int length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4)
    return 0;
  for (int i = 1; i < length; ++i) {
    if (static_cast<size_t>(i) == text.size())
      return -1;
    // The second byte also tells overlong forms, surrogates and what is too
    // large.
    uint8_t least = 0x80, most = 0xbf;
    if (i == 1) {
      least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
      most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    }
    if (byte(i) < least || byte(i) > most)
      return 0;
  }
  return length;
}

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_LIB_UTF8_H
