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

/// Lanes of the chunk at `column` that exist, or null if `columns` is a multiple of it.
static Value chunkMask(Emitter &e, Value column, int64_t columns) {
  if (columns % kChunk == 0)
    return {};
  Value left = arith::SubIOp::create(e.b, e.index(columns), column);
  return vector::CreateMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()), left);
}

/// Rows of the table, chunk by chunk; tokens in parallel.
LogicalResult vectorize::emitGatherKernel(OpBuilder &builder, GatherKernelOp op) {
  Emitter e(builder, op.getLoc());
  auto table = cast<MemRefType>(op.getTable().getType());
  int64_t rank = cast<MemRefType>(op.getIds().getType()).getRank();
  int64_t columns = table.getDimSize(1);
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < rank; ++i)
    sizes.push_back(e.dim(op.getIds(), i));
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  e.parallel(sizes, [&](ValueRange row) {
    Value id = memref::LoadOp::create(e.b, op.getIds(), row);
    id = arith::IndexCastOp::create(e.b, e.b.getIndexType(), id);
    e.loop(e.index(0), e.index(columns), kChunk, {}, [&](Value column, ValueRange) {
      Value mask = chunkMask(e, column, columns);
      Value value =
          e.load(e.vectorType(kChunk, table.getElementType()), op.getTable(), {id, column}, mask);
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

/// Channels in parallel, chunk by chunk; time in sequence.
LogicalResult vectorize::emitScanKernel(OpBuilder &builder, ScanKernelOp op) {
  Emitter e(builder, op.getLoc());
  auto type = cast<MemRefType>(op.getForget().getType());
  int64_t columns = type.getDimSize(2);
  Value hidden = op.getOuts()[0], state = op.getOuts()[1];
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  Value chunks = e.index(llvm::divideCeil(columns, kChunk));
  e.parallel({e.dim(op.getForget(), 0), chunks}, [&](ValueRange indices) {
    Value batch = indices[0], column = e.mul(indices[1], kChunk);
    Value mask = chunkMask(e, column, columns);
    Value first = e.load(floats, state, {batch, column}, mask);
    SmallVector<Value> last =
        e.loop(e.index(0), e.dim(op.getForget(), 1), 1, first, [&](Value t, ValueRange carried) {
          Value forget = e.load(floats, op.getForget(), {batch, t, column}, mask);
          Value input = e.load(floats, op.getInput(), {batch, t, column}, mask);
          Value next = arith::MulFOp::create(e.b, forget, carried.front());
          next = arith::AddFOp::create(e.b, next, input);
          e.store(next, hidden, {batch, t, column}, mask);
          return SmallVector<Value>{next};
        });
    e.store(last.front(), state, {batch, column}, mask);
  });
  return success();
}
