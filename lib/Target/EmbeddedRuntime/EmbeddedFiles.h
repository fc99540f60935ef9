//===- EmbeddedFiles.h - What EmbedFiles.cmake generates --------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_TARGET_EMBEDDEDRUNTIME_EMBEDDEDFILES_H
#define TERNARY_LIB_TARGET_EMBEDDEDRUNTIME_EMBEDDEDFILES_H

#include <string_view>

namespace ternary::embedded {

extern const std::string_view session_x86_64, session_aarch64, session_riscv64;
extern const std::string_view team_x86_64, team_aarch64, team_riscv64;
extern const std::string_view abi_h, session_h, training_h;

} // namespace ternary::embedded

#endif // TERNARY_LIB_TARGET_EMBEDDEDRUNTIME_EMBEDDEDFILES_H
