//===- GradientProducts.cpp - Backward products of linear layers in integers ---===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both gradients of a linear layer are products C[i, j] = Σ_l A(i, l) · B[l, j] of a gradient
// A and bytes B, trits or quantised activations. A thread takes a tile of C. Block by block
// along l it rounds its part of A to integers and lays out B in panels, in which the bytes of
// two neighbouring l alternate; then a pair of products goes into each lane at a time, and
// a few rows of C stay in registers for the length of the block. What integers have beyond 16
// bits follows in a second pass, four products a lane; codes of 8 bits need that pass alone. With
// registers of matrices each byte of an integer is a factor of its own, and what comes of the
// bytes is put together afterwards. Sums of a block are exact, whatever their order; blocks are
// added in order.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "Tiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "ternary/Conversion/MathUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
/// Rows of a tile of C: its part of A in codes, at most 96 KB, is meant for the second-level
/// cache, a panel of B for the first. Registers of matrices are so fast that panels have to serve
/// more rows.
constexpr int64_t kTileRows = 64, kTileRowsOfRegisters = 128;
/// Rows and columns of C that registers of matrices compute at a time.
constexpr int64_t kRegisterRows = 2 * kTileRegisterRows,
                  kRegisterColumns = 2 * kTileRegisterColumns;
/// At most as many columns of C are one thread's: enough for the rounding of A to be cheap.
constexpr int64_t kTileColumns = 512;
/// How far ahead narrow parts of rows are asked for.
constexpr int64_t kRowsAhead = 8;
constexpr int64_t kPairs = kGradientBlock / 2, kQuads = kGradientBlock / 4;
/// Bits of a code below the 16 that are multiplied first.
constexpr int64_t kLowBits = 7;

class GradientProduct {
public:
  /// Codes of A have `codeBytes` bytes. `byQuads` says whether 8 bits of A are multiplied with
  /// unsigned bytes of B.
  GradientProduct(OpBuilder &builder, Location loc, const Microkernel &isa, int64_t codeBytes,
                  bool byQuads)
      : e(builder, loc), isa(isa), codeBytes(codeBytes), byQuads(byQuads && !isa.hasTiles),
        tileRows(isa.hasTiles ? kTileRowsOfRegisters : kTileRows), step(isa.lanes * vectors()) {}
  virtual ~GradientProduct() = default;

  void emit();

protected:
  /// Where a tile and a block of it are.
  struct Tile {
    Value row, rows;    ///< first i, number of them
    Value from, length; ///< first l, number of them
    Value pairs;        ///< 16 bits of A, two neighbouring l in an i32; null for none
    Value quads;     ///< 8 bits of A, or those below the 16, four neighbouring l in an i32; or null
    Value planes;    ///< with registers of matrices: `[byte of a code, i, l]`
    Value sums;      ///< of each byte, with registers of matrices
    Value scales;    ///< what the sums of a row are scaled by
    Value biases;    ///< what is in them too much, B being unsigned; null where it is signed
    Value pairPanel; ///< B[l, j .. j + step), pairs of l side by side
    Value quadPanel; ///< the same by fours
  };

  /// Up to where codes have to be: the next multiple of what is multiplied at a time.
  Value getEnd(const Tile &tile, Value from) {
    if (!isa.hasTiles)
      return e.add(from, tile.length);
    return e.add(from, e.mul(getTileSteps(tile), kTileDepth));
  }
  Value getTileSteps(const Tile &tile) {
    return arith::CeilDivUIOp::create(e.b, tile.length, e.index(kTileDepth));
  }

  /// Memory for codes.
  virtual void allocateCodes(Tile &tile) = 0;
  /// Fills codes, `scales` and `biases`; codes of l that do not exist are 0.
  virtual void quantize(const Tile &tile) = 0;
  /// Neighbouring codes of a row of the tile.
  virtual Value loadCodes(Value codes, Value row, Value group) = 0;
  /// B[l, j .. j + step), signed bytes.
  virtual Value loadBytes(Value l, Value j, Value mask) = 0;
  virtual void prefetchBytes(Value l, Value j) = 0;
  /// What makes bytes of B unsigned.
  virtual int64_t getBias() = 0;

  int64_t vectors() const { return isa.getProductVectors(); }
  VectorType words(int64_t size = kChunk) { return e.vectorType(size, e.b.getI32Type()); }
  VectorType floats(int64_t size = kChunk) { return e.vectorType(size, e.b.getF32Type()); }
  Value magnitude(Value largest, Value x) {
    Value bits = arith::BitcastOp::create(e.b, words(), x);
    bits = arith::AndIOp::create(e.b, bits, constant(words(), 0x7FFFFFFF));
    return arith::MaxSIOp::create(e.b, largest, bits);
  }
  Value constant(VectorType type, int64_t value) {
    return buildInteger(e.b, e.b.getLoc(), type, value);
  }

  Emitter e;
  const Microkernel &isa;
  int64_t codeBytes;
  bool byQuads;
  int64_t tileRows;
  Value rows, depth, out;
  int64_t columns = 0;
  bool accumulates = false;

private:
  void emitPanels(const Tile &tile, Value j);
  void emitRows(const Tile &tile, Value j);
  void emitBlock(const Tile &tile, Value row, Value j, int64_t block);
  void emitRowsByTiles(const Tile &tile, Value j);
  /// Which lanes of C, of those that exist, are read before they are added to; null for all.
  Value getReads(const Tile &tile, Value exists);
  void addToResult(const Tile &tile, Value row, Value column, Value sums, Value reads,
                   Value exists);
  using Load = function_ref<Value(Value row, Value group)>;
  using Dot = function_ref<Value(Value sum, Value a, Value b)>;
  SmallVector<Value> accumulate(ArrayRef<Value> sums, Value groups, int64_t depth, Value panel,
                                Value row, int64_t block, Type element, Load loadA, Dot dot);

  int64_t step;
};

void GradientProduct::emit() {
  int64_t groups = llvm::divideCeil(columns, kTileColumns);
  int64_t group = llvm::alignTo(llvm::divideCeil(columns, groups), step);
  Value tiles = arith::CeilDivUIOp::create(e.b, rows, e.index(tileRows));
  e.parallel({tiles, e.index(groups)}, [&](ValueRange at) {
    Tile tile;
    allocateCodes(tile);
    tile.scales = e.allocateScratch(tileRows, e.b.getF32Type());
    if (isa.hasTiles) {
      tile.planes = e.allocateScratch({codeBytes, tileRows, kGradientBlock}, e.b.getI8Type());
      tile.sums = e.allocateScratch({codeBytes, kRegisterRows, kRegisterColumns}, e.b.getI32Type());
    }
    if (byQuads)
      tile.biases = e.allocateScratch(tileRows, e.b.getI32Type());
    if (tile.pairs)
      tile.pairPanel = e.allocateScratch({kPairs, 2 * step}, e.b.getI8Type());
    if (tile.quads || tile.planes)
      tile.quadPanel = e.allocateScratch({kQuads, 4 * step}, e.b.getI8Type());
    tile.row = e.mul(at[0], tileRows);
    tile.rows =
        arith::MinUIOp::create(e.b, e.index(tileRows), arith::SubIOp::create(e.b, rows, tile.row));
    Value firstColumn = e.mul(at[1], group);
    Value lastColumn = arith::MinUIOp::create(e.b, e.add(firstColumn, group), e.index(columns));
    // A sum of nothing is stored, too.
    Value end = arith::MaxUIOp::create(e.b, depth, e.index(1));
    e.loop(e.index(0), end, kGradientBlock, {}, [&](Value from, ValueRange) {
      tile.from = from;
      tile.length = arith::MinUIOp::create(e.b, e.index(kGradientBlock),
                                           arith::SubIOp::create(e.b, depth, from));
      quantize(tile);
      e.loop(firstColumn, lastColumn, step, {}, [&](Value j, ValueRange) {
        emitPanels(tile, j);
        if (isa.hasTiles)
          emitRowsByTiles(tile, j);
        else
          emitRows(tile, j);
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  });
}

/// The last row stands for those that do not exist: their codes are 0.
void GradientProduct::emitPanels(const Tile &tile, Value j) {
  Value exists = getMask(e, j, columns, step, step);
  Value last = e.add(e.add(tile.from, tile.length), -1);
  int64_t group = tile.quadPanel ? 4 : 2;
  auto bytes = e.vectorType(step, e.b.getI8Type());
  e.loop(e.index(0), tile.length, group, {}, [&](Value at, ValueRange) {
    SmallVector<Value> rows;
    for (int64_t i = 0; i < group; ++i) {
      Value l = arith::MinUIOp::create(e.b, e.add(e.add(tile.from, at), i), last);
      prefetchBytes(e.add(l, kRowsAhead), j);
      rows.push_back(loadBytes(l, j, exists));
      if (byQuads)
        rows.back() = arith::AddIOp::create(e.b, rows.back(), constant(bytes, getBias()));
    }
    if (tile.pairPanel)
      for (int64_t i = 0; i < group; i += 2) {
        Value pair = vector::InterleaveOp::create(e.b, rows[i], rows[i + 1]);
        Value place = arith::DivUIOp::create(e.b, e.add(at, i), e.index(2));
        e.store(pair, tile.pairPanel, {place, e.index(0)}, {});
      }
    if (tile.quadPanel) {
      Value even = vector::InterleaveOp::create(e.b, rows[0], rows[2]);
      Value odd = vector::InterleaveOp::create(e.b, rows[1], rows[3]);
      Value place = arith::DivUIOp::create(e.b, at, e.index(4));
      e.store(vector::InterleaveOp::create(e.b, even, odd), tile.quadPanel, {place, e.index(0)},
              {});
    }
    return SmallVector<Value>();
  });
}

/// As many rows at a time as there are registers, then fewer.
void GradientProduct::emitRows(const Tile &tile, Value j) {
  SmallVector<int64_t> blocks = {isa.accumulators / vectors()};
  for (int64_t block : {4, 1})
    if (block < blocks.back())
      blocks.push_back(block);
  e.loopBlocks(e.index(0), tile.rows, blocks, {}, [&](Value row, int64_t count, ValueRange) {
    emitBlock(tile, row, j, count);
    return SmallVector<Value>();
  });
}

/// Adds the products of `groups` groups of `depth` neighbouring l.
SmallVector<Value> GradientProduct::accumulate(ArrayRef<Value> sums, Value groups, int64_t depth,
                                               Value panel, Value row, int64_t block, Type element,
                                               Load loadA, Dot dot) {
  int64_t lanes = isa.lanes;
  auto bytes = e.vectorType(depth * lanes, e.b.getI8Type());
  auto elements = e.vectorType(depth * lanes, element);
  return e.loop(e.index(0), groups, 1, sums, [&](Value group, ValueRange carried) {
    SmallVector<Value> sums(carried), b;
    for (int64_t v = 0; v < vectors(); ++v) {
      b.push_back(e.load(bytes, panel, {group, e.index(v * depth * lanes)}, {}));
      if (bytes != elements)
        b.back() = arith::ExtSIOp::create(e.b, elements, b.back());
    }
    for (int64_t r = 0; r < block; ++r) {
      Value a = e.splat(loadA(e.add(row, r), group), lanes);
      a = vector::BitCastOp::create(e.b, elements, a);
      for (int64_t v = 0; v < vectors(); ++v) {
        Value &sum = sums[r * vectors() + v];
        sum = dot(sum, a, b[v]);
      }
    }
    return sums;
  });
}

void GradientProduct::emitBlock(const Tile &tile, Value row, Value j, int64_t block) {
  int64_t lanes = isa.lanes;
  Location loc = e.b.getLoc();
  SmallVector<Value> sums(block * vectors(), e.zeros(words(lanes)));
  auto groups = [&](int64_t depth) -> Value {
    return arith::CeilDivUIOp::create(e.b, tile.length, e.index(depth));
  };
  if (tile.pairs)
    sums = accumulate(
        sums, groups(2), 2, tile.pairPanel, row, block, e.b.getI16Type(),
        [&](Value row, Value pair) { return loadCodes(tile.pairs, row, pair); },
        [&](Value sum, Value a, Value b) { return isa.dotPairs(e.b, loc, sum, a, b); });
  if (tile.pairs && tile.quads)
    for (Value &sum : sums)
      sum = arith::ShLIOp::create(e.b, sum, constant(words(lanes), kLowBits));
  if (tile.quads)
    // Its first factors are unsigned.
    sums = accumulate(
        sums, groups(4), 4, tile.quadPanel, row, block, e.b.getI8Type(),
        [&](Value row, Value quad) { return loadCodes(tile.quads, row, quad); },
        [&](Value sum, Value a, Value b) {
          return byQuads ? isa.dot(e.b, loc, sum, b, a) : isa.dot(e.b, loc, sum, a, b);
        });
  if (byQuads)
    for (int64_t r = 0; r < block; ++r) {
      Value bias = memref::LoadOp::create(e.b, tile.biases, e.add(row, r));
      bias = e.splat(bias, lanes);
      for (int64_t v = 0; v < vectors(); ++v) {
        Value &sum = sums[r * vectors() + v];
        sum = arith::SubIOp::create(e.b, sum, bias);
      }
    }
  for (int64_t v = 0; v < vectors(); ++v) {
    Value column = e.add(j, v * lanes);
    Value exists = getMask(e, column, columns, lanes, step), reads = getReads(tile, exists);
    for (int64_t r = 0; r < block; ++r)
      addToResult(tile, e.add(row, r), column, sums[r * vectors() + v], reads, exists);
  }
}

/// Where there is nothing yet to be added to, nothing is read.
Value GradientProduct::getReads(const Tile &tile, Value exists) {
  if (accumulates)
    return exists;
  Value isLater = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ne, tile.from, e.index(0));
  Value reads = vector::BroadcastOp::create(e.b, e.vectorType(isa.lanes, e.b.getI1Type()), isLater);
  return exists ? arith::AndIOp::create(e.b, reads, exists).getResult() : reads;
}

void GradientProduct::addToResult(const Tile &tile, Value row, Value column, Value sums,
                                  Value reads, Value exists) {
  Value i = e.add(tile.row, row);
  Value scale = e.splat(memref::LoadOp::create(e.b, tile.scales, row), isa.lanes);
  Value sum = arith::SIToFPOp::create(e.b, floats(isa.lanes), sums);
  sum = arith::MulFOp::create(e.b, sum, scale);
  Value before = e.load(floats(isa.lanes), out, {i, column}, reads);
  e.store(arith::AddFOp::create(e.b, before, sum), out, {i, column}, exists);
}

/// The highest byte of a code has its sign.
void GradientProduct::emitRowsByTiles(const Tile &tile, Value j) {
  int64_t lanes = isa.lanes;
  Value steps = getTileSteps(tile), zero = e.index(0);
  e.loop(zero, tile.rows, kRegisterRows, {}, [&](Value row, ValueRange) {
    Value left = arith::SubIOp::create(e.b, tile.rows, row);
    Value count = arith::MinUIOp::create(e.b, left, e.index(kRegisterRows));
    for (int64_t first = 0; first < step; first += kRegisterColumns) {
      for (int64_t byte = 0; byte < codeBytes; ++byte)
        emitTileProduct(e, {tile.planes, {e.index(byte), row, zero}, byte + 1 < codeBytes},
                        {tile.quadPanel, {zero, e.index(4 * first)}}, kRegisterRows,
                        kRegisterColumns, steps, kTileDepth, tile.sums,
                        {e.index(byte), zero, zero});
      SmallVector<Value> columnsOfVectors, exist, read;
      for (int64_t v = 0; v < kRegisterColumns; v += lanes) {
        columnsOfVectors.push_back(e.add(j, first + v));
        exist.push_back(getMask(e, columnsOfVectors.back(), columns, lanes, step));
        read.push_back(getReads(tile, exist.back()));
      }
      e.loop(zero, count, 1, {}, [&](Value r, ValueRange) {
        for (size_t v = 0; v < columnsOfVectors.size(); ++v) {
          auto load = [&](int64_t byte) {
            return e.load(words(lanes), tile.sums, {e.index(byte), r, e.index(v * lanes)}, {});
          };
          Value sum = load(codeBytes - 1);
          for (int64_t byte = codeBytes - 2; byte >= 0; --byte) {
            sum = arith::ShLIOp::create(e.b, sum, constant(words(lanes), 8));
            sum = arith::AddIOp::create(e.b, sum, load(byte));
          }
          addToResult(tile, e.add(row, r), columnsOfVectors[v], sum, read[v], exist[v]);
        }
        return SmallVector<Value>();
      });
    }
    return SmallVector<Value>();
  });
}

/// A is the gradient `[M, N]`, row by row; B is the weight `[N, K]`.
class BackwardInput : public GradientProduct {
public:
  BackwardInput(OpBuilder &builder, Location loc, const Microkernel &isa, bool int8, Value grad,
                Value weight, Value weightScale, Value result)
      : GradientProduct(builder, loc, isa, /*codeBytes=*/int8 ? 1 : 3, /*byQuads=*/int8),
        int8(int8), grad(grad), weight(weight),
        gradColumns(cast<MemRefType>(grad.getType()).getShape().back()),
        scale(memref::LoadOp::create(e.b, weightScale, e.index(0))) {
    rows = e.dim(grad, 0);
    depth = e.index(gradColumns);
    out = result;
    columns = cast<MemRefType>(out.getType()).getShape().back();
  }

private:
  void allocateCodes(Tile &tile) override {
    if (isa.hasTiles)
      return;
    if (!byQuads)
      tile.pairs = e.allocateScratch({kTileRows, kPairs}, e.b.getI32Type());
    tile.quads = e.allocateScratch({kTileRows, kQuads}, e.b.getI32Type());
  }

  void quantize(const Tile &tile) override {
    int32_t limit = int8 ? kInt8GradientLimit : kInputGradientLimit;
    Value end = getEnd(tile, e.index(0));
    int64_t together = isa.hasTiles ? kTileDepth : kChunk;
    e.loop(e.index(0), tile.rows, 1, {}, [&](Value row, ValueRange) {
      Value i = e.add(tile.row, row);
      auto load = [&](Value at) {
        Value column = e.add(tile.from, at);
        return e.load(floats(), grad, {i, column},
                      getMask(e, column, gradColumns, kChunk, together));
      };
      Value largest = e.loop(e.index(0), tile.length, kChunk, constant(words(), kLeastGradientBits),
                             [&](Value at, ValueRange carried) {
                               e.prefetch(grad, {e.add(i, 1), e.add(tile.from, at)});
                               return SmallVector<Value>{magnitude(carried.front(), load(at))};
                             })
                          .front();
      largest = vector::ReductionOp::create(e.b, vector::CombiningKind::MAXSI, largest);
      GradientScale found = buildGradientScale(e.b, e.b.getLoc(), largest, limit);
      memref::StoreOp::create(e.b, arith::MulFOp::create(e.b, found.scale, scale).getResult(),
                              tile.scales, row);
      Value inverse = e.splat(found.inverse, kChunk);
      Value sum =
          e.loop(e.index(0), end, kChunk, e.zeros(words()), [&](Value at, ValueRange carried) {
             Value codes = buildGradientCode(e.b, e.b.getLoc(), load(at), inverse);
             store(tile, row, at, codes);
             Value sum = arith::AddIOp::create(e.b, carried.front(), codes);
             return SmallVector<Value>{sum};
           }).front();
      if (byQuads)
        memref::StoreOp::create(
            e.b, vector::ReductionOp::create(e.b, vector::CombiningKind::ADD, sum).getResult(),
            tile.biases, row);
      return SmallVector<Value>();
    });
  }

  void store(const Tile &tile, Value row, Value at, Value codes) {
    auto storeAs = [&](Value codes, Type type, int64_t perWord, Value memory) {
      codes = arith::TruncIOp::create(e.b, e.vectorType(kChunk, type), codes);
      codes = vector::BitCastOp::create(e.b, words(kChunk / perWord), codes);
      Value word = arith::DivUIOp::create(e.b, at, e.index(perWord));
      e.store(codes, memory, {row, word}, {});
    };
    if (tile.planes) {
      auto bytes = e.vectorType(kChunk, e.b.getI8Type());
      for (int64_t byte = 0; byte < codeBytes; ++byte) {
        Value shifted = arith::ShRSIOp::create(e.b, codes, constant(words(), 8 * byte));
        e.store(arith::TruncIOp::create(e.b, bytes, shifted), tile.planes, {e.index(byte), row, at},
                {});
      }
      return;
    }
    if (byQuads)
      return storeAs(codes, e.b.getI8Type(), 4, tile.quads);
    Value high = arith::ShRSIOp::create(e.b, codes, constant(words(), kLowBits));
    Value low = arith::AndIOp::create(e.b, codes, constant(words(), (1 << kLowBits) - 1));
    storeAs(high, e.b.getI16Type(), 2, tile.pairs);
    storeAs(low, e.b.getI8Type(), 4, tile.quads);
  }

  Value loadCodes(Value codes, Value row, Value group) override {
    return memref::LoadOp::create(e.b, codes, ValueRange{row, group});
  }

  void prefetchBytes(Value n, Value k) override { e.prefetch(weight, e.add(e.mul(n, columns), k)); }

  Value loadBytes(Value n, Value k, Value exists) override {
    auto type = e.vectorType(isa.lanes * vectors(), e.b.getI8Type());
    Value codes = e.load(type, weight, e.add(e.mul(n, columns), k), exists);
    return arith::SubIOp::create(e.b, codes, constant(type, 1));
  }

  int64_t getBias() override { return 1; }

  bool int8;
  Value grad, weight;
  int64_t gradColumns;
  Value scale;
};

/// A is the gradient `[M, N]`, column by column, times the scales of the activations; B is
/// the activations `[M, P]`.
class BackwardWeight : public GradientProduct {
public:
  BackwardWeight(OpBuilder &builder, Location loc, const Microkernel &isa, bool int8, Value grad,
                 Value activations, Value activationScales, Value result, bool addsToResult)
      : GradientProduct(builder, loc, isa, /*codeBytes=*/int8 ? 1 : 2,
                        /*byQuads=*/int8 && isa.takesAllBytes),
        int8(int8), chunks(tileRows / kChunk), grad(grad), activations(activations),
        activationScales(activationScales),
        gradColumns(cast<MemRefType>(grad.getType()).getShape().back()) {
    rows = e.index(gradColumns);
    depth = e.dim(grad, 0);
    out = result;
    columns = cast<MemRefType>(out.getType()).getShape().back();
    accumulates = addsToResult;
  }

private:
  void allocateCodes(Tile &tile) override {
    if (isa.hasTiles)
      transposed = e.allocateScratch({codeBytes, kQuads, tileRows}, e.b.getI32Type());
    else if (byQuads)
      tile.quads = e.allocateScratch({kQuads, kTileRows}, e.b.getI32Type());
    else
      tile.pairs = e.allocateScratch({kPairs, kTileRows}, e.b.getI32Type());
  }

  /// All columns of the tile at once, row by row.
  void quantize(const Tile &tile) override {
    SmallVector<Value> at, masks;
    for (int64_t v = 0; v < chunks; ++v) {
      at.push_back(e.add(tile.row, v * kChunk));
      masks.push_back(getMask(e, at.back(), gradColumns, kChunk, tileRows));
    }
    Value end = e.add(tile.from, tile.length);
    auto load = [&](Value m, Value scale, int64_t v) -> Value {
      Value x = e.load(floats(), grad, {m, at[v]}, masks[v]);
      return arith::MulFOp::create(e.b, x, scale);
    };
    auto loadScale = [&](Value m) {
      return e.splat(memref::LoadOp::create(e.b, activationScales, m), kChunk);
    };
    SmallVector<Value> least(chunks, constant(words(), kLeastGradientBits));
    SmallVector<Value> largest = e.loop(tile.from, end, 1, least, [&](Value m, ValueRange carried) {
      SmallVector<Value> largest(carried);
      Value scale = loadScale(m);
      for (int64_t v = 0; v < chunks; ++v)
        e.prefetch(grad, {e.add(m, kRowsAhead), at[v]});
      for (int64_t v = 0; v < chunks; ++v)
        largest[v] = magnitude(largest[v], load(m, scale, v));
      return largest;
    });
    SmallVector<Value> inverses;
    for (int64_t v = 0; v < chunks; ++v) {
      GradientScale found = buildGradientScale(e.b, e.b.getLoc(), largest[v],
                                               int8 ? kInt8GradientLimit : kWeightGradientLimit);
      inverses.push_back(found.inverse);
      e.store(found.scale, tile.scales, e.index(v * kChunk), {});
    }
    // Codes of neighbouring rows share an i32, the first one's bits being the lowest.
    int64_t group = byQuads || isa.hasTiles ? 4 : 2, bits = 32 / group;
    int64_t parts = isa.hasTiles ? codeBytes : 1;
    Value last = e.add(end, -1);
    SmallVector<Value> zeros(chunks, e.zeros(words()));
    SmallVector<Value> sums =
        e.loop(tile.from, getEnd(tile, tile.from), group, zeros, [&](Value m, ValueRange carried) {
          SmallVector<Value> sums(carried), packed(parts * chunks);
          for (int64_t i = 0; i < group; ++i) {
            Value row = e.add(m, i);
            Value exists = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, row, end);
            Value scale = loadScale(arith::MinUIOp::create(e.b, row, last));
            Value kept = arith::SelectOp::create(e.b, exists, constant(words(), -1), zeros.front());
            for (int64_t v = 0; v < chunks; ++v) {
              Value x = load(arith::MinUIOp::create(e.b, row, last), scale, v);
              Value code = buildGradientCode(e.b, e.b.getLoc(), x, inverses[v]);
              code = arith::AndIOp::create(e.b, code, kept);
              sums[v] = arith::AddIOp::create(e.b, sums[v], code);
              for (int64_t part = 0; part < parts; ++part) {
                Value bitsOfPart =
                    arith::ShRUIOp::create(e.b, code, constant(words(), part * bits));
                bitsOfPart = arith::AndIOp::create(e.b, bitsOfPart,
                                                   constant(words(), (int64_t(1) << bits) - 1));
                bitsOfPart = arith::ShLIOp::create(e.b, bitsOfPart, constant(words(), i * bits));
                Value &word = packed[part * chunks + v];
                word =
                    i == 0 ? bitsOfPart : arith::OrIOp::create(e.b, word, bitsOfPart).getResult();
              }
            }
          }
          Value index = arith::SubIOp::create(e.b, m, tile.from);
          index = arith::DivUIOp::create(e.b, index, e.index(group));
          for (auto [p, word] : llvm::enumerate(packed)) {
            Value i = e.index(p % chunks * kChunk), part = e.index(p / chunks);
            if (isa.hasTiles)
              e.store(word, transposed, {part, index, i}, {});
            else
              e.store(word, byQuads ? tile.quads : tile.pairs, {index, i}, {});
          }
          return sums;
        });
    if (isa.hasTiles)
      transpose(tile);
    if (byQuads)
      for (int64_t v = 0; v < chunks; ++v) {
        Value bias = arith::MulIOp::create(e.b, sums[v], constant(words(), getBias()));
        e.store(bias, tile.biases, e.index(v * kChunk), {});
      }
  }

  /// `[byte, l / 4, i]` of words with four l to `[byte, i, l]`.
  void transpose(const Tile &tile) {
    Value parts = e.index(codeBytes), steps = getTileSteps(tile), zero = e.index(0);
    auto bytes = e.vectorType(kTileDepth, e.b.getI8Type());
    e.loop(zero, parts, 1, {}, [&](Value part, ValueRange) {
      e.loop(zero, steps, 1, {}, [&](Value at, ValueRange) {
        e.loop(zero, e.index(tileRows), kChunk, {}, [&](Value i, ValueRange) {
          SmallVector<Value> words;
          for (int64_t quad = 0; quad < kChunk; ++quad)
            words.push_back(
                e.load(this->words(), transposed, {part, e.add(e.mul(at, kChunk), quad), i}, {}));
          for (auto [row, word] : llvm::enumerate(e.transpose(words)))
            e.store(vector::BitCastOp::create(e.b, bytes, word), tile.planes,
                    {part, e.add(i, row), e.mul(at, kTileDepth)}, {});
          return SmallVector<Value>();
        });
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  }

  Value loadCodes(Value codes, Value row, Value group) override {
    return memref::LoadOp::create(e.b, codes, ValueRange{group, row});
  }

  void prefetchBytes(Value m, Value k) override { e.prefetch(activations, {m, k}); }

  Value loadBytes(Value m, Value k, Value exists) override {
    auto type = e.vectorType(isa.lanes * vectors(), e.b.getI8Type());
    return e.load(type, activations, {m, k}, exists);
  }

  int64_t getBias() override { return 128; }

  bool int8;
  /// Vectors of a row of the tile's columns of the gradient.
  int64_t chunks;
  Value grad, activations, activationScales;
  /// Codes as they are computed, with registers of matrices.
  Value transposed;
  int64_t gradColumns;
};
} // namespace

LogicalResult vectorize::emitLinearBackwardInput(OpBuilder &builder, LinearBackwardInputKernelOp op,
                                                 ValueRange ins, ValueRange outs,
                                                 const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Value grad = e.toRows(ins[0], 1), out = e.toRows(outs[0], 1);
  if (!grad || !out)
    return op.emitOpError("expected contiguous rows");
  BackwardInput(builder, op.getLoc(), isa, op.getInt8(), grad, ins[1], ins[2], out).emit();
  return success();
}

LogicalResult vectorize::emitLinearBackwardWeight(OpBuilder &builder,
                                                  LinearBackwardWeightKernelOp op, ValueRange ins,
                                                  ValueRange outs, const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Value grad = e.toRows(ins[0], 1), activations = e.toRows(ins[1], 1);
  Value scales = e.toRows(ins[2], 0);
  if (!grad || !activations || !scales)
    return op.emitOpError("expected contiguous rows");
  BackwardWeight(builder, op.getLoc(), isa, op.getInt8(), grad, activations, scales, outs[0],
                 op.getAccumulate())
      .emit();
  return success();
}
