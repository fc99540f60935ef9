//===- EmbeddedRuntime.h - Code and headers that go into objects *- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_EMBEDDEDRUNTIME_H
#define TERNARY_TARGET_EMBEDDEDRUNTIME_H

#include <string>
#include <string_view>

namespace ternary {

/// runtime/PART.c as LLVM bitcode for Linux on `arch`, named as in a target triple; empty if there
/// is none for it. Aligned to 16 bytes. The parts are `session`, which refers to
/// `ternary_descriptor_instance` and to a device; `host_device` and what else defines the functions
/// of device.h; `team`, which steps and `host_device` call; `function`, which functions that are no
/// steps call; and `machine` for the last and `host_device`.
std::string_view getRuntimeBitcode(std::string_view part, std::string_view arch);

/// The architectures with runtime code, for error messages.
std::string_view getRuntimeArchitectures();

/// abi.h and session.h as one C header that includes only <stddef.h> and
/// <stdint.h>. Every identifier that starts with `ternary_` or `TERNARY_`
/// starts with `prefix` and an underscore instead; `prefix` must be a C
/// identifier. The symbols of the bitcode are to be renamed in the same way.
std::string makeModelHeader(std::string_view prefix);

/// training.h likewise, with a declaration of the descriptor.
std::string makeTrainingHeader(std::string_view prefix);

} // namespace ternary

#endif // TERNARY_TARGET_EMBEDDEDRUNTIME_H
