//===- EmbeddedFiles.h - What EmbedFiles.cmake generates --------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_TARGET_EMBEDDEDRUNTIME_EMBEDDEDFILES_H
#define TERNARY_LIB_TARGET_EMBEDDEDRUNTIME_EMBEDDEDFILES_H

#include <cstddef>
#include <string_view>

namespace ternary::embedded {

struct File {
  std::string_view name, bytes;
};
extern const File files[];
extern const std::size_t fileCount;

} // namespace ternary::embedded

#endif // TERNARY_LIB_TARGET_EMBEDDEDRUNTIME_EMBEDDEDFILES_H
