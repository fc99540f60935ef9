//===- ScanOps.cpp - What goes from token to token ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::linalg_form;

namespace {
/// Dimensions of `[B, T, H]`.
constexpr int64_t kTime = 1;

/// A tensor that has the shape of `like`, to be filled token by token.
Value emptyLike(LinalgBuilder &b, Value like) {
  return b.empty(b.sizes(like), getElementTypeOrSelf(like));
}

//===----------------------------------------------------------------------===//
// Recurrences
//===----------------------------------------------------------------------===//

Results emit(LinalgBuilder &b, LinearScanOp op) {
  Value forget = op.getForget(), input = op.getInput(), state = op.getState();
  Value tokens = b.asValue(b.sizes(forget)[kTime]);
  return b.carry(
      tokens, {emptyLike(b, forget), state}, [&](Value t, ValueRange carried) -> Results {
        SmallVector<Access> ins = {{b.sliceAt(forget, kTime, t), b.loops(2)},
                                   {b.sliceAt(input, kTime, t), b.loops(2)}};
        Value next = b.update(ins, carried[1], [&](ValueRange values, ValueRange last) -> Results {
                        return {b.addf(b.mulf(values[0], last[0]), values[1])};
                      }).front();
        return {b.insertAt(next, carried[0], kTime, t), next};
      });
}

/// One token of WKV: p, q and m come in; those with the token, and the result, go out.
Results emitToken(LinalgBuilder &b, ValueRange pqm, Value k, Value v, Value decay, Value first) {
  auto exp = [&](Value x, Value y) -> Value { return math::ExpOp::create(b, b.subf(x, y)); };
  auto add = [&](Value before, Value sum, Value more) { return b.addf(b.mulf(before, sum), more); };
  Value p = pqm[0], q = pqm[1], m = pqm[2];
  Value x = b.addf(k, first), o = b.maximum(m, x);
  Value before = exp(m, o), token = exp(x, o);
  Value numerator = add(before, p, b.mulf(token, v)), denominator = add(before, q, token);
  Value result = b.divf(numerator, denominator);
  Value y = b.addf(m, decay), next = b.maximum(y, k);
  before = exp(y, next);
  token = exp(k, next);
  p = add(before, p, b.mulf(token, v));
  q = add(before, q, token);
  return {p, q, next, result};
}

/// p, q and m of a state `[B, 3, H]`; those of no tokens where q is 0.
Results loadState(LinalgBuilder &b, Value state) {
  SmallVector<Access> rows;
  for (int64_t i = 0; i < 3; ++i)
    rows.push_back({b.sliceAt(state, 1, b.getIndexAttr(i)), b.loops(2)});
  Type real = getElementTypeOrSelf(state);
  return b.mapAll(
      rows, b.sizes(rows[0].tensor), {real, real, real}, [&](ValueRange pqm) -> Results {
        Value isNone =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, pqm[1], b.real(real, 0.0));
        return {b.select(isNone, b.real(real, 0.0), pqm[0]), pqm[1],
                b.select(isNone, b.real(real, WKVOp::kLowest), pqm[2])};
      });
}

Results emit(LinalgBuilder &b, WKVOp op) {
  Value k = op.getK(), v = op.getV(), state = op.getState();
  Type real = getElementTypeOrSelf(k);
  Value decay = b.map({{op.getDecay(), b.loops(1)}}, b.sizes(op.getDecay()), real,
                      [&](ValueRange values) -> Value {
                        return arith::NegFOp::create(b, math::ExpOp::create(b, values[0]));
                      });
  Results inits = loadState(b, state);
  inits.push_back(emptyLike(b, k));
  Value tokens = b.asValue(b.sizes(k)[kTime]);
  Results last = b.carry(tokens, inits, [&](Value t, ValueRange carried) -> Results {
    SmallVector<Access> ins = {{b.sliceAt(k, kTime, t), b.loops(2)},
                               {b.sliceAt(v, kTime, t), b.loops(2)},
                               {decay, b.loops(1, 2)},
                               {op.getFirst(), b.loops(1, 2)}};
    Results outs(carried.take_front(3));
    outs.push_back(emptyLike(b, ins[0].tensor));
    Results next = b.update(ins, outs, [&](ValueRange in, ValueRange pqm) {
      return emitToken(b, pqm, in[0], in[1], in[2], in[3]);
    });
    next.back() = b.insertAt(next.back(), carried.back(), kTime, t);
    return next;
  });
  Value newState = emptyLike(b, state);
  for (int64_t i = 0; i < 3; ++i)
    newState = b.insertAt(last[i], newState, 1, b.getIndexAttr(i));
  return {last[3], newState};
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

Results emit(LinalgBuilder &b, TokenShiftOp op) {
  Value input = op.getInput();
  OpFoldResult first = b.getIndexAttr(0), second = b.getIndexAttr(1);
  OpFoldResult last = b.add(b.sizes(input)[kTime], -1);
  bool inverse = op.getInverse();
  Value others = b.slice(input, kTime, inverse ? second : first, last);
  Value result = b.insert(others, emptyLike(b, input), kTime, inverse ? first : second);
  return {b.insertAt(op.getState(), result, kTime, inverse ? last : first),
          b.sliceAt(input, kTime, inverse ? first : last)};
}

Results emit(LinalgBuilder &b, AppendOp op) {
  Value tokens = op.getTokens();
  Type from = getElementTypeOrSelf(tokens), to = getElementTypeOrSelf(op.getCache());
  if (from != to) {
    int64_t rank = getRank(tokens);
    tokens = b.map({{tokens, b.loops(rank)}}, b.sizes(tokens), to, [&](ValueRange values) -> Value {
      return arith::TruncFOp::create(b, to, values[0]);
    });
  }
  return {b.insert(tokens, op.getCache(), kTime, b.toIndex(b.extract(op.getPast(), {})))};
}

Results emit(LinalgBuilder &b, AdvanceOp op) {
  Value tokens = b.asValue(b.sizes(op.getTokens())[kTime]);
  Value count = arith::IndexCastOp::create(b, b.getI32Type(), tokens);
  Value sum = arith::AddIOp::create(b, b.extract(op.getPast(), {}), count);
  return {tensor::FromElementsOp::create(b, op.getResult().getType(), sum)};
}
} // namespace

void linalg_form::populateScanOpPatterns(RewritePatternSet &patterns) {
  addPatterns<LinearScanOp, WKVOp, TokenShiftOp, AppendOp, AdvanceOp>(
      patterns, [](LinalgBuilder &b, auto op) { return emit(b, op); });
}
