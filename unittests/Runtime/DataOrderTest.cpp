//===- DataOrderTest.cpp - In which order training reads its data ---------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/DataOrder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

using namespace ternary::runtime;

namespace {

std::vector<uint64_t> epoch(uint64_t seed, uint64_t count, uint64_t epoch) {
  std::vector<uint64_t> order;
  for (uint64_t i = 0; i < count; ++i)
    order.push_back(DataOrder(seed, count).permute(epoch, i));
  return order;
}

TEST(DataOrderTest, VisitsEachSequenceOnce) {
  for (uint64_t count : {1, 2, 3, 4, 5, 16, 17, 255, 256, 257, 1000})
    for (uint64_t seed : {uint64_t(0), uint64_t(7), ~uint64_t(0)}) {
      std::vector<int> visits(count);
      for (uint64_t index : epoch(seed, count, seed)) {
        ASSERT_LT(index, count);
        ++visits[index];
      }
      EXPECT_THAT(visits, testing::Each(1)) << count;
    }
}

// From the definition in docs/training.md, by a program of its own.
TEST(DataOrderTest, FollowsTheDefinition) {
  EXPECT_THAT(epoch(1234, 10, 0), testing::ElementsAre(5, 8, 3, 7, 4, 9, 2, 0, 1, 6));
  EXPECT_THAT(epoch(1234, 10, 1), testing::ElementsAre(5, 0, 4, 2, 9, 3, 6, 1, 7, 8));
  EXPECT_THAT(epoch(1234, 17, 0),
              testing::ElementsAre(16, 2, 10, 3, 6, 0, 5, 1, 14, 9, 15, 8, 7, 4, 12, 11, 13));
  DataOrder large(0, 1000000007);
  EXPECT_EQ(large.permute(3, 0), 366926727u);
  EXPECT_EQ(large.permute(3, 3), 539756715u);
  uint64_t count = (uint64_t(1) << 40) + 1;
  EXPECT_EQ(DataOrder(~uint64_t(0) >> 1, count).permute(5, count - 1), 308457717949u);
}

TEST(DataOrderTest, EpochsFollowEachOther) {
  DataOrder order(1234, 10);
  for (uint64_t i = 0; i < 40; ++i)
    EXPECT_EQ(order(i), order.permute(i / 10, i % 10));
}

TEST(DataOrderTest, EveryPlaceIsEquallyLikely) {
  constexpr uint64_t kCount = 17, kEpochs = 3400;
  int hits[kCount][kCount] = {};
  DataOrder order(9, kCount);
  for (uint64_t i = 0; i < kCount * kEpochs; ++i)
    ++hits[i % kCount][order(i)];
  double chiSquared = 0;
  for (auto &row : hits)
    for (int hit : row)
      chiSquared += (hit - 200.0) * (hit - 200.0) / 200;
  EXPECT_LT(chiSquared, 256 + 5 * 23); // 256 degrees of freedom, standard deviation 23
}

} // namespace
