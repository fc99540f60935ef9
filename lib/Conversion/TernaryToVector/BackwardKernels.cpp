//===- BackwardKernels.cpp - Kernels of gradients as vector loops --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "ternary/Conversion/MathUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
int64_t getColumns(Value memref) { return cast<MemRefType>(memref.getType()).getShape().back(); }
} // namespace

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

/// Channels in parallel, a few chunks together; time backwards.
LogicalResult vectorize::emitScanBackward(OpBuilder &builder, ScanBackwardKernelOp op,
                                          ValueRange ins, ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value forget = ins[0], hidden = ins[1], state = ins[2], grad = ins[3], gradState = ins[4];
  int64_t columns = getColumns(forget);
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  e.parallel(
      {e.dim(forget, 0), e.index(llvm::divideCeil(columns, kScanChannels))}, [&](ValueRange at) {
        Value batch = at[0];
        ScanChannels channels(e, e.mul(at[1], kScanChannels), columns);
        // Takes the gradient that comes from later tokens, gives what goes to earlier ones.
        using LoadBefore = function_ref<Value(Value column, Value mask)>;
        auto step = [&](Value t, ValueRange later, LoadBefore loadBefore) {
          SmallVector<Value> earlier;
          for (auto [channel, fromLater] : llvm::zip_equal(channels, later)) {
            auto [column, mask] = channel;
            SmallVector<Value> index = {batch, t, column};
            Value before = loadBefore(column, mask);
            Value d = arith::AddFOp::create(e.b, fromLater, e.load(floats, grad, index, mask));
            e.store(d, outs[1], index, mask);
            e.store(arith::MulFOp::create(e.b, d, before), outs[0], index, mask);
            earlier.push_back(arith::MulFOp::create(e.b, d, e.load(floats, forget, index, mask)));
          }
          return earlier;
        };
        Value last = arith::SubIOp::create(e.b, e.dim(forget, 1), e.index(1));
        SmallVector<Value> carried;
        for (auto [column, mask] : channels)
          carried.push_back(e.load(floats, gradState, {batch, column}, mask));
        carried = e.loop(e.index(0), last, 1, carried, [&](Value steps, ValueRange later) {
          Value t = arith::SubIOp::create(e.b, last, steps);
          Value previous = arith::SubIOp::create(e.b, t, e.index(1));
          Value ahead = arith::SubIOp::create(e.b, t, e.index(kScanAhead));
          return step(t, later, [&](Value column, Value mask) {
            for (Value memref : {hidden, grad, forget})
              e.prefetch(memref, {batch, ahead, column});
            return e.load(floats, hidden, {batch, previous, column}, mask);
          });
        });
        carried = step(e.index(0), carried, [&](Value column, Value mask) {
          return e.load(floats, state, {batch, column}, mask);
        });
        for (auto [channel, d] : llvm::zip_equal(channels, carried))
          e.store(d, outs[2], {batch, channel.first}, channel.second);
      });
  return success();
}

/// The sum of magnitudes: rows in parallel, then their sums; then rows are quantised in parallel.
LogicalResult vectorize::emitQuantizeWeights(OpBuilder &builder, QuantizeWeightsKernelOp op,
                                             ValueRange ins, ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Location loc = op.getLoc();
  constexpr int64_t block = 2 * kChunk;
  Value weight = ins[0], trits = outs[0], sums = outs[2];
  int64_t rows = cast<MemRefType>(weight.getType()).getDimSize(0), columns = getColumns(weight);
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  auto doubles = e.vectorType(kChunk, e.b.getF64Type());
  // fold(lanes) of lanes[b mod 16] += fold(chunk 2 b + chunk 2 b + 1), of `count` elements.
  auto addUp = [&](Value lanes, int64_t count,
                   function_ref<Value(Value at, Value mask)> chunk) -> Value {
    e.store(e.zeros(doubles), lanes, e.index(0), {});
    auto addBlock = [&](Value index, Value first, Value second) {
      Value sum = e.fold(arith::AddFOp::create(e.b, first, second));
      Value lane = arith::RemUIOp::create(e.b, index, e.index(kChunk));
      sum = arith::AddFOp::create(e.b, memref::LoadOp::create(e.b, lanes, lane), sum);
      memref::StoreOp::create(e.b, sum, lanes, lane);
    };
    int64_t whole = count / block * block;
    e.loop(e.index(0), e.index(whole), block, {}, [&](Value at, ValueRange) {
      Value index = arith::DivUIOp::create(e.b, at, e.index(block));
      addBlock(index, chunk(at, {}), chunk(e.add(at, kChunk), {}));
      return SmallVector<Value>();
    });
    if (whole < count) {
      auto masked = [&](int64_t at) -> Value {
        int64_t left = std::clamp<int64_t>(count - at, 0, kChunk);
        if (left == 0)
          return e.zeros(doubles);
        Value mask = vector::ConstantMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()),
                                                    ArrayRef<int64_t>{left});
        return chunk(e.index(at), mask);
      };
      addBlock(e.index(whole / block), masked(whole), masked(whole + kChunk));
    }
    return e.fold(e.load(doubles, lanes, e.index(0), {}));
  };
  e.parallel(e.index(rows), [&](ValueRange row) {
    Value lanes = e.allocateScratch(kChunk, e.b.getF64Type());
    Value sum = addUp(lanes, columns, [&](Value column, Value mask) -> Value {
      Value x = e.load(floats, weight, {row[0], column}, mask);
      return math::AbsFOp::create(e.b, arith::ExtFOp::create(e.b, doubles, x));
    });
    memref::StoreOp::create(e.b, sum, sums, row[0]);
  });
  Value lanes = memref::AllocaOp::create(e.b, MemRefType::get({kChunk}, e.b.getF64Type()),
                                         e.b.getI64IntegerAttr(64));
  Value total =
      addUp(lanes, rows, [&](Value row, Value mask) { return e.load(doubles, sums, row, mask); });
  Value count =
      arith::ConstantOp::create(e.b, e.b.getF64FloatAttr(static_cast<double>(rows * columns)));
  Value mean = arith::DivFOp::create(e.b, total, count);
  Value scale = arith::TruncFOp::create(e.b, e.b.getF32Type(), mean);
  Value least = buildFloat(e.b, loc, e.b.getF32Type(), 1e-5f);
  Value greater = arith::CmpFOp::create(e.b, arith::CmpFPredicate::OGT, scale, least);
  scale = arith::SelectOp::create(e.b, greater, scale, least);
  memref::StoreOp::create(e.b, scale, outs[1], e.index(0));
  Value one = buildFloat(e.b, loc, e.b.getF32Type(), 1.0f);
  Value inverse = e.splat(arith::DivFOp::create(e.b, one, scale), kChunk);
  auto words = e.vectorType(kChunk, e.b.getI32Type());
  e.parallel(e.index(rows), [&](ValueRange at) {
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
