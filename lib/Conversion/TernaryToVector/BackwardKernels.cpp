//===- BackwardKernels.cpp - Kernels of gradients as vector loops --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both gradients of a linear layer are products C[i, j] = Σ_l A(i, l) · B[l, j], in which
// lanes go along j, where B is contiguous, and A is broadcast. A block of C stays in
// registers while l goes by, so that the order of each sum is that of l, whatever the
// block. Codes and trits become floats as they are loaded, once for all rows of a block.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "ternary/Conversion/MathUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
Value buildConstantDouble(Emitter &e, double value) {
  return arith::ConstantOp::create(e.b, e.b.getF64FloatAttr(value));
}

int64_t getColumns(Value memref) { return cast<MemRefType>(memref.getType()).getShape().back(); }

/// Lanes of a vector of `lanes` at `column` that exist, or null if all do in every vector of
/// `step`.
Value getMask(Emitter &e, Value column, int64_t columns, int64_t lanes, int64_t step) {
  if (columns % step == 0)
    return {};
  Value left = arith::SubIOp::create(e.b, e.index(columns), column);
  return vector::CreateMaskOp::create(e.b, e.vectorType(lanes, e.b.getI1Type()), left);
}

/// C[i, j] = Σ_l A(i, l) · B[l, j] by fused multiply-add, from +0 in order of l.
struct Product {
  Emitter &e;
  const Microkernel &isa;
  Value rows;      ///< number of i
  Value depth;     ///< number of l
  int64_t columns; ///< number of j
  /// A(i, l), a scalar.
  function_ref<Value(Value i, Value l)> loadA;
  /// B[l, j .. j + lanes), floats.
  function_ref<Value(Value l, Value j, Value mask)> loadB;
  /// Takes C[i, j .. j + lanes).
  function_ref<void(Value i, Value j, Value mask, Value sum)> store;

  /// Vectors of j and rows of i in a block: as many accumulators as there are registers.
  int64_t getVectors() const { return isa.accumulators >= 24 ? 4 : 2; }
  int64_t getBlock() const { return isa.accumulators / getVectors(); }

  void emit() {
    int64_t step = isa.lanes * getVectors();
    // Whole blocks of rows for a thread, so that each row of B is converted for many rows.
    int64_t chunk = 8 * getBlock();
    Value chunks = arith::CeilDivUIOp::create(e.b, rows, e.index(chunk));
    e.parallel({chunks, e.index(llvm::divideCeil(columns, step))}, [&](ValueRange at) {
      Value from = e.mul(at[0], chunk), j = e.mul(at[1], step);
      Value end = arith::MinUIOp::create(e.b, rows, e.add(from, chunk));
      Value rest =
          arith::RemUIOp::create(e.b, arith::SubIOp::create(e.b, end, from), e.index(getBlock()));
      Value whole = arith::SubIOp::create(e.b, end, rest);
      e.loop(from, whole, getBlock(), {}, [&](Value i, ValueRange) {
        emitBlock(i, j, getBlock(), step);
        return SmallVector<Value>();
      });
      e.loop(whole, end, 1, {}, [&](Value i, ValueRange) {
        emitBlock(i, j, 1, step);
        return SmallVector<Value>();
      });
    });
  }

private:
  void emitBlock(Value i, Value j, int64_t block, int64_t step) {
    int64_t vectors = getVectors();
    SmallVector<Value> at, masks;
    for (int64_t v = 0; v < vectors; ++v) {
      at.push_back(e.add(j, v * isa.lanes));
      masks.push_back(getMask(e, at.back(), columns, isa.lanes, step));
    }
    auto floats = e.vectorType(isa.lanes, e.b.getF32Type());
    SmallVector<Value> zeros(block * vectors, e.zeros(floats));
    SmallVector<Value> sums = e.loop(e.index(0), depth, 1, zeros, [&](Value l, ValueRange carried) {
      SmallVector<Value> sums(carried), b;
      for (int64_t v = 0; v < vectors; ++v)
        b.push_back(loadB(l, at[v], masks[v]));
      for (int64_t r = 0; r < block; ++r) {
        Value a = e.splat(loadA(e.add(i, r), l), isa.lanes);
        for (int64_t v = 0; v < vectors; ++v) {
          Value &sum = sums[r * vectors + v];
          sum = math::FmaOp::create(e.b, a, b[v], sum);
        }
      }
      return sums;
    });
    for (int64_t r = 0; r < block; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        store(e.add(i, r), at[v], masks[v], sums[r * vectors + v]);
  }
};

/// `count` bytes as floats, less `bias`.
Value loadBytes(Emitter &e, Value memref, ValueRange indices, Value mask, int64_t lanes, int bias) {
  Type i8 = e.b.getI8Type();
  Value bytes = e.load(e.vectorType(lanes, i8), memref, indices, mask);
  if (bias) {
    auto ones = DenseElementsAttr::get(e.vectorType(lanes, i8), e.b.getI8IntegerAttr(bias));
    bytes = arith::SubIOp::create(e.b, bytes, arith::ConstantOp::create(e.b, ones));
  }
  Value words = arith::ExtSIOp::create(e.b, e.vectorType(lanes, e.b.getI32Type()), bytes);
  return arith::SIToFPOp::create(e.b, e.vectorType(lanes, e.b.getF32Type()), words);
}
} // namespace

LogicalResult vectorize::emitLinearBackwardInput(OpBuilder &builder, LinearBackwardInputKernelOp op,
                                                 ValueRange ins, ValueRange outs,
                                                 const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Value grad = e.toRows(ins[0], 1), weight = ins[1], out = e.toRows(outs[0], 1);
  if (!grad || !out)
    return op.emitOpError("expected contiguous rows");
  int64_t columns = getColumns(out);
  Value scale = e.splat(memref::LoadOp::create(e.b, ins[2], e.index(0)), isa.lanes);
  Product{e,
          isa,
          e.dim(grad, 0),
          e.index(getColumns(grad)),
          columns,
          [&](Value m, Value n) -> Value {
            return memref::LoadOp::create(e.b, grad, ValueRange{m, n});
          },
          [&](Value n, Value k, Value mask) {
            return loadBytes(e, weight, e.add(e.mul(n, columns), k), mask, isa.lanes, /*bias=*/1);
          },
          [&](Value m, Value k, Value mask, Value sum) {
            e.store(arith::MulFOp::create(e.b, sum, scale), out, {m, k}, mask);
          }}
      .emit();
  return success();
}

LogicalResult vectorize::emitLinearBackwardWeight(OpBuilder &builder,
                                                  LinearBackwardWeightKernelOp op, ValueRange ins,
                                                  ValueRange outs, const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Value grad = e.toRows(ins[0], 1), activations = e.toRows(ins[1], 1), out = outs[0];
  if (!grad || !activations)
    return op.emitOpError("expected contiguous rows");
  auto floats = e.vectorType(isa.lanes, e.b.getF32Type());
  Product{e,
          isa,
          e.index(getColumns(grad)),
          e.dim(grad, 0),
          getColumns(out),
          [&](Value n, Value m) -> Value {
            return memref::LoadOp::create(e.b, grad, ValueRange{m, n});
          },
          [&](Value m, Value k, Value mask) {
            return loadBytes(e, activations, {m, k}, mask, isa.lanes, /*bias=*/0);
          },
          [&](Value n, Value k, Value mask, Value sum) {
            if (op.getAccumulate())
              sum = arith::AddFOp::create(e.b, e.load(floats, out, {n, k}, mask), sum);
            e.store(sum, out, {n, k}, mask);
          }}
      .emit();
  return success();
}

/// Columns in parallel, chunk by chunk; rows in sequence.
LogicalResult vectorize::emitSumRows(OpBuilder &builder, SumRowsKernelOp op, ValueRange ins,
                                     ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value input = e.toRows(ins[0], 1);
  if (!input)
    return op.emitOpError("expected contiguous rows");
  int64_t columns = getColumns(input);
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  e.parallel(e.index(llvm::divideCeil(columns, kChunk)), [&](ValueRange at) {
    Value column = e.mul(at[0], kChunk);
    Value mask = getMask(e, column, columns, kChunk, kChunk);
    Value sum =
        e.loop(e.index(0), e.dim(input, 0), 1, e.zeros(floats), [&](Value row, ValueRange carried) {
           Value x = e.load(floats, input, {row, column}, mask);
           return SmallVector<Value>{arith::AddFOp::create(e.b, carried.front(), x)};
         }).front();
    e.store(sum, outs[0], column, mask);
  });
  return success();
}

LogicalResult vectorize::emitScatter(OpBuilder &builder, ScatterKernelOp op, ValueRange ins,
                                     ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value ids = e.toRows(ins[0], 0), grad = e.toRows(ins[1], 1), table = outs[0];
  if (!ids || !grad)
    return op.emitOpError("expected contiguous rows");
  int64_t columns = getColumns(table);
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  e.parallel(e.index(llvm::divideCeil(columns, kChunk)), [&](ValueRange at) {
    Value column = e.mul(at[0], kChunk);
    Value mask = getMask(e, column, columns, kChunk, kChunk);
    if (!op.getAccumulate())
      e.loop(e.index(0), e.dim(table, 0), 1, {}, [&](Value row, ValueRange) {
        e.store(e.zeros(floats), table, {row, column}, mask);
        return SmallVector<Value>();
      });
    e.loop(e.index(0), e.dim(grad, 0), 1, {}, [&](Value row, ValueRange) {
      Value id = memref::LoadOp::create(e.b, ids, row);
      id = arith::IndexCastOp::create(e.b, e.b.getIndexType(), id);
      Value sum = arith::AddFOp::create(e.b, e.load(floats, table, {id, column}, mask),
                                        e.load(floats, grad, {row, column}, mask));
      e.store(sum, table, {id, column}, mask);
      return SmallVector<Value>();
    });
  });
  return success();
}

/// Channels in parallel, chunk by chunk; time backwards.
LogicalResult vectorize::emitScanBackward(OpBuilder &builder, ScanBackwardKernelOp op,
                                          ValueRange ins, ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value forget = ins[0], hidden = ins[1], state = ins[2], grad = ins[3], gradState = ins[4];
  int64_t columns = getColumns(forget);
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  e.parallel({e.dim(forget, 0), e.index(llvm::divideCeil(columns, kChunk))}, [&](ValueRange at) {
    Value batch = at[0], column = e.mul(at[1], kChunk);
    Value mask = getMask(e, column, columns, kChunk, kChunk);
    // Takes the gradient that comes from later tokens, gives what goes to earlier ones.
    auto step = [&](Value t, Value later, Value before) {
      SmallVector<Value> index = {batch, t, column};
      Value d = arith::AddFOp::create(e.b, later, e.load(floats, grad, index, mask));
      e.store(d, outs[1], index, mask);
      e.store(arith::MulFOp::create(e.b, d, before), outs[0], index, mask);
      return arith::MulFOp::create(e.b, d, e.load(floats, forget, index, mask)).getResult();
    };
    Value last = arith::SubIOp::create(e.b, e.dim(forget, 1), e.index(1));
    Value carried = e.load(floats, gradState, {batch, column}, mask);
    carried = e.loop(e.index(0), last, 1, carried, [&](Value steps, ValueRange later) {
                 Value t = arith::SubIOp::create(e.b, last, steps);
                 Value previous = arith::SubIOp::create(e.b, t, e.index(1));
                 Value before = e.load(floats, hidden, {batch, previous, column}, mask);
                 return SmallVector<Value>{step(t, later.front(), before)};
               }).front();
    carried = step(e.index(0), carried, e.load(floats, state, {batch, column}, mask));
    e.store(carried, outs[2], {batch, column}, mask);
  });
  return success();
}

/// The sum of magnitudes is computed by every thread, which costs less than to wait for each
/// other; then rows are quantised in parallel.
LogicalResult vectorize::emitQuantizeWeights(OpBuilder &builder, QuantizeWeightsKernelOp op,
                                             ValueRange ins, ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Location loc = op.getLoc();
  constexpr int64_t block = 2 * kChunk;
  Value weight = ins[0], trits = outs[0];
  int64_t rows = cast<MemRefType>(weight.getType()).getDimSize(0), columns = getColumns(weight);
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  Type f64 = e.b.getF64Type();
  auto doubles = e.vectorType(kChunk, f64);
  auto allocate = [&](int64_t size) -> Value {
    return memref::AllocaOp::create(e.b, MemRefType::get({size}, f64), e.b.getI64IntegerAttr(64));
  };
  Value lanes = allocate(kChunk), lanesOfRows = allocate(kChunk);
  Value sums = allocate(llvm::alignTo(rows, block));
  // lanes[b mod 16] += fold(first + second)
  auto addBlock = [&](Value lanes, Value index, Value first, Value second) {
    Value sum = e.fold(arith::AddFOp::create(e.b, first, second));
    Value lane = arith::RemUIOp::create(e.b, index, e.index(kChunk));
    sum = arith::AddFOp::create(e.b, memref::LoadOp::create(e.b, lanes, lane), sum);
    memref::StoreOp::create(e.b, sum, lanes, lane);
  };
  auto clear = [&](Value memory) { e.store(e.zeros(doubles), memory, e.index(0), {}); };
  auto total = [&](Value lanes) { return e.fold(e.load(doubles, lanes, e.index(0), {})); };
  e.loop(e.index(0), e.index(llvm::alignTo(rows, block)), 1, {}, [&](Value row, ValueRange) {
    memref::StoreOp::create(e.b, buildConstantDouble(e, 0.0), sums, row);
    return SmallVector<Value>();
  });
  e.loop(e.index(0), e.index(rows), 1, {}, [&](Value row, ValueRange) {
    clear(lanes);
    auto magnitudes = [&](Value column, Value mask) -> Value {
      Value x = e.load(floats, weight, {row, column}, mask);
      return math::AbsFOp::create(e.b, arith::ExtFOp::create(e.b, doubles, x));
    };
    int64_t whole = columns / block * block;
    e.loop(e.index(0), e.index(whole), block, {}, [&](Value column, ValueRange) {
      Value index = arith::DivUIOp::create(e.b, column, e.index(block));
      addBlock(lanes, index, magnitudes(column, {}), magnitudes(e.add(column, kChunk), {}));
      return SmallVector<Value>();
    });
    if (whole < columns) {
      auto masked = [&](int64_t column) -> Value {
        int64_t left = std::clamp<int64_t>(columns - column, 0, kChunk);
        if (left == 0)
          return e.zeros(doubles);
        Value mask = vector::ConstantMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()),
                                                    ArrayRef<int64_t>{left});
        return magnitudes(e.index(column), mask);
      };
      addBlock(lanes, e.index(whole / block), masked(whole), masked(whole + kChunk));
    }
    memref::StoreOp::create(e.b, total(lanes), sums, row);
    return SmallVector<Value>();
  });
  clear(lanesOfRows);
  e.loop(e.index(0), e.index(llvm::alignTo(rows, block)), block, {}, [&](Value row, ValueRange) {
    Value index = arith::DivUIOp::create(e.b, row, e.index(block));
    addBlock(lanesOfRows, index, e.load(doubles, sums, row, {}),
             e.load(doubles, sums, e.add(row, kChunk), {}));
    return SmallVector<Value>();
  });
  Value mean = arith::DivFOp::create(e.b, total(lanesOfRows),
                                     buildConstantDouble(e, static_cast<double>(rows * columns)));
  Value scale = arith::TruncFOp::create(e.b, e.b.getF32Type(), mean);
  Value least = buildFloat(e.b, loc, e.b.getF32Type(), 1e-5f);
  Value greater = arith::CmpFOp::create(e.b, arith::CmpFPredicate::OGT, scale, least);
  scale = arith::SelectOp::create(e.b, greater, scale, least);
  Value one = buildFloat(e.b, loc, e.b.getF32Type(), 1.0f);
  Value inverse = e.splat(arith::DivFOp::create(e.b, one, scale), kChunk);
  auto words = e.vectorType(kChunk, e.b.getI32Type());
  e.parallel(e.index(rows), [&](ValueRange at) {
    // Any of them may say what all have found.
    memref::StoreOp::create(e.b, scale, outs[1], e.index(0));
    e.loop(e.index(0), e.index(columns), kChunk, {}, [&](Value column, ValueRange) {
      Value mask = getMask(e, column, columns, kChunk, kChunk);
      Value x = e.load(floats, weight, {at[0], column}, mask);
      x = buildClamp(e.b, loc, arith::MulFOp::create(e.b, x, inverse), -1.0f, 1.0f);
      Value code = arith::FPToSIOp::create(e.b, words, buildRoundEven(e.b, loc, x));
      code = arith::AddIOp::create(e.b, code, buildInteger(e.b, loc, words, 1));
      code = arith::TruncIOp::create(e.b, e.vectorType(kChunk, e.b.getI8Type()), code);
      e.store(code, trits, e.add(e.mul(at[0], columns), column), mask);
      return SmallVector<Value>();
    });
  });
  return success();
}

/// A word of `depth` codes at a time: those of one row in one plane are contiguous. Fails
/// without an error for weights that fill no whole tiles.
LogicalResult vectorize::emitPack(OpBuilder &builder, PackKernelOp op, ValueRange ins,
                                  ValueRange outs) {
  auto type = cast<MemRefType>(op.getOuts()[0].getType());
  auto layout = dyn_cast<PackedAttr>(type.getLayout());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  if (!layout || layout.getPaddedColumns(columns) != columns || rows % (layout.getTileRows()) != 0)
    return failure();
  Emitter e(builder, op.getLoc());
  int64_t planes = layout.getPlanes(), depth = layout.getDepth(), lanes = layout.getLanes();
  int64_t perPlane = columns / planes, groups = perPlane / depth;
  int64_t vectorsOfHalf = layout.getVectors() / layout.getHalves();
  auto bytes = e.vectorType(depth, e.b.getI8Type());
  e.parallel(e.index(layout.getNumTiles(rows)), [&](ValueRange tile) {
    e.loop(e.index(0), e.index(layout.getTileRows()), 1, {}, [&](Value inTile, ValueRange) {
      Value vector = arith::DivUIOp::create(e.b, inTile, e.index(lanes));
      Value lane = arith::RemUIOp::create(e.b, inTile, e.index(lanes));
      Value half = arith::DivUIOp::create(e.b, vector, e.index(vectorsOfHalf));
      Value vectorOfHalf = arith::RemUIOp::create(e.b, vector, e.index(vectorsOfHalf));
      Value row = e.add(e.mul(e.add(e.mul(tile[0], vectorsOfHalf), vectorOfHalf), lanes), lane);
      row = e.add(row, e.mul(half, rows / layout.getHalves()));
      Value from = e.mul(row, columns);
      e.loop(e.index(0), e.index(groups), 1, {}, [&](Value group, ValueRange) {
        Value packed;
        for (int64_t p = 0; p < planes; ++p) {
          Value at = e.add(e.add(from, e.mul(group, depth)), p * perPlane);
          Value codes = e.load(bytes, ins[0], at, {});
          if (p > 0) {
            Value shift = arith::ConstantOp::create(
                e.b, DenseElementsAttr::get(bytes, e.b.getI8IntegerAttr(2 * p)));
            codes = arith::ShLIOp::create(e.b, codes, shift);
          }
          packed = packed ? arith::OrIOp::create(e.b, packed, codes).getResult() : codes;
        }
        Value place =
            e.add(e.mul(e.add(e.mul(tile[0], groups), group), layout.getVectors()), vector);
        place = e.mul(e.add(e.mul(place, lanes), lane), depth);
        e.store(packed, outs[0], place, {});
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  });
  return success();
}
