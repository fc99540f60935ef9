//===- AttentionKernels.cpp - Attention and rotations as vector loops ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes go along queries, so that no sum crosses lanes: scores of a block of queries are
// keys, broadcast, times queries with their channels as rows; outputs are values, broadcast,
// times probabilities. Scores are computed twice, for their maximum and for the sum, which
// takes no memory that grows with the tokens and leaves every sum in the order of its keys.
// Gradients of keys and values are the same with the roles of queries and keys exchanged. A single
// query would leave all lanes but one idle: for scores, lanes go along keys then, for outputs along
// channels, and the heads that share keys and values are the rows.
//
// Codes of keys and values become floats a block at a time. Their scales do not meet them: those of
// keys are multiplied with scores, those of values with probabilities.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
/// The first column of a head of some rows of a tensor [B, T, columns], of which the first row is
/// that of token `firstToken` or, if there is none, 0.
struct Head {
  Value tensor, batch, column;
  Value firstToken = {};
};

/// Emits products over one head.
class HeadEmitter {
public:
  /// Keys, or queries, whose probabilities a task keeps at a time.
  static constexpr int64_t kBlock = 64;

  HeadEmitter(Emitter &e, const Microkernel &isa, int64_t size)
      : e(e), size(size), lanes(isa.lanes), vectors(std::max<int64_t>(2, kChunk / isa.lanes)),
        rows(llvm::bit_floor<uint64_t>(isa.accumulators / vectors)),
        floats(e.vectorType(lanes, e.b.getF32Type())) {}

  /// Tokens that a task has in its lanes.
  int64_t getWidth() const { return vectors * lanes; }

  /// Memory of a thread for `count` rows of `getWidth()` lanes.
  Value allocate(int64_t count) {
    auto type = MemRefType::get({count, getWidth()}, e.b.getF32Type());
    return memref::AllocaOp::create(e.b, type, e.b.getI64IntegerAttr(64));
  }
  /// The same for all channels of a head.
  Value allocateHead() { return allocate(llvm::alignTo(size, kChunk)); }

  SmallVector<Value> load(Value scratch, Value row) {
    return llvm::map_to_vector(llvm::seq(vectors), [&](int64_t v) {
      return e.load(floats, scratch, {row, e.index(v * lanes)}, {});
    });
  }
  void store(ValueRange values, Value scratch, Value row) {
    for (auto [v, value] : llvm::enumerate(values))
      e.store(value, scratch, {row, e.index(v * lanes)}, {});
  }
  SmallVector<Value> repeat(Value value) { return SmallVector<Value>(vectors, value); }
  SmallVector<Value> constants(float value) {
    auto elements = DenseElementsAttr::get(floats, e.b.getF32FloatAttr(value));
    return repeat(arith::ConstantOp::create(e.b, elements));
  }

  /// Channels as rows, tokens `first` to `first + count` as lanes; lanes beyond are like the last
  /// of them, which takes no masks: not every machine can load bytes by them.
  void gather(const Head &head, Value first, Value count, Value scratch) {
    Value last = arith::SubIOp::create(e.b, count, e.index(1));
    forTiles([&](Value token, Value channel) {
      auto chunk = e.vectorType(kChunk, e.b.getF32Type());
      Value mask = getMask(e, channel, size, kChunk, kChunk);
      SmallVector<Value> tile;
      for (int64_t i = 0; i < kChunk; ++i) {
        Value row = arith::MinUIOp::create(e.b, e.add(token, i), last);
        tile.push_back(loadFloats(chunk, head.tensor, at(head, first, row, channel), mask));
      }
      for (auto [i, row] : llvm::enumerate(e.transpose(tile)))
        e.store(row, scratch, {e.add(channel, i), token}, {});
    });
  }

  /// Floats that may be kept in fewer bits, or codes as floats.
  Value loadFloats(VectorType type, Value tensor, ValueRange indices, Value mask) {
    Type element = getElementTypeOrSelf(tensor.getType());
    Value loaded = e.load(type.clone(element), tensor, indices, mask);
    if (element.isF32())
      return loaded;
    if (element.isInteger())
      return arith::SIToFPOp::create(e.b, type, loaded);
    return arith::ExtFOp::create(e.b, type, loaded);
  }

  /// Tokens `from` to `to`, at most kBlock, as f32: in `scratch` if they are kept in fewer bits.
  Head widen(const Head &head, Value from, Value to, Value scratch) {
    if (!scratch)
      return head;
    auto chunk = e.vectorType(kChunk, e.b.getF32Type());
    e.loop(from, to, 1, {}, [&](Value token, ValueRange) {
      e.loop(e.index(0), e.index(size), kChunk, {}, [&](Value channel, ValueRange) {
        Value mask = getMask(e, channel, size, kChunk, kChunk);
        Value column = e.add(head.column, channel);
        Value row = arith::SubIOp::create(e.b, token, from);
        e.store(loadFloats(chunk, head.tensor, {head.batch, token, column}, mask), scratch,
                {e.index(0), row, channel}, {});
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
    return {scratch, e.index(0), e.index(0), from};
  }
  /// Memory for it, none if `tensor` is of f32.
  Value allocateWidened(Value tensor) {
    if (getElementTypeOrSelf(tensor.getType()).isF32())
      return {};
    int64_t columns = llvm::alignTo(size, kChunk);
    auto type = MemRefType::get({1, kBlock, columns}, e.b.getF32Type());
    return memref::AllocaOp::create(e.b, type, e.b.getI64IntegerAttr(64));
  }

  /// Asks for all channels of tokens `first` on: a head's lie apart, too far for the processor's
  /// own prefetchers. Beyond the last token it is harmless.
  void prefetch(const Head &head, Value first) {
    int64_t line = 512 / getElementTypeOrSelf(head.tensor.getType()).getIntOrFloatBitWidth();
    e.loop(first, e.add(first, getWidth()), 1, {}, [&](Value token, ValueRange) {
      for (int64_t channel = 0; channel < size; channel += line)
        e.prefetch(head.tensor, {head.batch, token, e.add(head.column, channel)},
                   /*isWrite=*/false, /*toFirstLevel=*/true);
      return SmallVector<Value>();
    });
  }

  /// The other way.
  void scatter(Value scratch, const Head &head, Value first, Value count) {
    forTiles([&](Value token, Value channel) {
      auto chunk = e.vectorType(kChunk, e.b.getF32Type());
      Value left = arith::SubIOp::create(e.b, e.index(size), channel);
      SmallVector<Value> tile;
      for (int64_t i = 0; i < kChunk; ++i)
        tile.push_back(e.load(chunk, scratch, {e.add(channel, i), token}, {}));
      for (auto [i, row] : llvm::enumerate(e.transpose(tile))) {
        Value place = e.add(token, i);
        Value exists = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, place, count);
        Value channels = arith::SelectOp::create(e.b, exists, left, e.index(0));
        Value mask =
            vector::CreateMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()), channels);
        e.store(row, head.tensor, at(head, first, place, channel), mask);
      }
    });
  }

  /// A number for each token, by way of `scratch`; lanes beyond `count` are zero.
  SmallVector<Value> gatherNumbers(const Head &head, Value first, Value count, Value scratch) {
    store(constants(0.0f), scratch, e.index(0));
    e.loop(e.index(0), count, 1, {}, [&](Value token, ValueRange) {
      Value number = loadNumber(head, e.add(first, token));
      memref::StoreOp::create(e.b, number, scratch, ValueRange{e.index(0), token});
      return SmallVector<Value>();
    });
    return load(scratch, e.index(0));
  }
  void scatterNumbers(ValueRange numbers, const Head &head, Value first, Value count,
                      Value scratch) {
    store(numbers, scratch, e.index(0));
    e.loop(e.index(0), count, 1, {}, [&](Value token, ValueRange) {
      Value number = memref::LoadOp::create(e.b, scratch, ValueRange{e.index(0), token});
      memref::StoreOp::create(e.b, number, head.tensor,
                              ValueRange{head.batch, e.add(first, token), head.column});
      return SmallVector<Value>();
    });
  }
  Value loadNumber(const Head &head, Value token) {
    return memref::LoadOp::create(e.b, head.tensor, ValueRange{head.batch, token, head.column});
  }
  /// `row` times the number of a token; itself if `numbers` has no tensor.
  SmallVector<Value> mulByNumber(ValueRange row, const Head &numbers, Value token) {
    if (!numbers.tensor)
      return row;
    return mul(row, repeat(e.splat(loadNumber(numbers, token), lanes)));
  }

  /// Goes through rows `from` to `to` in blocks that have registers, with carried values.
  SmallVector<Value>
  forRows(Value from, Value to, ValueRange init,
          function_ref<SmallVector<Value>(Value first, int64_t count, ValueRange carried)> body) {
    return e.loopBlocks(from, to, {rows, 1}, init, body);
  }

  /// The products over channels of `count` tokens from `first` on with the tokens in lanes.
  SmallVector<Value> multiplyTokens(const Head &head, Value first, int64_t count, Value lanesOf) {
    SmallVector<Value> zeros(count * vectors, e.zeros(floats));
    return e.multiply(
        e.index(0), e.index(size), zeros, vectors,
        [&](int64_t r, Value channel) -> Value {
          return memref::LoadOp::create(
              e.b, head.tensor,
              ValueRange{head.batch, rowOf(head, e.add(first, r)), e.add(head.column, channel)});
        },
        [&](Value channel) { return load(lanesOf, channel); });
  }

  /// The products over channels of heads `head` to `head + count`, of a single token, with the
  /// tokens in lanes.
  SmallVector<Value> multiplyHeads(const Head &query, Value head, int64_t count, Value lanesOf) {
    SmallVector<Value> zeros(count * vectors, e.zeros(floats));
    return e.multiply(
        e.index(0), e.index(size), zeros, vectors,
        [&](int64_t r, Value channel) -> Value {
          Value column = e.add(e.mul(e.add(head, r), size), channel);
          return memref::LoadOp::create(e.b, query.tensor,
                                        ValueRange{query.batch, e.index(0), column});
        },
        [&](Value channel) { return load(lanesOf, channel); });
  }

  /// Adds, for every channel, the sum over tokens `from` to `to` of its element of `head`
  /// times the token's row of `factors`.
  void addProducts(const Head &head, Value from, Value to, Value factors, Value sums) {
    forRows(e.index(0), e.index(size), {}, [&](Value channel, int64_t count, ValueRange) {
      SmallVector<Value> init;
      for (int64_t r = 0; r < count; ++r)
        llvm::append_range(init, load(sums, e.add(channel, r)));
      Value column = e.add(head.column, channel);
      init = e.multiply(
          from, to, init, vectors,
          [&](int64_t r, Value token) -> Value {
            return memref::LoadOp::create(
                e.b, head.tensor, ValueRange{head.batch, rowOf(head, token), e.add(column, r)});
          },
          [&](Value token) { return load(factors, arith::SubIOp::create(e.b, token, from)); });
      for (int64_t r = 0; r < count; ++r)
        store(ArrayRef(init).slice(r * vectors, vectors), sums, e.add(channel, r));
      return SmallVector<Value>();
    });
  }

  /// Replaces every row of all channels.
  void forChannels(Value scratch, function_ref<SmallVector<Value>(Value, ValueRange)> body) {
    e.loop(e.index(0), e.index(size), 1, {}, [&](Value channel, ValueRange) {
      store(body(channel, load(scratch, channel)), scratch, channel);
      return SmallVector<Value>();
    });
  }
  void clear(Value scratch) {
    forChannels(scratch, [&](Value, ValueRange) { return constants(0.0f); });
  }
  void scale(Value scratch, ValueRange factors) {
    forChannels(scratch, [&](Value, ValueRange row) { return mul(row, factors); });
  }

  /// Goes through tokens `from` to `to` by blocks, with carried values.
  SmallVector<Value> forBlocks(Value from, Value to, ValueRange init,
                               function_ref<SmallVector<Value>(Value, Value, ValueRange)> body) {
    return e.loop(from, to, kBlock, init, [&](Value first, ValueRange carried) {
      return body(first, arith::MinUIOp::create(e.b, e.add(first, kBlock), to), carried);
    });
  }

  /// Whether the position of every lane, the first being `first`, compares so with `other`.
  SmallVector<Value> compare(arith::CmpIPredicate predicate, Value first, Value other) {
    Type i32 = e.b.getI32Type();
    auto type = e.vectorType(lanes, i32);
    auto widen = [&](Value index) {
      return e.splat(arith::IndexCastOp::create(e.b, i32, index), lanes);
    };
    SmallVector<int32_t> steps = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
    Value step = arith::ConstantOp::create(e.b, DenseElementsAttr::get(type, ArrayRef(steps)));
    return llvm::map_to_vector(llvm::seq(vectors), [&](int64_t v) -> Value {
      Value lane = arith::AddIOp::create(e.b, widen(e.add(first, v * lanes)), step);
      return arith::CmpIOp::create(e.b, predicate, lane, widen(other));
    });
  }

  /// Products times 1 / sqrt(D), −inf where a query must not see a key.
  SmallVector<Value> maskScores(ValueRange products, ValueRange isSeen) {
    SmallVector<Value> scores = mul(products, constants(getScale()));
    Value lowest = constants(-std::numeric_limits<float>::infinity()).front();
    for (auto [score, seen] : llvm::zip_equal(scores, isSeen))
      score = arith::SelectOp::create(e.b, seen, score, lowest);
    return scores;
  }
  float getScale() const { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(size))); }

  SmallVector<Value> add(ValueRange a, ValueRange c) { return map<arith::AddFOp>(a, c); }
  SmallVector<Value> sub(ValueRange a, ValueRange c) { return map<arith::SubFOp>(a, c); }
  SmallVector<Value> mul(ValueRange a, ValueRange c) { return map<arith::MulFOp>(a, c); }
  SmallVector<Value> div(ValueRange a, ValueRange c) { return map<arith::DivFOp>(a, c); }
  template <typename OpTy> SmallVector<Value> map(ValueRange a, ValueRange c) {
    return llvm::map_to_vector(llvm::zip_equal(a, c), [&](auto pair) -> Value {
      return OpTy::create(e.b, std::get<0>(pair), std::get<1>(pair));
    });
  }
  /// What of `a` is greater, else `c`.
  SmallVector<Value> max(ValueRange a, ValueRange c) {
    return llvm::map_to_vector(llvm::zip_equal(a, c), [&](auto pair) -> Value {
      auto [x, most] = pair;
      Value greater = arith::CmpFOp::create(e.b, arith::CmpFPredicate::OGT, x, most);
      return arith::SelectOp::create(e.b, greater, x, most);
    });
  }
  Value maxOfLanes(ValueRange values) {
    Value most = values.front();
    for (Value value : values.drop_front())
      most = max(value, most).front();
    return vector::ReductionOp::create(e.b, vector::CombiningKind::MAXNUMF, most);
  }
  /// exp(a − c)
  SmallVector<Value> expOfDifference(ValueRange a, ValueRange c) {
    return llvm::map_to_vector(sub(a, c),
                               [&](Value x) -> Value { return math::ExpOp::create(e.b, x); });
  }

  Emitter &e;
  const int64_t size, lanes, vectors, rows;
  const VectorType floats;

private:
  Value rowOf(const Head &head, Value token) {
    return head.firstToken ? arith::SubIOp::create(e.b, token, head.firstToken) : token;
  }

  /// Squares of tokens in lanes and channels.
  void forTiles(function_ref<void(Value token, Value channel)> body) {
    e.loop(e.index(0), e.index(getWidth()), kChunk, {}, [&](Value token, ValueRange) {
      e.loop(e.index(0), e.index(size), kChunk, {}, [&](Value channel, ValueRange) {
        body(token, channel);
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  }

  SmallVector<Value> at(const Head &head, Value first, Value token, Value channel) {
    return {head.batch, e.add(first, token), e.add(head.column, channel)};
  }
};

/// Which heads there are, from a kernel.
struct Heads {
  template <typename OpTy>
  explicit Heads(OpTy op)
      : count(op.getHeads()), ofKeys(op.getKvHeads()),
        size(cast<MemRefType>(op.getIns()[0].getType()).getShape().back() / count) {}
  int64_t count, ofKeys, size;
  /// Where keys and values are codes.
  Value scalesOfKeys = {}, scalesOfValues = {};
};

/// Tokens in lanes: `first` on, `count` of them.
struct Span {
  Value first, count;
};

Span getSpan(Emitter &e, Value block, int64_t width, Value total) {
  Value first = e.mul(block, width);
  Value left = arith::SubIOp::create(e.b, total, first);
  return {first, arith::MinUIOp::create(e.b, left, e.index(width))};
}

Value countBlocks(Emitter &e, Value total, int64_t width) {
  return arith::CeilDivUIOp::create(e.b, total, e.index(width));
}
} // namespace

/// Attention of the only token of each sequence, which sees `seen` keys.
static void emitAttentionOfOneToken(Emitter &e, const Heads &heads, ValueRange ins, ValueRange outs,
                                    Value seen, const Microkernel &isa) {
  HeadEmitter h(e, isa, heads.size);
  int64_t headsOfGroup = heads.count / heads.ofKeys;
  int64_t headBlock = std::min<int64_t>(h.rows, llvm::bit_floor<uint64_t>(headsOfGroup));
  // Of each head of a group: scores of a block of keys, and what becomes of all.
  Value keys = h.allocateHead();
  Value largest = h.allocate(headsOfGroup), probabilities = h.allocate(headsOfGroup);
  // What values are multiplied with: of codes that is not the probability itself.
  bool hasScales = heads.scalesOfKeys != nullptr;
  Value factors = hasScales ? h.allocate(headsOfGroup) : probabilities;
  Value numbers = hasScales ? h.allocate(1) : Value();
  // Of the outputs: vectors of channels in registers, and all channels with none left over.
  int64_t padded = llvm::alignTo(heads.size, kChunk);
  int64_t channelVectors = std::min(h.rows * h.vectors / headBlock, padded / h.lanes);
  padded = llvm::alignTo(padded, channelVectors * h.lanes);
  auto sumsType = MemRefType::get({headsOfGroup, padded}, e.b.getF32Type());
  Value sums = memref::AllocaOp::create(e.b, sumsType, e.b.getI64IntegerAttr(64));
  auto totalsType = MemRefType::get({headsOfGroup}, e.b.getF32Type());
  Value totals = memref::AllocaOp::create(e.b, totalsType);
  auto chunk = e.vectorType(kChunk, e.b.getF32Type());
  Value zero = arith::ConstantOp::create(e.b, e.b.getF32FloatAttr(0.0f));

  e.parallel({e.dim(ins[0], 0), e.index(heads.ofKeys)}, [&](ValueRange at) {
    Value batch = at[0], firstHead = e.mul(at[1], headsOfGroup);
    Head query{ins[0], batch, e.index(0)}, key{ins[1], batch, e.mul(at[1], heads.size)};
    Head value{ins[2], batch, key.column};
    Head scaleOfKey{heads.scalesOfKeys, batch, at[1]};
    Head scaleOfValue{heads.scalesOfValues, batch, at[1]};
    /// The scales of codes of `count` tokens from `first` on.
    auto loadScales = [&](const Head &scales, Value first, Value count) {
      return hasScales ? h.gatherNumbers(scales, first, count, numbers) : SmallVector<Value>();
    };
    auto forHeads = [&](ArrayRef<int64_t> blocks,
                        function_ref<void(Value head, int64_t count)> body) {
      e.loopBlocks(e.index(0), e.index(headsOfGroup), blocks, {},
                   [&](Value head, int64_t count, ValueRange) {
                     body(head, count);
                     return SmallVector<Value>();
                   });
    };
    /// Goes through the keys, with their scores of each head.
    auto forScores = [&](bool readsValues,
                         function_ref<void(Value head, ValueRange scores, ValueRange scales)> body,
                         function_ref<void(Value first, Value end)> atEnd) {
      e.loop(e.index(0), seen, h.getWidth(), {}, [&](Value first, ValueRange) {
        Value left = arith::SubIOp::create(e.b, seen, first);
        Value count = arith::MinUIOp::create(e.b, left, e.index(h.getWidth()));
        h.prefetch(key, e.add(first, h.getWidth()));
        if (readsValues)
          h.prefetch(value, first);
        h.gather(key, first, count, keys);
        SmallVector<Value> scales = loadScales(scaleOfKey, first, count), scalesOfValues;
        if (readsValues)
          scalesOfValues = loadScales(scaleOfValue, first, count);
        SmallVector<Value> isSeen = h.compare(arith::CmpIPredicate::ult, first, seen);
        forHeads({headBlock, 1}, [&](Value head, int64_t rows) {
          SmallVector<Value> products = h.multiplyHeads(query, e.add(firstHead, head), rows, keys);
          for (int64_t r = 0; r < rows; ++r) {
            SmallVector<Value> row(ArrayRef(products).slice(r * h.vectors, h.vectors));
            if (hasScales)
              row = h.mul(row, scales);
            body(e.add(head, r), h.maskScores(row, isSeen), scalesOfValues);
          }
        });
        atEnd(first, e.add(first, count));
        return SmallVector<Value>();
      });
    };
    forHeads({1}, [&](Value head, int64_t) {
      h.store(h.constants(-std::numeric_limits<float>::infinity()), largest, head);
      memref::StoreOp::create(e.b, zero, totals, head);
      e.loop(e.index(0), e.index(heads.size), kChunk, {}, [&](Value channel, ValueRange) {
        e.store(e.zeros(chunk), sums, {head, channel}, {});
        return SmallVector<Value>();
      });
    });
    forScores(
        /*readsValues=*/false,
        [&](Value head, ValueRange scores, ValueRange) {
          h.store(h.max(scores, h.load(largest, head)), largest, head);
        },
        [](Value, Value) {});
    forHeads({1}, [&](Value head, int64_t) {
      Value most = h.maxOfLanes(h.load(largest, head));
      h.store(h.repeat(e.splat(most, h.lanes)), largest, head);
    });
    forScores(
        /*readsValues=*/true,
        [&](Value head, ValueRange scores, ValueRange scales) {
          SmallVector<Value> powers = h.expOfDifference(scores, h.load(largest, head));
          h.store(powers, probabilities, head);
          if (hasScales)
            h.store(h.mul(powers, scales), factors, head);
        },
        [&](Value first, Value end) {
          auto load = [&](Value numbers, Value head, Value token) -> Value {
            Value place = arith::SubIOp::create(e.b, token, first);
            return memref::LoadOp::create(e.b, numbers, ValueRange{head, place});
          };
          forHeads({1}, [&](Value head, int64_t) {
            auto addTo = [&](Value token, ValueRange total) {
              Value sum =
                  arith::AddFOp::create(e.b, total.front(), load(probabilities, head, token));
              return SmallVector<Value>{sum};
            };
            Value total = memref::LoadOp::create(e.b, totals, head);
            total = e.loop(first, end, 1, total, addTo).front();
            memref::StoreOp::create(e.b, total, totals, head);
          });
          e.loop(
              e.index(0), e.index(padded), channelVectors * h.lanes, {},
              [&](Value channel, ValueRange) {
                SmallVector<Value> channels, masks;
                for (int64_t v = 0; v < channelVectors; ++v) {
                  channels.push_back(e.add(channel, v * h.lanes));
                  masks.push_back(getMask(e, channels.back(), heads.size, h.lanes, padded));
                }
                forHeads({headBlock, 1}, [&](Value head, int64_t rows) {
                  SmallVector<Value> products;
                  for (int64_t r = 0; r < rows; ++r)
                    for (Value at : channels)
                      products.push_back(e.load(h.floats, sums, {e.add(head, r), at}, {}));
                  products = e.multiply(
                      first, end, products, channelVectors,
                      [&](int64_t r, Value token) { return load(factors, e.add(head, r), token); },
                      [&](Value token) {
                        SmallVector<Value> row;
                        for (auto [at, mask] : llvm::zip_equal(channels, masks))
                          row.push_back(h.loadFloats(h.floats, value.tensor,
                                                     {batch, token, e.add(value.column, at)},
                                                     mask));
                        return row;
                      });
                  for (auto [i, sum] : llvm::enumerate(products))
                    e.store(sum, sums,
                            {e.add(head, i / channelVectors), channels[i % channelVectors]}, {});
                });
                return SmallVector<Value>();
              });
        });
    forHeads({1}, [&](Value head, int64_t) {
      Value total = memref::LoadOp::create(e.b, totals, head), ofAll = e.add(firstHead, head);
      e.loop(e.index(0), e.index(heads.size), kChunk, {}, [&](Value channel, ValueRange) {
        Value sum = e.load(chunk, sums, {head, channel}, {});
        Value mask = getMask(e, channel, heads.size, kChunk, kChunk);
        e.store(arith::DivFOp::create(e.b, sum, e.splat(total, kChunk)), outs[0],
                {batch, e.index(0), e.add(e.mul(ofAll, heads.size), channel)}, mask);
        return SmallVector<Value>();
      });
      Value most = memref::LoadOp::create(e.b, largest, ValueRange{head, e.index(0)});
      Value logSumExp = arith::AddFOp::create(e.b, most, math::LogOp::create(e.b, total));
      memref::StoreOp::create(e.b, logSumExp, outs[1], ValueRange{batch, e.index(0), ofAll});
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
  Value queries = h.allocateHead(), sums = h.allocateHead();
  Value factors = h.allocate(HeadEmitter::kBlock), numbers = h.allocate(1);
  Value wideKeys = h.allocateWidened(ins[1]), wideValues = h.allocateWidened(ins[2]);
  Value blocks = countBlocks(e, tokens, h.getWidth());
  e.parallel({e.dim(ins[0], 0), e.index(heads.count), blocks}, [&](ValueRange at) {
    Value batch = at[0], column = e.mul(at[1], heads.size);
    Value group = arith::DivUIOp::create(e.b, at[1], e.index(heads.count / heads.ofKeys));
    Value ofKeys = e.mul(group, heads.size);
    Head key{ins[1], batch, ofKeys}, value{ins[2], batch, ofKeys};
    Head scaleOfKey{heads.scalesOfKeys, batch, group};
    Head scaleOfValue{heads.scalesOfValues, batch, group};
    Span span = getSpan(e, at[2], h.getWidth(), tokens);
    Value position = e.add(past, span.first), end = e.add(position, span.count);
    h.gather({ins[0], batch, column}, span.first, span.count, queries);

    auto scoresOf = [&](ValueRange products, Value token) {
      return h.maskScores(h.mulByNumber(products, scaleOfKey, token),
                          h.compare(arith::CmpIPredicate::sge, position, token));
    };
    auto forScores = [&](Value from, Value to, ValueRange init,
                         function_ref<void(ValueRange, Value, MutableArrayRef<Value>)> body) {
      Head keys = h.widen(key, from, to, wideKeys);
      return h.forRows(from, to, init, [&](Value token, int64_t count, ValueRange before) {
        SmallVector<Value> carried(before);
        SmallVector<Value> products = h.multiplyTokens(keys, token, count, queries);
        for (int64_t r = 0; r < count; ++r) {
          Value row = e.add(token, r);
          body(scoresOf(ArrayRef(products).slice(r * h.vectors, h.vectors), row), row, carried);
        }
        return carried;
      });
    };
    SmallVector<Value> largest = h.forBlocks(
        e.index(0), end, h.constants(-std::numeric_limits<float>::infinity()),
        [&](Value from, Value to, ValueRange before) {
          return forScores(from, to, before,
                           [&](ValueRange scores, Value, MutableArrayRef<Value> largest) {
                             llvm::copy(h.max(scores, largest), largest.begin());
                           });
        });
    h.clear(sums);
    SmallVector<Value> total = h.forBlocks(
        e.index(0), end, h.constants(0.0f), [&](Value from, Value to, ValueRange before) {
          SmallVector<Value> total = forScores(
              from, to, before, [&](ValueRange scores, Value token, MutableArrayRef<Value> total) {
                SmallVector<Value> powers = h.expOfDifference(scores, largest);
                h.store(h.mulByNumber(powers, scaleOfValue, token), factors,
                        arith::SubIOp::create(e.b, token, from));
                llvm::copy(h.add(total, powers), total.begin());
              });
          h.addProducts(h.widen(value, from, to, wideValues), from, to, factors, sums);
          return total;
        });
    h.forChannels(sums, [&](Value, ValueRange row) { return h.div(row, total); });
    h.scatter(sums, {outs[0], batch, column}, span.first, span.count);
    SmallVector<Value> logs =
        llvm::map_to_vector(total, [&](Value x) -> Value { return math::LogOp::create(e.b, x); });
    h.scatterNumbers(h.add(largest, logs), {outs[1], batch, at[1]}, span.first, span.count,
                     numbers);
  });
  return success();
}

LogicalResult vectorize::emitAttentionBackward(OpBuilder &builder, AttentionBackwardKernelOp op,
                                               ValueRange ins, ValueRange outs,
                                               const Microkernel &isa) {
  Emitter e(builder, op.getLoc());
  Heads heads(op);
  HeadEmitter h(e, isa, heads.size);
  int64_t headsOfGroup = heads.count / heads.ofKeys;
  Value batches = e.dim(ins[0], 0), tokens = e.dim(ins[0], 1);
  Value blocks = countBlocks(e, tokens, h.getWidth());
  SmallVector<Value> scratch;
  for (int64_t i = 0; i < 4; ++i)
    scratch.push_back(h.allocateHead());
  Value factors = h.allocate(HeadEmitter::kBlock), probabilities = h.allocate(HeadEmitter::kBlock);
  Value numbers = h.allocate(1);
  auto scale = [&] { return h.constants(h.getScale()); };

  // Queries, which leave δ to the loop over keys.
  e.parallel({batches, e.index(heads.count), blocks}, [&](ValueRange at) {
    Value batch = at[0], column = e.mul(at[1], heads.size);
    Value ofKeys = e.mul(arith::DivUIOp::create(e.b, at[1], e.index(headsOfGroup)), heads.size);
    Head key{ins[1], batch, ofKeys}, value{ins[2], batch, ofKeys};
    Span span = getSpan(e, at[2], h.getWidth(), tokens);
    Value end = e.add(span.first, span.count);
    Value queries = scratch[0], grads = scratch[1], sums = scratch[2];
    h.gather({ins[0], batch, column}, span.first, span.count, queries);
    h.gather({ins[5], batch, column}, span.first, span.count, grads);
    h.gather({ins[3], batch, column}, span.first, span.count, sums);
    SmallVector<Value> delta = e.loop(e.index(0), e.index(heads.size), 1, h.constants(0.0f),
                                      [&](Value channel, ValueRange carried) {
                                        SmallVector<Value> delta(carried),
                                            a = h.load(grads, channel);
                                        for (auto [v, x] : llvm::enumerate(h.load(sums, channel)))
                                          delta[v] = math::FmaOp::create(e.b, a[v], x, delta[v]);
                                        return delta;
                                      });
    h.scatterNumbers(delta, {outs[3], batch, at[1]}, span.first, span.count, numbers);
    SmallVector<Value> logSumExp =
        h.gatherNumbers({ins[4], batch, at[1]}, span.first, span.count, numbers);
    h.clear(sums);
    h.forBlocks(e.index(0), end, {}, [&](Value from, Value to, ValueRange) {
      h.forRows(from, to, {}, [&](Value token, int64_t count, ValueRange) {
        SmallVector<Value> products = h.multiplyTokens(key, token, count, queries);
        SmallVector<Value> slopes = h.multiplyTokens(value, token, count, grads);
        for (int64_t r = 0; r < count; ++r) {
          Value row = e.add(token, r);
          SmallVector<Value> scores =
              h.maskScores(ArrayRef(products).slice(r * h.vectors, h.vectors),
                           h.compare(arith::CmpIPredicate::sge, span.first, row));
          SmallVector<Value> p = h.expOfDifference(scores, logSumExp);
          ArrayRef<Value> slope = ArrayRef(slopes).slice(r * h.vectors, h.vectors);
          h.store(h.mul(p, h.sub(slope, delta)), factors, arith::SubIOp::create(e.b, row, from));
        }
        return SmallVector<Value>();
      });
      h.addProducts(key, from, to, factors, sums);
      return SmallVector<Value>();
    });
    h.scale(sums, scale());
    h.scatter(sums, {outs[0], batch, column}, span.first, span.count);
  });

  // Keys and values.
  e.parallel({batches, e.index(heads.ofKeys), blocks}, [&](ValueRange at) {
    Value batch = at[0], ofKeys = e.mul(at[1], heads.size);
    Span span = getSpan(e, at[2], h.getWidth(), tokens);
    Value keys = scratch[0], values = scratch[1], gradKeys = scratch[2], gradValues = scratch[3];
    h.gather({ins[1], batch, ofKeys}, span.first, span.count, keys);
    h.gather({ins[2], batch, ofKeys}, span.first, span.count, values);
    h.clear(gradKeys);
    h.clear(gradValues);
    Value firstHead = e.mul(at[1], headsOfGroup);
    e.loop(firstHead, e.add(firstHead, headsOfGroup), 1, {}, [&](Value head, ValueRange) {
      Value column = e.mul(head, heads.size);
      Head query{ins[0], batch, column}, grad{ins[5], batch, column};
      Head logSumExp{ins[4], batch, head}, delta{outs[3], batch, head};
      h.forBlocks(span.first, tokens, {}, [&](Value from, Value to, ValueRange) {
        h.forRows(from, to, {}, [&](Value token, int64_t count, ValueRange) {
          SmallVector<Value> products = h.multiplyTokens(query, token, count, keys);
          SmallVector<Value> slopes = h.multiplyTokens(grad, token, count, values);
          for (int64_t r = 0; r < count; ++r) {
            Value row = e.add(token, r), place = arith::SubIOp::create(e.b, row, from);
            auto repeat = [&](const Head &numbers) {
              return h.repeat(e.splat(h.loadNumber(numbers, row), h.lanes));
            };
            SmallVector<Value> scores =
                h.maskScores(ArrayRef(products).slice(r * h.vectors, h.vectors),
                             h.compare(arith::CmpIPredicate::sle, span.first, row));
            SmallVector<Value> p = h.expOfDifference(scores, repeat(logSumExp));
            ArrayRef<Value> slope = ArrayRef(slopes).slice(r * h.vectors, h.vectors);
            h.store(p, probabilities, place);
            h.store(h.mul(p, h.sub(slope, repeat(delta))), factors, place);
          }
          return SmallVector<Value>();
        });
        h.addProducts(query, from, to, factors, gradKeys);
        h.addProducts(grad, from, to, probabilities, gradValues);
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
    h.scale(gradKeys, scale());
    h.scatter(gradKeys, {outs[1], batch, ofKeys}, span.first, span.count);
    h.scatter(gradValues, {outs[2], batch, ofKeys}, span.first, span.count);
  });
  return success();
}

/// Angles once for all heads of a token.
LogicalResult vectorize::emitRotary(OpBuilder &builder, RotaryKernelOp op, ValueRange ins,
                                    ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value input = ins[0], out = outs[0];
  int64_t size = op.getHeadSize(), half = size / 2;
  int64_t columns = cast<MemRefType>(input.getType()).getShape().back();
  SmallVector<float> frequencies = op.getFrequencies();
  frequencies.resize(llvm::alignTo(half, kChunk));
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  e.parallel({e.dim(input, 0), e.dim(input, 1)}, [&](ValueRange row) {
    Value position = arith::IndexCastOp::create(e.b, e.b.getI32Type(), row[1]);
    if (ins.size() > 1)
      position =
          arith::AddIOp::create(e.b, position, memref::LoadOp::create(e.b, ins[1], ValueRange()));
    position = e.splat(arith::SIToFPOp::create(e.b, e.b.getF32Type(), position), kChunk);
    for (int64_t first = 0; first < half; first += kChunk) {
      Value frequency = arith::ConstantOp::create(
          e.b, DenseElementsAttr::get(floats, ArrayRef(frequencies).slice(first, kChunk)));
      Value mask;
      if (half - first < kChunk)
        mask = vector::CreateMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()),
                                            ValueRange{e.index(half - first)});
      Value angle = arith::MulFOp::create(e.b, position, frequency);
      Value cosine = math::CosOp::create(e.b, angle), sine = math::SinOp::create(e.b, angle);
      if (op.getInverse())
        sine = arith::NegFOp::create(e.b, sine);
      e.loop(e.index(0), e.index(columns), size, {}, [&](Value column, ValueRange) {
        auto mul = [&](Value a, Value c) { return arith::MulFOp::create(e.b, a, c); };
        SmallVector<Value> low = {row[0], row[1], e.add(column, first)};
        SmallVector<Value> high = {row[0], row[1], e.add(column, first + half)};
        Value x = e.load(floats, input, low, mask), y = e.load(floats, input, high, mask);
        e.store(arith::SubFOp::create(e.b, mul(x, cosine), mul(y, sine)), out, low, mask);
        e.store(arith::AddFOp::create(e.b, mul(y, cosine), mul(x, sine)), out, high, mask);
        return SmallVector<Value>();
      });
    }
  });
  return success();
}
