//===- TransformerKernels.cpp - Kernels of a float Transformer as loops ---===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ternary/Conversion/BlockedSums.h"
#include <cmath>

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

namespace {
Value fma(LoopBuilder &b, Value x, Value y, Value sum) { return math::FmaOp::create(b, x, y, sum); }

void emit(LoopBuilder &b, MatmulKernelOp op, ValueRange ins, ValueRange outs) {
  Value input = ins[0], matrix = ins[1], out = outs[0];
  auto type = cast<MemRefType>(op.getIns()[1].getType());
  WeightLayoutAttrInterface layout = getLayoutOf(type);
  int64_t rank = cast<MemRefType>(out.getType()).getRank();
  Value depth = b.sizes(input, rank).back();
  b.nest(b.sizes(out, rank), [&](ValueRange index) {
    Value sum = b.sum(depth, [&](Value k, Value sum) {
      Value factor = layout
                         ? layout.buildRead(b, b.getLoc(), matrix, type.getShape(), index.back(), k)
                         : b.load(matrix, {k, index.back()});
      if (factor.getType() != b.getRealType())
        factor = arith::ExtFOp::create(b, b.getRealType(), factor);
      return fma(b, b.load(input, append(index.drop_back(), k)), factor, sum);
    });
    b.store(sum, out, index);
  });
}

void emit(LoopBuilder &b, TransposeKernelOp, ValueRange ins, ValueRange outs) {
  b.nest(b.sizes(outs[0], 2),
         [&](ValueRange index) { b.store(b.load(ins[0], {index[1], index[0]}), outs[0], index); });
}

/// `past`, the last operand if there is one, as an index, otherwise 0.
Value loadPast(LoopBuilder &b, ValueRange ins, bool hasPast) {
  if (!hasPast)
    return b.index(0);
  return arith::IndexCastOp::create(b, b.getIndexType(), b.load(ins.back(), {}));
}

void emit(LoopBuilder &b, RotaryKernelOp op, ValueRange ins, ValueRange outs) {
  SmallVector<float> frequencies = op.getFrequencies();
  int64_t half = frequencies.size();
  Value table = memref::AllocaOp::create(b, MemRefType::get({half}, b.getRealType()));
  for (auto [i, frequency] : llvm::enumerate(frequencies))
    b.store(b.real(frequency), table, b.index(i));
  Value past = loadPast(b, ins, ins.size() > 1);
  SmallVector<Value> sizes = b.sizes(ins[0], 3);
  sizes[2] = b.op<arith::DivUIOp>(sizes[2], b.index(op.getHeadSize()));
  sizes.push_back(b.index(half));
  b.nest(sizes, [&](ValueRange at) {
    Value position = b.op<arith::AddIOp>(past, at[1]);
    position = arith::IndexCastOp::create(b, b.getI32Type(), position);
    position = arith::SIToFPOp::create(b, b.getRealType(), position);
    Value angle = b.mulf(position, b.load(table, at[3]));
    Value cosine = math::CosOp::create(b, angle), sine = math::SinOp::create(b, angle);
    if (op.getInverse())
      sine = arith::NegFOp::create(b, sine);
    Value low = b.op<arith::AddIOp>(b.op<arith::MulIOp>(at[2], b.index(op.getHeadSize())), at[3]);
    Value high = b.op<arith::AddIOp>(low, b.index(half));
    Value x = b.load(ins[0], {at[0], at[1], low}), y = b.load(ins[0], {at[0], at[1], high});
    b.store(arith::SubFOp::create(b, b.mulf(x, cosine), b.mulf(y, sine)), outs[0],
            {at[0], at[1], low});
    b.store(b.addf(b.mulf(y, cosine), b.mulf(x, sine)), outs[0], {at[0], at[1], high});
  });
}

/// Elements of heads of tensors [B, T, heads · D].
struct HeadLoops {
  template <typename OpTy>
  HeadLoops(LoopBuilder &b, OpTy op, ValueRange ins)
      : b(b), heads(op.getHeads()), headsOfGroup(op.getHeads() / op.getKvHeads()),
        size(cast<MemRefType>(ins[0].getType()).getShape().back() / op.getHeads()),
        scale(static_cast<float>(1.0 / std::sqrt(static_cast<double>(size)))) {}

  Value groupOf(Value head) { return b.op<arith::DivUIOp>(head, b.index(headsOfGroup)); }
  SmallVector<Value> at(Value batch, Value token, Value head, Value channel) {
    Value column = b.op<arith::AddIOp>(b.op<arith::MulIOp>(head, b.index(size)), channel);
    return {batch, token, column};
  }
  /// An element, which may be kept in fewer bits, as a float or as a code.
  Value load(Value memory, ValueRange place) {
    Value element = b.load(memory, place);
    if (element.getType() == b.getRealType())
      return element;
    if (element.getType().isInteger())
      return arith::SIToFPOp::create(b, b.getRealType(), element);
    return arith::ExtFOp::create(b, b.getRealType(), element);
  }
  void forChannels(function_ref<void(Value)> body) { b.loop(b.index(size), body); }
  /// Adds `factor` times an element of one tensor to an element of another.
  void addTo(Value memory, ValueRange place, Value element, Value factor) {
    b.store(fma(b, element, factor, b.load(memory, place)), memory, place);
  }
  /// Σ_d x[batch, t, head, d] · y[batch, u, other, d]
  Value dot(Value batch, Value x, Value t, Value head, Value y, Value u, Value other) {
    return b.sum(b.index(size), [&](Value channel, Value sum) {
      return fma(b, load(x, at(batch, t, head, channel)), load(y, at(batch, u, other, channel)),
                 sum);
    });
  }

  /// exp(s − logSumExp) for the score s of query t and key j.
  Value probability(Value batch, Value q, Value t, Value head, Value k, Value j, Value logSumExp) {
    Value score = b.mulf(dot(batch, q, t, head, k, j, groupOf(head)), b.real(scale));
    return math::ExpOp::create(b, arith::SubFOp::create(b, score, logSumExp).getResult());
  }

  LoopBuilder &b;
  int64_t heads, headsOfGroup, size;
  float scale;
};

/// Blocked sums over the same indices, one for each channel.
class RowSum {
public:
  RowSum(LoopBuilder &b, int64_t channels, Value count)
      : b(b), channels(channels),
        levels(b.allocate({LoopBuilder::getLevels(count), channels}, b.getRealType())),
        current(b.allocate(channels, b.getRealType())) {}

  /// `addRow` calls `add` for an index.
  void emit(Value from, Value to, function_ref<void(Value index)> addRow) {
    auto emitBlock = [&](Value first, Value end) {
      forChannels([&](Value d) { b.store(b.real(0.0), current, d); });
      b.loop(b.op<arith::SubIOp>(end, first),
             [&](Value i) { addRow(b.op<arith::AddIOp>(first, i)); });
    };
    auto join = [&](Value level) {
      forChannels([&](Value d) {
        b.store(b.addf(b.load(levels, {level, d}), b.load(current, d)), current, d);
      });
    };
    auto keep = [&](Value level) {
      forChannels([&](Value d) { b.store(b.load(current, d), levels, {level, d}); });
    };
    b.foldBlocks(from, to, emitBlock, join, keep);
  }
  /// Adds an element for each channel, times a factor if there is one.
  void add(function_ref<Value(Value channel)> element, Value factor) {
    forChannels([&](Value d) {
      Value sum = b.load(current, d), x = element(d);
      b.store(factor ? fma(b, x, factor, sum) : b.addf(sum, x), current, d);
    });
  }
  Value get(Value channel) { return b.load(levels, {b.index(0), channel}); }

private:
  void forChannels(function_ref<void(Value)> body) { b.loop(b.index(channels), body); }

  LoopBuilder &b;
  int64_t channels;
  Value levels, current;
};

void emit(LoopBuilder &b, AttentionKernelOp op, ValueRange ins, ValueRange outs) {
  HeadLoops h(b, op, ins);
  Value q = ins[0], k = ins[1], v = ins[2], out = outs[0], past = loadPast(b, ins, op.hasPast());
  Value scaleOfKeys = op.hasScales() ? ins[3] : Value();
  Value scaleOfValues = op.hasScales() ? ins[4] : Value();
  Value lowest = b.real(-std::numeric_limits<float>::infinity());
  // Of the keys so far m, l and o; what of them is of a level, and what is of the block.
  int64_t levels = LoopBuilder::getLevels(b.sizes(k, 2)[1]);
  Value maxima = b.allocate(levels, b.getRealType()), maximum = b.allocate({}, b.getRealType());
  Value totals = b.allocate(levels, b.getRealType()), total = b.allocate({}, b.getRealType());
  Value outputs = b.allocate({levels, h.size}, b.getRealType());
  Value output = b.allocate(h.size, b.getRealType());
  Value scores = b.allocate(kSumBlock, b.getRealType());
  auto exp = [&](Value x, Value y) -> Value {
    return math::ExpOp::create(b, arith::SubFOp::create(b, x, y).getResult());
  };
  // What is subtracted from scores: their maximum, or 0 where all of them are −inf.
  auto shift = [&](Value m) -> Value {
    Value isLowest = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, m, lowest);
    return arith::SelectOp::create(b, isLowest, b.real(0.0), m);
  };
  SmallVector<Value> sizes = b.sizes(q, 2);
  b.nest({sizes[0], sizes[1], b.index(h.heads)}, [&](ValueRange at) {
    Value batch = at[0], t = at[1], head = at[2], group = h.groupOf(head);
    Value seen = b.op<arith::AddIOp>(b.op<arith::AddIOp>(past, t), b.index(1));
    /// A sum of codes, or what one is multiplied with, times their scale.
    auto scaled = [&](Value x, Value scales, Value j) {
      return scales ? b.mulf(x, b.load(scales, {batch, j, group})) : x;
    };
    auto emitBlock = [&](Value first, Value end) {
      auto place = [&](Value j) { return b.op<arith::SubIOp>(j, first); };
      Value largest = b.reduce(first, end, lowest, [&](Value j, Value largest) {
        Value product = scaled(h.dot(batch, q, t, head, k, j, group), scaleOfKeys, j);
        Value score = b.mulf(product, b.real(h.scale));
        b.store(score, scores, place(j));
        return b.maximum(score, largest);
      });
      b.store(largest, maximum, {});
      h.forChannels([&](Value d) { b.store(b.real(0.0), output, d); });
      Value sum = b.reduce(first, end, b.real(0.0), [&](Value j, Value sum) {
        Value p = exp(b.load(scores, place(j)), shift(largest));
        Value factor = scaled(p, scaleOfValues, j);
        h.forChannels(
            [&](Value d) { h.addTo(output, d, h.load(v, h.at(batch, j, group, d)), factor); });
        return b.addf(sum, p);
      });
      b.store(sum, total, {});
    };
    auto join = [&](Value level) {
      Value before = b.load(maxima, level), here = b.load(maximum, {});
      Value largest = b.maximum(before, here);
      before = exp(before, shift(largest));
      here = exp(here, shift(largest));
      auto add = [&](Value a, Value c) { return fma(b, c, here, b.mulf(a, before)); };
      b.store(largest, maximum, {});
      b.store(add(b.load(totals, level), b.load(total, {})), total, {});
      h.forChannels([&](Value d) {
        b.store(add(b.load(outputs, {level, d}), b.load(output, d)), output, d);
      });
    };
    auto keep = [&](Value level) {
      b.store(b.load(maximum, {}), maxima, level);
      b.store(b.load(total, {}), totals, level);
      h.forChannels([&](Value d) { b.store(b.load(output, d), outputs, {level, d}); });
    };
    b.foldBlocks(b.index(0), seen, emitBlock, join, keep);
    Value sum = b.load(total, {});
    h.forChannels(
        [&](Value d) { b.store(b.divf(b.load(output, d), sum), out, h.at(batch, t, head, d)); });
    b.store(b.addf(b.load(maximum, {}), math::LogOp::create(b, sum)), outs[1], at);
  });
}

/// The gradient by queries, and δ.
void emitGradientOfQueries(HeadLoops &h, ValueRange ins, ValueRange outs) {
  LoopBuilder &b = h.b;
  Value q = ins[0], k = ins[1], v = ins[2], result = ins[3], logSumExp = ins[4], grad = ins[5];
  SmallVector<Value> sizes = b.sizes(q, 2);
  RowSum sum(b, h.size, sizes[1]);
  b.nest({sizes[0], sizes[1], b.index(h.heads)}, [&](ValueRange at) {
    Value batch = at[0], t = at[1], head = at[2], group = h.groupOf(head);
    Value delta = h.dot(batch, grad, t, head, result, t, head);
    b.store(delta, outs[3], at);
    sum.emit(b.index(0), b.op<arith::AddIOp>(t, b.index(1)), [&](Value j) {
      Value p = h.probability(batch, q, t, head, k, j, b.load(logSumExp, at));
      Value slope = h.dot(batch, grad, t, head, v, j, group);
      Value e = b.mulf(p, arith::SubFOp::create(b, slope, delta));
      sum.add([&](Value d) { return b.load(k, h.at(batch, j, group, d)); }, e);
    });
    h.forChannels([&](Value d) {
      b.store(b.mulf(sum.get(d), b.real(h.scale)), outs[0], h.at(batch, t, head, d));
    });
  });
}

/// Those by keys and values: for each head the sum over its queries, and the sum of these.
void emitGradientOfKeys(HeadLoops &h, ValueRange ins, ValueRange outs) {
  LoopBuilder &b = h.b;
  Value q = ins[0], k = ins[1], v = ins[2], logSumExp = ins[4], grad = ins[5], deltas = outs[3];
  SmallVector<Value> sizes = b.sizes(q, 2);
  Value heads = b.index(h.headsOfGroup);
  RowSum ofKey(b, h.size, sizes[1]), ofValue(b, h.size, sizes[1]);
  RowSum sumOfKey(b, h.size, heads), sumOfValue(b, h.size, heads);
  b.nest({sizes[0], sizes[1], b.index(h.heads / h.headsOfGroup)}, [&](ValueRange at) {
    Value batch = at[0], j = at[1], group = at[2];
    Value firstHead = b.op<arith::MulIOp>(group, heads);
    auto forHeads = [&](RowSum &sum, RowSum &ofHead, Value factors, bool isOfKey) {
      sum.emit(b.index(0), heads, [&](Value number) {
        Value head = b.op<arith::AddIOp>(firstHead, number);
        ofHead.emit(j, sizes[1], [&](Value t) {
          SmallVector<Value> query = {batch, t, head};
          Value p = h.probability(batch, q, t, head, k, j, b.load(logSumExp, query));
          Value factor = p;
          if (isOfKey) {
            Value slope = h.dot(batch, grad, t, head, v, j, group);
            factor = b.mulf(p, arith::SubFOp::create(b, slope, b.load(deltas, query)));
          }
          ofHead.add([&](Value d) { return b.load(factors, h.at(batch, t, head, d)); }, factor);
        });
        sum.add([&](Value d) { return ofHead.get(d); }, Value());
      });
    };
    forHeads(sumOfKey, ofKey, q, /*isOfKey=*/true);
    forHeads(sumOfValue, ofValue, grad, /*isOfKey=*/false);
    h.forChannels([&](Value d) {
      SmallVector<Value> place = h.at(batch, j, group, d);
      b.store(b.mulf(sumOfKey.get(d), b.real(h.scale)), outs[1], place);
      b.store(sumOfValue.get(d), outs[2], place);
    });
  });
}

void emit(LoopBuilder &b, AttentionBackwardKernelOp op, ValueRange ins, ValueRange outs) {
  HeadLoops h(b, op, ins);
  emitGradientOfQueries(h, ins, outs);
  emitGradientOfKeys(h, ins, outs);
}
} // namespace

void loops::populateTransformerKernelPatterns(RewritePatternSet &patterns,
                                              const TypeConverter &converter,
                                              ConversionTarget &target) {
  addKernelPatterns<MatmulKernelOp, TransposeKernelOp, RotaryKernelOp, AttentionKernelOp,
                    AttentionBackwardKernelOp>(
      patterns, converter, target,
      [](LoopBuilder &b, auto op, ValueRange ins, ValueRange outs) { emit(b, op, ins, outs); });
}
