//===- Matmul.cpp - Products of floats, and transposes, as vector loops --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A float layer and the gradient of its weight are products C[i, j] = Σ_l A(i, l) · B[l, j], in
// which lanes go along j, where B is contiguous, and A is broadcast. A few rows and vectors of C
// stay in registers while a block of l goes by, so that the order of each sum does not depend on
// how many.
//
//===----------------------------------------------------------------------===//

#include "BlockedSums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
/// With one row, how far ahead of its use a panel is asked for: into the next one, too. Beyond the
/// last it is harmless.
constexpr int64_t kPrefetchBytes = 3072, kCacheLine = 64;

int64_t getColumns(Value memref) { return cast<MemRefType>(memref.getType()).getShape().back(); }

/// C[i, j] = Σ_l A(i, l) · B[l, j], a blocked sum, by fused multiply-add.
struct Product {
  Emitter &e;
  const Microkernel &isa;
  Value rows;      ///< number of i
  Value depth;     ///< number of l
  int64_t columns; ///< number of j
  /// A(i, l), a scalar.
  function_ref<Value(Value i, Value l)> loadA;
  /// B[l, j .. j + lanes).
  function_ref<Value(Value l, Value j, Value mask)> loadB;
  /// Takes C[i, j .. j + lanes).
  function_ref<void(Value i, Value j, Value mask, Value sum)> store;
  /// Columns of a panel of B, which are all that a block has; 0 where B is not in panels.
  int64_t panelColumns = 0;
  /// With one row, asks for what will be read after B[l, j], if there is anything to be gained.
  function_ref<void(Value l, Value j)> prefetch = nullptr;

  /// Vectors of j and rows of i in a block: as many accumulators as there are registers.
  /// With one row memory is the limit: longer pieces of each row of B are read at a time.
  int64_t getVectors() const {
    if (getConstantIntValue(rows) == 1 && panelColumns)
      return std::min<int64_t>(llvm::bit_floor<uint64_t>(isa.accumulators),
                               panelColumns / isa.lanes);
    if (getConstantIntValue(rows) == 1)
      return llvm::bit_floor<uint64_t>(isa.accumulators);
    return isa.getProductVectors();
  }
  int64_t getBlock() const { return isa.accumulators / getVectors(); }

  void emit() {
    int64_t step = isa.lanes * getVectors();
    // Whole blocks of rows for a thread, so that each row of B is loaded for many rows.
    int64_t chunk = 8 * getBlock();
    Value chunks = arith::CeilDivUIOp::create(e.b, rows, e.index(chunk));
    e.parallel({chunks, e.index(llvm::divideCeil(columns, step))}, [&](ValueRange at) {
      BlockedSum sum(e, depth, getBlock() * getVectors(),
                     e.vectorType(isa.lanes, e.b.getF32Type()));
      Value from = e.mul(at[0], chunk), j = e.mul(at[1], step);
      Value end = arith::MinUIOp::create(e.b, rows, e.add(from, chunk));
      e.loopBlocks(from, end, {getBlock(), 1}, {}, [&](Value i, int64_t count, ValueRange) {
        emitBlock(sum, i, j, count, step);
        return SmallVector<Value>();
      });
    });
  }

private:
  void emitBlock(BlockedSum &sum, Value i, Value j, int64_t block, int64_t step) {
    int64_t vectors = getVectors();
    SmallVector<Value> at, masks;
    for (int64_t v = 0; v < vectors; ++v) {
      at.push_back(e.add(j, v * isa.lanes));
      masks.push_back(getMask(e, at.back(), columns, isa.lanes, step));
    }
    auto floats = e.vectorType(isa.lanes, e.b.getF32Type());
    SmallVector<Value> zeros(block * vectors, e.zeros(floats));
    SmallVector<Value> sums = sum.emit(block * vectors, [&](Value first, Value end) {
      return e.multiply(
          first, end, zeros, vectors, [&](int64_t r, Value l) { return loadA(e.add(i, r), l); },
          [&](Value l) {
            if (prefetch)
              prefetch(l, j);
            return llvm::map_to_vector(llvm::seq(vectors),
                                       [&](int64_t v) { return loadB(l, at[v], masks[v]); });
          });
    });
    for (int64_t r = 0; r < block; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        store(e.add(i, r), at[v], masks[v], sums[r * vectors + v]);
  }
};
} // namespace

LogicalResult vectorize::emitMatmul(OpBuilder &builder, MatmulKernelOp op, ValueRange ins,
                                    ValueRange outs, const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Value input = e.toRows(ins[0], 1), matrix = ins[1];
  Emitter::Rows out = e.findRows(outs[0], 1);
  if (!input || !out.memref)
    return op.emitOpError("expected contiguous rows");
  Type element = getElementTypeOrSelf(matrix.getType());
  WeightLayoutAttrInterface layout = getLayoutOf(op.getIns()[1].getType());
  auto panels = dyn_cast_or_null<PanelsAttr>(layout);
  if (layout && !panels)
    return op.emitOpError() << "expected a weight in panels, got " << op.getIns()[1].getType();
  int64_t panelColumns = panels ? panels.getRows() : 0;
  if (panelColumns % (isa.lanes * isa.getProductVectors()) != 0)
    return op.emitOpError() << "expected panels of a multiple of "
                            << isa.lanes * isa.getProductVectors() << " columns, got "
                            << op.getIns()[1].getType();
  auto floats = e.vectorType(isa.lanes, e.b.getF32Type());
  auto loadA = [&](Value m, Value k) -> Value {
    return memref::LoadOp::create(e.b, input, ValueRange{m, k});
  };
  auto loadB = [&](Value k, Value n, Value mask) -> Value {
    auto type = e.vectorType(isa.lanes, element);
    // A panel has all its columns.
    Value value = panelColumns
                      ? e.load(type, matrix, panels.getIndices(e.b, e.b.getLoc(), n, k), {})
                      : e.load(type, matrix, {k, n}, mask);
    return element.isF32() ? value : arith::ExtFOp::create(e.b, floats, value);
  };
  auto store = [&](Value m, Value n, Value mask, Value sum) {
    SmallVector<Value> place = e.locate(out, m);
    place.push_back(n);
    e.store(sum, out.memref, place, mask);
  };
  Product product{
      e,     isa,   e.dim(input, 0), e.index(getColumns(input)), getColumns(out.memref), loadA,
      loadB, store, panelColumns};
  int64_t perLine = kCacheLine * 8 / element.getIntOrFloatBitWidth();
  auto prefetch = [&](Value k, Value n) {
    Value ahead = e.add(k, kPrefetchBytes / kCacheLine * perLine / panelColumns);
    for (int64_t column = 0; column < isa.lanes * product.getVectors(); column += perLine)
      e.prefetch(matrix, panels.getIndices(e.b, e.b.getLoc(), e.add(n, column), ahead));
  };
  if (panelColumns && getConstantIntValue(e.dim(input, 0)) == 1)
    product.prefetch = prefetch;
  product.emit();
  return success();
}

LogicalResult vectorize::emitMatmulTransposeA(OpBuilder &builder, MatmulTransposeAKernelOp op,
                                              ValueRange ins, ValueRange outs,
                                              const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Value a = e.toRows(ins[0], 1), b = e.toRows(ins[1], 1), out = outs[0];
  if (!a || !b)
    return op.emitOpError("expected contiguous rows");
  auto floats = e.vectorType(isa.lanes, e.b.getF32Type());
  Product{
      e,
      isa,
      e.index(getColumns(a)),
      e.dim(a, 0),
      getColumns(out),
      [&](Value n, Value m) -> Value { return memref::LoadOp::create(e.b, a, ValueRange{m, n}); },
      [&](Value m, Value k, Value mask) { return e.load(floats, b, {m, k}, mask); },
      [&](Value n, Value k, Value mask, Value sum) {
        if (op.getAccumulate())
          sum = arith::AddFOp::create(e.b, e.load(floats, out, {n, k}, mask), sum);
        e.store(sum, out, {n, k}, mask);
      }}
      .emit();
  return success();
}

/// Square by square; masks leave out what is beyond the last row or column.
LogicalResult vectorize::emitTranspose(OpBuilder &builder, TransposeKernelOp op, ValueRange ins,
                                       ValueRange outs) {
  Emitter e(builder, op.getLoc());
  auto type = cast<MemRefType>(ins[0].getType());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  auto masks = e.vectorType(kChunk, e.b.getI1Type());
  // Of `count` elements of row `row`, if there is such a row.
  auto maskOf = [&](Value row, int64_t numRows, Value from, int64_t count) -> Value {
    if (numRows % kChunk == 0 && count % kChunk == 0)
      return {};
    Value left = arith::SubIOp::create(e.b, e.index(count), from);
    Value exists = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, row, e.index(numRows));
    left = arith::SelectOp::create(e.b, exists, left, e.index(0));
    return vector::CreateMaskOp::create(e.b, masks, left);
  };
  Value groups = e.index(llvm::divideCeil(columns, kChunk));
  e.parallel(groups, [&](ValueRange at) {
    Value column = e.mul(at[0], kChunk);
    e.loop(e.index(0), e.index(rows), kChunk, {}, [&](Value row, ValueRange) {
      SmallVector<Value> tile;
      for (int64_t i = 0; i < kChunk; ++i) {
        Value from = e.add(row, i);
        tile.push_back(e.load(floats, ins[0], {from, column}, maskOf(from, rows, column, columns)));
      }
      for (auto [i, vector] : llvm::enumerate(e.transpose(tile))) {
        Value to = e.add(column, i);
        e.store(vector, outs[0], {to, row}, maskOf(to, columns, row, rows));
      }
      return SmallVector<Value>();
    });
  });
  return success();
}
