//===- RWKVKernels.cpp - Token shift and WKV as vector loops -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Channels do not meet: those of all sequences are worked off in parallel, chunk by chunk; time
// in sequence.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ternary/Conversion/MathUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
/// A chunk of channels of one sequence.
struct Channels {
  Emitter &e;
  Value batch, column, mask;

  VectorType getType() { return e.vectorType(kChunk, e.b.getF32Type()); }
  Value load(Value memref, Value t) { return e.load(getType(), memref, {batch, t, column}, mask); }
  void store(Value value, Value memref, Value t) {
    e.store(value, memref, {batch, t, column}, mask);
  }
  Value loadOfSequence(Value memref) { return e.load(getType(), memref, {batch, column}, mask); }
  void storeOfSequence(Value value, Value memref) { e.store(value, memref, {batch, column}, mask); }

  Value constant(double value) { return buildFloat(e.b, e.b.getLoc(), getType(), value); }
  Value add(Value x, Value y) { return arith::AddFOp::create(e.b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(e.b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(e.b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(e.b, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(e.b, x); }
  Value exp(Value x) { return math::ExpOp::create(e.b, x); }
};

/// Calls `body` for all chunks of `tokens` [B, T, H].
void forChannels(Emitter &e, Value tokens, function_ref<void(Channels)> body) {
  int64_t columns = cast<MemRefType>(tokens.getType()).getDimSize(2);
  e.parallel({e.dim(tokens, 0), e.index(llvm::divideCeil(columns, kChunk))}, [&](ValueRange at) {
    Value column = e.mul(at[1], kChunk);
    body({e, at[0], column, getMask(e, column, columns, kChunk, kChunk)});
  });
}

/// Two sums in units of exp(maximum): what to multiply each by.
struct Shares {
  Value first, second, maximum;
};

Shares share(Channels &c, Value first, Value second) {
  Value greater = arith::CmpFOp::create(c.e.b, arith::CmpFPredicate::OGT, first, second);
  Value maximum = arith::SelectOp::create(c.e.b, greater, first, second);
  return {c.exp(c.sub(first, maximum)), c.exp(c.sub(second, maximum)), maximum};
}

/// w and u, which all tokens share.
struct Rates {
  Rates(Channels &c, ValueRange ins) {
    w = c.neg(c.exp(c.e.load(c.getType(), ins[2], c.column, c.mask)));
    u = c.e.load(c.getType(), ins[3], c.column, c.mask);
  }
  Value w, u;
};

/// p, q and m of a state.
SmallVector<Value> loadState(Channels &c, Value state) {
  SmallVector<Value> rows;
  for (int64_t i = 0; i < 3; ++i)
    rows.push_back(c.load(state, c.e.index(i)));
  Value zero = c.constant(0.0);
  Value isNone = arith::CmpFOp::create(c.e.b, arith::CmpFPredicate::OEQ, rows[1], zero);
  rows[0] = arith::SelectOp::create(c.e.b, isNone, zero, rows[0]);
  rows[2] = arith::SelectOp::create(c.e.b, isNone, c.constant(WKVOp::kLowest), rows[2]);
  return rows;
}
} // namespace

LogicalResult vectorize::emitTokenShift(OpBuilder &builder, TokenShiftKernelOp op, ValueRange ins,
                                        ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value tokens = e.dim(ins[0], 1);
  Value lastToken = arith::SubIOp::create(e.b, tokens, e.index(1));
  forChannels(e, ins[0], [&](Channels c) {
    Value state = c.loadOfSequence(outs[1]);
    state = e.loop(e.index(0), tokens, 1, state, [&](Value step, ValueRange carried) {
               Value t = step;
               if (op.getInverse())
                 t = arith::SubIOp::create(e.b, lastToken, step);
               Value x = c.load(ins[0], t);
               c.store(carried.front(), outs[0], t);
               return SmallVector<Value>{x};
             }).front();
    c.storeOfSequence(state, outs[1]);
  });
  return success();
}

LogicalResult vectorize::emitWKV(OpBuilder &builder, WKVKernelOp op, ValueRange ins,
                                 ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value k = ins[0], v = ins[1], result = outs[0], state = outs[1];
  Value tokens = e.dim(k, 1);
  forChannels(e, k, [&](Channels c) {
    Rates rates(c, ins);
    auto last = e.loop(e.index(0), tokens, 1, loadState(c, state), [&](Value t, ValueRange pqm) {
      Value p = pqm[0], q = pqm[1], m = pqm[2], key = c.load(k, t), value = c.load(v, t);
      Shares shares = share(c, m, c.add(key, rates.u));
      Value numerator = c.add(c.mul(shares.first, p), c.mul(shares.second, value));
      Value denominator = c.add(c.mul(shares.first, q), shares.second);
      c.store(c.div(numerator, denominator), result, t);
      shares = share(c, c.add(m, rates.w), key);
      p = c.add(c.mul(shares.first, p), c.mul(shares.second, value));
      q = c.add(c.mul(shares.first, q), shares.second);
      return SmallVector<Value>{p, q, shares.maximum};
    });
    for (auto [i, row] : llvm::enumerate(last))
      c.store(row, state, e.index(i));
  });
  return success();
}

/// Forwards for what the state was, backwards for what comes from later tokens.
LogicalResult vectorize::emitWKVBackward(OpBuilder &builder, WKVBackwardKernelOp op, ValueRange ins,
                                         ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value k = ins[0], v = ins[1], result = ins[5], grad = ins[6], gradK = outs[0], gradV = outs[1];
  Value tokens = e.dim(k, 1);
  Value lastToken = arith::SubIOp::create(e.b, tokens, e.index(1));
  forChannels(e, k, [&](Channels c) {
    Rates rates(c, ins);
    Value zero = c.constant(0.0);
    SmallVector<Value> start = loadState(c, ins[4]);
    start.append(3, zero);
    auto last = e.loop(e.index(0), tokens, 1, start, [&](Value t, ValueRange carried) {
      Value p = carried[0], q = carried[1], m = carried[2];
      Value dp = carried[3], dq = carried[4], sum = carried[5];
      Value key = c.load(k, t), value = c.load(v, t);
      Shares shares = share(c, m, c.add(key, rates.u));
      Value g = c.div(c.load(grad, t), c.add(c.mul(shares.first, q), shares.second));
      Value slope = c.sub(dp, c.mul(c.load(result, t), dq));
      sum = c.add(sum, c.mul(g, c.mul(shares.first, slope)));
      // Kept where the gradients will be.
      c.store(shares.maximum, gradK, t);
      c.store(g, gradV, t);
      shares = share(c, c.add(m, rates.w), key);
      dp = c.mul(shares.first, c.add(p, dp));
      dq = c.mul(shares.first, c.add(q, dq));
      p = c.add(c.mul(shares.first, p), c.mul(shares.second, value));
      q = c.add(c.mul(shares.first, q), shares.second);
      return SmallVector<Value>{p, q, shares.maximum, dp, dq, sum};
    });
    c.storeOfSequence(c.mul(last.back(), rates.w), outs[2]);

    start = {zero, zero, c.constant(WKVOp::kLowest), zero};
    last = e.loop(e.index(0), tokens, 1, start, [&](Value step, ValueRange carried) {
      Value alpha = carried[0], beta = carried[1], n = carried[2], sum = carried[3];
      Value t = arith::SubIOp::create(e.b, lastToken, step);
      Value key = c.load(k, t), value = c.load(v, t), r = c.load(result, t);
      Value o = c.load(gradK, t), g = c.load(gradV, t);
      Value own = c.mul(g, c.exp(c.sub(c.add(key, rates.u), o)));
      Value ofKey = c.mul(own, c.sub(value, r));
      Value later = c.exp(c.add(key, n));
      c.store(c.add(own, c.mul(later, alpha)), gradV, t);
      Value ofLater = c.mul(later, c.add(c.mul(value, alpha), beta));
      c.store(c.add(ofKey, ofLater), gradK, t);
      Shares shares = share(c, c.add(n, rates.w), c.neg(o));
      Value added = c.mul(shares.second, g);
      alpha = c.add(c.mul(shares.first, alpha), added);
      beta = c.sub(c.mul(shares.first, beta), c.mul(added, r));
      return SmallVector<Value>{alpha, beta, shares.maximum, c.add(sum, ofKey)};
    });
    c.storeOfSequence(last.back(), outs[3]);
  });
  return success();
}
