//===- GraphText.h - Words and strings in text of a graph -------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_GRAPHTEXT_H
#define TERNARY_LIB_DRIVER_GRAPHTEXT_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

namespace ternary {

/// Whether a character may be in a word.
inline bool isIdentifier(char c) { return llvm::isAlnum(c) || c == '_' || c == '$' || c == '.'; }

/// What is behind the string that `text` starts with. It ends with its line at the latest, as the
/// lexer has it.
inline llvm::StringRef skipString(llvm::StringRef text) {
  size_t end = 1;
  while (end < text.size() && text[end] != '"' && text[end] != '\n')
    end += text[end] == '\\' ? 2 : 1;
  return text.drop_front(std::min(end + 1, text.size()));
}

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_GRAPHTEXT_H
