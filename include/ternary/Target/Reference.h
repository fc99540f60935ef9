//===- Reference.h - The reference as a target ------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_REFERENCE_H
#define TERNARY_TARGET_REFERENCE_H

namespace ternary {

/// Registers `reference`: scalar loops, unfused, in specification order.
void registerReferenceTarget();

} // namespace ternary

#endif // TERNARY_TARGET_REFERENCE_H
