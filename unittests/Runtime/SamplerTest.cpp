//===- SamplerTest.cpp - Choosing the next token --------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Sampler.h"
#include "ternary/Runtime/Error.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

using namespace ternary::runtime;

namespace {

using Floats = std::vector<float>;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

int32_t sample(const SamplerOptions &options, const Floats &logits) {
  return Sampler(options).sample(logits.data(), logits.size());
}

/// How often each token is drawn in 10,000 draws.
std::vector<int> histogram(const SamplerOptions &options, const Floats &logits) {
  Sampler sampler(options);
  std::vector<int> counts(logits.size());
  for (int i = 0; i < 10000; ++i)
    ++counts[sampler.sample(logits.data(), logits.size())];
  return counts;
}

TEST(SamplerTest, GreedyTakesTheFirstOfTheLargest) {
  EXPECT_EQ(sample({}, {1, 3, 2, 3}), 1);
  EXPECT_EQ(sample({}, {-kInfinity, -5}), 1);
  EXPECT_EQ(sample({}, {kNaN, -5, kNaN}), 1);
  EXPECT_EQ(sample({}, {0, kInfinity}), 1);
}

TEST(SamplerTest, RefusesLogitsThatAreNoNumbers) {
  EXPECT_THROW(sample({}, {kNaN, kNaN}), Error);
  EXPECT_THROW(sample({1, 1, 0}, {kNaN, kNaN}), Error);
}

TEST(SamplerTest, FollowsTheProbabilities) {
  // Probabilities 0.1, 0.2, 0.7.
  Floats logits = {std::log(1.f), std::log(2.f), std::log(7.f), -kInfinity, kNaN};
  std::vector<int> counts = histogram({1, 1, 42}, logits);
  EXPECT_NEAR(counts[0], 1000, 200);
  EXPECT_NEAR(counts[1], 2000, 200);
  EXPECT_NEAR(counts[2], 7000, 200);
  EXPECT_EQ(counts[3] + counts[4], 0);
}

TEST(SamplerTest, TemperatureSharpensAndFlattens) {
  Floats logits = {0, 1};
  EXPECT_NEAR(histogram({1, 1, 1}, logits)[0], 2689, 200);   // 1 / (1 + e)
  EXPECT_NEAR(histogram({0.5, 1, 1}, logits)[0], 1192, 200); // 1 / (1 + e²)
  EXPECT_NEAR(histogram({100, 1, 1}, logits)[0], 4975, 200);
  EXPECT_EQ(histogram({1e-6, 1, 1}, logits)[0], 0);
}

TEST(SamplerTest, TopPLeavesOutTheTail) {
  Floats logits = {std::log(1.f), std::log(2.f), std::log(7.f)};
  EXPECT_THAT(histogram({1, 0.5, 3}, logits), testing::ElementsAre(0, 0, 10000));
  EXPECT_THAT(histogram({1, 0, 3}, logits), testing::ElementsAre(0, 0, 10000));
  std::vector<int> counts = histogram({1, 0.85, 3}, logits);
  EXPECT_EQ(counts[0], 0);
  EXPECT_NEAR(counts[1], 2222, 200); // 2 / 9
  EXPECT_GT(histogram({1, 0.95, 3}, logits)[0], 0);
}

TEST(SamplerTest, TheSeedDecides) {
  Floats logits(100, 0);
  auto draw = [&](uint64_t seed) {
    Sampler sampler({1, 0.9, seed});
    std::vector<int32_t> ids;
    for (int i = 0; i < 20; ++i)
      ids.push_back(sampler.sample(logits.data(), 100));
    return ids;
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
}

// The first outputs of SplitMix64 from seed 0 are e220a8397b1dcdaf and
// 6e789e6aa1b965f4: 0.8833 and 0.4315 of the way.
TEST(SamplerTest, NumbersAreThoseOfSplitMix64) {
  Floats logits(10000, 0);
  Sampler sampler({1, 1, 0});
  EXPECT_EQ(sampler.sample(logits.data(), 10000), 8833);
  EXPECT_EQ(sampler.sample(logits.data(), 10000), 4315);
}

} // namespace
