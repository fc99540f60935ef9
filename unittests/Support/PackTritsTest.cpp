//===- PackTritsTest.cpp - Trits in a target's layout ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Numerics.h"
#include "gtest/gtest.h"
#include <random>

using namespace llvm;
using namespace ternary;

static const PackedLayout kLayouts[] = {
    {1, 1, 1, 1, 1},  {16, 4, 4, 2, 1}, {8, 4, 4, 2, 1}, {4, 4, 4, 1, 1},
    {16, 4, 4, 2, 2}, {8, 4, 4, 4, 2},  {3, 5, 4, 2, 1}, {4, 2, 1, 6, 2},
};

static HostTensor makeTrits(int64_t rows, int64_t columns, unsigned seed) {
  std::mt19937 generator(seed);
  HostTensor trits = HostTensor::allocate(DType::Trit, {rows, columns});
  for (int8_t &trit : trits.getMutableValues<int8_t>())
    trit = static_cast<int>(generator() % 3) - 1;
  return trits;
}

/// The code that a layout stores for row `n`, column `k`, as the definition
/// reads.
static int lookup(ArrayRef<uint8_t> packed, const PackedLayout &layout, int64_t rows,
                  int64_t columns, int64_t n, int64_t k) {
  int64_t perHalf = rows / layout.halves;
  int64_t vectorsPerHalf = layout.vectors / layout.halves;
  int64_t half = n / perHalf, r = n % perHalf;
  int64_t rowsPerHalf = layout.lanes * vectorsPerHalf;
  int64_t tile = r / rowsPerHalf;
  int64_t v = half * vectorsPerHalf + r % rowsPerHalf / layout.lanes;
  int64_t lane = r % layout.lanes;

  int64_t quarter = layout.getPaddedColumns(columns) / layout.planes;
  int64_t p = k / quarter, g = k % quarter / layout.depth;
  int64_t j = k % quarter % layout.depth;
  int64_t groups = quarter / layout.depth;
  int64_t byte =
      (((tile * groups + g) * layout.vectors + v) * layout.lanes + lane) * layout.depth + j;
  return packed[byte] >> 2 * p & 3;
}

TEST(PackTritsTest, PutsCodesWhereTheLayoutSays) {
  std::mt19937 generator(1);
  for (const PackedLayout &layout : kLayouts)
    for (int i = 0; i < 20; ++i) {
      int64_t rows = (1 + generator() % 75) * layout.halves;
      int64_t columns = 1 + generator() % 150;
      HostTensor trits = makeTrits(rows, columns, i);
      HostTensor packed = packTrits(trits, layout);
      ASSERT_EQ(packed.getNumElements(), layout.getStorageBytes(rows, columns));
      for (int64_t n = 0; n < rows; ++n)
        for (int64_t k = 0; k < columns; ++k)
          ASSERT_EQ(lookup(packed.getBytes(), layout, rows, columns, n, k),
                    trits.getValues<int8_t>()[n * columns + k] + 1);
      Expected<HostTensor> unpacked = unpackTrits(packed.getBytes(), layout, rows, columns);
      ASSERT_TRUE(bool(unpacked));
      ASSERT_EQ(unpacked->getBytes(), trits.getBytes());
    }
}

TEST(PackTritsTest, PadsWithZeroTrits) {
  for (const PackedLayout &layout : kLayouts) {
    int64_t rows = 5 * layout.halves, columns = 7;
    HostTensor trits = HostTensor::allocate(DType::Trit, {rows, columns});
    llvm::fill(trits.getMutableValues<int8_t>(), 1);
    HostTensor packed = packTrits(trits, layout);
    int64_t sum = 0, codes = 0;
    for (uint8_t byte : packed.getBytes())
      for (int64_t p = 0; p < layout.planes; ++p, ++codes)
        sum += (byte >> 2 * p & 3) - 1;
    EXPECT_EQ(sum, rows * columns);
    EXPECT_EQ(codes,
              layout.getNumTiles(rows) * layout.getTileRows() * layout.getPaddedColumns(columns));
  }
}

TEST(PackTritsTest, KnowsSizes) {
  PackedLayout layout{16, 4, 4, 2, 1};
  EXPECT_EQ(layout.getNumTiles(97), 4);
  EXPECT_EQ(layout.getPaddedColumns(100), 112);
  EXPECT_EQ(layout.getStorageBytes(97, 100), 4 * 32 * 28);
  // Halves are padded on their own.
  layout.halves = 2;
  EXPECT_EQ(layout.getNumTiles(2 * 17), 2);
}

TEST(PackTritsTest, RefusesWhatHoldsNoTrits) {
  PackedLayout layout{16, 4, 4, 2, 1};
  HostTensor packed = packTrits(makeTrits(32, 16, 0), layout);
  std::vector<uint8_t> bytes = packed.getBytes().vec();
  bytes[77] |= 3 << 4;
  EXPECT_EQ(toString(unpackTrits(bytes, layout, 32, 16).takeError()),
            "expected codes 0, 1 and 2 of trits, got 3");
  bytes.pop_back();
  EXPECT_EQ(toString(unpackTrits(bytes, layout, 32, 16).takeError()),
            "expected 128 bytes of packed trits, got 127");
}
