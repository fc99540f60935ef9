//===- TernaryWeightsTest.cpp - Weights of ternary layers as they are stored ----===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Export/TernaryWeights.h"
#include "ternary/Support/PackedRows.h"
#include "gmock/gmock.h"
#include <random>

using namespace llvm;
using namespace ternary;
using testing::Each;
using testing::ElementsAre;
using testing::ElementsAreArray;

static QuantizedWeights makeWeights(ArrayRef<int64_t> shape, ArrayRef<int8_t> trits,
                                    ArrayRef<float> scales) {
  QuantizedWeights weights{HostTensor::allocate(DType::Trit, shape),
                           HostTensor::allocate(DType::F32, {int64_t(scales.size())})};
  llvm::copy(trits, weights.trits.getMutableValues<int8_t>().begin());
  llvm::copy(scales, weights.scale.getMutableValues<float>().begin());
  return weights;
}

/// A share of `density` in 1000 is not zero, and at least one trit.
static QuantizedWeights drawWeights(std::mt19937 &random, int density, float scale) {
  std::vector<int8_t> trits(24 * 40);
  for (int8_t &trit : trits)
    trit = int(random() % 1000) < density ? int(random() % 2) * 2 - 1 : 0;
  trits[random() % trits.size()] = 1;
  return makeWeights({24, 40}, trits, scale);
}

TEST(TernaryWeightsTest, LatentWeightsGiveTheSameScale) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    float scale = std::uniform_real_distribution<float>(1, 2)(random) *
                  std::ldexp(1.0f, int(random() % 30) - 16);
    for (int density : {20, 300, 667, 1000}) {
      QuantizedWeights weights = drawWeights(random, density, scale);
      QuantizedWeights result = cantFail(quantizeWeights(cantFail(makeLatentWeights(weights))));
      EXPECT_EQ(result.scale.getValues<float>()[0], scale);
      EXPECT_THAT(result.trits.getValues<int8_t>(),
                  ElementsAreArray(weights.trits.getValues<int8_t>()));
    }
  }
}

TEST(TernaryWeightsTest, LatentWeightsOfZerosAlone) {
  HostTensor latent = cantFail(makeLatentWeights(makeWeights({1, 3}, {0, 0, 0}, 0.5f)));
  EXPECT_THAT(latent.getValues<float>(), Each(0.0f));
}

TEST(TernaryWeightsTest, RefusesScalesThatNoLatentWeightsHave) {
  auto getMessage = [](ArrayRef<float> scales) {
    return toString(makeLatentWeights(makeWeights({2, 2}, {1, 0, 0, -1}, scales)).takeError());
  };
  EXPECT_EQ(getMessage({1, 2}), "expected one scale, as latent weights have it, got [2]");
  EXPECT_EQ(getMessage(-0.5f),
            "expected a scale that is the mean magnitude of some latent weights, got -0.5");
  EXPECT_EQ(getMessage(0.0f),
            "expected a scale that is the mean magnitude of some latent weights, got 0");
  // Quantisation gives no smaller scale than 1e-5.
  EXPECT_EQ(getMessage(5e-6f),
            "expected a scale that is the mean magnitude of some latent weights, "
            "got 4.99999987e-06");
  EXPECT_EQ(getMessage(1e-5f), "");
}

TEST(TernaryWeightsTest, PacksRows) {
  QuantizedWeights weights =
      makeWeights({8, 2}, {-1, 0, 1, 1, 0, 0, -1, -1, 1, 0, -1, -1, 1, 1, 0, -1}, 1.0f);
  HostTensor packed = cantFail(packRows(weights.trits));
  EXPECT_THAT(packed.getShape(), ElementsAre(2, 2));
  // Rows 0, 2, 4 and 6, then 1, 3, 5 and 7.
  EXPECT_THAT(packed.getValues<uint8_t>(),
              ElementsAre(0b10100100, 0b10010101, 0b01000010, 0b00000010));
  weights = makeWeights({6, 1}, {0, 0, 0, 0, 0, 0}, 1.0f);
  EXPECT_EQ(toString(packRows(weights.trits).takeError()),
            "expected a multiple of 4 rows to pack, got 6");
}

TEST(TernaryWeightsTest, QuantisesLatentWeights) {
  HostTensor latent = HostTensor::allocate(DType::F32, {1, 4});
  llvm::copy(ArrayRef<float>{0.5f, -1.5f, 0.25f, -0.25f}, latent.getMutableValues<float>().begin());
  MemoryParameters parameters({{"a.weight", latent}});
  QuantizedWeights weights =
      cantFail(readTernaryWeights(parameters, {"a.weight", {1, 4}, /*isTernary=*/true}));
  EXPECT_THAT(weights.trits.getValues<int8_t>(), ElementsAre(1, -1, 0, 0));
  EXPECT_THAT(weights.scale.getValues<float>(), ElementsAre(0.625f));
}
