//===- Error.cpp - How the runtime reports errors -------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Error.h"
#include "Utf8.h"

using namespace ternary::runtime;

static bool continuesCharacter(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

/// The length in bytes of the character at the start of `text`; 0 if it must
/// not be shown: no UTF-8, or something that controls the terminal.
static size_t lengthToShow(std::string_view text) {
  int length = characterLength(text);
  uint8_t first = static_cast<uint8_t>(text.front());
  bool isControl = length == 1 ? first < 0x20 || first == 0x7f
                               : first == 0xc2 && static_cast<uint8_t>(text[1]) < 0xa0;
  return length <= 0 || isControl ? 0 : static_cast<size_t>(length);
}

static std::string escape(std::string_view text) {
  const char *const digits = "0123456789abcdef";
  std::string result;
  while (!text.empty()) {
    size_t length = lengthToShow(text);
    if (length > 0) {
      result.append(text.substr(0, length));
    } else {
      uint8_t byte = static_cast<uint8_t>(text.front());
      result.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
      length = 1;
    }
    text.remove_prefix(length);
  }
  return result;
}

std::string ternary::runtime::printable(std::string_view text) {
  constexpr size_t kMost = 200;
  if (text.size() <= kMost)
    return escape(text);
  size_t head = kMost / 2, tail = text.size() - kMost / 2;
  while (head > 0 && continuesCharacter(text[head]))
    --head;
  while (tail < text.size() && continuesCharacter(text[tail]))
    ++tail;
  return escape(text.substr(0, head)) + "..." + escape(text.substr(tail));
}
