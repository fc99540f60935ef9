//===- WeightLayoutsTest.cpp - Weights in a target's layout ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "gtest/gtest.h"
#include <random>

using namespace llvm;
using namespace ternary;

static const int64_t kLayouts[][5] = {
    {1, 1, 1, 1, 1},  {16, 4, 4, 2, 1}, {8, 4, 4, 2, 1}, {4, 4, 4, 1, 1},
    {16, 4, 4, 2, 2}, {8, 4, 4, 4, 2},  {3, 5, 4, 2, 1}, {4, 2, 1, 6, 2},
};

namespace {
class WeightLayoutsTest : public testing::Test {
protected:
  WeightLayoutsTest() { context.loadDialect<TernaryDialect>(); }

  PackedAttr getPacked(const int64_t (&p)[5]) {
    return PackedAttr::get(&context, p[0], p[1], p[2], p[3], p[4]);
  }

  mlir::MLIRContext context;
};
} // namespace

static HostTensor makeTrits(int64_t rows, int64_t columns, unsigned seed) {
  std::mt19937 generator(seed);
  HostTensor trits = HostTensor::allocate(DType::Trit, {rows, columns});
  for (int8_t &trit : trits.getMutableValues<int8_t>())
    trit = static_cast<int>(generator() % 3) - 1;
  return trits;
}

/// The code that a layout stores for row `n`, column `k`, as the definition
/// reads.
static int lookup(ArrayRef<uint8_t> packed, PackedAttr layout, int64_t rows, int64_t columns,
                  int64_t n, int64_t k) {
  int64_t perHalf = rows / layout.getHalves();
  int64_t vectorsPerHalf = layout.getVectors() / layout.getHalves();
  int64_t half = n / perHalf, r = n % perHalf;
  int64_t rowsPerHalf = layout.getLanes() * vectorsPerHalf;
  int64_t tile = r / rowsPerHalf;
  int64_t v = half * vectorsPerHalf + r % rowsPerHalf / layout.getLanes();
  int64_t lane = r % layout.getLanes();

  int64_t quarter = layout.getPaddedColumns(columns) / layout.getPlanes();
  int64_t p = k / quarter, g = k % quarter / layout.getDepth();
  int64_t j = k % quarter % layout.getDepth();
  int64_t groups = quarter / layout.getDepth();
  int64_t byte = (((tile * groups + g) * layout.getVectors() + v) * layout.getLanes() + lane) *
                     layout.getDepth() +
                 j;
  return packed[byte] >> 2 * p & 3;
}

TEST_F(WeightLayoutsTest, PutsCodesWhereTheLayoutSays) {
  std::mt19937 generator(1);
  for (const auto &parameters : kLayouts)
    for (int i = 0; i < 20; ++i) {
      PackedAttr layout = getPacked(parameters);
      int64_t rows = (1 + generator() % 75) * layout.getHalves();
      int64_t columns = 1 + generator() % 150;
      HostTensor trits = makeTrits(rows, columns, i);
      HostTensor packed = layout.pack(trits);
      ASSERT_EQ(packed.getNumElements(), layout.getStorageBytes(rows, columns));
      for (int64_t n = 0; n < rows; ++n)
        for (int64_t k = 0; k < columns; ++k)
          ASSERT_EQ(lookup(packed.getBytes(), layout, rows, columns, n, k),
                    trits.getValues<int8_t>()[n * columns + k] + 1);
    }
}

TEST_F(WeightLayoutsTest, PadsWithZeroTrits) {
  for (const auto &parameters : kLayouts) {
    PackedAttr layout = getPacked(parameters);
    int64_t rows = 5 * layout.getHalves(), columns = 7;
    HostTensor trits = HostTensor::allocate(DType::Trit, {rows, columns});
    llvm::fill(trits.getMutableValues<int8_t>(), 1);
    HostTensor packed = layout.pack(trits);
    int64_t sum = 0, codes = 0;
    for (uint8_t byte : packed.getBytes())
      for (int64_t p = 0; p < layout.getPlanes(); ++p, ++codes)
        sum += (byte >> 2 * p & 3) - 1;
    EXPECT_EQ(sum, rows * columns);
    EXPECT_EQ(codes,
              layout.getNumTiles(rows) * layout.getTileRows() * layout.getPaddedColumns(columns));
  }
}

TEST_F(WeightLayoutsTest, KnowsSizes) {
  PackedAttr layout = getPacked({16, 4, 4, 2, 1});
  EXPECT_EQ(layout.getNumTiles(97), 4);
  EXPECT_EQ(layout.getPaddedColumns(100), 112);
  EXPECT_EQ(layout.getStorageBytes(97, 100), 4 * 32 * 28);
  // Halves are padded on their own.
  auto halves = mlir::cast<PackedAttr>(layout.withHalves(2));
  EXPECT_EQ(halves.getNumTiles(2 * 17), 2);
  EXPECT_EQ(getPacked({16, 4, 4, 1, 1}).withHalves(2), nullptr);
  EXPECT_TRUE(layout.needsSums());
  EXPECT_FALSE(PackedAttr::getPlain(&context).needsSums());
}

TEST_F(WeightLayoutsTest, PutsFloatsIntoPanels) {
  constexpr int64_t rows = 7, columns = 3, perPanel = 4;
  HostTensor weight = HostTensor::allocate(DType::BF16, {rows, columns});
  for (auto [i, value] : llvm::enumerate(weight.getMutableValues<uint16_t>()))
    value = i + 1;
  auto layout = PanelsAttr::get(&context, perPanel);
  auto bf16 = mlir::BFloat16Type::get(&context);
  EXPECT_EQ(layout.getStorageType({rows, columns}, bf16), mlir::MemRefType::get({2, 3, 4}, bf16));
  HostTensor packed = layout.pack(weight);
  ASSERT_EQ(packed.getShape(), ArrayRef<int64_t>({2, 3, 4}));
  ArrayRef<uint16_t> values = packed.getValues<uint16_t>();
  for (int64_t n = 0; n < 2 * perPanel; ++n)
    for (int64_t k = 0; k < columns; ++k)
      EXPECT_EQ(values[(n / perPanel * columns + k) * perPanel + n % perPanel],
                n < rows ? n * columns + k + 1 : 0);
}
