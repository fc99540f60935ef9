//===- GGMLBlocksTest.cpp - Weights in the blocks of GGUF files -----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/GGMLBlocks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "gtest/gtest.h"
#include <array>
#include <cmath>
#include <map>
#include <random>

using namespace llvm;
using namespace ternary;

static constexpr GGMLType kTernaryTypes[] = {GGMLType::TQ1_0, GGMLType::TQ2_0, GGMLType::I2_S,
                                             GGMLType::IQ1_BN, GGMLType::IQ2_BN};

template <typename T>
static HostTensor makeTensor(DType type, ArrayRef<int64_t> shape, ArrayRef<T> values) {
  HostTensor tensor = HostTensor::allocate(type, shape);
  llvm::copy(values, tensor.getMutableValues<T>().begin());
  return tensor;
}

static HostTensor makeScale(ArrayRef<int64_t> shape, ArrayRef<float> values) {
  return makeTensor<float>(DType::F32, shape, values);
}

static HostTensor drawTrits(int64_t rows, int64_t columns) {
  std::mt19937 generator(rows * columns);
  HostTensor trits = HostTensor::allocate(DType::Trit, {rows, columns});
  for (int8_t &trit : trits.getMutableValues<int8_t>())
    trit = int(generator() % 3) - 1;
  return trits;
}

/// Scales as `type` has them, which f16 holds.
static HostTensor drawScale(GGMLType type, int64_t rows, int64_t columns) {
  SmallVector<int64_t> shape = {1};
  if (type == GGMLType::TQ1_0 || type == GGMLType::TQ2_0)
    shape = {rows, columns / 256};
  else if (type != GGMLType::I2_S)
    shape = {rows};
  HostTensor scale = HostTensor::allocate(DType::F32, shape);
  for (auto [i, value] : enumerate(scale.getMutableValues<float>()))
    value = 0.25f + 0.5f * i;
  return scale;
}

/// The byte of five digits of base 3, the first one the most significant.
static uint8_t getByteOfDigits(std::array<int, 5> digits) {
  int value = 0;
  for (int digit : digits)
    value = 3 * value + digit;
  return (256 * value + 242) / 243;
}

template <typename T> static std::string getError(Expected<T> value) {
  return value ? "" : toString(value.takeError());
}

static std::string getDecodeError(GGMLType type, std::vector<uint8_t> bytes, int64_t rows,
                                  int64_t columns) {
  return getError(decodeTernary(type, bytes, rows, columns, I2SLayout::Blocks64));
}

/// The bytes of zero trits with a scale of 1.
static std::vector<uint8_t> encodeZeros(GGMLType type, int64_t rows, int64_t columns) {
  HostTensor trits = HostTensor::allocate(DType::Trit, {rows, columns});
  llvm::fill(trits.getMutableValues<int8_t>(), 0);
  HostTensor bytes =
      cantFail(encodeTernary(type, {trits, makeScale({1}, {1.0f})}, I2SLayout::Blocks64));
  return bytes.getBytes().vec();
}

TEST(GGMLBlocksTest, RoundTripsTrits) {
  for (GGMLType type : kTernaryTypes)
    for (I2SLayout layout : {I2SLayout::Blocks128, I2SLayout::Blocks64})
      for (auto [rows, columns] : {std::pair(1, 256), std::pair(3, 768), std::pair(70, 2560)}) {
        QuantizedWeights weights{drawTrits(rows, columns), drawScale(type, rows, columns)};
        HostTensor bytes = cantFail(encodeTernary(type, weights, layout));
        EXPECT_EQ(bytes.getNumElements(), *getGGMLTypeInfo(type).getBytes({rows, columns}));
        QuantizedWeights read =
            cantFail(decodeTernary(type, bytes.getBytes(), rows, columns, layout));
        EXPECT_EQ(read.trits.getShape(), ArrayRef<int64_t>({rows, columns}));
        EXPECT_EQ(read.trits.getBytes(), weights.trits.getBytes());
        EXPECT_EQ(read.scale.getShape(), weights.scale.getShape());
        EXPECT_EQ(read.scale.getBytes(), weights.scale.getBytes());
      }
}

TEST(GGMLBlocksTest, TakesScalesOfMoreWeights) {
  HostTensor trits = drawTrits(2, 512);
  for (GGMLType type : {GGMLType::TQ1_0, GGMLType::TQ2_0}) {
    for (const HostTensor &scale :
         {makeScale({1}, {0.5f}), makeScale({2}, {0.5f, 0.5f}), makeScale({2, 1}, {0.5f, 0.5f})}) {
      HostTensor bytes = cantFail(encodeTernary(type, {trits, scale}));
      QuantizedWeights read = cantFail(decodeTernary(type, bytes.getBytes(), 2, 512));
      EXPECT_EQ(read.scale.getValues<float>(), ArrayRef<float>({0.5f, 0.5f, 0.5f, 0.5f}));
    }
  }
}

TEST(GGMLBlocksTest, RefusesScalesThatATypeCannotHold) {
  HostTensor trits = drawTrits(2, 512);
  auto encode = [&](GGMLType type, const HostTensor &scale) {
    return getError(encodeTernary(type, {trits, scale}, I2SLayout::Blocks64));
  };
  EXPECT_EQ(encode(GGMLType::I2_S, makeScale({2}, {1, 1})), "expected one scale for I2_S, got [2]");
  EXPECT_EQ(encode(GGMLType::IQ2_BN, makeScale({2, 2}, {1, 1, 1, 1})),
            "expected a scale for each 512 columns for IQ2_BN, got one for 256");
  EXPECT_EQ(encode(GGMLType::TQ2_0, makeScale({2, 4}, {1, 1, 1, 1, 1, 1, 1, 1})),
            "expected a scale for each 256 columns for TQ2_0, got one for 128");
  EXPECT_EQ(encode(GGMLType::I2_S, makeScale({1}, {INFINITY})),
            "scales: expected finite values, got inf at [0]");
  HostTensor third = makeScale({1}, {1.0f / 3});
  EXPECT_EQ(encode(GGMLType::I2_S, third), "");
  EXPECT_EQ(encode(GGMLType::IQ2_BN, third), "");
  for (GGMLType type : {GGMLType::TQ1_0, GGMLType::TQ2_0, GGMLType::IQ1_BN})
    EXPECT_EQ(encode(type, third), ("expected scales that f16 holds for " +
                                    getGGMLTypeInfo(type).name + ", got 0.333333343")
                                       .str());
  QuantizedWeights rounded = roundScalesToFloat16({trits, third});
  EXPECT_EQ(rounded.scale.getValues<float>()[0], 0.333251953125f);
  EXPECT_EQ(encode(GGMLType::TQ1_0, rounded.scale), "");
}

TEST(GGMLBlocksTest, RefusesColumns) {
  EXPECT_EQ(getError(encodeTernary(GGMLType::TQ1_0, {drawTrits(1, 64), makeScale({1}, {1})})),
            "expected a multiple of 256 columns, got 64");
  QuantizedWeights weights{drawTrits(1, 192), makeScale({1}, {1})};
  EXPECT_EQ(getError(encodeTernary(GGMLType::I2_S, weights, I2SLayout::Blocks64)), "");
  EXPECT_EQ(getError(encodeTernary(GGMLType::I2_S, weights, I2SLayout::Blocks128)),
            "expected a multiple of 128 columns, got 192");
}

TEST(GGMLBlocksTest, AsksForALayoutOfI2S) {
  std::vector<uint8_t> bytes = encodeZeros(GGMLType::I2_S, 2, 128);
  StringRef message = "expected to be told the layout of I2_S, which is not in the file: blocks of "
                      "128 weights (written on x86) or of 64 (on Arm)";
  EXPECT_EQ(getError(decodeTernary(GGMLType::I2_S, bytes, 2, 128)), message);
  EXPECT_EQ(getError(encodeTernary(GGMLType::I2_S, {drawTrits(2, 128), makeScale({1}, {1})})),
            message);
}

TEST(GGMLBlocksTest, RefusesCodesOfNoTrit) {
  auto decodeWith = [](GGMLType type, int64_t at, uint8_t byte) {
    std::vector<uint8_t> bytes = encodeZeros(type, 2, 512);
    bytes[at] = byte;
    return getDecodeError(type, bytes, 2, 512);
  };
  // Code 3 in the last weight of a byte, or the third.
  EXPECT_EQ(decodeWith(GGMLType::TQ2_0, 3 * 66 + 33, 0xd5),
            "expected codes of trits, got another at [1, 481]");
  EXPECT_EQ(decodeWith(GGMLType::I2_S, 128 + 17, 0x5d),
            "expected codes of trits, got another at [1, 97]");
  EXPECT_EQ(decodeWith(GGMLType::IQ2_BN, 4 + 16 + 5, 0x75),
            "expected codes of trits, got another at [0, 101]");
  // 20 is no ceil(256 v / 243): 18 gives 19, 19 gives 21.
  int valid = 0;
  for (int byte = 0; byte < 256; ++byte)
    valid += decodeWith(GGMLType::TQ1_0, 54 + 40, byte).empty();
  EXPECT_EQ(valid, 243);
  EXPECT_EQ(decodeWith(GGMLType::TQ1_0, 54 + 40, 20),
            "expected codes of trits, got another at [0, 424]");
  // Bytes of four trits.
  valid = 0;
  for (int byte = 0; byte < 256; ++byte)
    valid += decodeWith(GGMLType::TQ1_0, 54 + 50, byte).empty();
  EXPECT_EQ(valid, 81);
  valid = 0;
  for (int byte = 0; byte < 256; ++byte)
    valid += decodeWith(GGMLType::IQ1_BN, 2 + 12, byte).empty();
  EXPECT_EQ(valid, 81);
  EXPECT_EQ(decodeWith(GGMLType::IQ1_BN, 2 + 13 + 12, 0xff),
            "expected codes of trits, got another at [0, 79]");
}

TEST(GGMLBlocksTest, RefusesScalesThatAreNotFinite) {
  auto decodeWith = [](GGMLType type, int64_t at, std::vector<uint8_t> scale) {
    std::vector<uint8_t> bytes = encodeZeros(type, 2, 512);
    llvm::copy(scale, bytes.begin() + at);
    return getDecodeError(type, bytes, 2, 512);
  };
  EXPECT_EQ(decodeWith(GGMLType::TQ1_0, 3 * 54 + 52, {0x00, 0x7c}),
            "scales: expected finite values, got inf at [1, 1]");
  EXPECT_EQ(decodeWith(GGMLType::TQ2_0, 64, {0x01, 0xfc}),
            "scales: expected finite values, got nan at [0, 0]");
  EXPECT_EQ(decodeWith(GGMLType::I2_S, 256, {0, 0, 0x80, 0xff}),
            "scales: expected finite values, got -inf at [0]");
  EXPECT_EQ(decodeWith(GGMLType::IQ1_BN, 2 + 8 * 13, {0x00, 0x7c}),
            "scales: expected finite values, got inf at [1]");
  EXPECT_EQ(decodeWith(GGMLType::IQ2_BN, 0, {0, 0, 0xc0, 0x7f}),
            "scales: expected finite values, got nan at [0]");
}

TEST(GGMLBlocksTest, EncodesFloats) {
  std::vector<float> values(64);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = std::sin(1.0f + i);
  HostTensor tensor = makeTensor<float>(DType::F32, {2, 32}, values);
  EXPECT_EQ(cantFail(encodeFloats(GGMLType::F32, tensor)).getBytes(), tensor.getBytes());
  HostTensor half = cantFail(encodeFloats(GGMLType::F16, tensor));
  EXPECT_EQ(half.getDType(), DType::F16);
  EXPECT_EQ(cantFail(encodeFloats(GGMLType::F16, half)).getBytes(), half.getBytes());
  EXPECT_EQ(cantFail(encodeFloats(GGMLType::BF16, tensor)).getDType(), DType::BF16);

  HostTensor bytes = cantFail(encodeFloats(GGMLType::Q8_0, tensor));
  EXPECT_EQ(bytes.getNumElements(), 2 * 34);
  HostTensor read = cantFail(decodeFloats(GGMLType::Q8_0, bytes.getBytes(), {2, 32}));
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(read.getValues<float>()[i], values[i], 0.51f / 127);
}

TEST(GGMLBlocksTest, RefusesFloats) {
  auto encode = [](GGMLType type, ArrayRef<float> values) {
    return getError(
        encodeFloats(type, makeTensor<float>(DType::F32, {int64_t(values.size())}, values)));
  };
  EXPECT_EQ(encode(GGMLType::F32, {1, NAN}), "expected finite values, got nan at [1]");
  EXPECT_EQ(encode(GGMLType::F16, {0, 0, 65520}), "as f16: expected finite values, got inf at [2]");
  EXPECT_EQ(encode(GGMLType::Q8_0, {1, 2}), "expected a multiple of 32 columns, got shape [2]");
  EXPECT_EQ(encode(GGMLType::Q8_0, std::vector<float>(32, 1e10f)),
            "expected values whose scale f16 holds, got larger ones in block 0");

  std::vector<uint8_t> block(3 * 210);
  block[2 * 210 - 1] = 0x7c;
  EXPECT_EQ(getError(decodeFloats(GGMLType::Q6_K, block, {3, 256})),
            "expected finite scales, got another in block 1");
  block.assign(34, 0xff);
  EXPECT_EQ(getError(decodeFloats(GGMLType::Q8_0, block, {32})),
            "expected finite scales, got another in block 0");
}

TEST(GGMLBlocksTest, DecodesMostlyTrits) {
  // Scale 0.5; of each type the codes of bytes that differ.
  std::vector<uint8_t> q2(18, 0x55);
  q2[0] = 0x00, q2[1] = 0x38, q2[2 + 3] = 0xe4;
  HostTensor values = cantFail(decodeFloats(GGMLType::Q2_0, q2, {64}));
  for (int k = 0; k < 64; ++k)
    EXPECT_EQ(values.getValues<float>()[k], k / 4 == 3 ? 0.5f * (k % 4 - 1) : 0.0f) << k;
  std::vector<uint8_t> ptq1(28, getByteOfDigits({1, 1, 1, 1, 1}));
  ptq1[26] = 0x00, ptq1[27] = 0x38;
  ptq1[24] = ptq1[25] = getByteOfDigits({1, 1, 1, 1, 0});
  ptq1[2] = getByteOfDigits({0, 1, 2, 1, 2});
  ptq1[16 + 7] = getByteOfDigits({2, 1, 1, 1, 0});
  ptq1[24] = getByteOfDigits({1, 1, 0, 2, 0});
  values = cantFail(decodeFloats(GGMLType::PTQ1_0, ptq1, {128}));
  std::map<int, float> expected = {{2, -0.5f},   {34, 0.5f},   {66, 0.5f}, {87, 0.5f},
                                   {119, -0.5f}, {124, -0.5f}, {126, 0.5f}};
  for (int k = 0; k < 128; ++k)
    EXPECT_EQ(values.getValues<float>()[k], expected.count(k) ? expected[k] : 0.0f) << k;
}

TEST(GGMLBlocksTest, MergesScales) {
  HostTensor trits = drawTrits(2, 512);
  auto merge = [&](ArrayRef<float> values) {
    QuantizedWeights merged = mergeScales({trits, makeScale({2, 2}, values)});
    EXPECT_EQ(merged.trits.getBytes(), trits.getBytes());
    return std::pair(merged.scale.getShape().vec(), merged.scale.getValues<float>().vec());
  };
  using Result = std::pair<std::vector<int64_t>, std::vector<float>>;
  EXPECT_EQ(merge({2, 2, 2, 2}), Result({1}, {2}));
  EXPECT_EQ(merge({2, 2, 3, 3}), Result({2}, {2, 3}));
  EXPECT_EQ(merge({2, 2, 3, 2}), Result({2, 2}, {2, 2, 3, 2}));
  // Scales of zeros do not matter.
  llvm::fill(trits.getMutableValues<int8_t>().take_front(256), 0);
  EXPECT_EQ(merge({0, 2, 2, 2}), Result({1}, {2}));
  EXPECT_EQ(merge({0, 2, 3, 3}), Result({2}, {2, 3}));
  llvm::fill(trits.getMutableValues<int8_t>().take_front(512), 0);
  EXPECT_EQ(merge({0, 1, 2, 2}), Result({1}, {2}));
  EXPECT_EQ(merge({0, 1, 2, 3}), Result({2, 2}, {0, 1, 2, 3}));
  llvm::fill(trits.getMutableValues<int8_t>(), 0);
  EXPECT_EQ(merge({0, 1, 2, 3}), Result({1}, {0}));
  // Per row already.
  trits = drawTrits(2, 512);
  QuantizedWeights rows{trits, makeScale({2}, {5, 5})};
  EXPECT_EQ(mergeScales(rows).scale.getValues<float>(), ArrayRef<float>({5}));
}

TEST(GGMLBlocksTest, KnowsTypes) {
  EXPECT_EQ((*getGGMLTypeInfo(12))->name, "Q4_K");
  EXPECT_EQ(getError(getGGMLTypeInfo(39)),
            "expected a type that means one thing, got 39, which is MXFP4 or TL2");
  EXPECT_EQ((*getGGMLTypeInfo(42))->getBytes({3, 128}), 3 * 36);
  EXPECT_EQ((*getGGMLTypeInfo(142))->getBytes({3, 128}), 3 * 34);
  for (uint32_t number : {4u, 5u, 31u, 36u + 1, 38u, 43u, 136u, ~0u})
    EXPECT_EQ(getError(getGGMLTypeInfo(number)),
              "expected the number of a known type, got " + std::to_string(number));
  const GGMLTypeInfo &info = getGGMLTypeInfo(GGMLType::IQ1_BN);
  EXPECT_EQ(info.getBytes({3, 128}), 3 * (2 + 2 * 13));
  EXPECT_EQ(info.getBytes({3, 100}), std::nullopt);
  EXPECT_EQ(info.getBytes({int64_t(1) << 62, 64}), std::nullopt);
  EXPECT_EQ(getGGMLTypeInfo(GGMLType::I2_S).getBytes({4, 64}), 64 + 32);
  EXPECT_EQ(getGGMLTypeInfo(GGMLType::F32).getBytes({}), 4);
}
