//===- CacheKernels.cpp - Caches and positions as scalar loops -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

namespace {
void emit(LoopBuilder &b, AppendKernelOp, ValueRange ins, ValueRange outs) {
  Value tokens = ins[0], cache = outs[0];
  Type element = getElementTypeOrSelf(cache.getType());
  Value past = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), b.load(ins[1], {}));
  int64_t rank = cast<MemRefType>(tokens.getType()).getRank();
  b.nest(b.sizes(tokens, rank), [&](ValueRange from) {
    Value value = b.load(tokens, from);
    if (value.getType() != element)
      value = arith::TruncFOp::create(b, element, value);
    SmallVector<Value> to(from);
    to[1] = b.op<arith::AddIOp>(past, from[1]);
    b.store(value, cache, to);
  });
}

void emit(LoopBuilder &b, AdvanceKernelOp, ValueRange ins, ValueRange outs) {
  Value count = b.sizes(ins[0], 2)[1];
  count = b.createOrFold<arith::IndexCastOp>(b.getI32Type(), count);
  b.store(b.op<arith::AddIOp>(b.load(outs[0], {}), count), outs[0], {});
}
} // namespace

void loops::populateCacheKernelPatterns(RewritePatternSet &patterns, const TypeConverter &converter,
                                        ConversionTarget &target) {
  addKernelPatterns<AppendKernelOp, AdvanceKernelOp>(
      patterns, converter, target,
      [](LoopBuilder &b, auto op, ValueRange ins, ValueRange outs) { emit(b, op, ins, outs); });
}
