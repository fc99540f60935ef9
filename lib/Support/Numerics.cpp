//===- Numerics.cpp - Arithmetic that the compiler does itself ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Numerics.h"
#include "llvm/Support/Parallel.h"
#include <algorithm>
#include <array>
#include <cmath>

using namespace llvm;
using namespace ternary;

/// 1.5·2^23: from 2^23 to 2^24 floats are one apart, and what is added to the
/// middle of that range is rounded to an integer, found in the low bits.
static constexpr float kRounder = 12582912.0f;
static constexpr uint32_t kRounderBits = 0x4B400000;

float ternary::exponential(float x) {
  bool isBelow = kExpUnderflow > x;
  x = isBelow ? kExpUnderflow : x;
  x = 89.0f < x ? 89.0f : x;

  float shifted = x * 1.44269504f + kRounder;
  float n = shifted - kRounder;
  // Unsigned, because NaN gives any number.
  uint32_t exponent = bit_cast<uint32_t>(shifted) - kRounderBits;

  // ln 2 in two parts: the first has so few bits that its product with n is
  // exact.
  float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;

  // (e^r - 1 - r) / r², the coefficients of Cephes' expf.
  float p = 1.9875691500E-4f;
  for (float coefficient :
       {1.3981999507E-3f, 8.3334519073E-3f, 4.1665795894E-2f, 1.6666665459E-1f, 5.0000001201E-1f})
    p = p * r + coefficient;
  float y = ((p * r) * r + r) + 1.0f;

  // 2^128 is no float; 2^(n >> 1) and 2^(n - (n >> 1)) are.
  auto power = [](uint32_t k) { return bit_cast<float>((k + 127) << 23); };
  uint32_t half = static_cast<int32_t>(exponent) >> 1;
  return isBelow ? 0.0f : (y * power(half)) * power(exponent - half);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

static constexpr int64_t kLanes = 16;
static constexpr int64_t kBlock = 2 * kLanes;

template <typename T> static T fold(std::array<T, kLanes> v) {
  for (int64_t half = kLanes / 2; half > 0; half /= 2)
    for (int64_t l = 0; l < half; ++l)
      v[l] += v[l + half];
  return v[0];
}

/// The blocked sum of map(e[0]), map(e[1]), ... in the type of sums `T`.
template <typename T, typename Element, typename Map>
static T sumRow(ArrayRef<Element> e, Map map) {
  auto sumBlock = [&](const Element *block) {
    std::array<T, kLanes> lanes;
    for (int64_t l = 0; l < kLanes; ++l)
      lanes[l] = map(block[l]) + map(block[kLanes + l]);
    return fold(lanes);
  };
  std::array<T, kLanes> sums = {};
  int64_t blocks = e.size() / kBlock;
  for (int64_t b = 0; b < blocks; ++b)
    sums[b % kLanes] += sumBlock(e.data() + b * kBlock);
  if (ArrayRef<Element> rest = e.drop_front(blocks * kBlock); !rest.empty()) {
    std::array<Element, kBlock> padded = {};
    copy(rest, padded.begin());
    sums[blocks % kLanes] += sumBlock(padded.data());
  }
  return fold(sums);
}

float ternary::rowSum(ArrayRef<float> e) {
  return sumRow<float>(e, [](float x) { return x; });
}

static double sumMagnitudes(ArrayRef<float> e) {
  return sumRow<double>(e, [](double x) { return std::fabs(x); });
}

//===----------------------------------------------------------------------===//
// Quantisation
//===----------------------------------------------------------------------===//

namespace {
/// The rows of a matrix in f32, converted one at a time.
class RowReader {
public:
  RowReader(const HostTensor &matrix)
      : type(matrix.getDType()), data(matrix.getBytes().data()), columns(matrix.getDim(1)) {}

  /// Row `n`; `buffer` keeps what has to be converted.
  ArrayRef<float> read(int64_t n, std::vector<float> &buffer) const {
    const uint8_t *row = data + n * columns * getByteWidth(type);
    if (type == DType::F32)
      return {reinterpret_cast<const float *>(row), size_t(columns)};
    buffer.resize(columns);
    convertToFloat32(type, row, buffer.data(), columns);
    return buffer;
  }

private:
  DType type;
  const uint8_t *data;
  int64_t columns;
};
} // namespace

static void quantizeRow(ArrayRef<float> weights, float inverse, int8_t *trits) {
  for (size_t k = 0; k < weights.size(); ++k) {
    float x = weights[k] * inverse;
    // Clamped first, the sum that rounds is exact in its low byte.
    x = x > -1.0f ? x : -1.0f;
    x = x < 1.0f ? x : 1.0f;
    trits[k] = static_cast<int8_t>(bit_cast<uint32_t>(x + kRounder));
  }
}

static float computeScale(double sum, int64_t count) {
  return std::max(static_cast<float>(sum / static_cast<double>(count)), 1e-5f);
}

Expected<QuantizedWeights> ternary::quantizeWeights(const HostTensor &weight,
                                                    ScaleGranularity granularity,
                                                    int64_t groupSize) {
  if (weight.getRank() != 2 || !isFloat(weight.getDType()))
    return createStringError("expected a matrix of floats to quantise, got " +
                             getName(weight.getDType()) + " " + printShape(weight.getShape()));
  int64_t rows = weight.getDim(0), columns = weight.getDim(1);
  bool perTensor = granularity == ScaleGranularity::Tensor;
  int64_t group = granularity == ScaleGranularity::Group ? groupSize : columns;
  if (weight.getNumElements() == 0 || group <= 0 || columns % group != 0)
    return createStringError("expected " + Twine(columns) +
                             " columns in groups of a divisor of that, got " + Twine(group));

  // One sum for each row or group; of a whole matrix, these are summed again.
  int64_t groups = columns / group;
  RowReader reader(weight);
  std::vector<double> sums(rows * groups);
  parallelFor(0, rows, [&](size_t n) {
    std::vector<float> buffer;
    ArrayRef<float> row = reader.read(n, buffer);
    for (int64_t g = 0; g < groups; ++g)
      sums[n * groups + g] = sumMagnitudes(row.slice(g * group, group));
  });

  SmallVector<int64_t, 2> shape = {rows};
  if (perTensor)
    shape = {1};
  else if (granularity == ScaleGranularity::Group)
    shape.push_back(groups);
  QuantizedWeights result{HostTensor::allocate(DType::Trit, weight.getShape()),
                          HostTensor::allocate(DType::F32, shape)};
  MutableArrayRef<float> scales = result.scale.getMutableValues<float>();
  if (perTensor)
    scales[0] = computeScale(sumRow<double>(ArrayRef(sums), [](double sum) { return sum; }),
                             rows * columns);
  else
    for (auto [scale, sum] : zip_equal(scales, sums))
      scale = computeScale(sum, group);
  // Only a weight that is not finite makes such a scale: f64 holds any sum.
  if (!all_of(scales, [](float scale) { return std::isfinite(scale); }))
    return checkFinite(weight);

  int8_t *trits = result.trits.getMutableValues<int8_t>().data();
  parallelFor(0, rows, [&](size_t n) {
    std::vector<float> buffer;
    ArrayRef<float> row = reader.read(n, buffer);
    for (int64_t g = 0; g < groups; ++g) {
      float scale = scales[perTensor ? 0 : n * groups + g];
      quantizeRow(row.slice(g * group, group), 1.0f / scale, trits + n * columns + g * group);
    }
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Lower bounds
//===----------------------------------------------------------------------===//

Expected<HostTensor> ternary::computeLowerBounds(const HostTensor &parameters) {
  if (parameters.getRank() != 2)
    return createStringError("expected lower bounds of rank 2, got shape " +
                             printShape(parameters.getShape()));
  if (Error error = checkFinite(parameters))
    return error;
  Expected<HostTensor> input = convert(parameters, DType::F32);
  if (!input)
    return input.takeError();
  int64_t layers = input->getDim(0), columns = input->getDim(1);
  HostTensor result = HostTensor::allocate(DType::F32, input->getShape());
  const float *p = input->getValues<float>().data();
  float *bounds = result.getMutableValues<float>().data();
  for (int64_t h = 0; h < columns; ++h) {
    float largest = -INFINITY, sum = 0.0f;
    for (int64_t l = 0; l < layers; ++l)
      largest = std::max(largest, p[l * columns + h]);
    for (int64_t l = 0; l < layers; ++l) {
      float power = exponential(p[l * columns + h] - largest);
      bounds[l * columns + h] = power;
      sum += power;
    }
    float cumulative = 0.0f, first = 0.0f;
    for (int64_t l = 0; l < layers; ++l) {
      float beta = bounds[l * columns + h] / sum;
      if (l == 0)
        first = beta;
      cumulative += beta;
      bounds[l * columns + h] = cumulative - first;
    }
  }
  return result;
}
