//===- ScanAndGather.cpp - Scans and embeddings as vector loops ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

/// How far ahead an element of a row in panels is asked for.
constexpr int64_t kElementsAhead = 32;

/// Lanes of the chunk at `column` that exist, or null if `columns` is a multiple of it.
static Value chunkMask(Emitter &e, Value column, int64_t columns) {
  if (columns % kChunk == 0)
    return {};
  Value left = arith::SubIOp::create(e.b, e.index(columns), column);
  return vector::CreateMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()), left);
}

/// Rows of the table, chunk by chunk; tokens in parallel.
LogicalResult vectorize::emitGatherKernel(OpBuilder &builder, GatherKernelOp op, Value memory) {
  Emitter e(builder, op.getLoc());
  auto table = cast<MemRefType>(op.getTable().getType());
  WeightLayoutAttrInterface layout = getLayoutOf(table);
  auto panels = dyn_cast_or_null<PanelsAttr>(layout);
  int64_t rank = cast<MemRefType>(op.getIds().getType()).getRank();
  int64_t columns = table.getDimSize(1);
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < rank; ++i)
    sizes.push_back(e.dim(op.getIds(), i));
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  e.parallel(sizes, [&](ValueRange row) {
    Value id = memref::LoadOp::create(e.b, op.getIds(), row);
    id = arith::IndexCastOp::create(e.b, e.b.getIndexType(), id);
    if (layout) { // elements of a row lie apart
      SmallVector<Value> place(row);
      place.push_back({});
      e.loop(e.index(0), e.index(columns), 1, {}, [&](Value column, ValueRange) {
        Location loc = e.b.getLoc();
        if (panels)
          e.prefetch(memory, panels.getIndices(e.b, loc, id, e.add(column, kElementsAhead)));
        Value value = layout.buildRead(e.b, loc, memory, table.getShape(), id, column);
        if (!table.getElementType().isF32())
          value = arith::ExtFOp::create(e.b, e.b.getF32Type(), value);
        place.back() = column;
        memref::StoreOp::create(e.b, value, op.getOuts(), place);
        return SmallVector<Value>();
      });
      return;
    }
    e.loop(e.index(0), e.index(columns), kChunk, {}, [&](Value column, ValueRange) {
      Value mask = chunkMask(e, column, columns);
      Value value =
          e.load(e.vectorType(kChunk, table.getElementType()), memory, {id, column}, mask);
      if (!table.getElementType().isF32())
        value = arith::ExtFOp::create(e.b, floats, value);
      SmallVector<Value> indices(row);
      indices.push_back(column);
      e.store(value, op.getOuts(), indices, mask);
      return SmallVector<Value>();
    });
  });
  return success();
}

/// Channels in parallel, a few chunks together; time in sequence.
LogicalResult vectorize::emitScanKernel(OpBuilder &builder, ScanKernelOp op) {
  Emitter e(builder, op.getLoc());
  auto type = cast<MemRefType>(op.getForget().getType());
  int64_t columns = type.getDimSize(2);
  Value hidden = op.getOuts()[0], state = op.getOuts()[1];
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  Value blocks = e.index(llvm::divideCeil(columns, kScanChannels));
  e.parallel({e.dim(op.getForget(), 0), blocks}, [&](ValueRange indices) {
    Value batch = indices[0];
    ScanChannels channels(e, e.mul(indices[1], kScanChannels), columns);
    SmallVector<Value> first;
    for (auto [column, mask] : channels)
      first.push_back(e.load(floats, state, {batch, column}, mask));
    SmallVector<Value> last =
        e.loop(e.index(0), e.dim(op.getForget(), 1), 1, first, [&](Value t, ValueRange carried) {
          SmallVector<Value> states(carried);
          for (auto [channel, h] : llvm::zip_equal(channels, states)) {
            auto [column, mask] = channel;
            SmallVector<Value> at = {batch, t, column};
            for (Value ahead : {op.getForget(), op.getInput()})
              e.prefetch(ahead, {batch, e.add(t, kScanAhead), column});
            Value forget = e.load(floats, op.getForget(), at, mask);
            Value input = e.load(floats, op.getInput(), at, mask);
            h = arith::MulFOp::create(e.b, forget, h);
            h = arith::AddFOp::create(e.b, h, input);
            e.store(h, hidden, at, mask);
          }
          return states;
        });
    for (auto [channel, h] : llvm::zip_equal(channels, last))
      e.store(h, state, {batch, channel.first}, channel.second);
  });
  return success();
}
