//===- LinearKernel.cpp - The microkernel generator ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread takes tiles of weight rows. For each it goes over the tokens in blocks; the
// accumulators of a block, tokens x vectors, stay in registers while the columns go by.
//
// A byte holds four codes. Masked where they lie, the codes of plane p are 4^p times
// too large, which costs nothing to correct later. So there are no shifts in the inner
// loops, but the planes must not meet in one accumulator unscaled:
//
// - few tokens: one accumulator for each plane, one pass over the weights; the
//   accumulators are shifted right and added at the end. Memory is what counts.
// - many tokens: all planes in one accumulator after Horner: the columns of plane 3
//   first, shift right by two, then those of plane 2, and so on. Each pass reads the
//   tile again, from cache, and other columns of the activations.
// - few tokens, but too few registers: codes are shifted after all; and so they are where groups
//   of columns have scales of their own, since a group may lie in several planes.
//
// - sixteen tokens or more and registers of matrices: a thread takes a group of tiles and some
//   hundred tokens. Codes are taken apart once, into bytes in memory of its own, and sixteen or
//   thirty-two tokens at a time, which stay in the cache, are multiplied with those of all tiles.
//
// Shifts are exact: every accumulator is a multiple of 4^p when it is shifted by 2p.
//
// Products of floats are made in FloatActivations.cpp; tiles, tokens and epilogues are the same.
//
//===----------------------------------------------------------------------===//

#include "FloatProduct.h"
#include "Tiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
constexpr int64_t kPlanes = Microkernel::kPlanes;
constexpr int64_t kCacheLine = 64;
/// How far ahead of its use a weight is asked for when memory is what counts: across
/// the end of a page, where the processor's own prefetchers stop. Beyond the last
/// weight it is harmless.
constexpr int64_t kPrefetchDistance = 3072;
/// Tokens that are multiplied at a time in registers of matrices, or half of them.
constexpr int64_t kTileTokens = 2 * kTileRegisterRows;
/// At most as many tiles are a group, so that there is work for several threads.
constexpr int64_t kMaxGroupTiles = 8;
/// Columns of tokens that stay in the first-level cache while a group's tiles go by.
constexpr int64_t kTileBlock = 12 * kTileDepth;
/// What unpacked tiles and their sums may take of a thread's stack, and of its second-level cache;
/// a single tile may take more.
constexpr int64_t kPanelBytes = int64_t(1) << 18, kMaxPanelBytes = int64_t(1) << 20;

class LinearEmitter {
public:
  LinearEmitter(OpBuilder &builder, LinearKernelOp op, PackedAttr layout, Value weight,
                const Microkernel &isa)
      : e(builder, op.getLoc()), op(op), isa(isa), weight(weight), layout(layout),
        lanes(layout.getLanes()), vectors(layout.getVectors()), halves(op.getHalves()),
        columns(op.getWeightShape()[0] / halves) {}

  LogicalResult emit();

private:
  /// Accumulators of a block of tokens: tokens x vectors.
  using Block = SmallVector<SmallVector<Value>>;

  void emitTile(Value tile, Value firstToken);
  void emitTokens(Value tile, Value token, int64_t tokens);
  /// All tokens by vectors, from `first` on.
  void emitTokensByVectors(Value first);
  /// Those tokens that fill registers of matrices; returns the first of the others.
  Value emitTokensByRegisters();
  void unpackTile(Value tile, Value place);
  /// Bytes of an unpacked tile and of its sums.
  int64_t getPanelBytes() const {
    return (getPanelQuads() * layout.getDepth() + kTileTokens * 4) * layout.getTileRows();
  }
  /// Rows of four columns of an unpacked tile. Where columns do not fill the depth of a register,
  /// the last 64 follow once more, zero but for those that are left.
  int64_t getPanelQuads() const {
    int64_t quads = paddedColumns() / layout.getDepth();
    return hasRest() ? quads + kTileDepth / layout.getDepth() : quads;
  }
  bool hasRest() const { return paddedColumns() > kTileDepth && paddedColumns() % kTileDepth != 0; }
  void multiplyTile(Value place, Value token, int64_t tokens, Value column, Value quad,
                    int64_t columns, bool accumulates);
  void emitEpilogueOfRegisters(Value tile, Value place, Value token, int64_t tokens);
  Block accumulateByPlane(Value tile, Value token, int64_t tokens, bool shiftCodes);
  Block accumulateByHorner(Value tile, Value token, int64_t tokens);
  /// The values of all groups with their scales.
  Block accumulateByGroup(Value tile, Value token, int64_t tokens, int64_t groupSize);
  /// The values of products of floats with their scales.
  Block accumulateFloats(Value tile, Value token, int64_t tokens);
  /// Emits the values of a vector of a token.
  using RowFn = std::function<Value(int64_t vector)>;
  /// Those of sums over whole rows, with their scales.
  RowFn dequantize(Value tile, Value token, ArrayRef<Value> sums);
  /// Takes what `startRow` gives for each of `tokens` tokens.
  void emitEpilogue(Value tile, Value token, int64_t tokens,
                    function_ref<RowFn(int64_t m, Value token)> startRow);
  void emitSquareSums(Value tile, ArrayRef<Value> place, SmallVector<Value> squares);

  /// Codes of one vector of the tile, all planes as they lie in memory.
  Value loadCodes(Value offset, int64_t vector);
  Value maskPlane(Value codes, int64_t plane);
  Value shiftToLowPlane(Value codes, int64_t plane);
  /// Four activations of a token, repeated in all lanes.
  Value loadActivations(Value token, Value column);

  Value columnMask(Value column);
  /// The first column of a vector of the tile's half.
  Value columnOf(Value tile, int64_t vector) {
    return e.add(e.mul(tile, tileColumns()), vector % (vectors / halves) * lanes);
  }
  /// Scales of the weight's rows of a vector, times the token's; that and `group` may be null.
  Value loadScale(Value tile, int64_t vector, Value tokenScale, Value group);
  SmallVector<int64_t> getTokenBlocks() const;
  VectorType floats() { return e.vectorType(lanes, e.b.getF32Type()); }
  VectorType sums() { return e.vectorType(lanes, e.b.getI32Type()); }
  VectorType bytes() { return e.vectorType(lanes * layout.getDepth(), e.b.getI8Type()); }
  int64_t tileColumns() const { return lanes * vectors / halves; }
  /// Whether there are any, and tokens and a stack for them.
  bool usesRegistersOfMatrices() const;
  int64_t paddedColumns() const { return layout.getPaddedColumns(op.getWeightShape()[1]); }
  int64_t planeColumns() const { return paddedColumns() / kPlanes; }

  Emitter e;
  mutable LinearKernelOp op;
  const Microkernel &isa;
  Value weight;
  PackedAttr layout;
  int64_t lanes, vectors, halves, columns;
  /// Operands with their row dimensions collapsed into one.
  Value activations, scales, rowSums, tokenCount;
  SmallVector<Value> extras;
  SmallVector<Emitter::Rows> outs;
  /// With registers of matrices: codes of a group's tiles, `[tile][columns / 4]` rows of
  /// `[vectors][lanes][4]` bytes, and sums of tokens. Each thread has its own.
  Value panels, registerSums;
  /// Likewise for products of floats.
  std::optional<SumStack> floatSums;
};

LogicalResult LinearEmitter::emit() {
  if (layout.getPlanes() != kPlanes || lanes != isa.lanes || layout.getDepth() != isa.depth ||
      vectors != isa.vectors)
    return op.emitOpError() << "expected a weight packed for '" << isa.name
                            << "' (lanes = " << isa.lanes << ", depth = " << isa.depth
                            << ", planes = " << kPlanes << ", vectors = " << isa.vectors
                            << "), got " << layout;
  if (std::optional<int64_t> size = op.getGroupSize(); size && *size % isa.depth != 0)
    return op.emitOpError() << "expected groups of a multiple of " << isa.depth << " columns, got "
                            << *size;
  // A tile's columns are one block of square sums, which they have to fill.
  if (op.getSquareSums() && columns > tileColumns() && tileColumns() != SquareSumsOp::kBlock)
    return op.emitOpError() << "expected at most " << tileColumns()
                            << " columns for square_sums over halves, got " << columns;
  // The weight is shared by all rows, and so is an extra of one dimension among more.
  int64_t rank = cast<MemRefType>(op.getActivations().getType()).getRank();
  auto collapse = [&](Value memref, int64_t trailing, Value &rows) {
    rows = e.toRows(memref, trailing);
    return rows ? success()
                : op.emitOpError() << "expected contiguous rows, got " << memref.getType();
  };
  if (failed(collapse(op.getActivations(), 1, activations)))
    return failure();
  if (!op.hasFloatActivations() &&
      (failed(collapse(op.getScales(), 0, scales)) || failed(collapse(op.getSums(), 0, rowSums))))
    return failure();
  for (Value extra : op.getExtras()) {
    if (rank > 1 && cast<MemRefType>(extra.getType()).getRank() == 1)
      extras.push_back(extra);
    else if (failed(collapse(extra, 1, extras.emplace_back())))
      return failure();
  }
  for (Value out : op.getOuts()) {
    outs.push_back(e.findRows(out, 1));
    if (!outs.back().memref)
      return op.emitOpError() << "expected contiguous rows, got " << out.getType();
  }
  tokenCount = e.dim(activations, 0);
  emitTokensByVectors(usesRegistersOfMatrices() ? emitTokensByRegisters() : e.index(0));
  return success();
}

void LinearEmitter::emitTokensByVectors(Value first) {
  if (isEqualConstantIntOrValue(first, tokenCount))
    return;
  Value tiles = e.index(layout.getNumTiles(op.getWeightShape()[0]));
  e.parallel(tiles, [&](ValueRange tile) {
    if (op.hasFloatActivations())
      floatSums =
          allocateFloatSums(e, isa, layout, op.getGroupSize().value_or(op.getWeightShape()[1]),
                            getTokenBlocks().front());
    emitTile(tile.front(), first);
  });
}

/// All tokens: whole blocks, then smaller blocks of four, then single ones.
void LinearEmitter::emitTile(Value tile, Value firstToken) {
  std::optional<int64_t> total = getConstantIntValue(tokenCount);
  Value from = firstToken;
  int64_t previous = std::numeric_limits<int64_t>::max();
  for (int64_t tokens : getTokenBlocks()) {
    if (tokens >= previous || (total && *total < tokens))
      continue;
    previous = tokens;
    if (total == 1)
      return emitTokens(tile, from, 1);
    Value rest = e.b.createOrFold<arith::SubIOp>(tokenCount, from);
    rest = e.b.createOrFold<arith::RemUIOp>(rest, e.index(tokens));
    Value to = e.b.createOrFold<arith::SubIOp>(tokenCount, rest);
    e.loop(from, to, tokens, {}, [&](Value token, ValueRange) {
      emitTokens(tile, token, tokens);
      return SmallVector<Value>();
    });
    from = to;
  }
}

bool LinearEmitter::usesRegistersOfMatrices() const {
  std::optional<int64_t> total = getConstantIntValue(tokenCount);
  return isa.hasTiles && !op.hasFloatActivations() && !op.getGroupSize() &&
         (!total || *total >= kTileRegisterRows) && getPanelBytes() <= kMaxPanelBytes;
}

Value LinearEmitter::emitTokensByRegisters() {
  int64_t tiles = layout.getNumTiles(op.getWeightShape()[0]);
  int64_t most = std::clamp<int64_t>(kPanelBytes / getPanelBytes(), 1, kMaxGroupTiles);
  int64_t groups = llvm::divideCeil(tiles, most);
  int64_t groupTiles = llvm::divideCeil(tiles, groups);
  // A group is unpacked for so many tokens: the fewer groups, the fewer.
  int64_t chunk = groups < 16 ? 256 : 512;
  Value rest = e.b.createOrFold<arith::RemUIOp>(tokenCount, e.index(kTileRegisterRows));
  Value end = e.b.createOrFold<arith::SubIOp>(tokenCount, rest);
  Value chunks = arith::CeilDivUIOp::create(e.b, end, e.index(chunk));
  e.parallel({chunks, e.index(groups)}, [&](ValueRange at) {
    panels = e.allocateScratch(
        {groupTiles, getPanelQuads(), layout.getTileRows() * layout.getDepth()}, e.b.getI8Type());
    registerSums =
        e.allocateScratch({groupTiles, kTileTokens, layout.getTileRows()}, e.b.getI32Type());
    Value from = e.mul(at[0], chunk);
    Value to = arith::MinUIOp::create(e.b, e.add(from, chunk), end);
    Value firstTile = e.mul(at[1], groupTiles);
    Value lastTile = arith::MinUIOp::create(e.b, e.add(firstTile, groupTiles), e.index(tiles));
    auto eachTile = [&](function_ref<void(Value tile, Value place)> body) {
      e.loop(firstTile, lastTile, 1, {}, [&](Value tile, ValueRange) {
        body(tile, arith::SubIOp::create(e.b, tile, firstTile));
        return SmallVector<Value>();
      });
    };
    eachTile([&](Value tile, Value place) { unpackTile(tile, place); });
    Value last = arith::RemUIOp::create(e.b, to, e.index(kTileTokens));
    Value whole = arith::SubIOp::create(e.b, to, last);
    for (int64_t tokens : {kTileTokens, kTileRegisterRows}) {
      e.loop(from, whole, tokens, {}, [&](Value token, ValueRange) {
        auto multiply = [&](Value column, Value quad, int64_t columns, bool accumulates) {
          eachTile([&](Value, Value place) {
            multiplyTile(place, token, tokens, column, quad, columns, accumulates);
          });
        };
        auto quadOf = [&](Value column) -> Value {
          return arith::DivUIOp::create(e.b, column, e.index(layout.getDepth()));
        };
        int64_t all = paddedColumns(), filled = hasRest() ? all / kTileDepth * kTileDepth : all;
        int64_t last = filled % kTileBlock, whole = filled - last;
        multiply(e.index(0), e.index(0), std::min(kTileBlock, filled), /*accumulates=*/false);
        if (whole > kTileBlock)
          e.loop(e.index(kTileBlock), e.index(whole), kTileBlock, {},
                 [&](Value column, ValueRange) {
                   multiply(column, quadOf(column), kTileBlock, /*accumulates=*/true);
                   return SmallVector<Value>();
                 });
        if (last && whole)
          multiply(e.index(whole), quadOf(e.index(whole)), last, /*accumulates=*/true);
        if (hasRest())
          multiply(e.index(all - kTileDepth), quadOf(e.index(all)), kTileDepth,
                   /*accumulates=*/true);
        eachTile(
            [&](Value tile, Value place) { emitEpilogueOfRegisters(tile, place, token, tokens); });
        return SmallVector<Value>();
      });
      from = whole;
      whole = to;
    }
  });
  return end;
}

void LinearEmitter::unpackTile(Value tile, Value place) {
  int64_t depth = layout.getDepth(), bytesPerVector = bytes().getNumElements();
  int64_t perPlane = planeColumns() / depth;
  Value tileOffset = e.mul(tile, layout.getTileBytes(op.getWeightShape()[1]));
  e.loop(e.index(0), e.index(perPlane), 1, {}, [&](Value group, ValueRange) {
    Value at = e.add(tileOffset, e.mul(group, vectors * bytesPerVector));
    for (int64_t v = 0; v < vectors; ++v) {
      Value codes = loadCodes(at, v);
      for (int64_t p = 0; p < kPlanes; ++p)
        e.store(shiftToLowPlane(codes, p), panels,
                {place, e.add(group, p * perPlane), e.index(v * bytesPerVector)}, {});
    }
    return SmallVector<Value>();
  });
  if (!hasRest())
    return;
  int64_t quads = paddedColumns() / depth, perRegister = kTileDepth / depth;
  int64_t counted = perRegister - paddedColumns() % kTileDepth / depth;
  e.loop(e.index(0), e.index(perRegister), 1, {}, [&](Value quad, ValueRange) {
    Value isLeft = arith::CmpIOp::create(e.b, arith::CmpIPredicate::uge, quad, e.index(counted));
    for (int64_t v = 0; v < vectors; ++v) {
      Value column = e.index(v * bytesPerVector);
      Value codes = e.load(bytes(), panels, {place, e.add(quad, quads - perRegister), column}, {});
      codes = arith::SelectOp::create(e.b, isLeft, codes, e.zeros(bytes()));
      e.store(codes, panels, {place, e.add(quad, quads), column}, {});
    }
    return SmallVector<Value>();
  });
}

/// Adds the products of `columns` columns from `column` on, which start at `quad` of the panel, to
/// a tile's sums.
void LinearEmitter::multiplyTile(Value place, Value token, int64_t tokens, Value column, Value quad,
                                 int64_t columns, bool accumulates) {
  Value zero = e.index(0);
  int64_t depth = std::min(columns, kTileDepth);
  emitTileProduct(e, {activations, {token, column}},
                  {panels, {place, quad, zero}, /*isUnsigned=*/true, /*isFar=*/true}, tokens,
                  layout.getTileRows(), e.index(columns / depth), depth, registerSums,
                  {place, zero, zero}, accumulates);
}

void LinearEmitter::emitEpilogueOfRegisters(Value tile, Value place, Value token, int64_t tokens) {
  constexpr int64_t kTogether = 4;
  e.loop(e.index(0), e.index(tokens), kTogether, {}, [&](Value first, ValueRange) {
    emitEpilogue(tile, e.add(token, first), kTogether, [&](int64_t m, Value at) {
      SmallVector<Value> sums;
      for (int64_t v = 0; v < vectors; ++v)
        sums.push_back(
            e.load(this->sums(), registerSums, {place, e.add(first, m), e.index(v * lanes)}, {}));
      return dequantize(tile, at, sums);
    });
    return SmallVector<Value>();
  });
}

SmallVector<int64_t> LinearEmitter::getTokenBlocks() const {
  if (op.hasFloatActivations())
    // Two vectors of codes share the registers with them.
    return {isa.accumulators / 2, 2, 1};
  // For groups the activations are summed as well.
  if (op.getGroupSize())
    return {std::max<int64_t>(1, isa.accumulators / (vectors + 1)), 1};
  return {isa.tokenBlock, 4, 1};
}

void LinearEmitter::emitTokens(Value tile, Value token, int64_t tokens) {
  Block block;
  std::optional<int64_t> size = op.getGroupSize();
  if (size || op.hasFloatActivations()) {
    if (op.hasFloatActivations())
      block = accumulateFloats(tile, token, tokens);
    else
      block = accumulateByGroup(tile, token, tokens, *size);
    return emitEpilogue(tile, token, tokens, [&](int64_t m, Value) -> RowFn {
      return [&, m](int64_t v) { return block[m][v]; };
    });
  }
  if (tokens * vectors * kPlanes <= isa.accumulators)
    block = accumulateByPlane(tile, token, tokens, /*shiftCodes=*/false);
  else if (tokens == 1)
    block = accumulateByPlane(tile, token, tokens, /*shiftCodes=*/true);
  else
    block = accumulateByHorner(tile, token, tokens);
  emitEpilogue(tile, token, tokens,
               [&](int64_t m, Value token) { return dequantize(tile, token, block[m]); });
}

Value LinearEmitter::loadCodes(Value offset, int64_t vector) {
  return e.load(bytes(), weight, e.add(offset, vector * bytes().getNumElements()), {});
}

Value LinearEmitter::maskPlane(Value codes, int64_t plane) {
  auto mask = DenseElementsAttr::get(bytes(), e.b.getI8IntegerAttr(3 << (2 * plane)));
  return arith::AndIOp::create(e.b, codes, arith::ConstantOp::create(e.b, mask));
}

/// Shifts 16 bits at a time, as instruction sets do; what crosses a byte is masked.
Value LinearEmitter::shiftToLowPlane(Value codes, int64_t plane) {
  if (plane > 0) {
    auto words = e.vectorType(bytes().getNumElements() / 2, e.b.getI16Type());
    Value shift = arith::ConstantOp::create(
        e.b, DenseElementsAttr::get(words, e.b.getI16IntegerAttr(2 * plane)));
    codes = vector::BitCastOp::create(e.b, words, codes);
    codes = arith::ShRUIOp::create(e.b, codes, shift);
    codes = vector::BitCastOp::create(e.b, bytes(), codes);
  }
  return maskPlane(codes, 0);
}

Value LinearEmitter::loadActivations(Value token, Value column) {
  Value four = vector::LoadOp::create(e.b, e.vectorType(4, e.b.getI8Type()), activations,
                                      ValueRange{token, column});
  Value word = vector::BitCastOp::create(e.b, e.vectorType(1, e.b.getI32Type()), four);
  Value scalar = vector::ExtractOp::create(e.b, word, ArrayRef<int64_t>{0});
  return vector::BitCastOp::create(e.b, bytes(), e.splat(scalar, lanes));
}

/// One pass over the tile. Accumulators are [token][vector][plane], or [token][vector]
/// if codes are shifted before they are used.
LinearEmitter::Block LinearEmitter::accumulateByPlane(Value tile, Value token, int64_t tokens,
                                                      bool shiftCodes) {
  int64_t depth = layout.getDepth(), perVector = shiftCodes ? 1 : kPlanes;
  int64_t step = vectors * bytes().getNumElements();
  Value tileOffset = e.mul(tile, layout.getTileBytes(op.getWeightShape()[1]));
  SmallVector<Value> init(tokens * vectors * perVector, e.zeros(sums()));
  SmallVector<Value> accs = e.loop(
      e.index(0), e.index(planeColumns() / depth), 1, init, [&](Value group, ValueRange carried) {
        SmallVector<Value> acc(carried);
        Value offset = e.add(tileOffset, e.mul(group, step));
        Value column = e.mul(group, depth);
        SmallVector<Value> codes;
        for (int64_t v = 0; v < vectors; ++v)
          codes.push_back(loadCodes(offset, v));
        for (int64_t line = 0; line < step; line += kCacheLine)
          e.prefetch(weight, e.add(offset, kPrefetchDistance + line));
        for (int64_t p = 0; p < kPlanes; ++p)
          for (int64_t m = 0; m < tokens; ++m) {
            Value activation = loadActivations(e.add(token, m), e.add(column, p * planeColumns()));
            for (int64_t v = 0; v < vectors; ++v) {
              Value plane = shiftCodes ? shiftToLowPlane(codes[v], p) : maskPlane(codes[v], p);
              Value &sum = acc[(m * vectors + v) * perVector + (shiftCodes ? 0 : p)];
              sum = isa.dot(e.b, e.b.getLoc(), sum, plane, activation);
            }
          }
        return acc;
      });
  Block block(tokens);
  for (int64_t m = 0; m < tokens; ++m)
    for (int64_t v = 0; v < vectors; ++v) {
      Value sum = accs[(m * vectors + v) * perVector];
      for (int64_t p = 1; p < perVector; ++p) {
        Value shift = arith::ConstantOp::create(
            e.b, DenseElementsAttr::get(sums(), e.b.getI32IntegerAttr(2 * p)));
        Value shifted = arith::ShRSIOp::create(e.b, accs[(m * vectors + v) * perVector + p], shift);
        sum = arith::AddIOp::create(e.b, sum, shifted);
      }
      block[m].push_back(sum);
    }
  return block;
}

/// A pass over the tile for each plane, from the highest down.
LinearEmitter::Block LinearEmitter::accumulateByHorner(Value tile, Value token, int64_t tokens) {
  int64_t depth = layout.getDepth(), step = vectors * bytes().getNumElements();
  Value tileOffset = e.mul(tile, layout.getTileBytes(op.getWeightShape()[1]));
  SmallVector<Value> accs(tokens * vectors, e.zeros(sums()));
  Value two =
      arith::ConstantOp::create(e.b, DenseElementsAttr::get(sums(), e.b.getI32IntegerAttr(2)));
  for (int64_t p = kPlanes - 1; p >= 0; --p) {
    accs = e.loop(e.index(0), e.index(planeColumns() / depth), 1, accs,
                  [&](Value group, ValueRange carried) {
                    SmallVector<Value> acc(carried);
                    Value offset = e.add(tileOffset, e.mul(group, step));
                    Value column = e.add(e.mul(group, depth), p * planeColumns());
                    SmallVector<Value> codes;
                    for (int64_t v = 0; v < vectors; ++v)
                      codes.push_back(maskPlane(loadCodes(offset, v), p));
                    for (int64_t m = 0; m < tokens; ++m) {
                      Value activation = loadActivations(e.add(token, m), column);
                      for (int64_t v = 0; v < vectors; ++v) {
                        Value &sum = acc[m * vectors + v];
                        sum = isa.dot(e.b, e.b.getLoc(), sum, codes[v], activation);
                      }
                    }
                    return acc;
                  });
    if (p > 0)
      for (Value &acc : accs)
        acc = arith::ShRSIOp::create(e.b, acc, two);
  }
  Block block(tokens);
  for (int64_t m = 0; m < tokens; ++m)
    block[m].assign(accs.begin() + m * vectors, accs.begin() + (m + 1) * vectors);
  return block;
}

/// Lanes of columns that exist, or null if all do.
Value LinearEmitter::columnMask(Value column) {
  if (columns % tileColumns() == 0)
    return {};
  Value left = arith::SubIOp::create(e.b, e.index(columns), column);
  // Negative in a vector that lies wholly beyond the last column: no lane is set.
  return vector::CreateMaskOp::create(e.b, e.vectorType(lanes, e.b.getI1Type()), left);
}

Value LinearEmitter::loadScale(Value tile, int64_t vector, Value tokenScale, Value group) {
  bool hasOne = cast<MemRefType>(op.getWeightScale().getType()).getDimSize(0) == 1 && !group;
  if (hasOne) {
    Value scale = memref::LoadOp::create(e.b, op.getWeightScale(), e.index(0));
    if (tokenScale)
      scale = arith::MulFOp::create(e.b, tokenScale, scale);
    return e.splat(scale, lanes);
  }
  Value column = columnOf(tile, vector);
  int64_t half = vector / (vectors / halves);
  SmallVector<Value> place = {e.add(column, half * columns)};
  if (group)
    place.insert(place.begin(), group);
  Value scale = e.load(floats(), op.getWeightScale(), place, columnMask(column));
  if (!tokenScale)
    return scale;
  return arith::MulFOp::create(e.b, e.splat(tokenScale, lanes), scale);
}

LinearEmitter::RowFn LinearEmitter::dequantize(Value tile, Value token, ArrayRef<Value> sums) {
  Value correction = e.splat(memref::LoadOp::create(e.b, rowSums, token), lanes);
  Value tokenScale = memref::LoadOp::create(e.b, scales, token);
  return [=, sums = llvm::to_vector(sums)](int64_t v) -> Value {
    Value scale = loadScale(tile, v, tokenScale, /*group=*/Value());
    Value sum = arith::SubIOp::create(e.b, sums[v], correction);
    Value value = arith::SIToFPOp::create(e.b, floats(), sum);
    return arith::MulFOp::create(e.b, value, scale);
  };
}

/// A group's columns in every plane, which may be none. What codes are too large by is the sum of
/// the group's activations, which are multiplied with ones for that.
LinearEmitter::Block LinearEmitter::accumulateByGroup(Value tile, Value token, int64_t tokens,
                                                      int64_t groupSize) {
  int64_t depth = layout.getDepth(), step = vectors * bytes().getNumElements();
  Value tileOffset = e.mul(tile, layout.getTileBytes(op.getWeightShape()[1]));
  Value ones =
      arith::ConstantOp::create(e.b, DenseElementsAttr::get(bytes(), e.b.getI8IntegerAttr(1)));
  SmallVector<Value> tokenScales;
  for (int64_t m = 0; m < tokens; ++m)
    tokenScales.push_back(memref::LoadOp::create(e.b, scales, e.add(token, m)));
  SmallVector<Value> zeros(tokens * vectors, e.zeros(floats()));
  auto sumGroups = [&](int64_t from, int64_t to) {
    return e.loop(e.index(from), e.index(to), 1, zeros, [&](Value group, ValueRange before) {
      Value first = e.mul(group, groupSize), last = e.add(first, groupSize);
      // Of each token the vectors, then the sum of activations.
      SmallVector<Value> sums(tokens * (vectors + 1), e.zeros(this->sums()));
      for (int64_t p = 0; p < kPlanes; ++p) {
        Value planeStart = e.index(p * planeColumns());
        Value from = arith::MaxUIOp::create(e.b, first, planeStart);
        Value to = arith::MinUIOp::create(e.b, last, e.index((p + 1) * planeColumns()));
        sums = e.loop(from, to, depth, sums, [&](Value column, ValueRange carried) {
          SmallVector<Value> acc(carried), codes;
          Value inPlane = arith::SubIOp::create(e.b, column, planeStart);
          inPlane = arith::DivUIOp::create(e.b, inPlane, e.index(depth));
          Value offset = e.add(tileOffset, e.mul(inPlane, step));
          for (int64_t v = 0; v < vectors; ++v)
            codes.push_back(shiftToLowPlane(loadCodes(offset, v), p));
          codes.push_back(ones);
          for (int64_t m = 0; m < tokens; ++m) {
            Value activation = loadActivations(e.add(token, m), column);
            for (auto [v, code] : llvm::enumerate(codes)) {
              Value &sum = acc[m * (vectors + 1) + v];
              sum = isa.dot(e.b, e.b.getLoc(), sum, code, activation);
            }
          }
          return acc;
        });
      }
      SmallVector<Value> values(before);
      for (int64_t m = 0; m < tokens; ++m)
        for (int64_t v = 0; v < vectors; ++v) {
          Value correction = sums[m * (vectors + 1) + vectors];
          Value exact = arith::SubIOp::create(e.b, sums[m * (vectors + 1) + v], correction);
          Value value = arith::SIToFPOp::create(e.b, floats(), exact);
          value = arith::MulFOp::create(e.b, value, loadScale(tile, v, tokenScales[m], group));
          Value &total = values[m * vectors + v];
          total = arith::AddFOp::create(e.b, total, value);
        }
      return values;
    });
  };
  SmallVector<SmallVector<Value>> blocks;
  int64_t groups = op.getWeightShape()[1] / groupSize;
  for (int64_t first = 0; first < groups; first += kSumBlock)
    blocks.push_back(sumGroups(first, std::min(first + kSumBlock, groups)));
  SmallVector<Value> values = addTree(e, std::move(blocks));
  Block block(tokens);
  for (int64_t m = 0; m < tokens; ++m)
    block[m].assign(values.begin() + m * vectors, values.begin() + (m + 1) * vectors);
  return block;
}

LinearEmitter::Block LinearEmitter::accumulateFloats(Value tile, Value token, int64_t tokens) {
  auto loadScales = [&](int64_t vector, Value group) {
    return loadScale(tile, vector, /*tokenScale=*/Value(), group);
  };
  return emitFloatProduct({e, isa, layout, op.getWeightShape()[1], op.getGroupSize(), weight,
                           activations, tile, loadScales, floatSums},
                          token, tokens);
}

void LinearEmitter::emitEpilogue(Value tile, Value token, int64_t tokens,
                                 function_ref<RowFn(int64_t m, Value token)> startRow) {
  int64_t perHalf = vectors / halves;
  for (int64_t m = 0; m < tokens; ++m) {
    Value tokenIndex = e.add(token, m);
    RowFn getValue = startRow(m, tokenIndex);
    SmallVector<Value> squares;
    SmallVector<SmallVector<Value>> places;
    for (const Emitter::Rows &out : outs)
      places.push_back(e.locate(out, tokenIndex));
    for (int64_t v = 0; v < perHalf; ++v) {
      Value column = columnOf(tile, v);
      Value mask = columnMask(column);
      IRMapping mapping;
      for (int64_t half = 0; half < halves; ++half)
        mapping.map(op.getEpilogue().getArgument(half), getValue(half * perHalf + v));
      for (auto [i, extra] : llvm::enumerate(extras)) {
        auto type = cast<MemRefType>(extra.getType());
        bool perColumn = type.getRank() == 1;
        SmallVector<Value> indices = {tokenIndex, column};
        mapping.map(op.getEpilogue().getArgument(halves + i),
                    e.load(e.vectorType(lanes, type.getElementType()), extra,
                           perColumn ? ArrayRef(indices).drop_front() : ArrayRef(indices), mask));
      }
      for (Operation &inner : op.getEpilogue().front().without_terminator())
        cloneElementwise(e.b, &inner, mapping, lanes);
      auto yielded = op.getYield().getValues();
      for (auto [value, out, place] : llvm::zip(yielded, outs, places)) {
        SmallVector<Value> indices(place);
        indices.push_back(column);
        e.store(mapping.lookup(value), out.memref, indices, mask);
      }
      if (op.getSquareSums()) {
        Value result = mapping.lookup(yielded.front());
        if (mask)
          result = arith::SelectOp::create(e.b, mask, result, e.zeros(floats()));
        squares.push_back(arith::MulFOp::create(e.b, result, result));
      }
    }
    if (op.getSquareSums())
      emitSquareSums(tile, places.back(), squares);
  }
}

/// The tile's columns are one block of square sums: elements 16 apart are added, then
/// halves, as everywhere. There are as many tiles as blocks.
void LinearEmitter::emitSquareSums(Value tile, ArrayRef<Value> place, SmallVector<Value> squares) {
  while (squares.size() > 1) {
    size_t half = squares.size() / 2;
    for (size_t i = 0; i < half; ++i)
      squares[i] = arith::AddFOp::create(e.b, squares[i], squares[half + i]);
    squares.resize(half);
  }
  Value sum = e.fold(squares.front());
  SmallVector<Value> indices(place);
  indices.push_back(tile);
  memref::StoreOp::create(e.b, sum, outs.back().memref, indices);
}
} // namespace

LogicalResult vectorize::emitLinearKernel(OpBuilder &builder, LinearKernelOp op, Value weightBytes,
                                          const Microkernel &microkernel) {
  auto layout = dyn_cast<PackedAttr>(op.getLayout());
  if (!layout)
    return op.emitOpError() << "expected a weight in #ternary.packed, got " << op.getLayout();
  return LinearEmitter(builder, op, layout, weightBytes, microkernel).emit();
}
