//===- DataOrder.cpp - In which order training reads its data -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/DataOrder.h"
#include "ternary/splitmix64.h"

using namespace ternary::runtime;

static constexpr int kRounds = 8;

DataOrder::DataOrder(uint64_t seed, uint64_t count) : seed(seed), count(count), halfBits(1) {
  while (halfBits < 32 && (count - 1) >> (2 * halfBits) != 0)
    ++halfBits;
}

uint64_t DataOrder::permute(uint64_t epoch, uint64_t index) const {
  uint64_t mask = (uint64_t(1) << halfBits) - 1;
  constexpr auto mix = ternary_splitmix64_mix;
  uint64_t key = mix(ternary_splitmix64(seed, 0) + epoch);
  do { // until back among the sequences: the network permutes a larger set
    uint64_t left = index >> halfBits, right = index & mask;
    for (uint64_t round = 1; round <= kRounds; ++round) {
      uint64_t mixed = left ^ (mix(mix(key + round * TERNARY_SPLITMIX64_GAMMA) ^ right) & mask);
      left = right;
      right = mixed;
    }
    index = left << halfBits | right;
  } while (index >= count);
  return index;
}
