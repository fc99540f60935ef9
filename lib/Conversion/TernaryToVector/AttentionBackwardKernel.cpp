//===- AttentionBackwardKernel.cpp - Gradients of attention as vector loops -----===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The gradient by queries has the loops of attention. Those by keys and values are the same with
// the roles of queries and keys exchanged: lanes go along keys.
//
//===----------------------------------------------------------------------===//

#include "HeadEmitter.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
/// Tokens in lanes: `first` on, `count` of them.
struct Span {
  Value first, count;
};

class BackwardEmitter {
public:
  BackwardEmitter(Emitter &e, const Heads &heads, ValueRange ins, ValueRange outs,
                  const Microkernel &isa)
      : e(e), heads(heads), ins(ins), outs(outs), h(e, isa, heads.size),
        headsOfGroup(heads.count / heads.ofKeys), batches(e.dim(ins[0], 0)),
        tokens(e.dim(ins[0], 1)),
        spans(arith::CeilDivUIOp::create(e.b, tokens, e.index(h.getWidth()))) {}

  /// The gradient by queries, which leaves δ to that by keys.
  void emitQueries();
  void emitKeysAndValues();

private:
  /// Memory of an iteration for `count` of the operands of products and of their blocked sums.
  void allocate(int64_t count) {
    for (Value &memory : inLanes)
      memory = h.allocateHead();
    for (int64_t i = 0; i < count; ++i) {
      stacks[i] = h.allocateHead(getSumLevels(tokens));
      factors[i] = h.allocate(kSumBlock);
    }
  }
  Span getSpan(Value block) {
    Value first = e.mul(block, h.getWidth());
    Value left = arith::SubIOp::create(e.b, tokens, first);
    return {first, arith::MinUIOp::create(e.b, left, e.index(h.getWidth()))};
  }
  SmallVector<Value> scale(ValueRange x) { return h.mul(x, h.constants(h.getScale())); }
  /// What the queries of one head give to the keys of a span, in level 0 of `stacks`.
  void addHead(Value batch, Value head, const Span &span);
  /// Stores `factors` for tokens `from` to `to`: products of `row` with the first of `inLanes`, and
  /// of `slopeRow` with the second, as `body` combines them.
  void emitFactors(
      const Head &row, const Head &slopeRow, Value from, Value to,
      function_ref<void(Value token, Value place, ValueRange score, ValueRange slope)> body);

  Emitter &e;
  const Heads &heads;
  ValueRange ins, outs;
  HeadEmitter h;
  int64_t headsOfGroup;
  Value batches, tokens, spans;
  /// Channels of the tokens in lanes, what they are multiplied with, and the sums of these
  /// products.
  Value inLanes[2], factors[2], stacks[2];
};
} // namespace

void BackwardEmitter::emitFactors(const Head &row, const Head &slopeRow, Value from, Value to,
                                  function_ref<void(Value, Value, ValueRange, ValueRange)> body) {
  h.forRows(from, to, {}, [&](Value token, int64_t count, ValueRange) {
    SmallVector<Value> products = h.multiplyTokens(row, token, count, inLanes[0]);
    SmallVector<Value> slopes = h.multiplyTokens(slopeRow, token, count, inLanes[1]);
    for (int64_t r = 0; r < count; ++r) {
      Value at = e.add(token, r);
      body(at, arith::SubIOp::create(e.b, at, from),
           scale(ArrayRef(products).slice(r * h.vectors, h.vectors)),
           ArrayRef(slopes).slice(r * h.vectors, h.vectors));
    }
    return SmallVector<Value>();
  });
}

void BackwardEmitter::emitQueries() {
  e.parallel({batches, e.index(heads.count), spans}, [&](ValueRange at) {
    allocate(1);
    Value numbers = h.allocate(1);
    Value batch = at[0], column = e.mul(at[1], heads.size);
    Value ofKeys = e.mul(arith::DivUIOp::create(e.b, at[1], e.index(headsOfGroup)), heads.size);
    Head key{ins[1], batch, ofKeys}, value{ins[2], batch, ofKeys};
    Span span = getSpan(at[2]);
    Value sums = stacks[0];
    h.gather({ins[0], batch, column}, span.first, span.count, inLanes[0]);
    h.gather({ins[5], batch, column}, span.first, span.count, inLanes[1]);
    h.gather({ins[3], batch, column}, span.first, span.count, sums);
    SmallVector<Value> delta = h.multiplyLanes(inLanes[1], sums);
    h.scatterNumbers(delta, {outs[3], batch, at[1]}, span.first, span.count, numbers);
    SmallVector<Value> logSumExp =
        h.gatherNumbers({ins[4], batch, at[1]}, span.first, span.count, numbers);
    auto isSeen = [&](Value token) {
      return h.compare(arith::CmpIPredicate::sge, span.first, token);
    };
    Value end = e.add(span.first, span.count);
    forSumBlocks(e, e.index(0), end, [&](Value from, Value to, const Join &join) {
      emitFactors(key, value, from, to,
                  [&](Value, Value place, ValueRange score, ValueRange slope) {
                    SmallVector<Value> p = h.expOfDifference(score, logSumExp);
                    h.store(h.mul(p, h.sub(slope, delta)), factors[0], place);
                  });
      h.sumProducts(
          key, from, to, factors[0], {Value(), e.add(span.first, 1), isSeen},
          [&](Value channel, ArrayRef<Value> rows) { h.joinRows(join, sums, channel, rows); });
    });
    h.forChannels(sums, [&](Value, ValueRange row) { return scale(row); });
    h.scatter(sums, {outs[0], batch, column}, span.first, span.count);
  });
}

void BackwardEmitter::addHead(Value batch, Value head, const Span &span) {
  Value column = e.mul(head, heads.size);
  Head query{ins[0], batch, column}, grad{ins[5], batch, column};
  Head logSumExp{ins[4], batch, head}, delta{outs[3], batch, head};
  // From the last key of the lanes on, queries see all of them.
  Value last = arith::SubIOp::create(e.b, e.add(span.first, span.count), e.index(1));
  auto isSeen = [&](Value token) {
    return h.compare(arith::CmpIPredicate::sle, span.first, token);
  };
  forSumBlocks(e, span.first, tokens, [&](Value from, Value to, const Join &join) {
    emitFactors(query, grad, from, to,
                [&](Value token, Value place, ValueRange score, ValueRange slope) {
                  auto repeat = [&](const Head &numbers) {
                    return h.repeat(e.splat(h.loadNumber(numbers, token), h.lanes));
                  };
                  SmallVector<Value> p = h.expOfDifference(score, repeat(logSumExp));
                  h.store(h.mul(p, h.sub(slope, repeat(delta))), factors[0], place);
                  h.store(p, factors[1], place);
                });
    Head ofQueries[] = {query, grad};
    for (auto [elements, factors, stack] : llvm::zip(ofQueries, factors, stacks))
      h.sumProducts(elements, from, to, factors, {last, Value(), isSeen},
                    [&, stack = stack](Value channel, ArrayRef<Value> rows) {
                      h.joinRows(join, stack, channel, rows);
                    });
  });
}

void BackwardEmitter::emitKeysAndValues() {
  e.parallel({batches, e.index(heads.ofKeys), spans}, [&](ValueRange at) {
    allocate(2);
    // Of keys and values: what the heads of a block add up to, and all of the group.
    Value ofHeads[] = {h.allocateHead(), h.allocateHead()};
    int64_t levels = getSumLevels(e.index(headsOfGroup));
    Value stacksOfHeads[] = {h.allocateHead(levels), h.allocateHead(levels)};
    Value batch = at[0], ofKeys = e.mul(at[1], heads.size);
    Span span = getSpan(at[2]);
    h.gather({ins[1], batch, ofKeys}, span.first, span.count, inLanes[0]);
    h.gather({ins[2], batch, ofKeys}, span.first, span.count, inLanes[1]);
    Value firstHead = e.mul(at[1], headsOfGroup);
    forSumBlocks(e, e.index(0), e.index(headsOfGroup), [&](Value from, Value to, const Join &join) {
      for (Value sums : ofHeads)
        h.clear(sums);
      e.loop(from, to, 1, {}, [&](Value head, ValueRange) {
        addHead(batch, e.add(firstHead, head), span);
        for (auto [sums, stack] : llvm::zip(ofHeads, stacks))
          h.forChannels(sums, [&, stack = stack](Value channel, ValueRange row) {
            return h.add(row, h.load(stack, channel));
          });
        return SmallVector<Value>();
      });
      for (auto [sums, stack] : llvm::zip(ofHeads, stacksOfHeads))
        e.loop(e.index(0), e.index(heads.size), 1, {},
               [&, sums = sums, stack = stack](Value channel, ValueRange) {
                 h.joinRows(join, stack, channel, h.load(sums, channel));
                 return SmallVector<Value>();
               });
    });
    h.forChannels(stacksOfHeads[0], [&](Value, ValueRange row) { return scale(row); });
    h.scatter(stacksOfHeads[0], {outs[1], batch, ofKeys}, span.first, span.count);
    h.scatter(stacksOfHeads[1], {outs[2], batch, ofKeys}, span.first, span.count);
  });
}

LogicalResult vectorize::emitAttentionBackward(OpBuilder &builder, AttentionBackwardKernelOp op,
                                               ValueRange ins, ValueRange outs,
                                               const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Heads heads(op);
  BackwardEmitter backward(e, heads, ins, outs, isa);
  backward.emitQueries();
  backward.emitKeysAndValues();
  return success();
}
