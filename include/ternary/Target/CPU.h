//===- CPU.h - The CPU as a target ------------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_CPU_H
#define TERNARY_TARGET_CPU_H

namespace ternary {

/// Registers `cpu`: kernels of vectors, for all that LLVM generates code for.
void registerCPUTarget();

} // namespace ternary

#endif // TERNARY_TARGET_CPU_H
