//===- CacheKernels.cpp - Caches as vector loops ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

/// Rows of whole chunks; what is left of each goes one by one, since not every machine can load
/// bytes by masks.
LogicalResult vectorize::emitAppend(OpBuilder &builder, AppendKernelOp op, ValueRange ins,
                                    ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value tokens = ins[0], cache = outs[0];
  auto type = cast<MemRefType>(tokens.getType());
  int64_t rank = type.getRank(), columns = type.getShape().back();
  if (rank < 3 || ShapedType::isDynamic(columns) || !type.isLastDimUnitStride() ||
      !cast<MemRefType>(cache.getType()).isLastDimUnitStride())
    return failure();
  Type from = type.getElementType(), to = getElementTypeOrSelf(cache.getType());
  Value past = arith::IndexCastOp::create(e.b, e.b.getIndexType(),
                                          memref::LoadOp::create(e.b, ins[1], ValueRange()));
  SmallVector<Value> sizes = llvm::map_to_vector(llvm::seq<int64_t>(rank - 1),
                                                 [&](int64_t i) { return e.dim(tokens, i); });
  e.parallel(sizes, [&](ValueRange row) {
    SmallVector<Value> place(row);
    place[1] = e.add(past, row[1]);
    auto at = [](ValueRange row, Value column) {
      SmallVector<Value> indices(row);
      indices.push_back(column);
      return indices;
    };
    auto narrow = [&](Value value, Type type) -> Value {
      return from == to ? value : arith::TruncFOp::create(e.b, type, value).getResult();
    };
    int64_t whole = columns / kChunk * kChunk;
    auto chunk = e.vectorType(kChunk, from);
    e.loop(e.index(0), e.index(whole), kChunk, {}, [&](Value column, ValueRange) {
      Value value = e.load(chunk, tokens, at(row, column), {});
      e.store(narrow(value, chunk.clone(to)), cache, at(place, column), {});
      return SmallVector<Value>();
    });
    e.loop(e.index(whole), e.index(columns), 1, {}, [&](Value column, ValueRange) {
      Value value = memref::LoadOp::create(e.b, tokens, at(row, column));
      memref::StoreOp::create(e.b, narrow(value, to), cache, at(place, column));
      return SmallVector<Value>();
    });
  });
  return success();
}
