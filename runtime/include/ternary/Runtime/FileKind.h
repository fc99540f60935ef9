//===- FileKind.h - What stands where a file should be ----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_FILEKIND_H
#define TERNARY_RUNTIME_FILEKIND_H

#include <cctype>
#include <string_view>

namespace ternary {

/// What downloads leave in place of a file, told by its first bytes: a pointer of Git LFS, or the
/// page of a web site. Empty if it is neither. No file that we read begins like either.
inline std::string_view describePlaceholder(std::string_view bytes) {
  constexpr std::string_view pointer = "version https://git-lfs.github.com/";
  if (bytes.substr(0, pointer.size()) == pointer)
    return "a pointer of Git LFS, in whose place 'git lfs pull' puts the file";
  size_t start = bytes.substr(0, 1024).find_first_not_of("\xef\xbb\xbf \t\r\n");
  for (std::string_view page : {"<!doctype html", "<html"}) {
    std::string_view text = bytes.substr(start < bytes.size() ? start : bytes.size(), page.size());
    bool same = text.size() == page.size();
    for (size_t i = 0; i < text.size(); ++i)
      same &= std::tolower(static_cast<unsigned char>(text[i])) == page[i];
    if (same)
      return "a page of HTML, which some web site has given in its place";
  }
  return {};
}

} // namespace ternary

#endif // TERNARY_RUNTIME_FILEKIND_H
