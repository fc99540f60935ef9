//===- NumericsTest.cpp - What parameters go through ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Numerics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <cfenv>
#include <cmath>
#include <random>

using namespace llvm;
using namespace ternary;

static HostTensor makeMatrix(int64_t rows, int64_t columns, ArrayRef<float> values) {
  HostTensor tensor = HostTensor::allocate(DType::F32, {rows, columns});
  llvm::copy(values, tensor.getMutableValues<float>().begin());
  return tensor;
}

static std::vector<float> makeNormal(size_t count, unsigned seed, float deviation = 0.02f) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(generator); });
  return values;
}

//===----------------------------------------------------------------------===//
// exponential
//===----------------------------------------------------------------------===//

/// The distance of `x` to the true value in units of the last place.
static double getUlpError(float x) {
  double truth = std::exp(static_cast<double>(x));
  return std::fabs(exponential(x) - truth) / std::ldexp(1.0, std::ilogb(truth) - 23);
}

TEST(ExponentialTest, IsWithinOneUlp) {
  double worst = 0;
  float at = 0;
  for (float sign : {1.0f, -1.0f})
    for (uint32_t bits = 0; bits < bit_cast<uint32_t>(103.9f); bits += 997) {
      float x = sign * bit_cast<float>(bits);
      if (x > 88.722f || x < kExpUnderflow)
        break;
      if (double error = getUlpError(x); error > worst) {
        worst = error;
        at = x;
      }
    }
  EXPECT_LE(worst, 1.0) << "exp(" << at << ")";
}

TEST(ExponentialTest, EndsWhereFloatsEnd) {
  EXPECT_EQ(exponential(0.0f), 1.0f);
  EXPECT_EQ(exponential(-0.0f), 1.0f);
  EXPECT_TRUE(std::isnan(exponential(NAN)));
  EXPECT_TRUE(std::isnan(exponential(-NAN)));
  EXPECT_EQ(exponential(INFINITY), INFINITY);
  EXPECT_EQ(exponential(-INFINITY), 0.0f);
  EXPECT_FALSE(std::signbit(exponential(-1e30f)));

  // The largest argument with a finite result and the one after it.
  float last = 88.72283f;
  while (std::exp(static_cast<double>(std::nextafter(last, 100.0f))) < 0x1.ffffffp127)
    last = std::nextafter(last, 100.0f);
  EXPECT_LE(exponential(last), 0x1.fffffep127f);
  EXPECT_GT(exponential(last), 3.4e38f);
  EXPECT_EQ(exponential(std::nextafter(last, 100.0f)), INFINITY);

  // No result is subnormal.
  EXPECT_GE(exponential(kExpUnderflow), 0x1p-126f);
  float below = std::nextafter(kExpUnderflow, -88.0f);
  EXPECT_LT(std::exp(static_cast<double>(below)), 0x1p-126);
  EXPECT_EQ(exponential(below), 0.0f);
}

//===----------------------------------------------------------------------===//
// rowSum
//===----------------------------------------------------------------------===//

/// As the definition reads.
static float sumByDefinition(ArrayRef<float> e) {
  auto fold = [](std::vector<float> v) {
    for (size_t half : {8, 4, 2, 1})
      for (size_t l = 0; l < half; ++l)
        v[l] = v[l] + v[l + half];
    return v[0];
  };
  auto at = [&](size_t i) { return i < e.size() ? e[i] : 0.0f; };
  std::vector<float> s(16, 0.0f);
  for (size_t b = 0; 32 * b < e.size(); ++b) {
    std::vector<float> lane(16);
    for (size_t l = 0; l < 16; ++l)
      lane[l] = at(32 * b + l) + at(32 * b + 16 + l);
    s[b % 16] = s[b % 16] + fold(lane);
  }
  return fold(s);
}

TEST(RowSumTest, FollowsItsOrder) {
  EXPECT_EQ(rowSum({}), 0.0f);
  for (size_t count = 1; count < 1200; ++count) {
    std::vector<float> e = makeNormal(count, count, 1.0f);
    ASSERT_EQ(rowSum(e), sumByDefinition(e)) << count;
  }
}

TEST(RowSumTest, TellsOrdersApart) {
  // 2^24 swallows a one that is added to it alone.
  std::vector<float> e(64, 0.0f);
  e[0] = 0x1p24f;
  e[1] = 1.0f;
  e[9] = 1.0f;
  EXPECT_EQ(rowSum(e), 0x1p24f + 2.0f);
  std::swap(e[9], e[8]);
  EXPECT_EQ(rowSum(e), 0x1p24f);
}

//===----------------------------------------------------------------------===//
// quantizeWeights
//===----------------------------------------------------------------------===//

static void checkTrits(ArrayRef<int8_t> trits, ArrayRef<float> weights, float scale) {
  float inverse = 1.0f / scale;
  for (auto [trit, weight] : zip_equal(trits, weights)) {
    float rounded = std::nearbyint(weight * inverse);
    ASSERT_EQ(trit, std::max(-1.0f, std::min(1.0f, rounded))) << weight;
  }
}

/// The mean magnitude, the bound of 1e-5 left out.
static float computeMean(ArrayRef<float> values) {
  double sum = 0;
  for (float value : values)
    sum += std::fabs(value);
  return static_cast<float>(sum / values.size());
}

TEST(QuantizeWeightsTest, HasOneScaleForAMatrix) {
  std::fesetround(FE_TONEAREST);
  for (auto [rows, columns] :
       {std::pair<int64_t, int64_t>{1, 1}, {3, 7}, {5, 32}, {97, 64}, {33, 1000}, {600, 70}}) {
    std::vector<float> w = makeNormal(rows * columns, rows);
    Expected<QuantizedWeights> result = quantizeWeights(makeMatrix(rows, columns, w));
    ASSERT_TRUE(bool(result));
    float scale = computeMean(w);
    ASSERT_EQ(result->scale.getShape(), ArrayRef<int64_t>({1}));
    ASSERT_EQ(result->scale.getValues<float>()[0], scale);
    ASSERT_EQ(result->trits.getShape(), ArrayRef<int64_t>({rows, columns}));
    checkTrits(result->trits.getValues<int8_t>(), w, scale);
  }
}

TEST(QuantizeWeightsTest, RoundsTiesToEven) {
  // The mean magnitude is 1, so that ±0.5 and ±1.5 are ties.
  Expected<QuantizedWeights> result =
      quantizeWeights(makeMatrix(2, 4, {0.5f, -0.5f, 1.5f, -1.5f, 0.75f, -0.75f, 1.25f, -1.25f}));
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(result->scale.getValues<float>()[0], 1.0f);
  EXPECT_EQ(result->trits.getValues<int8_t>(), ArrayRef<int8_t>({0, 0, 1, -1, 1, -1, 1, -1}));
}

TEST(QuantizeWeightsTest, BoundsTheScaleFromBelow) {
  Expected<QuantizedWeights> result = quantizeWeights(makeMatrix(1, 3, {0.0f, -0.0f, 6e-6f}));
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(result->scale.getValues<float>()[0], 1e-5f);
  EXPECT_EQ(result->trits.getValues<int8_t>(), ArrayRef<int8_t>({0, 0, 1}));
}

TEST(QuantizeWeightsTest, BearsLargeWeights) {
  // The sum is no f32, its mean is.
  Expected<QuantizedWeights> result = quantizeWeights(makeMatrix(1, 3, {3e38f, -3e38f, 3e38f}));
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(result->scale.getValues<float>()[0], 3e38f);
  EXPECT_EQ(result->trits.getValues<int8_t>(), ArrayRef<int8_t>({1, -1, 1}));
}

TEST(QuantizeWeightsTest, HasScalesForRowsAndGroups) {
  constexpr int64_t rows = 13, columns = 120, group = 40;
  std::vector<float> w = makeNormal(rows * columns, 1);
  auto check = [&](ScaleGranularity granularity, int64_t size, ArrayRef<int64_t> shape) {
    Expected<QuantizedWeights> result =
        quantizeWeights(makeMatrix(rows, columns, w), granularity, group);
    ASSERT_TRUE(bool(result));
    ASSERT_EQ(result->scale.getShape(), shape);
    for (auto [i, scale] : enumerate(result->scale.getValues<float>())) {
      ArrayRef<float> part = ArrayRef(w).slice(i * size, size);
      ASSERT_EQ(scale, computeMean(part));
      checkTrits(result->trits.getValues<int8_t>().slice(i * size, size), part, scale);
    }
  };
  check(ScaleGranularity::Row, columns, {rows});
  check(ScaleGranularity::Group, group, {rows, columns / group});
}

TEST(QuantizeWeightsTest, ReadsAllFloatTypes) {
  // 1, -0.5, 0.25 and 2 in f16 and in bf16.
  for (auto [type, bits] :
       {std::pair<DType, std::array<uint16_t, 4>>{DType::F16, {0x3c00, 0xb800, 0x3400, 0x4000}},
        {DType::BF16, {0x3f80, 0xbf00, 0x3e80, 0x4000}}}) {
    HostTensor weight = HostTensor::allocate(type, {2, 2});
    llvm::copy(bits, weight.getMutableValues<uint16_t>().begin());
    Expected<QuantizedWeights> result = quantizeWeights(weight);
    ASSERT_TRUE(bool(result));
    EXPECT_EQ(result->scale.getValues<float>()[0], 0.9375f);
    EXPECT_EQ(result->trits.getValues<int8_t>(), ArrayRef<int8_t>({1, -1, 0, 1}));
  }
}

TEST(QuantizeWeightsTest, RefusesWhatHasNoScale) {
  auto getError = [](const HostTensor &weight,
                     ScaleGranularity granularity = ScaleGranularity::Tensor, int64_t group = 0) {
    return toString(quantizeWeights(weight, granularity, group).takeError());
  };
  EXPECT_EQ(getError(makeMatrix(2, 2, {1.0f, 2.0f, NAN, 1.0f})),
            "expected finite values, got nan at [1, 0]");
  EXPECT_EQ(getError(makeMatrix(1, 2, {1.0f, -INFINITY}), ScaleGranularity::Row),
            "expected finite values, got -inf at [0, 1]");
  EXPECT_EQ(getError(makeMatrix(1, 4, {1, 1, 1, 1}), ScaleGranularity::Group, 3),
            "expected 4 columns in groups of a divisor of that, got 3");
  EXPECT_EQ(getError(HostTensor::allocate(DType::I8, {2, 2})),
            "expected a matrix of floats to quantise, got i8 [2, 2]");
  EXPECT_EQ(getError(HostTensor::allocate(DType::F32, {4})),
            "expected a matrix of floats to quantise, got f32 [4]");
}

//===----------------------------------------------------------------------===//
// computeLowerBounds
//===----------------------------------------------------------------------===//

TEST(LowerBoundsTest, IsACumulativeSoftmax) {
  constexpr int64_t layers = 5, columns = 9;
  std::vector<float> p = makeNormal(layers * columns, 3, 2.0f);
  Expected<HostTensor> bounds = computeLowerBounds(makeMatrix(layers, columns, p));
  ASSERT_TRUE(bool(bounds));
  ArrayRef<float> values = bounds->getValues<float>();
  for (int64_t h = 0; h < columns; ++h) {
    double sum = 0, cumulative = 0;
    for (int64_t l = 0; l < layers; ++l)
      sum += std::exp(static_cast<double>(p[l * columns + h]));
    EXPECT_EQ(values[h], 0.0f);
    for (int64_t l = 1; l < layers; ++l) {
      cumulative += std::exp(static_cast<double>(p[l * columns + h])) / sum;
      EXPECT_NEAR(values[l * columns + h], cumulative, 1e-6);
    }
  }
}

TEST(LowerBoundsTest, StandsLargeParameters) {
  Expected<HostTensor> bounds =
      computeLowerBounds(makeMatrix(2, 2, {3e38f, -3e38f, -3e38f, 3e38f}));
  ASSERT_TRUE(bool(bounds));
  EXPECT_EQ(bounds->getValues<float>(), ArrayRef<float>({0, 0, 0, 1}));
  EXPECT_EQ(toString(computeLowerBounds(makeMatrix(1, 1, {NAN})).takeError()),
            "expected finite values, got nan at [0, 0]");
}
