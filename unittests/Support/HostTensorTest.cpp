//===- HostTensorTest.cpp - Tensors in memory -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/HostTensor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace llvm;
using namespace ternary;

template <typename T>
static HostTensor makeTensor(DType type, ArrayRef<int64_t> shape, ArrayRef<T> values) {
  HostTensor tensor = HostTensor::allocate(type, shape);
  llvm::copy(values, tensor.getMutableValues<T>().begin());
  return tensor;
}

/// Every 16-bit float, against LLVM's software floats.
static void checkAllConversions(DType type, const fltSemantics &semantics) {
  std::vector<uint16_t> all(1 << 16);
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = i;
  HostTensor input = makeTensor<uint16_t>(type, {256, 256}, all);
  Expected<HostTensor> output = convert(input, DType::F32);
  ASSERT_TRUE(bool(output));
  EXPECT_EQ(output->getShape(), input.getShape());
  ArrayRef<uint32_t> bits = output->getValues<uint32_t>();
  for (size_t i = 0; i < all.size(); ++i) {
    APFloat expected(semantics, APInt(16, i));
    bool isNaN = expected.isNaN(), losesInfo;
    expected.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
    if (isNaN)
      EXPECT_TRUE(std::isnan(bit_cast<float>(bits[i]))) << i;
    else
      EXPECT_EQ(bits[i], expected.bitcastToAPInt().getZExtValue()) << i;
  }
}

TEST(HostTensorTest, ConvertsEveryF16) { checkAllConversions(DType::F16, APFloat::IEEEhalf()); }

TEST(HostTensorTest, ConvertsEveryBF16) { checkAllConversions(DType::BF16, APFloat::BFloat()); }

TEST(HostTensorTest, ConvertsOnlyExactly) {
  HostTensor floats = makeTensor<float>(DType::F32, {2}, {1.0f, 2.0f});
  Expected<HostTensor> same = convert(floats, DType::F32);
  ASSERT_TRUE(bool(same));
  EXPECT_EQ(same->getBytes().data(), floats.getBytes().data());
  EXPECT_EQ(toString(convert(floats, DType::F16).takeError()), "cannot convert f32 to f16 exactly");
  HostTensor integers = HostTensor::allocate(DType::I32, {2});
  EXPECT_EQ(toString(convert(integers, DType::F32).takeError()),
            "cannot convert i32 to f32 exactly");
}

TEST(HostTensorTest, SharesBytesOfAnOwner) {
  auto owner = std::make_shared<std::array<float, 6>>();
  (*owner)[4] = 3.0f;
  std::weak_ptr<std::array<float, 6>> observer = owner;
  ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(owner->data()), 24);
  HostTensor copy;
  {
    HostTensor tensor(DType::F32, {2, 3}, bytes, std::move(owner));
    copy = tensor;
  }
  EXPECT_EQ(copy.getNumElements(), 6);
  EXPECT_EQ(copy.getValues<float>()[4], 3.0f);
  EXPECT_FALSE(observer.expired());
  copy = HostTensor();
  EXPECT_TRUE(observer.expired());
  EXPECT_EQ(copy.getNumElements(), 0);
}

TEST(HostTensorTest, FindsTheFirstValueThatIsNotFinite) {
  // Long enough for more than one task.
  HostTensor tensor = HostTensor::allocate(DType::F32, {3, 100'000});
  MutableArrayRef<float> values = tensor.getMutableValues<float>();
  llvm::fill(values, 1e38f);
  EXPECT_FALSE(checkFinite(tensor));
  values[299'999] = NAN;
  EXPECT_EQ(toString(checkFinite(tensor)), "expected finite values, got nan at [2, 99999]");
  values[100'007] = -INFINITY;
  EXPECT_EQ(toString(checkFinite(tensor)), "expected finite values, got -inf at [1, 7]");

  EXPECT_EQ(toString(checkFinite(makeTensor<uint16_t>(DType::F16, {2}, {0x7bff, 0x7c00}))),
            "expected finite values, got inf at [1]");
  EXPECT_EQ(toString(checkFinite(makeTensor<uint16_t>(DType::BF16, {2}, {0x7f7f, 0xffc0}))),
            "expected finite values, got nan at [1]");
  EXPECT_FALSE(checkFinite(makeTensor<int8_t>(DType::I8, {2}, {-1, 127})));
}

/// Floats of every size and sign, and those half way between two 16-bit ones, against LLVM's.
static void checkRounding(uint16_t (*round)(float), const fltSemantics &semantics) {
  for (uint32_t high = 0; high < 1 << 16; ++high)
    for (uint32_t low : {0x0000u, 0x0001u, 0x0fffu, 0x1000u, 0x1001u, 0x2000u, 0x3000u, 0x7fffu,
                         0x8000u, 0x8001u, 0xf000u, 0xffffu}) {
      uint32_t bits = high << 16 | low;
      APFloat expected(APFloat::IEEEsingle(), APInt(32, bits));
      bool isNaN = expected.isNaN(), losesInfo;
      expected.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
      APFloat rounded(semantics, APInt(16, round(bit_cast<float>(bits))));
      ASSERT_TRUE(isNaN ? rounded.isNaN() : rounded.bitwiseIsEqual(expected)) << bits;
    }
}

TEST(HostTensorTest, RoundsToF16) { checkRounding(roundToFloat16, APFloat::IEEEhalf()); }

TEST(HostTensorTest, RoundsToBF16) { checkRounding(roundToBFloat16, APFloat::BFloat()); }
