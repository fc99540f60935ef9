//===- GGMLBlocks.cpp - Weights in the blocks of GGUF files ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGMLBytes.h"
#include "llvm/Support/Parallel.h"
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace ternary;

/// Weights of a block of TQ1_0 and TQ2_0, and with it columns of a scale.
static constexpr int64_t kGroup = 256;
/// What a code that stands for no trit becomes.
static constexpr int8_t kNoTrit = 2;

/// Whether f16 holds `value`.
static bool isFloat16(float value) {
  uint16_t bits = roundToFloat16(value);
  float rounded;
  convertToFloat32(DType::F16, &bits, &rounded, 1);
  return rounded == value;
}

//===----------------------------------------------------------------------===//
// Two bits a trit
//===----------------------------------------------------------------------===//

namespace {
/// Each block has `stride` bytes: byte m holds weights m, m + stride, m + 2 stride and
/// m + 3 stride, the first of them in the lowest bits or in the highest.
struct TwoBitLayout {
  int64_t stride;
  bool highestFirst;

  int getShift(int n) const { return highestFirst ? 6 - 2 * n : 2 * n; }

  /// Decodes `columns` weights. Returns the first one whose code is no trit, or `columns`.
  int64_t decode(const uint8_t *bytes, int64_t columns, int8_t *trits) const {
    uint8_t bad = 0;
    for (int64_t block = 0; block < columns; block += 4 * stride, bytes += stride)
      for (int n = 0; n < 4; ++n)
        for (int64_t m = 0; m < stride; ++m) {
          uint8_t code = bytes[m] >> getShift(n) & 3;
          bad |= code & code >> 1;
          trits[block + n * stride + m] = int8_t(code) - 1;
        }
    return bad ? std::find(trits, trits + columns, kNoTrit) - trits : columns;
  }

  void encode(const int8_t *trits, int64_t columns, uint8_t *bytes) const {
    for (int64_t block = 0; block < columns; block += 4 * stride, bytes += stride)
      for (int64_t m = 0; m < stride; ++m) {
        uint8_t byte = 0;
        for (int n = 0; n < 4; ++n)
          byte |= (trits[block + n * stride + m] + 1) << getShift(n);
        bytes[m] = byte;
      }
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Five trits a byte
//===----------------------------------------------------------------------===//

static constexpr int kNumValues = 243; // 3^5
static constexpr int kPowers[] = {81, 27, 9, 3, 1};

/// The byte for v = Σ (t + 1)·3^i.
static constexpr uint8_t getByte(int value) { return (256 * value + kNumValues - 1) / kNumValues; }

/// The trits of each byte, the most significant one first.
static constexpr std::array<std::array<int8_t, 5>, 256> kTrits = [] {
  std::array<std::array<int8_t, 5>, 256> trits = {};
  for (std::array<int8_t, 5> &five : trits)
    for (int8_t &trit : five)
      trit = kNoTrit;
  for (int value = 0; value < kNumValues; ++value)
    for (int i = 0; i < 5; ++i)
      trits[getByte(value)][i] = value / kPowers[i] % 3 - 1;
  return trits;
}();

namespace {
/// Where a byte's trits are in a block, `first + n·stride` for n < count. Those that are missing
/// from five count as -1.
struct TritRun {
  int first, stride, count;
  bool mostSignificantFirst;

  int getDigit(int n) const { return mostSignificantFirst ? n : 4 - n; }

  /// Returns whether the byte stands for trits.
  bool decode(uint8_t byte, int8_t *trits) const {
    const std::array<int8_t, 5> &five = kTrits[byte];
    for (int n = 0; n < count; ++n)
      trits[first + n * stride] = five[getDigit(n)];
    return five[0] != kNoTrit && (count == 5 || five[getDigit(4)] == -1);
  }

  uint8_t encode(const int8_t *trits) const {
    int value = 0;
    for (int n = 0; n < count; ++n)
      value += (trits[first + n * stride] + 1) * kPowers[getDigit(n)];
    return getByte(value);
  }
};

/// Blocks of bytes with up to five trits each.
template <int numBytes, int numWeights> struct FiveTritLayout {
  std::array<TritRun, numBytes> runs;

  int64_t decode(const uint8_t *bytes, int64_t blockBytes, int64_t columns, int8_t *trits) const {
    for (int64_t block = 0; block < columns; block += numWeights, bytes += blockBytes) {
      int bad = numWeights;
      for (int b = 0; b < numBytes; ++b)
        if (!runs[b].decode(bytes[b], trits + block))
          bad = std::min(bad, runs[b].first);
      if (bad != numWeights)
        return block + bad;
    }
    return columns;
  }

  void encode(const int8_t *trits, int64_t columns, uint8_t *bytes, int64_t blockBytes) const {
    for (int64_t block = 0; block < columns; block += numWeights, bytes += blockBytes)
      for (int b = 0; b < numBytes; ++b)
        bytes[b] = runs[b].encode(trits + block);
  }
};
} // namespace

static constexpr FiveTritLayout<52, 256> kTQ1 = [] {
  FiveTritLayout<52, 256> layout = {};
  for (int m = 0; m < 32; ++m)
    layout.runs[m] = {m, 32, 5, true};
  for (int m = 0; m < 16; ++m)
    layout.runs[32 + m] = {160 + m, 16, 5, true};
  for (int m = 0; m < 4; ++m)
    layout.runs[48 + m] = {240 + m, 4, 4, true};
  return layout;
}();

static constexpr FiveTritLayout<13, 64> kIQ1 = [] {
  FiveTritLayout<13, 64> layout = {};
  for (int g = 0; g < 4; ++g)
    for (int k = 0; k < 3; ++k)
      layout.runs[3 * g + k] = {16 * g + 5 * k, 1, 5, false};
  layout.runs[12] = {15, 16, 4, false};
  return layout;
}();

//===----------------------------------------------------------------------===//
// Rows of trits
//===----------------------------------------------------------------------===//

namespace {
/// The rows of a ternary type. Those of I2_S have no scales of their own.
class RowCodec {
public:
  RowCodec(GGMLType type, int64_t columns, std::optional<I2SLayout> layout)
      : type(type), columns(columns), info(getGGMLTypeInfo(type)),
        i2s{int64_t(layout.value_or(I2SLayout::Blocks128)) / 4, true} {}

  int64_t getRowBytes() const {
    return info.rowBytes + columns / info.blockWeights * info.blockBytes;
  }
  int64_t getNumScales() const { return type == GGMLType::I2_S ? 0 : columns / getScaleColumns(); }
  /// Columns of a scale.
  int64_t getScaleColumns() const { return info.rowBytes ? columns : kGroup; }

  /// Returns the first column without a trit, or `columns`.
  int64_t decode(const uint8_t *row, int8_t *trits, float *scales) const {
    switch (type) {
    case GGMLType::TQ1_0:
      for (int64_t g = 0; g < columns / kGroup; ++g)
        scales[g] = readFloat16(row + g * info.blockBytes + 52);
      return kTQ1.decode(row, info.blockBytes, columns, trits);
    case GGMLType::TQ2_0:
      for (int64_t g = 0; g < columns / kGroup; ++g) {
        const uint8_t *block = row + g * info.blockBytes;
        scales[g] = readFloat16(block + 64);
        if (int64_t k = kTwoBits32.decode(block, kGroup, trits + g * kGroup); k != kGroup)
          return g * kGroup + k;
      }
      return columns;
    case GGMLType::I2_S:
      return i2s.decode(row, columns, trits);
    case GGMLType::IQ1_BN:
      *scales = readFloat16(row);
      return kIQ1.decode(row + info.rowBytes, info.blockBytes, columns, trits);
    case GGMLType::IQ2_BN:
      *scales = readFloat32(row);
      return kTwoBits16.decode(row + info.rowBytes, columns, trits);
    default:
      llvm_unreachable("expected a ternary type");
    }
  }

  void encode(const int8_t *trits, function_ref<float(int64_t)> scale, uint8_t *row) const {
    switch (type) {
    case GGMLType::TQ1_0:
      for (int64_t g = 0; g < columns / kGroup; ++g)
        writeFloat16(row + g * info.blockBytes + 52, scale(g));
      return kTQ1.encode(trits, columns, row, info.blockBytes);
    case GGMLType::TQ2_0:
      for (int64_t g = 0; g < columns / kGroup; ++g) {
        uint8_t *block = row + g * info.blockBytes;
        kTwoBits32.encode(trits + g * kGroup, kGroup, block);
        writeFloat16(block + 64, scale(g));
      }
      return;
    case GGMLType::I2_S:
      return i2s.encode(trits, columns, row);
    case GGMLType::IQ1_BN:
      writeFloat16(row, scale(0));
      return kIQ1.encode(trits, columns, row + info.rowBytes, info.blockBytes);
    case GGMLType::IQ2_BN:
      support::endian::write32le(row, bit_cast<uint32_t>(scale(0)));
      return kTwoBits16.encode(trits, columns, row + info.rowBytes);
    default:
      llvm_unreachable("expected a ternary type");
    }
  }

private:
  static constexpr TwoBitLayout kTwoBits32 = {32, false};
  static constexpr TwoBitLayout kTwoBits16 = {16, false};

  GGMLType type;
  int64_t columns;
  const GGMLTypeInfo &info;
  TwoBitLayout i2s;
};
} // namespace

/// Whether `type` can have these columns, and is told its layout.
static Error checkColumns(GGMLType type, int64_t columns, std::optional<I2SLayout> layout) {
  if (type == GGMLType::I2_S && !layout)
    return createStringError("expected to be told the layout of I2_S, which is not in the file: "
                             "blocks of 128 weights (written on x86) or of 64 (on Arm)");
  int64_t multiple = type == GGMLType::I2_S ? int64_t(*layout) : getGGMLTypeInfo(type).blockWeights;
  if (columns % multiple != 0)
    return createStringError("expected a multiple of " + Twine(multiple) + " columns, got " +
                             Twine(columns));
  return Error::success();
}

Expected<QuantizedWeights> ternary::decodeTernary(GGMLType type, ArrayRef<uint8_t> data,
                                                  int64_t rows, int64_t columns,
                                                  std::optional<I2SLayout> layout) {
  if (Error error = checkColumns(type, columns, layout))
    return error;
  assert(int64_t(data.size()) == getGGMLTypeInfo(type).getBytes({rows, columns}) &&
         "expected all bytes of a tensor");
  RowCodec codec(type, columns, layout);
  int64_t rowBytes = codec.getRowBytes(), perRow = codec.getNumScales();
  SmallVector<int64_t, 2> scaleShape = {rows, perRow};
  if (type == GGMLType::I2_S)
    scaleShape = {1};
  else if (getGGMLTypeInfo(type).rowBytes)
    scaleShape = {rows};
  QuantizedWeights result{HostTensor::allocate(DType::Trit, {rows, columns}),
                          HostTensor::allocate(DType::F32, scaleShape)};
  int8_t *trits = result.trits.getMutableValues<int8_t>().data();
  float *scales = result.scale.getMutableValues<float>().data();

  std::atomic<int64_t> bad = rows * columns;
  parallelFor(0, rows, [&](size_t n) {
    int64_t column =
        codec.decode(data.data() + n * rowBytes, trits + n * columns, scales + n * perRow);
    if (column != columns)
      keepMinimum(bad, n * columns + column);
  });
  if (bad != rows * columns)
    return createStringError("expected codes of trits, got another at " +
                             printShape({bad / columns, bad % columns}));
  if (type == GGMLType::I2_S)
    *scales = readFloat32(data.data() + rows * rowBytes);
  if (Error error = checkFinite(result.scale))
    return createStringError("scales: " + toString(std::move(error)));
  return result;
}

namespace {
/// The scales of weights [N, K], whatever shares one.
class ScaleReader {
public:
  explicit ScaleReader(const QuantizedWeights &weights)
      : values(weights.scale.getValues<float>()), rows(weights.trits.getDim(0)),
        columns(weights.trits.getDim(1)) {
    bool perTensor = weights.scale.getRank() == 1 && values.size() == 1;
    perRow = perTensor ? 0 : values.size() / rows;
  }

  /// Columns of a scale: all if it is a row's or the tensor's.
  int64_t getColumns() const { return perRow ? columns / perRow : columns; }
  bool isPerTensor() const { return perRow == 0; }
  float get(int64_t row, int64_t column) const {
    return values[row * perRow + (perRow ? column / getColumns() : 0)];
  }

private:
  ArrayRef<float> values;
  int64_t rows, columns, perRow;
};
} // namespace

Expected<HostTensor> ternary::encodeTernary(GGMLType type, const QuantizedWeights &weights,
                                            std::optional<I2SLayout> layout) {
  int64_t rows = weights.trits.getDim(0), columns = weights.trits.getDim(1);
  if (Error error = checkColumns(type, columns, layout))
    return error;
  const GGMLTypeInfo &info = getGGMLTypeInfo(type);
  RowCodec codec(type, columns, layout);
  ScaleReader scales(weights);
  if (type == GGMLType::I2_S && !scales.isPerTensor())
    return createStringError("expected one scale for I2_S, got " +
                             printShape(weights.scale.getShape()));
  if (scales.getColumns() % codec.getScaleColumns() != 0 && type != GGMLType::I2_S)
    return createStringError("expected a scale for each " + Twine(codec.getScaleColumns()) +
                             " columns for " + info.name + ", got one for " +
                             Twine(scales.getColumns()));
  if (Error error = checkFinite(weights.scale))
    return createStringError("scales: " + toString(std::move(error)));
  if (type != GGMLType::I2_S && type != GGMLType::IQ2_BN)
    for (float scale : weights.scale.getValues<float>())
      if (!isFloat16(scale))
        return createStringError(std::errc::invalid_argument,
                                 "expected scales that f16 holds for %s, got %.9g",
                                 info.name.data(), double(scale));

  HostTensor result = HostTensor::allocate(DType::I8, {*info.getBytes({rows, columns})});
  uint8_t *bytes = result.getMutableBytes().data();
  const int8_t *trits = weights.trits.getValues<int8_t>().data();
  int64_t rowBytes = codec.getRowBytes();
  parallelFor(0, rows, [&](size_t n) {
    codec.encode(
        trits + n * columns, [&](int64_t i) { return scales.get(n, i * codec.getScaleColumns()); },
        bytes + n * rowBytes);
  });
  if (type == GGMLType::I2_S) {
    std::memset(bytes + rows * rowBytes, 0, info.tensorBytes);
    support::endian::write32le(bytes + rows * rowBytes, bit_cast<uint32_t>(scales.get(0, 0)));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

QuantizedWeights ternary::mergeScales(const QuantizedWeights &weights) {
  int64_t rows = weights.trits.getDim(0), columns = weights.trits.getDim(1);
  ScaleReader scales(weights);
  if (scales.isPerTensor())
    return weights;
  ArrayRef<int8_t> trits = weights.trits.getValues<int8_t>();
  int64_t perScale = scales.getColumns();
  HostTensor perRow = HostTensor::allocate(DType::F32, {rows});
  MutableArrayRef<float> values = perRow.getMutableValues<float>();
  bool sameInTensor = true;
  std::optional<float> common;
  for (int64_t n = 0; n < rows; ++n) {
    std::optional<float> scale;
    for (int64_t k = 0; k < columns; k += perScale) {
      float other = scales.get(n, k);
      if (scale == other)
        continue;
      if (all_of(trits.slice(n * columns + k, perScale), [](int8_t trit) { return trit == 0; }))
        continue;
      if (scale)
        return weights;
      scale = other;
    }
    values[n] = scale.value_or(scales.get(n, 0));
    if (!scale)
      continue;
    sameInTensor &= !common || common == scale;
    common = scale;
  }
  if (!sameInTensor)
    return {weights.trits, perRow};
  HostTensor one = HostTensor::allocate(DType::F32, {1});
  one.getMutableValues<float>()[0] = common.value_or(values[0]);
  return {weights.trits, one};
}

QuantizedWeights ternary::roundScalesToFloat16(const QuantizedWeights &weights) {
  ArrayRef<float> input = weights.scale.getValues<float>();
  HostTensor rounded = HostTensor::allocate(DType::F32, weights.scale.getShape());
  for (auto [from, to] : zip(input, rounded.getMutableValues<float>())) {
    uint16_t bits = roundToFloat16(from);
    convertToFloat32(DType::F16, &bits, &to, 1);
  }
  return {weights.trits, rounded};
}
