//===- AttentionKernels.cpp - Attention as vector loops -------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes go along queries, so that no sum crosses lanes: scores of a block of keys are keys,
// broadcast, times queries with their channels as rows; outputs are values, broadcast, times
// probabilities. Each block of keys has a maximum of its own, so that its scores are computed once,
// and is joined with those before it, which takes no memory that grows with the square of the
// tokens.
//
// A single query would leave all lanes but one idle: for scores, lanes go along keys then, for
// outputs along channels, and the heads that share keys and values are the rows.
//
// Codes of keys and values become floats a block at a time. Their scales do not meet them: those of
// keys are multiplied with scores, those of values with probabilities.
//
//===----------------------------------------------------------------------===//

#include "HeadEmitter.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

/// `before`, in its share, and `here`, in its own: what blocks of keys add up to together.
static Value joinShares(Emitter &e, Value before, Value shareBefore, Value here, Value shareHere) {
  return math::FmaOp::create(e.b, here, shareHere, arith::MulFOp::create(e.b, before, shareBefore));
}

/// Attention of the only token of each sequence, which sees `seen` keys.
static void emitAttentionOfOneToken(Emitter &e, const Heads &heads, ValueRange ins, ValueRange outs,
                                    Value seen, const Microkernel &isa) {
  HeadEmitter h(e, isa, heads.size);
  int64_t headsOfGroup = heads.count / heads.ofKeys;
  int64_t headBlock = std::min<int64_t>(h.rows, llvm::bit_floor<uint64_t>(headsOfGroup));
  int64_t levels = getSumLevels(e.dim(ins[1], 1));
  bool hasScales = heads.scalesOfKeys != nullptr;
  // Of the outputs: vectors of channels in registers, and all channels with none left over.
  int64_t padded = llvm::alignTo(heads.size, kChunk);
  int64_t channelVectors = std::min(h.rows * h.vectors / headBlock, padded / h.lanes);
  padded = llvm::alignTo(padded, channelVectors * h.lanes);
  auto chunk = e.vectorType(kChunk, e.b.getF32Type());
  auto load = [&](Value memory, ValueRange place) -> Value {
    return memref::LoadOp::create(e.b, memory, place);
  };
  auto store = [&](Value value, Value memory, ValueRange place) {
    memref::StoreOp::create(e.b, value, memory, place);
  };

  e.parallel({e.dim(ins[0], 0), e.index(heads.ofKeys)}, [&](ValueRange at) {
    auto allocate = [&](ArrayRef<int64_t> shape) {
      return e.allocateScratch(shape, e.b.getF32Type());
    };
    // Of each head of the group: scores of a block of keys, which become probabilities, their
    // maximum, and what is subtracted from them.
    Value keys = h.allocateHead(), probabilities = allocate({headsOfGroup, kSumBlock});
    Value largest = h.allocate(headsOfGroup), shifts = allocate(headsOfGroup);
    // What values are multiplied with: of codes that is not the probability itself.
    Value factors = hasScales ? allocate({headsOfGroup, kSumBlock}) : probabilities;
    Value numbers = hasScales ? h.allocate(1) : Value();
    // Of each level: maximum, total and output of the blocks there, and in joins the shares of them
    // and of those that follow.
    Value maxima = allocate({levels, headsOfGroup}), totals = allocate({levels, headsOfGroup});
    Value sums = allocate({levels, headsOfGroup, padded});
    Value sharesBefore = allocate({levels, headsOfGroup}),
          shares = allocate({levels, headsOfGroup});
    Value batch = at[0], firstHead = e.mul(at[1], headsOfGroup);
    Head query{ins[0], batch, e.index(0)}, key{ins[1], batch, e.mul(at[1], heads.size)};
    Head value{ins[2], batch, key.column};
    Head scaleOfKey{heads.scalesOfKeys, batch, at[1]};
    Head scaleOfValue{heads.scalesOfValues, batch, at[1]};
    auto forHeads = [&](ArrayRef<int64_t> blocks,
                        function_ref<void(Value head, int64_t count)> body) {
      e.loopBlocks(e.index(0), e.index(headsOfGroup), blocks, {},
                   [&](Value head, int64_t count, ValueRange) {
                     body(head, count);
                     return SmallVector<Value>();
                   });
    };
    /// Goes through the keys of a block, as many as there are lanes at a time: `place` is that of
    /// the first of them in the block.
    auto forLanes = [&](Value from, Value to,
                        function_ref<void(Value first, Value count, Value place)> body) {
      e.loop(from, to, h.getWidth(), {}, [&](Value first, ValueRange) {
        Value left = arith::SubIOp::create(e.b, to, first);
        body(first, arith::MinUIOp::create(e.b, left, e.index(h.getWidth())),
             arith::SubIOp::create(e.b, first, from));
        return SmallVector<Value>();
      });
    };
    auto loadLanes = [&](Value memory, Value head, Value place) {
      return llvm::map_to_vector(llvm::seq(h.vectors), [&](int64_t v) {
        return e.load(h.floats, memory, {head, e.add(place, v * h.lanes)}, {});
      });
    };
    auto storeLanes = [&](ValueRange values, Value memory, Value head, Value place) {
      for (auto [v, value] : llvm::enumerate(values))
        e.store(value, memory, {head, e.add(place, v * h.lanes)}, {});
    };
    /// Scores of a block of keys, and their maximum.
    auto emitScores = [&](Value from, Value to) {
      forHeads({1}, [&](Value head, int64_t) {
        h.store(h.constants(-std::numeric_limits<float>::infinity()), largest, head);
      });
      forLanes(from, to, [&](Value first, Value count, Value place) {
        h.prefetch(key, e.add(first, h.getWidth()));
        h.prefetch(value, first);
        h.gather(key, first, count, keys);
        SmallVector<Value> scales;
        if (hasScales)
          scales = h.gatherNumbers(scaleOfKey, first, count, numbers);
        SmallVector<Value> isSeen = h.compare(arith::CmpIPredicate::ult, first, seen);
        forHeads({headBlock, 1}, [&](Value head, int64_t rows) {
          SmallVector<Value> products = h.multiplyHeads(query, e.add(firstHead, head), rows, keys);
          for (int64_t r = 0; r < rows; ++r) {
            SmallVector<Value> row(ArrayRef(products).slice(r * h.vectors, h.vectors));
            if (hasScales)
              row = h.mul(row, scales);
            SmallVector<Value> scores = h.maskScores(row, isSeen);
            Value ofHead = e.add(head, r);
            storeLanes(scores, probabilities, ofHead, place);
            h.store(h.max(scores, h.load(largest, ofHead)), largest, ofHead);
          }
        });
      });
    };
    auto emitProbabilities = [&](Value from, Value to, const Join &join) {
      forHeads({1}, [&](Value head, int64_t) {
        store(h.shift(h.maxOfLanes(h.load(largest, head))).front(), shifts, head);
      });
      forLanes(from, to, [&](Value first, Value count, Value place) {
        SmallVector<Value> scales;
        if (hasScales)
          scales = h.gatherNumbers(scaleOfValue, first, count, numbers);
        forHeads({1}, [&](Value head, int64_t) {
          SmallVector<Value> shift = h.repeat(e.splat(load(shifts, head), h.lanes));
          SmallVector<Value> powers =
              h.expOfDifference(loadLanes(probabilities, head, place), shift);
          storeLanes(powers, probabilities, head, place);
          if (hasScales)
            storeLanes(h.mul(powers, scales), factors, head, place);
        });
      });
      // Several heads at a time, since each addition waits for the one before.
      Value zero = arith::ConstantOp::create(e.b, e.b.getF32FloatAttr(0.0f));
      forHeads({4, 1}, [&](Value head, int64_t count) {
        SmallVector<Value> totalsHere =
            e.loop(from, to, 1, SmallVector<Value>(count, zero), [&](Value token, ValueRange sums) {
              Value place = arith::SubIOp::create(e.b, token, from);
              return llvm::map_to_vector(llvm::enumerate(sums), [&](auto sum) -> Value {
                Value p = load(probabilities, {e.add(head, sum.index()), place});
                return arith::AddFOp::create(e.b, sum.value(), p);
              });
            });
        for (auto [i, total] : llvm::enumerate(totalsHere)) {
          Value ofHead = e.add(head, i);
          Value most = h.maxOfLanes(h.load(largest, ofHead));
          SmallVector<Value> joined =
              forLevels(e, join, {most, total}, [&](Value level, ValueRange here) {
                SmallVector<Value> place = {level, ofHead};
                Value before = load(maxima, place);
                Value most = h.max(before, here[0]).front(), shift = h.shift(most).front();
                Value shareBefore = h.expOfDifference(before, shift).front();
                Value share = h.expOfDifference(here[0], shift).front();
                store(shareBefore, sharesBefore, place);
                store(share, shares, place);
                Value total = joinShares(e, load(totals, place), shareBefore, here[1], share);
                return SmallVector<Value>{most, total};
              });
          store(joined[0], maxima, {join.level, ofHead});
          store(joined[1], totals, {join.level, ofHead});
        }
      });
    };
    auto addValues = [&](Value from, Value to, const Join &join, Value channel) {
      SmallVector<Value> channels, masks;
      for (int64_t v = 0; v < channelVectors; ++v) {
        channels.push_back(e.add(channel, v * h.lanes));
        masks.push_back(getMask(e, channels.back(), heads.size, h.lanes, padded));
      }
      forHeads({headBlock, 1}, [&](Value head, int64_t rows) {
        SmallVector<Value> zeros(rows * channelVectors, e.zeros(h.floats));
        SmallVector<Value> products = e.multiply(
            from, to, zeros, channelVectors,
            [&](int64_t r, Value token) {
              Value place = arith::SubIOp::create(e.b, token, from);
              return load(factors, {e.add(head, r), place});
            },
            [&](Value token) {
              SmallVector<Value> row;
              for (auto [at, mask] : llvm::zip_equal(channels, masks))
                row.push_back(h.loadFloats(h.floats, value.tensor,
                                           {batch, token, e.add(value.column, at)}, mask));
              return row;
            });
        products = forLevels(e, join, products, [&](Value level, ValueRange here) {
          SmallVector<Value> joined;
          for (int64_t r = 0; r < rows; ++r) {
            SmallVector<Value> place = {level, e.add(head, r)};
            Value shareBefore = e.splat(load(sharesBefore, place), h.lanes);
            Value share = e.splat(load(shares, place), h.lanes);
            for (auto [v, at] : llvm::enumerate(channels)) {
              Value before = e.load(h.floats, sums, {level, place[1], at}, {});
              joined.push_back(
                  joinShares(e, before, shareBefore, here[r * channelVectors + v], share));
            }
          }
          return joined;
        });
        for (auto [i, sum] : llvm::enumerate(products))
          e.store(sum, sums,
                  {join.level, e.add(head, i / channelVectors), channels[i % channelVectors]}, {});
      });
    };
    forSumBlocks(e, e.index(0), seen, [&](Value from, Value to, const Join &join) {
      emitScores(from, to);
      emitProbabilities(from, to, join);
      e.loop(e.index(0), e.index(padded), channelVectors * h.lanes, {},
             [&](Value channel, ValueRange) {
               addValues(from, to, join, channel);
               return SmallVector<Value>();
             });
    });
    forHeads({1}, [&](Value head, int64_t) {
      Value whole = e.index(0), ofAll = e.add(firstHead, head);
      Value total = load(totals, {whole, head});
      e.loop(e.index(0), e.index(heads.size), kChunk, {}, [&](Value channel, ValueRange) {
        Value sum = e.load(chunk, sums, {whole, head, channel}, {});
        Value mask = getMask(e, channel, heads.size, kChunk, kChunk);
        e.store(arith::DivFOp::create(e.b, sum, e.splat(total, kChunk)), outs[0],
                {batch, e.index(0), e.add(e.mul(ofAll, heads.size), channel)}, mask);
        return SmallVector<Value>();
      });
      Value logSumExp =
          arith::AddFOp::create(e.b, load(maxima, {whole, head}), math::LogOp::create(e.b, total));
      store(logSumExp, outs[1], {batch, e.index(0), ofAll});
    });
  });
}

LogicalResult vectorize::emitAttention(OpBuilder &builder, AttentionKernelOp op, ValueRange ins,
                                       ValueRange outs, const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Heads heads(op);
  Value past = e.index(0);
  if (op.hasPast())
    past = arith::IndexCastOp::create(e.b, e.b.getIndexType(),
                                      memref::LoadOp::create(e.b, ins.back(), ValueRange()));
  if (op.hasScales()) {
    heads.scalesOfKeys = ins[3];
    heads.scalesOfValues = ins[4];
  }
  Value tokens = e.dim(ins[0], 1);
  if (getConstantIntValue(tokens) == 1) {
    emitAttentionOfOneToken(e, heads, ins, outs, e.add(past, 1), isa);
    return success();
  }
  HeadEmitter h(e, isa, heads.size);
  int64_t levels = getSumLevels(e.dim(ins[1], 1));
  // Lanes are positions from a multiple of their number on, so that all see keys of every block
  // that any of them sees.
  Value width = e.index(h.getWidth());
  Value firstLane = arith::RemUIOp::create(e.b, past, width);
  Value spans = arith::CeilDivUIOp::create(e.b, e.add(firstLane, tokens), width);
  spans = arith::MinUIOp::create(e.b, spans, tokens);
  e.parallel({e.dim(ins[0], 0), e.index(heads.count), spans}, [&](ValueRange at) {
    Value queries = h.allocateHead(), factors = h.allocate(kSumBlock), numbers = h.allocate(1);
    // Of each level: maximum, total and output of the blocks there, and in joins the shares of them
    // and of those that follow.
    Value maxima = h.allocate(levels), totals = h.allocate(levels), sums = h.allocateHead(levels);
    Value sharesBefore = h.allocate(levels), shares = h.allocate(levels);
    Value wideKeys = h.allocateWidened(ins[1]), wideValues = h.allocateWidened(ins[2]);
    Value batch = at[0], column = e.mul(at[1], heads.size);
    Value group = arith::DivUIOp::create(e.b, at[1], e.index(heads.count / heads.ofKeys));
    Value ofKeys = e.mul(group, heads.size);
    Head key{ins[1], batch, ofKeys}, value{ins[2], batch, ofKeys};
    Head scaleOfKey{heads.scalesOfKeys, batch, group};
    Head scaleOfValue{heads.scalesOfValues, batch, group};
    Value start = e.mul(at[2], h.getWidth());
    Value first =
        arith::SubIOp::create(e.b, arith::MaxUIOp::create(e.b, start, firstLane), firstLane);
    Value after = arith::SubIOp::create(e.b, e.add(start, h.getWidth()), firstLane);
    after = arith::MinUIOp::create(e.b, after, tokens);
    Value count = arith::SubIOp::create(e.b, after, first);
    Value position = e.add(past, first), end = e.add(position, count);
    h.gather({ins[0], batch, column}, first, count, queries);
    auto isSeen = [&](Value token) {
      return h.compare(arith::CmpIPredicate::sge, position, token);
    };

    /// Scores of a block of keys, where factors will be; returns their maximum.
    auto emitScores = [&](Value from, Value to) {
      Head keys = h.widen(key, from, to, wideKeys);
      SmallVector<Value> lowest = h.constants(-std::numeric_limits<float>::infinity());
      return h.forRows(from, to, lowest, [&](Value token, int64_t count, ValueRange before) {
        SmallVector<Value> largest(before);
        SmallVector<Value> products = h.multiplyTokens(keys, token, count, queries);
        for (int64_t r = 0; r < count; ++r) {
          Value row = e.add(token, r);
          SmallVector<Value> scores = h.maskScores(
              h.mulByNumber(ArrayRef(products).slice(r * h.vectors, h.vectors), scaleOfKey, row),
              isSeen(row));
          h.store(scores, factors, arith::SubIOp::create(e.b, row, from));
          largest = h.max(scores, largest);
        }
        return largest;
      });
    };
    auto joinTotals = [&](const Join &join, ValueRange largest, ValueRange total) {
      SmallVector<Value> carried(largest);
      llvm::append_range(carried, total);
      carried = forLevels(e, join, carried, [&](Value level, ValueRange here) {
        ValueRange mostHere = here.take_front(h.vectors), totalHere = here.drop_front(h.vectors);
        SmallVector<Value> before = h.load(maxima, level), ofBefore = h.load(totals, level);
        SmallVector<Value> joined = h.max(before, mostHere), shift = h.shift(joined);
        SmallVector<Value> shareBefore = h.expOfDifference(before, shift);
        SmallVector<Value> share = h.expOfDifference(mostHere, shift);
        h.store(shareBefore, sharesBefore, level);
        h.store(share, shares, level);
        for (int64_t v = 0; v < h.vectors; ++v)
          joined.push_back(joinShares(e, ofBefore[v], shareBefore[v], totalHere[v], share[v]));
        return joined;
      });
      h.store(ArrayRef(carried).take_front(h.vectors), maxima, join.level);
      h.store(ArrayRef(carried).drop_front(h.vectors), totals, join.level);
    };
    auto joinOutputs = [&](const Join &join, Value channel, ArrayRef<Value> outputs) {
      SmallVector<Value> rows = forLevels(e, join, outputs, [&](Value level, ValueRange here) {
        SmallVector<Value> shareBefore = h.load(sharesBefore, level);
        SmallVector<Value> share = h.load(shares, level);
        Value row = e.add(e.mul(level, heads.size), channel);
        SmallVector<Value> joined = h.loadRows(sums, row, here.size() / h.vectors);
        for (auto [i, sum] : llvm::enumerate(joined))
          sum = joinShares(e, sum, shareBefore[i % h.vectors], here[i], share[i % h.vectors]);
        return joined;
      });
      h.storeRows(rows, sums, e.add(e.mul(join.level, heads.size), channel));
    };
    forSumBlocks(e, e.index(0), end, [&](Value from, Value to, const Join &join) {
      SmallVector<Value> largest = emitScores(from, to), shift = h.shift(largest);
      SmallVector<Value> total =
          e.loop(from, to, 1, h.constants(0.0f), [&](Value token, ValueRange total) {
            Value row = arith::SubIOp::create(e.b, token, from);
            SmallVector<Value> powers = h.expOfDifference(h.load(factors, row), shift);
            h.store(h.mulByNumber(powers, scaleOfValue, token), factors, row);
            return h.add(total, powers);
          });
      joinTotals(join, largest, total);
      h.sumProducts(
          h.widen(value, from, to, wideValues), from, to, factors,
          {Value(), e.add(position, 1), isSeen},
          [&](Value channel, ArrayRef<Value> outputs) { joinOutputs(join, channel, outputs); });
    });
    SmallVector<Value> total = h.load(totals, e.index(0));
    h.forChannels(sums, [&](Value, ValueRange row) { return h.div(row, total); });
    h.scatter(sums, {outs[0], batch, column}, first, count);
    SmallVector<Value> logs =
        llvm::map_to_vector(total, [&](Value x) -> Value { return math::LogOp::create(e.b, x); });
    h.scatterNumbers(h.add(h.load(maxima, e.index(0)), logs), {outs[1], batch, at[1]}, first, count,
                     numbers);
  });
  return success();
}
