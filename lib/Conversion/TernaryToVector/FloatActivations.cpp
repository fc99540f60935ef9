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
// Blocks of columns are contiguous, so that there is a pass over the tile for each plane; all but
// the first read it from cache. With many tokens these fill the registers; with one, some blocks
// are walked side by side, which hides the latency of additions.
//
//===----------------------------------------------------------------------===//

#include "FloatProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
constexpr int64_t kPlanes = Microkernel::kPlanes;
/// Columns of a plane that a lane of codes has.
constexpr int64_t kDepth = 4;
/// Blocks that are walked side by side, if there are registers for them.
constexpr int64_t kMostSideBySide = 4;
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
        tileOffset(e.mul(p.tile, p.layout.getTileBytes(p.columns))) {
    int64_t fits = p.isa.accumulators / (tokens * vectors);
    int64_t whole = p.groupSize.value_or(p.columns) / kSumBlock;
    int64_t most = std::clamp<int64_t>(std::min(fits, whole), 1, kMostSideBySide);
    sideBySide = llvm::bit_floor<uint64_t>(most);
  }

  /// The values of every token's vectors, in this order.
  SmallVector<Value> emit();

private:
  /// [token][vector]
  using Sums = SmallVector<Value>;
  /// Where a column lies, of which `step` times four are before it in its plane, and how many more
  /// of the plane follow, itself included.
  struct Place {
    int64_t plane;
    Value step;
    int64_t left;
  };

  Sums getZeros() { return Sums(tokens * vectors, e.zeros(floats())); }
  /// Adds the products of `count` columns of a plane.
  Sums addColumns(Sums sums, int64_t plane, Value step, int64_t count);
  void addStep(MutableArrayRef<Value> sums, int64_t plane, Value step, int64_t depth);
  void prefetch(int64_t plane, Value step);
  /// The blocked sum of `count` columns, by their number.
  Sums sumColumns(int64_t count, function_ref<Place(int64_t column)> locate);
  /// Whole blocks side by side, all in one plane.
  Sums sumSideBySide(int64_t plane, Value step);
  /// The sum of groups `from` to `to`, of at most one block of groups, in order.
  Sums sumGroups(int64_t from, int64_t to);
  Sums sumGroup(Sums total, Value group, function_ref<Place(int64_t column)> locate);
  /// The values of sums: with their scale.
  Sums finish(ArrayRef<Value> sums, Value group);

  /// The place of a column of the row.
  Place locate(int64_t column) {
    int64_t inPlane = column % planeColumns;
    return {column / planeColumns, e.index(inPlane / kDepth), planeColumns - inPlane};
  }

  VectorType floats() { return e.vectorType(p.isa.lanes, e.b.getF32Type()); }
  VectorType words() { return e.vectorType(p.isa.lanes, e.b.getI32Type()); }
  VectorType bytes() { return e.vectorType(p.isa.lanes * kDepth, e.b.getI8Type()); }
  /// Bytes of a tile for four columns of every plane.
  int64_t stepBytes() { return p.layout.getVectors() * bytes().getNumElements(); }

  const FloatProduct &p;
  Emitter &e;
  Value token;
  int64_t tokens, firstVector, vectors, planeColumns, sideBySide;
  Value tileOffset;
};
} // namespace

void BlockEmitter::addStep(MutableArrayRef<Value> sums, int64_t plane, Value step, int64_t depth) {
  Value offset = e.add(tileOffset, e.mul(step, stepBytes()));
  Value column = e.add(e.mul(step, kDepth), plane * planeColumns);
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
        Value &sum = sums[m * vectors + v];
        Value product = arith::MulFOp::create(e.b, x, trits[v], contract);
        sum = arith::AddFOp::create(e.b, sum, product, contract);
      }
    }
  }
}

/// With one token memory is what counts. A pass asks for a quarter of the next tile, so that all
/// passes take their part of the time that this takes; beyond the last tile it is harmless.
void BlockEmitter::prefetch(int64_t plane, Value step) {
  if (tokens > 1 || firstVector > 0)
    return;
  int64_t part = planeColumns / kDepth * stepBytes() / kPlanes;
  Value place = e.add(e.mul(step, stepBytes() / kPlanes), plane * part);
  place = e.add(e.add(tileOffset, p.layout.getTileBytes(p.columns)), place);
  e.prefetch(p.weight, place);
}

BlockEmitter::Sums BlockEmitter::addColumns(Sums sums, int64_t plane, Value step, int64_t count) {
  Value end = e.add(step, count / kDepth);
  sums = e.loop(step, end, 1, sums, [&](Value step, ValueRange carried) {
    Sums sums(carried);
    addStep(sums, plane, step, kDepth);
    return sums;
  });
  if (count % kDepth != 0)
    addStep(sums, plane, end, count % kDepth);
  return sums;
}

BlockEmitter::Sums BlockEmitter::sumSideBySide(int64_t plane, Value step) {
  constexpr int64_t steps = kSumBlock / kDepth;
  int64_t width = tokens * vectors;
  Sums zeros(sideBySide * width, e.zeros(floats()));
  Sums sums = e.loop(e.index(0), e.index(steps), 1, zeros, [&](Value i, ValueRange carried) {
    Sums sums(carried);
    for (int64_t block = 0; block < sideBySide; ++block)
      addStep(MutableArrayRef(sums).slice(block * width, width), plane,
              e.add(e.add(step, block * steps), i), kDepth);
    return sums;
  });
  SmallVector<Sums> blocks;
  for (int64_t block = 0; block < sideBySide; ++block)
    blocks.emplace_back(ArrayRef(sums).slice(block * width, width));
  return addTree(e, std::move(blocks));
}

/// As many blocks as are walked side by side are a unit of the tree. Those that lie in one plane
/// are worked off in a loop, others block by block.
BlockEmitter::Sums BlockEmitter::sumColumns(int64_t count,
                                            function_ref<Place(int64_t column)> locate) {
  int64_t unit = sideBySide * kSumBlock, units = llvm::divideCeil(count, unit);
  Sums sums;
  auto push = [&](Value index, ArrayRef<Value> ofUnit) {
    if (units == 1)
      return sums.assign(ofUnit.begin(), ofUnit.end());
    Value isLast =
        e.b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, index, e.index(units - 1));
    p.stack->push(getJoin(e, index, isLast), ofUnit);
  };
  for (int64_t i = 0; i < units;) {
    Place place = locate(i * unit);
    int64_t whole = std::min(place.left, count - i * unit) / unit;
    if (units == 1 && whole == 1)
      return sumSideBySide(place.plane, place.step);
    if (whole > 0) {
      e.loop(e.index(0), e.index(whole), 1, {}, [&](Value number, ValueRange) {
        Value step = e.add(place.step, e.mul(number, unit / kDepth));
        push(e.add(number, i), sumSideBySide(place.plane, step));
        return SmallVector<Value>();
      });
      i += whole;
      continue;
    }
    SmallVector<Sums> blocks;
    int64_t column = i * unit, end = std::min(column + unit, count);
    while (column < end) {
      Sums ofBlock = getZeros();
      int64_t endOfBlock = std::min(column + kSumBlock, end);
      while (column < endOfBlock) {
        Place at = locate(column);
        int64_t piece = std::min(at.left, endOfBlock - column);
        ofBlock = addColumns(std::move(ofBlock), at.plane, at.step, piece);
        column += piece;
      }
      blocks.push_back(std::move(ofBlock));
    }
    push(e.index(i), addTree(e, std::move(blocks)));
    ++i;
  }
  return units == 1 ? sums : p.stack->load(e.index(0), tokens * vectors);
}

BlockEmitter::Sums BlockEmitter::finish(ArrayRef<Value> sums, Value group) {
  Sums values;
  for (int64_t m = 0; m < tokens; ++m)
    for (int64_t v = 0; v < vectors; ++v)
      values.push_back(
          arith::MulFOp::create(e.b, sums[m * vectors + v], p.loadScale(firstVector + v, group)));
  return values;
}

BlockEmitter::Sums BlockEmitter::sumGroup(Sums total, Value group,
                                          function_ref<Place(int64_t column)> locate) {
  for (auto [sum, value] : llvm::zip_equal(total, finish(sumColumns(*p.groupSize, locate), group)))
    sum = arith::AddFOp::create(e.b, sum, value);
  return total;
}

/// Those that lie in one plane are worked off in a loop.
BlockEmitter::Sums BlockEmitter::sumGroups(int64_t from, int64_t to) {
  int64_t size = *p.groupSize;
  Sums total = getZeros();
  while (from < to) {
    Place place = locate(from * size);
    int64_t whole = std::min(place.left / size, to - from);
    if (whole == 0) {
      total = sumGroup(std::move(total), e.index(from),
                       [&](int64_t column) { return locate(from * size + column); });
      ++from;
      continue;
    }
    total = e.loop(e.index(0), e.index(whole), 1, total, [&](Value number, ValueRange carried) {
      Value step = e.add(place.step, e.mul(number, size / kDepth));
      return sumGroup(Sums(carried), e.add(number, from), [&](int64_t column) -> Place {
        return {place.plane, e.add(step, column / kDepth), size - column};
      });
    });
    from += whole;
  }
  return total;
}

SmallVector<Value> BlockEmitter::emit() {
  if (!p.groupSize)
    return finish(sumColumns(p.columns, [&](int64_t column) { return locate(column); }), Value());
  SmallVector<Sums> blocks;
  int64_t groups = p.columns / *p.groupSize;
  for (int64_t first = 0; first < groups; first += kSumBlock)
    blocks.push_back(sumGroups(first, std::min(first + kSumBlock, groups)));
  return addTree(e, std::move(blocks));
}

/// Vectors of a tile that some tokens have registers for.
static int64_t countVectors(const Microkernel &isa, PackedAttr layout, int64_t tokens) {
  return std::clamp<int64_t>(isa.accumulators / tokens, 1, layout.getVectors());
}

std::optional<SumStack> vectorize::allocateFloatSums(Emitter &e, const Microkernel &isa,
                                                     PackedAttr layout, int64_t columns,
                                                     int64_t tokens) {
  int64_t blocks = llvm::divideCeil(columns, kSumBlock);
  if (blocks == 1)
    return std::nullopt;
  int64_t width = std::max(tokens * countVectors(isa, layout, tokens), layout.getVectors());
  return SumStack(e, ternary::getSumLevels(blocks), width,
                  e.vectorType(isa.lanes, e.b.getF32Type()));
}

SmallVector<SmallVector<Value>> vectorize::emitFloatProduct(const FloatProduct &product,
                                                            Value token, int64_t tokens) {
  assert(product.layout.getDepth() == kDepth && product.layout.getPlanes() == kPlanes &&
         "a lane of a microkernel's weight is four columns of four planes");
  int64_t vectors = product.layout.getVectors();
  int64_t atOnce = countVectors(product.isa, product.layout, tokens);
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
  auto layout = dyn_cast<PackedAttr>(getLayoutOf(table));
  std::optional<int64_t> groupSize = getGroupSizeOf(table, scales);
  if (!layout || layout.getDepth() != kDepth || layout.getPlanes() != kPlanes)
    return op.emitOpError() << "expected a table packed with depth = " << kDepth
                            << " and planes = " << kPlanes << ", got " << getLayoutOf(table);
  if (groupSize.value_or(0) % kDepth != 0)
    return op.emitOpError() << "expected groups of a multiple of " << kDepth << " columns, got "
                            << *groupSize;
  int64_t columns = table.getDimSize(1);
  int64_t planeColumns = layout.getPaddedColumns(columns) / kPlanes;
  auto words = e.vectorType(kDepth, e.b.getI32Type());
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
    e.loop(e.index(0), e.index(planeColumns / kDepth), 1, {}, [&](Value step, ValueRange) {
      Value offset = e.add(rowOffset, e.mul(step, layout.getTileRows() * layout.getDepth()));
      Value word = vector::LoadOp::create(e.b, e.vectorType(kDepth, e.b.getI8Type()), tableBytes,
                                          ValueRange{offset});
      word = vector::BitCastOp::create(e.b, e.vectorType(1, e.b.getI32Type()), word);
      word = vector::ExtractOp::create(e.b, word, ArrayRef<int64_t>{0});
      for (int64_t plane = 0; plane < kPlanes; ++plane) {
        SmallVector<int32_t> bits;
        for (int64_t j = 0; j < kDepth; ++j)
          bits.push_back(kBitsOfByte * j + kBitsOfCode * plane);
        Value shifts =
            arith::ConstantOp::create(e.b, DenseElementsAttr::get(words, ArrayRef<int32_t>(bits)));
        Value codes = arith::ShRUIOp::create(e.b, e.splat(word, kDepth), shifts);
        Value column = e.add(e.mul(step, kDepth), plane * planeColumns);
        Value scale = e.splat(shared ? shared : loadScale(column), kDepth);
        Value value = arith::MulFOp::create(e.b, decodeByArithmetic(e, codes), scale);
        SmallVector<Value> place(at);
        place.push_back(column);
        Value mask = getMask(e, column, columns, kDepth, layout.getDepth() * kPlanes);
        e.store(value, op.getOuts(), place, mask);
      }
      return SmallVector<Value>();
    });
  });
  return success();
}
