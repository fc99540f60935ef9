//===- DataOrder.h - In which order training reads its data -----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_DATAORDER_H
#define TERNARY_RUNTIME_DATAORDER_H

#include <cstdint>

namespace ternary::runtime {

/// Visits `count` sequences once in each epoch, in an order that depends on the
/// seed and the epoch and is computed, not stored. docs/training.md defines it
/// in full; in short: a Feistel network of eight rounds over the smallest even
/// number of bits that can hold `count`, applied until the result is below
/// `count`.
class DataOrder {
public:
  DataOrder(uint64_t seed, uint64_t count);

  /// The sequence at a position counted through all epochs.
  uint64_t operator()(uint64_t position) const {
    return permute(position / count, position % count);
  }

  /// The sequence at `index` of an epoch.
  uint64_t permute(uint64_t epoch, uint64_t index) const;

private:
  uint64_t seed, count;
  int halfBits;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_DATAORDER_H
