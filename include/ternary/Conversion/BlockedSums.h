//===- BlockedSums.h - The order of sums of floats --------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The numbers of a blocked sum, which the description of the dialect defines.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_BLOCKEDSUMS_H
#define TERNARY_CONVERSION_BLOCKEDSUMS_H

#include "llvm/Support/MathExtras.h"

namespace ternary {

/// Addends that are added in order. What blocks add up to is added in pairs.
inline constexpr int64_t kSumBlock = 64;

/// The most sums that are kept at a time by who goes through `blocks` in order: one for each power
/// of two that may be waiting for its neighbour.
inline int64_t getSumLevels(int64_t blocks) {
  return blocks <= 2 ? 1 : llvm::Log2_64(blocks - 1) + 1;
}

} // namespace ternary

#endif // TERNARY_CONVERSION_BLOCKEDSUMS_H
