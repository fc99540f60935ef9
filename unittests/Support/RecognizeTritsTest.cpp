//===- RecognizeTritsTest.cpp - Floats that are trits with scales ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Numerics.h"
#include "gtest/gtest.h"
#include <cmath>
#include <limits>
#include <random>

using namespace llvm;
using namespace ternary;

namespace {
/// Random trits [rows, columns] with scales, of which each `run` neighbours share one.
struct Example {
  Example(DType type, int64_t rows, int64_t columns, int64_t run)
      : floats(HostTensor::allocate(type, {rows, columns})) {
    std::mt19937 generator(rows * columns + run);
    for (int64_t i = 0; i < rows * columns; ++i) {
      if (i % run == 0)
        // Few bits, so that all types hold them; not two of one run after the other.
        scales.push_back(float(1 + i / run % 100) / 64);
      trits.push_back(static_cast<int>(generator() % 3) - 1);
      // A run is not all zeros.
      if (i % run == run - 1)
        trits.back() = 1;
      set(i, float(trits.back()) * scales.back());
    }
  }

  void set(int64_t i, float value) {
    if (floats.getDType() == DType::F32)
      floats.getMutableValues<float>()[i] = value;
    else
      floats.getMutableValues<uint16_t>()[i] =
          floats.getDType() == DType::F16 ? roundToFloat16(value) : roundToBFloat16(value);
  }

  HostTensor floats;
  std::vector<int8_t> trits;
  std::vector<float> scales;
};
} // namespace

static constexpr DType kTypes[] = {DType::F32, DType::F16, DType::BF16};

TEST(RecognizeTritsTest, FindsTheFewestScales) {
  struct Case {
    int64_t columns, run;
    ScaleGranularity granularity;
    int64_t groupSize;
    SmallVector<int64_t, 2> shape;
  };
  const Case cases[] = {
      {512, 3 * 512, ScaleGranularity::Tensor, 0, {1}},
      {512, 512, ScaleGranularity::Row, 0, {3}},
      {30, 30, ScaleGranularity::Row, 0, {3}},
      {512, 256, ScaleGranularity::Group, 256, {3, 2}},
      {384, 128, ScaleGranularity::Group, 128, {3, 3}},
      {192, 64, ScaleGranularity::Group, 64, {3, 3}},
  };
  for (DType type : kTypes)
    for (const Case &expected : cases) {
      Example example(type, 3, expected.columns, expected.run);
      std::optional<TritFormat> format = recognizeTrits(example.floats);
      ASSERT_TRUE(format) << getName(type).str() << " " << expected.run;
      EXPECT_EQ(format->granularity, expected.granularity);
      EXPECT_EQ(format->groupSize, expected.groupSize);
      QuantizedWeights weights = extractTrits(example.floats, *format);
      EXPECT_EQ(weights.trits.getShape(), ArrayRef<int64_t>({3, expected.columns}));
      EXPECT_EQ(weights.trits.getValues<int8_t>(), ArrayRef<int8_t>(example.trits));
      EXPECT_EQ(weights.scale.getShape(), ArrayRef<int64_t>(expected.shape));
      EXPECT_EQ(weights.scale.getValues<float>(), ArrayRef<float>(example.scales));
    }
}

TEST(RecognizeTritsTest, OneOtherValueIsEnough) {
  for (DType type : kTypes)
    for (int64_t at : {0, 300, 2 * 512 - 1}) {
      Example example(type, 2, 512, 512);
      ASSERT_TRUE(recognizeTrits(example.floats));
      example.set(at, 3.0f);
      // The run that has it has another value as well, however long it is.
      EXPECT_FALSE(recognizeTrits(example.floats)) << getName(type).str() << " " << at;
    }
  // The next float.
  Example example(DType::F32, 1, 64, 64);
  example.set(63, std::nextafter(example.scales[0], 1.0f));
  EXPECT_FALSE(recognizeTrits(example.floats));
}

TEST(RecognizeTritsTest, GroupsOfOtherSizesAreNone) {
  EXPECT_FALSE(recognizeTrits(Example(DType::F16, 2, 96, 32).floats));
  EXPECT_FALSE(recognizeTrits(Example(DType::F16, 2, 320, 160).floats));
}

TEST(RecognizeTritsTest, ZerosHaveNoScale) {
  Example example(DType::F16, 3, 4, 4);
  for (int64_t i = 4; i < 8; ++i)
    example.set(i, i % 2 ? 0.0f : -0.0f);
  std::optional<TritFormat> format = recognizeTrits(example.floats);
  ASSERT_TRUE(format);
  QuantizedWeights weights = extractTrits(example.floats, *format);
  EXPECT_EQ(weights.scale.getValues<float>()[1], 0.0f);
  for (int64_t i = 4; i < 8; ++i)
    EXPECT_EQ(weights.trits.getValues<int8_t>()[i], 0);
  // A row of zeros is no other scale, and a weight of zeros is not known to be ternary.
  for (int64_t i = 8; i < 12; ++i)
    example.set(i, 0.0f);
  format = recognizeTrits(example.floats);
  ASSERT_TRUE(format);
  EXPECT_EQ(format->granularity, ScaleGranularity::Tensor);
  EXPECT_EQ(extractTrits(example.floats, *format).scale.getValues<float>()[0], example.scales[0]);
  for (int64_t i = 0; i < 4; ++i)
    example.set(i, 0.0f);
  EXPECT_FALSE(recognizeTrits(example.floats));
}

TEST(RecognizeTritsTest, WhatIsNotFiniteIsNoScale) {
  for (DType type : kTypes)
    for (float value : {std::numeric_limits<float>::infinity(), NAN}) {
      Example example(type, 1, 8, 8);
      for (int64_t i = 0; i < 8; ++i)
        example.set(i, value);
      EXPECT_FALSE(recognizeTrits(example.floats)) << getName(type).str() << " " << value;
    }
}
