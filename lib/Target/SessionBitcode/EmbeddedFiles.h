//===- EmbeddedFiles.h - What EmbedFiles.cmake generates ----------*- C++
//-*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_TARGET_SESSIONBITCODE_EMBEDDEDFILES_H
#define TERNARY_LIB_TARGET_SESSIONBITCODE_EMBEDDEDFILES_H

#include <string_view>

namespace ternary::embedded {

extern const std::string_view x86_64, aarch64, riscv64; // session.c
extern const std::string_view abi_h, session_h;

} // namespace ternary::embedded

#endif // TERNARY_LIB_TARGET_SESSIONBITCODE_EMBEDDEDFILES_H
