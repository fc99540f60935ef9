//===- PackedLayout.cpp - Trits in tiles of a dot product ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "llvm/Support/Parallel.h"
#include <cstring>

using namespace mlir;
using namespace ternary;

LogicalResult PackedAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t lanes,
                                 int64_t depth, int64_t planes, int64_t vectors, int64_t halves) {
  if (lanes <= 0 || depth <= 0 || vectors <= 0) // (C1)
    return emitError() << "expected positive lanes, depth and vectors, got " << lanes << ", "
                       << depth << ", " << vectors;
  if (planes != 1 && planes != 4) // (C1)
    return emitError() << "expected 1 or 4 planes, got " << planes;
  if (halves != 1 && (halves != 2 || vectors % 2 != 0)) // (C2)
    return emitError() << "expected one half, or two with an even number of vectors, got " << halves
                       << " with " << vectors;
  return success();
}

LogicalResult PackedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  if (!isa<TritType>(elementType)) // (C3)
    return emitError() << "expected packed elements to be '!ternary.trit', got " << elementType;
  return verifyLayout(shape, emitError);
}

LogicalResult PackedAttr::verifyLayout(ArrayRef<int64_t> shape,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != 2 || ShapedType::isDynamicShape(shape)) // (C3)
    return emitError() << "expected a packed weight to have a static shape [N, K]";
  if (shape[0] % getHalves() != 0) // (C3)
    return emitError() << "expected " << getHalves() << " halves to divide the rows, got "
                       << shape[0] << " rows";
  return success();
}

/// The layout is no affine map of bytes; the interface asks for a map of the rank.
AffineMap PackedAttr::getAffineMap() const {
  return AffineMap::getMultiDimIdentityMap(2, getContext());
}

bool PackedAttr::isIdentity() const { return false; }

LogicalResult PackedAttr::getStridesAndOffset(ArrayRef<int64_t>, SmallVectorImpl<int64_t> &,
                                              int64_t &) const {
  return failure();
}

MemRefType PackedAttr::getStorageType(ArrayRef<int64_t> shape, Type) const {
  return MemRefType::get({getStorageBytes(shape[0], shape[1])}, IntegerType::get(getContext(), 8));
}

int64_t PackedAttr::getPaddedColumns(int64_t columns) const {
  return llvm::alignTo(columns, getDepth() * getPlanes());
}

/// One byte a trit is addressed row by row, wherever the halves are.
WeightLayoutAttrInterface PackedAttr::withHalves(int64_t halves) const {
  if (isPlain())
    return *this;
  if (halves == 2 && getVectors() % 2 != 0)
    return nullptr;
  return get(getContext(), getLanes(), getDepth(), getPlanes(), getVectors(), halves);
}

bool PackedAttr::needsSums() const { return !isPlain(); }

//===----------------------------------------------------------------------===//
// On the host
//===----------------------------------------------------------------------===//

namespace {
/// Where the rows of a weight [rows, columns] are in a layout.
class PackedRows {
public:
  PackedRows(PackedAttr layout, int64_t rows, int64_t columns)
      : layout(layout), rows(rows), bytes(layout.getPaddedColumns(columns) / layout.getPlanes()) {}

  /// Bytes that the codes of one row take.
  int64_t getRowBytes() const { return bytes; }
  int64_t getTileBytes() const { return layout.getTileRows() * bytes; }
  int64_t getNumTiles() const { return layout.getNumTiles(rows); }

  /// The row that is row `slot` of `tile`, or -1 if that one is padding.
  int64_t getRow(int64_t tile, int64_t slot) const {
    int64_t slots = layout.getTileRows() / layout.getHalves();
    int64_t half = slot / slots, perHalf = rows / layout.getHalves();
    int64_t row = tile * slots + slot % slots;
    return row < perHalf ? half * perHalf + row : -1;
  }

  /// Calls `copy(inTile, inRow, count)` for each run of bytes of row `slot`:
  /// their places in a tile and among the bytes of the row.
  template <typename Copy> void forEachRun(int64_t slot, Copy copy) const {
    if (layout.getTileRows() == 1)
      return copy(0, 0, bytes);
    int64_t stride = layout.getTileRows() * layout.getDepth();
    for (int64_t g = 0; g < bytes / layout.getDepth(); ++g)
      copy(g * stride + slot * layout.getDepth(), g * layout.getDepth(), layout.getDepth());
  }

private:
  PackedAttr layout;
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

HostTensor PackedAttr::pack(const HostTensor &trits) const {
  assert(trits.getDType() == DType::Trit && trits.getRank() == 2);
  int64_t rows = trits.getDim(0), columns = trits.getDim(1);
  HostTensor result = HostTensor::allocate(DType::I8, {getStorageBytes(rows, columns)});
  PackedRows packed(*this, rows, columns);
  ArrayRef<int8_t> values = trits.getValues<int8_t>();
  uint8_t *output = result.getMutableValues<uint8_t>().data();
  llvm::parallelFor(0, packed.getNumTiles(), [&](size_t tile) {
    std::vector<uint8_t> codes(packed.getRowBytes());
    uint8_t *base = output + tile * packed.getTileBytes();
    for (int64_t slot = 0; slot < getTileRows(); ++slot) {
      int64_t row = packed.getRow(tile, slot);
      encodeRow(row < 0 ? ArrayRef<int8_t>() : values.slice(row * columns, columns), getPlanes(),
                codes);
      packed.forEachRun(slot, [&](int64_t to, int64_t from, int64_t count) {
        copyRun(base + to, &codes[from], count);
      });
    }
  });
  return result;
}

//===----------------------------------------------------------------------===//
// In scalar code
//===----------------------------------------------------------------------===//

Value PackedAttr::buildRead(OpBuilder &opBuilder, Location loc, Value storage,
                            ArrayRef<int64_t> shape, Value row, Value column) const {
  ImplicitLocOpBuilder b(loc, opBuilder);
  auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
  /// Quotient and remainder.
  auto split = [&](Value value, int64_t divisor) -> std::pair<Value, Value> {
    if (divisor == 1)
      return {value, index(0)};
    return {b.createOrFold<arith::DivUIOp>(value, index(divisor)),
            b.createOrFold<arith::RemUIOp>(value, index(divisor))};
  };
  /// Index of element `inner` of the `outer`-th array of `size` elements.
  auto nested = [&](Value outer, int64_t size, Value inner) -> Value {
    return b.createOrFold<arith::AddIOp>(b.createOrFold<arith::MulIOp>(outer, index(size)), inner);
  };
  int64_t columnsOfPlane = getPaddedColumns(shape[1]) / getPlanes();
  Type i32 = b.getI32Type();
  Value shift;
  if (getPlanes() > 1) {
    auto [plane, rest] = split(column, columnsOfPlane);
    shift = arith::IndexCastOp::create(b, i32, nested(plane, 2, index(0)));
    column = rest;
  }
  Value half = index(0);
  if (getHalves() > 1)
    std::tie(half, row) = split(row, shape[0] / getHalves());
  auto [group, inDepth] = split(column, getDepth());
  auto [tile, inTile] = split(row, getTileRows() / getHalves());
  auto [vectorOfHalf, lane] = split(inTile, getLanes());
  Value vector = nested(half, getVectors() / getHalves(), vectorOfHalf);

  // storage[tile][group][vector][lane][inDepth]
  Value offset = nested(tile, columnsOfPlane / getDepth(), group);
  offset = nested(offset, getVectors(), vector);
  offset = nested(offset, getLanes(), lane);
  offset = nested(offset, getDepth(), inDepth);
  Value code = memref::LoadOp::create(b, storage, offset);
  code = arith::ExtUIOp::create(b, i32, code);
  auto constant = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  };
  if (shift)
    code = b.createOrFold<arith::ShRUIOp>(code, shift);
  code = arith::AndIOp::create(b, code, constant(3));
  return arith::SubIOp::create(b, code, constant(1));
}
