//===- RWKVKernels.cpp - Token shift and WKV as scalar loops --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

namespace {
void emit(LoopBuilder &b, TokenShiftKernelOp op, ValueRange ins, ValueRange outs) {
  Value input = ins[0], result = outs[0], state = outs[1];
  SmallVector<Value> sizes = b.sizes(input, 3);
  Value last = b.op<arith::SubIOp>(sizes[1], b.index(1));
  b.nest({sizes[0], sizes[2]}, [&](ValueRange at) {
    Value kept = b.reduce(sizes[1], b.load(state, at), [&](Value step, Value carried) {
      Value t = op.getInverse() ? b.op<arith::SubIOp>(last, step) : step;
      SmallVector<Value> element = {at[0], t, at[1]};
      Value x = b.load(input, element);
      b.store(carried, result, element);
      return x;
    });
    b.store(kept, state, at);
  });
}

Value subf(LoopBuilder &b, Value x, Value y) { return arith::SubFOp::create(b, x, y); }
Value exp(LoopBuilder &b, Value x) { return math::ExpOp::create(b, x); }

/// Carries values through a loop over the indices below `size`.
SmallVector<Value> reduceAll(LoopBuilder &b, Value size, ValueRange init,
                             function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, b.index(0), size, b.index(1), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(b, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return loop.getResults();
}

/// One channel of one sequence.
struct Channel {
  Channel(LoopBuilder &b, ValueRange at, ValueRange ins) : at(at), k(ins[0]), v(ins[1]) {
    decay = arith::NegFOp::create(b, exp(b, b.load(ins[2], at[1])));
    first = b.load(ins[3], at[1]);
  }

  SmallVector<Value> atToken(Value t) const { return {at[0], t, at[1]}; }

  /// p, q and m of the state.
  SmallVector<Value> load(LoopBuilder &b, Value state) const {
    SmallVector<Value> rows;
    for (int64_t i = 0; i < 3; ++i)
      rows.push_back(b.load(state, {at[0], b.index(i), at[1]}));
    Value isNone = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, rows[1], b.real(0.0));
    rows[0] = arith::SelectOp::create(b, isNone, b.real(0.0), rows[0]);
    rows[2] = arith::SelectOp::create(b, isNone, b.real(WKVOp::kLowest), rows[2]);
    return rows;
  }

  /// The sums with the token on top, times exp(-maximum).
  struct Sums {
    Value before, token, maximum;
  };
  Sums add(LoopBuilder &b, Value before, Value token) const {
    Value maximum = b.maximum(before, token);
    return {exp(b, subf(b, before, maximum)), exp(b, subf(b, token, maximum)), maximum};
  }
  Sums addForResult(LoopBuilder &b, Value m, Value key) const {
    return add(b, m, b.addf(key, first));
  }
  Sums addForState(LoopBuilder &b, Value m, Value key) const {
    return add(b, b.addf(m, decay), key);
  }

  SmallVector<Value> at;
  Value k, v, decay, first;
};

void emit(LoopBuilder &b, WKVKernelOp, ValueRange ins, ValueRange outs) {
  Value result = outs[0], state = outs[1];
  SmallVector<Value> sizes = b.sizes(ins[0], 3);
  b.nest({sizes[0], sizes[2]}, [&](ValueRange at) {
    Channel channel(b, at, ins);
    auto last = reduceAll(b, sizes[1], channel.load(b, state), [&](Value t, ValueRange pqm) {
      Value p = pqm[0], q = pqm[1], m = pqm[2];
      Value key = b.load(channel.k, channel.atToken(t));
      Value value = b.load(channel.v, channel.atToken(t));
      Channel::Sums sums = channel.addForResult(b, m, key);
      Value numerator = b.addf(b.mulf(sums.before, p), b.mulf(sums.token, value));
      Value denominator = b.addf(b.mulf(sums.before, q), sums.token);
      b.store(b.divf(numerator, denominator), result, channel.atToken(t));
      sums = channel.addForState(b, m, key);
      p = b.addf(b.mulf(sums.before, p), b.mulf(sums.token, value));
      q = b.addf(b.mulf(sums.before, q), sums.token);
      return SmallVector<Value>{p, q, sums.maximum};
    });
    for (auto [i, value] : llvm::enumerate(last))
      b.store(value, state, {at[0], b.index(i), at[1]});
  });
}

void emit(LoopBuilder &b, WKVBackwardKernelOp, ValueRange ins, ValueRange outs) {
  Value state = ins[4], result = ins[5], grad = ins[6];
  Value gradK = outs[0], gradV = outs[1], gradDecay = outs[2], gradFirst = outs[3];
  SmallVector<Value> sizes = b.sizes(ins[0], 3);
  Value lastToken = b.op<arith::SubIOp>(sizes[1], b.index(1));
  b.nest({sizes[0], sizes[2]}, [&](ValueRange at) {
    Channel channel(b, at, ins);
    // o goes where the gradient by the key will be, g where that by the value.
    SmallVector<Value> carried = channel.load(b, state);
    carried.append(3, b.real(0.0));
    carried = reduceAll(b, sizes[1], carried, [&](Value t, ValueRange carried) {
      Value p = carried[0], q = carried[1], m = carried[2];
      Value dp = carried[3], dq = carried[4], sum = carried[5];
      SmallVector<Value> here = channel.atToken(t);
      Value key = b.load(channel.k, here), value = b.load(channel.v, here);
      Channel::Sums sums = channel.addForResult(b, m, key);
      Value denominator = b.addf(b.mulf(sums.before, q), sums.token);
      Value g = b.divf(b.load(grad, here), denominator);
      Value slope = subf(b, dp, b.mulf(b.load(result, here), dq));
      sum = b.addf(sum, b.mulf(g, b.mulf(sums.before, slope)));
      b.store(sums.maximum, gradK, here);
      b.store(g, gradV, here);
      sums = channel.addForState(b, m, key);
      dp = b.mulf(sums.before, b.addf(p, dp));
      dq = b.mulf(sums.before, b.addf(q, dq));
      p = b.addf(b.mulf(sums.before, p), b.mulf(sums.token, value));
      q = b.addf(b.mulf(sums.before, q), sums.token);
      return SmallVector<Value>{p, q, sums.maximum, dp, dq, sum};
    });
    b.store(b.mulf(carried.back(), channel.decay), gradDecay, at);

    SmallVector<Value> start = {b.real(0.0), b.real(0.0), b.real(WKVOp::kLowest), b.real(0.0)};
    carried = reduceAll(b, sizes[1], start, [&](Value step, ValueRange carried) {
      Value alpha = carried[0], beta = carried[1], n = carried[2], sum = carried[3];
      SmallVector<Value> here = channel.atToken(b.op<arith::SubIOp>(lastToken, step));
      Value key = b.load(channel.k, here), value = b.load(channel.v, here);
      Value r = b.load(result, here), o = b.load(gradK, here), g = b.load(gradV, here);
      Value own = b.mulf(g, exp(b, subf(b, b.addf(key, channel.first), o)));
      Value e = b.mulf(own, subf(b, value, r));
      Value z = exp(b, b.addf(key, n));
      b.store(b.addf(own, b.mulf(z, alpha)), gradV, here);
      Value later = b.mulf(z, b.addf(b.mulf(value, alpha), beta));
      b.store(b.addf(e, later), gradK, here);
      Channel::Sums sums = channel.add(b, b.addf(n, channel.decay), arith::NegFOp::create(b, o));
      Value share = b.mulf(sums.token, g);
      alpha = b.addf(b.mulf(sums.before, alpha), share);
      beta = subf(b, b.mulf(sums.before, beta), b.mulf(share, r));
      return SmallVector<Value>{alpha, beta, sums.maximum, b.addf(sum, e)};
    });
    b.store(carried.back(), gradFirst, at);
  });
}
} // namespace

void loops::populateRWKVKernelPatterns(RewritePatternSet &patterns, const TypeConverter &converter,
                                       ConversionTarget &target) {
  addKernelPatterns<TokenShiftKernelOp, WKVKernelOp, WKVBackwardKernelOp>(
      patterns, converter, target,
      [](LoopBuilder &b, auto op, ValueRange ins, ValueRange outs) { emit(b, op, ins, outs); });
}
