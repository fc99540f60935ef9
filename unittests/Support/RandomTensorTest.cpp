//===- RandomTensorTest.cpp - Made-up parameters --------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Numerics.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace llvm;
using namespace ternary;

static std::vector<float> make(StringRef name, ArrayRef<int64_t> shape, uint64_t seed) {
  return makeRandomTensor(name, shape, DType::F32, seed).getValues<float>().vec();
}

TEST(RandomTensorTest, DependsOnNameAndSeed) {
  std::vector<float> values = make("a", {40, 50}, 1);
  EXPECT_EQ(values, make("a", {40, 50}, 1));
  EXPECT_NE(values, make("b", {40, 50}, 1));
  EXPECT_NE(values, make("a", {40, 50}, 2));
}

TEST(RandomTensorTest, IsTheSameEverywhere) {
  // Archives of the same seed must not differ from machine to machine.
  std::vector<float> values = make("model.embeddings.weight", {2, 2}, 0);
  EXPECT_EQ(values,
            std::vector<float>({0x1.4c276cp-5f, 0x1.d4249p-9f, 0x1.d22236p-10f, 0x1.4a158cp-5f}));
}

TEST(RandomTensorTest, IsRoundedToBFloat16) {
  std::vector<float> exact = make("w", {30, 70}, 5);
  HostTensor rounded = makeRandomTensor("w", {30, 70}, DType::BF16, 5);
  ASSERT_EQ(rounded.getDType(), DType::BF16);
  HostTensor values = cantFail(convert(rounded, DType::F32));
  for (auto [value, expected] : zip_equal(values.getValues<float>(), exact)) {
    EXPECT_LE(std::abs(value - expected), std::abs(expected) * 0x1p-8f);
    EXPECT_EQ(bit_cast<uint32_t>(value) & 0xffff, 0u);
  }
}

TEST(RandomTensorTest, IsNearlyNormal) {
  for (auto [shape, mean] :
       {std::pair<SmallVector<int64_t>, double>{{1000, 1000}, 0.0}, {{1'000'000}, 1.0}}) {
    std::vector<float> values = make("w", shape, 7);
    double sum = 0, squares = 0;
    for (float value : values) {
      sum += value - mean;
      squares += (value - mean) * (value - mean);
    }
    EXPECT_NEAR(sum / values.size(), 0.0, 1e-4);
    EXPECT_NEAR(std::sqrt(squares / values.size()), 0.02, 1e-4);
  }
}

TEST(RandomTensorTest, HasTheDeviationAskedFor) {
  HostTensor gains = makeRandomTensor("w", {100}, DType::F32, 7, /*deviation=*/0.0f);
  for (float value : gains.getValues<float>())
    EXPECT_EQ(value, 1.0f);
  HostTensor wide = makeRandomTensor("w", {30, 70}, DType::F32, 7, /*deviation=*/0.04f);
  for (auto [value, other] : zip_equal(wide.getValues<float>(), make("w", {30, 70}, 7)))
    EXPECT_EQ(value, 2 * other);
}
