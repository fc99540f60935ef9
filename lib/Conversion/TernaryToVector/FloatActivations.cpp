//===- FloatActivations.cpp - Ternary weights and floats as vector loops ------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lane of i32 of a packed weight holds the codes of one row for four columns of each plane. A
// code shifted to the lowest bits becomes a float by a look-up in a register or by arithmetic, and
// is multiplied with a broadcast activation: a shift, a look-up and a multiply-add for as many
// weights as there are lanes, and with many tokens one multiply-add more for each of them.
//
// Sums go in order of columns, so that there is a pass over the tile for each plane; all but the
// first read it from cache. The four sums of `accumulate`, one for each byte of a lane, hide the
// latency of additions: they and the tokens, not the vectors of a tile, fill the registers.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
constexpr int64_t kPlanes = Microkernel::kPlanes;
constexpr int64_t kSums = AccumulateOp::kFloatSums;
constexpr int64_t kBitsOfCode = 2;
constexpr int64_t kBitsOfByte = 8;

Value shiftRight(Emitter &e, Value vector, int64_t bits) {
  if (bits == 0)
    return vector;
  auto type = cast<VectorType>(vector.getType());
  Value shift =
      arith::ConstantOp::create(e.b, DenseElementsAttr::get(type, e.b.getI32IntegerAttr(bits)));
  return arith::ShRUIOp::create(e.b, vector, shift);
}

/// The floats t of lanes of i32 whose lowest two bits are t + 1.
Value decodeByArithmetic(Emitter &e, Value codes) {
  auto type = cast<VectorType>(codes.getType());
  auto constant = [&](int32_t value) {
    return arith::ConstantOp::create(e.b,
                                     DenseElementsAttr::get(type, e.b.getI32IntegerAttr(value)));
  };
  Value trits = arith::AndIOp::create(e.b, codes, constant(3));
  trits = arith::SubIOp::create(e.b, trits, constant(1));
  return arith::SIToFPOp::create(e.b, e.vectorType(type.getNumElements(), e.b.getF32Type()), trits);
}

/// Some vectors of a tile and some tokens.
class BlockEmitter {
public:
  BlockEmitter(const FloatProduct &product, Value token, int64_t tokens, int64_t firstVector,
               int64_t vectors)
      : p(product), e(product.e), token(token), tokens(tokens), firstVector(firstVector),
        vectors(vectors), planeColumns(p.layout.getPaddedColumns(p.columns) / kPlanes),
        tileOffset(e.mul(p.tile, p.layout.getTileBytes(p.columns))) {}

  /// The values of every token's vectors, in this order.
  SmallVector<Value> emit();

private:
  /// [token][vector][sum]
  using Sums = SmallVector<Value>;

  Sums getZeros() { return Sums(tokens * vectors * kSums, e.zeros(floats())); }
  /// Adds the products of `count` columns of a plane, of which `step` times four are before them.
  Sums addColumns(Sums sums, int64_t plane, Value step, int64_t count);
  Sums addStep(Sums sums, int64_t plane, Value step, int64_t depth);
  void prefetch(int64_t plane, Value step);
  /// The values of a group: its sums, with their scale.
  SmallVector<Value> finish(ArrayRef<Value> sums, Value group);

  VectorType floats() { return e.vectorType(p.isa.lanes, e.b.getF32Type()); }
  VectorType words() { return e.vectorType(p.isa.lanes, e.b.getI32Type()); }
  VectorType bytes() { return e.vectorType(p.isa.lanes * kSums, e.b.getI8Type()); }
  /// Bytes of a tile for four columns of every plane.
  int64_t stepBytes() { return p.layout.getVectors() * bytes().getNumElements(); }

  const FloatProduct &p;
  Emitter &e;
  Value token;
  int64_t tokens, firstVector, vectors, planeColumns;
  Value tileOffset;
};
} // namespace

BlockEmitter::Sums BlockEmitter::addStep(Sums sums, int64_t plane, Value step, int64_t depth) {
  Value offset = e.add(tileOffset, e.mul(step, stepBytes()));
  Value column = e.add(e.mul(step, kSums), plane * planeColumns);
  SmallVector<Value> codes;
  for (int64_t v = 0; v < vectors; ++v) {
    Value place = e.add(offset, (firstVector + v) * bytes().getNumElements());
    Value loaded = e.load(bytes(), p.weight, place, {});
    codes.push_back(vector::BitCastOp::create(e.b, words(), loaded));
  }
  prefetch(plane, step);
  // Products are exact, so that it makes no difference whether they are rounded before they are
  // added: fused where there is such an instruction.
  auto contract = arith::FastMathFlags::contract;
  for (int64_t j = 0; j < depth; ++j) {
    SmallVector<Value> trits;
    for (Value code : codes) {
      Value shifted = shiftRight(e, code, kBitsOfByte * j + kBitsOfCode * plane);
      trits.push_back(p.isa.decodeTrits ? p.isa.decodeTrits(e.b, e.b.getLoc(), shifted)
                                        : decodeByArithmetic(e, shifted));
    }
    for (int64_t m = 0; m < tokens; ++m) {
      Value x =
          memref::LoadOp::create(e.b, p.activations, ValueRange{e.add(token, m), e.add(column, j)});
      x = e.splat(x, p.isa.lanes);
      for (int64_t v = 0; v < vectors; ++v) {
        Value &sum = sums[(m * vectors + v) * kSums + j];
        Value product = arith::MulFOp::create(e.b, x, trits[v], contract);
        sum = arith::AddFOp::create(e.b, sum, product, contract);
      }
    }
  }
  return sums;
}

/// With one token memory is what counts. A pass asks for a quarter of the next tile, so that all
/// passes take their part of the time that this takes; beyond the last tile it is harmless.
void BlockEmitter::prefetch(int64_t plane, Value step) {
  if (tokens > 1 || firstVector > 0)
    return;
  int64_t part = planeColumns / kSums * stepBytes() / kPlanes;
  Value place = e.add(e.mul(step, stepBytes() / kPlanes), plane * part);
  place = e.add(e.add(tileOffset, p.layout.getTileBytes(p.columns)), place);
  e.prefetch(p.weight, place);
}

BlockEmitter::Sums BlockEmitter::addColumns(Sums sums, int64_t plane, Value step, int64_t count) {
  Value end = e.add(step, count / kSums);
  sums = e.loop(step, end, 1, sums, [&](Value step, ValueRange carried) {
    return addStep(Sums(carried), plane, step, kSums);
  });
  if (count % kSums != 0)
    sums = addStep(std::move(sums), plane, end, count % kSums);
  return sums;
}

SmallVector<Value> BlockEmitter::finish(ArrayRef<Value> sums, Value group) {
  SmallVector<Value> values;
  for (int64_t m = 0; m < tokens; ++m)
    for (int64_t v = 0; v < vectors; ++v) {
      ArrayRef<Value> four = sums.slice((m * vectors + v) * kSums, kSums);
      Value low = arith::AddFOp::create(e.b, four[0], four[1]);
      Value high = arith::AddFOp::create(e.b, four[2], four[3]);
      Value sum = arith::AddFOp::create(e.b, low, high);
      values.push_back(arith::MulFOp::create(e.b, sum, p.loadScale(firstVector + v, group)));
    }
  return values;
}

/// Goes over the planes; a group that ends in another plane than it starts in is carried on.
SmallVector<Value> BlockEmitter::emit() {
  int64_t groupSize = p.groupSize.value_or(p.columns);
  SmallVector<Value> total(tokens * vectors, e.zeros(floats()));
  auto add = [&](ArrayRef<Value> total, ArrayRef<Value> values) {
    if (!p.groupSize)
      return SmallVector<Value>(values);
    return llvm::map_to_vector(llvm::zip_equal(total, values), [&](auto pair) -> Value {
      return arith::AddFOp::create(e.b, std::get<0>(pair), std::get<1>(pair));
    });
  };
  Sums sums = getZeros();
  for (int64_t plane = 0; plane < kPlanes; ++plane) {
    int64_t start = plane * planeColumns, end = std::min(start + planeColumns, p.columns);
    for (int64_t column = start; column < end;) {
      int64_t first = column / groupSize, whole = (end - column) / groupSize;
      if (column % groupSize == 0 && whole > 0) {
        total = e.loop(
            e.index(first), e.index(first + whole), 1, total, [&](Value group, ValueRange carried) {
              Value step = e.mul(group, groupSize / kSums);
              step = arith::SubIOp::create(e.b, step, e.index(start / kSums));
              Sums ofGroup = addColumns(getZeros(), plane, step, groupSize);
              return add(llvm::to_vector(carried), finish(ofGroup, p.groupSize ? group : Value()));
            });
        column += whole * groupSize;
        continue;
      }
      int64_t to = std::min(end, (first + 1) * groupSize);
      sums = addColumns(std::move(sums), plane, e.index((column - start) / kSums), to - column);
      if (to == (first + 1) * groupSize) {
        total = add(total, finish(sums, p.groupSize ? e.index(first) : Value()));
        sums = getZeros();
      }
      column = to;
    }
  }
  return total;
}

SmallVector<SmallVector<Value>> vectorize::emitFloatProduct(const FloatProduct &product,
                                                            Value token, int64_t tokens) {
  assert(product.layout.getDepth() == kSums && product.layout.getPlanes() == kPlanes &&
         "a lane of a microkernel's weight is four columns of four planes");
  int64_t vectors = product.layout.getVectors();
  int64_t atOnce = product.isa.accumulators / (tokens * kSums);
  atOnce = std::clamp<int64_t>(atOnce, 1, vectors);
  SmallVector<SmallVector<Value>> block(tokens);
  for (int64_t first = 0; first < vectors; first += atOnce) {
    int64_t count = std::min(atOnce, vectors - first);
    SmallVector<Value> values = BlockEmitter(product, token, tokens, first, count).emit();
    for (int64_t m = 0; m < tokens; ++m)
      llvm::append_range(block[m], ArrayRef(values).slice(m * count, count));
  }
  return block;
}

/// A row lies in one lane of its tile: four columns of every plane at a time.
LogicalResult vectorize::emitTernaryGather(OpBuilder &builder, GatherKernelOp op,
                                           Value tableBytes) {
  Emitter e(builder, op.getLoc());
  auto table = cast<MemRefType>(op.getTable().getType());
  auto scales = cast<MemRefType>(op.getScale().getType());
  PackedAttr layout = getLayoutOf(table);
  std::optional<int64_t> groupSize = getGroupSizeOf(table, scales);
  if (layout.getDepth() != kSums || layout.getPlanes() != kPlanes)
    return op.emitOpError() << "expected a table packed with depth = " << kSums
                            << " and planes = " << kPlanes << ", got " << layout;
  if (groupSize.value_or(0) % kSums != 0)
    return op.emitOpError() << "expected groups of a multiple of " << kSums << " columns, got "
                            << *groupSize;
  int64_t columns = table.getDimSize(1);
  int64_t planeColumns = layout.getPaddedColumns(columns) / kPlanes;
  auto words = e.vectorType(kSums, e.b.getI32Type());
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < cast<MemRefType>(op.getIds().getType()).getRank(); ++i)
    sizes.push_back(e.dim(op.getIds(), i));
  e.parallel(sizes, [&](ValueRange at) {
    Value row = memref::LoadOp::create(e.b, op.getIds(), at);
    row = arith::IndexCastOp::create(e.b, e.b.getIndexType(), row);
    Value tileRows = e.index(layout.getTileRows());
    Value tile = arith::DivUIOp::create(e.b, row, tileRows);
    Value inTile = arith::RemUIOp::create(e.b, row, tileRows);
    Value rowOffset =
        e.add(e.mul(tile, layout.getTileBytes(columns)), e.mul(inTile, layout.getDepth()));
    auto loadScale = [&](Value column) -> Value {
      SmallVector<Value> place = {scales.getDimSize(0) == 1 && !groupSize ? e.index(0) : row};
      if (groupSize) {
        Value group = arith::DivUIOp::create(e.b, column, e.index(*groupSize));
        // Columns that pad the row have none.
        Value last = e.index(columns / *groupSize - 1);
        place.insert(place.begin(), arith::MinUIOp::create(e.b, group, last).getResult());
      }
      return memref::LoadOp::create(e.b, op.getScale(), place);
    };
    Value shared = groupSize ? Value() : loadScale(Value());
    e.loop(e.index(0), e.index(planeColumns / kSums), 1, {}, [&](Value step, ValueRange) {
      Value offset = e.add(rowOffset, e.mul(step, layout.getTileRows() * layout.getDepth()));
      Value word = vector::LoadOp::create(e.b, e.vectorType(kSums, e.b.getI8Type()), tableBytes,
                                          ValueRange{offset});
      word = vector::BitCastOp::create(e.b, e.vectorType(1, e.b.getI32Type()), word);
      word = vector::ExtractOp::create(e.b, word, ArrayRef<int64_t>{0});
      for (int64_t plane = 0; plane < kPlanes; ++plane) {
        SmallVector<int32_t> bits;
        for (int64_t j = 0; j < kSums; ++j)
          bits.push_back(kBitsOfByte * j + kBitsOfCode * plane);
        Value shifts =
            arith::ConstantOp::create(e.b, DenseElementsAttr::get(words, ArrayRef<int32_t>(bits)));
        Value codes = arith::ShRUIOp::create(e.b, e.splat(word, kSums), shifts);
        Value column = e.add(e.mul(step, kSums), plane * planeColumns);
        Value scale = e.splat(shared ? shared : loadScale(column), kSums);
        Value value = arith::MulFOp::create(e.b, decodeByArithmetic(e, codes), scale);
        SmallVector<Value> place(at);
        place.push_back(column);
        Value mask = getMask(e, column, columns, kSums, layout.getDepth() * kPlanes);
        e.store(value, op.getOuts(), place, mask);
      }
      return SmallVector<Value>();
    });
  });
  return success();
}
