//===- MachineLimits.h - How fast this machine can be -----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYBENCH_MACHINELIMITS_H
#define TERNARY_TOOLS_TERNARYBENCH_MACHINELIMITS_H

#include <cstdint>

namespace ternary::bench {

/// GB/s (1e9 bytes) at which `threads` threads together read memory that is in
/// no cache. Best of several passes over a buffer that is freed afterwards.
double measureMemoryRead(int threads);

/// GMAC/s (1e9 multiply-accumulates of 8-bit integers into 32 bits) of
/// `threads` threads together, in registers, with the best instructions for dot
/// products that the machine has and that the generated kernels could use.
double measureInt8Peak(int threads);

} // namespace ternary::bench

#endif // TERNARY_TOOLS_TERNARYBENCH_MACHINELIMITS_H
