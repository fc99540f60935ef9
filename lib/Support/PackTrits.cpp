//===- PackTrits.cpp - Trits in a target's layout -------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Numerics.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"
#include <atomic>
#include <cstring>

using namespace llvm;
using namespace ternary;

int64_t PackedLayout::getNumTiles(int64_t rows) const {
  return divideCeil(rows / halves, getTileRows() / halves);
}

int64_t PackedLayout::getPaddedColumns(int64_t columns) const {
  return alignTo(columns, depth * planes);
}

int64_t PackedLayout::getStorageBytes(int64_t rows, int64_t columns) const {
  return getNumTiles(rows) * getTileRows() * (getPaddedColumns(columns) / planes);
}

namespace {
/// Where the rows of a weight [rows, columns] are in a layout.
class PackedRows {
public:
  PackedRows(const PackedLayout &layout, int64_t rows, int64_t columns)
      : layout(layout), rows(rows), bytes(layout.getPaddedColumns(columns) / layout.planes) {
    assert((layout.planes == 1 || layout.planes == 4) && layout.vectors % layout.halves == 0 &&
           rows % layout.halves == 0 && "invalid layout");
  }

  /// Bytes that the codes of one row take.
  int64_t getRowBytes() const { return bytes; }
  int64_t getTileBytes() const { return layout.getTileRows() * bytes; }
  int64_t getNumTiles() const { return layout.getNumTiles(rows); }

  /// The row that is row `slot` of `tile`, or -1 if that one is padding.
  int64_t getRow(int64_t tile, int64_t slot) const {
    int64_t slots = layout.getTileRows() / layout.halves;
    int64_t half = slot / slots, perHalf = rows / layout.halves;
    int64_t row = tile * slots + slot % slots;
    return row < perHalf ? half * perHalf + row : -1;
  }

  /// Calls `copy(inTile, inRow, count)` for each run of bytes of row `slot`:
  /// their places in a tile and among the bytes of the row.
  template <typename Copy> void forEachRun(int64_t slot, Copy copy) const {
    if (layout.getTileRows() == 1)
      return copy(0, 0, bytes);
    int64_t stride = layout.getTileRows() * layout.depth;
    for (int64_t g = 0; g < bytes / layout.depth; ++g)
      copy(g * stride + slot * layout.depth, g * layout.depth, layout.depth);
  }

private:
  const PackedLayout &layout;
  int64_t rows, bytes;
};
} // namespace

/// Copies `count` bytes, with a single move for the usual count.
static void copyRun(uint8_t *to, const uint8_t *from, int64_t count) {
  if (count == 4)
    std::memcpy(to, from, 4);
  else
    std::memcpy(to, from, count);
}

/// Column `p·bytes + i` of a row goes into bits 2p, 2p + 1 of byte i.
static void encodeRow(ArrayRef<int8_t> row, int64_t planes, MutableArrayRef<uint8_t> bytes) {
  std::memset(bytes.data(), 0, bytes.size());
  for (int64_t p = 0; p < planes; ++p) {
    ArrayRef<int8_t> part = row.take_front(bytes.size());
    row = row.drop_front(part.size());
    for (size_t i = 0; i < part.size(); ++i)
      bytes[i] |= static_cast<uint8_t>(part[i] + 1) << 2 * p;
    for (size_t i = part.size(); i < bytes.size(); ++i)
      bytes[i] |= 1 << 2 * p;
  }
}

/// The inverse of encodeRow; false if a code stands for no trit.
static bool decodeRow(ArrayRef<uint8_t> bytes, int64_t planes, MutableArrayRef<int8_t> row) {
  bool valid = true;
  for (int64_t p = 0; p < planes; ++p) {
    MutableArrayRef<int8_t> part = row.take_front(bytes.size());
    row = row.drop_front(part.size());
    for (size_t i = 0; i < part.size(); ++i) {
      uint8_t code = bytes[i] >> 2 * p & 3;
      valid &= code != 3;
      part[i] = code - 1;
    }
  }
  return valid;
}

HostTensor ternary::packTrits(const HostTensor &trits, const PackedLayout &layout) {
  assert(trits.getDType() == DType::Trit && trits.getRank() == 2);
  int64_t rows = trits.getDim(0), columns = trits.getDim(1);
  HostTensor result = HostTensor::allocate(DType::I8, {layout.getStorageBytes(rows, columns)});
  PackedRows packed(layout, rows, columns);
  ArrayRef<int8_t> values = trits.getValues<int8_t>();
  uint8_t *output = result.getMutableValues<uint8_t>().data();
  parallelFor(0, packed.getNumTiles(), [&](size_t tile) {
    std::vector<uint8_t> codes(packed.getRowBytes());
    uint8_t *base = output + tile * packed.getTileBytes();
    for (int64_t slot = 0; slot < layout.getTileRows(); ++slot) {
      int64_t row = packed.getRow(tile, slot);
      encodeRow(row < 0 ? ArrayRef<int8_t>() : values.slice(row * columns, columns), layout.planes,
                codes);
      packed.forEachRun(slot, [&](int64_t to, int64_t from, int64_t count) {
        copyRun(base + to, &codes[from], count);
      });
    }
  });
  return result;
}

Expected<HostTensor> ternary::unpackTrits(ArrayRef<uint8_t> bytes, const PackedLayout &layout,
                                          int64_t rows, int64_t columns) {
  int64_t expected = layout.getStorageBytes(rows, columns);
  if (int64_t(bytes.size()) != expected)
    return createStringError("expected " + Twine(expected) + " bytes of packed trits, got " +
                             Twine(bytes.size()));
  HostTensor result = HostTensor::allocate(DType::Trit, {rows, columns});
  PackedRows packed(layout, rows, columns);
  MutableArrayRef<int8_t> values = result.getMutableValues<int8_t>();
  std::atomic<bool> valid = true;
  parallelFor(0, packed.getNumTiles(), [&](size_t tile) {
    std::vector<uint8_t> codes(packed.getRowBytes());
    const uint8_t *base = bytes.data() + tile * packed.getTileBytes();
    for (int64_t slot = 0; slot < layout.getTileRows(); ++slot) {
      int64_t row = packed.getRow(tile, slot);
      if (row < 0)
        continue;
      packed.forEachRun(slot, [&](int64_t from, int64_t to, int64_t count) {
        copyRun(&codes[to], base + from, count);
      });
      if (!decodeRow(codes, layout.planes, values.slice(row * columns, columns)))
        valid = false;
    }
  });
  if (!valid)
    return createStringError("expected codes 0, 1 and 2 of trits, got 3");
  return result;
}
