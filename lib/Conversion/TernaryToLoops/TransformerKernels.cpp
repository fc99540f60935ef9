//===- TransformerKernels.cpp - Kernels of a float Transformer as loops ---===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ternary/Conversion/WeightStorage.h"
#include <cmath>

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

namespace {
Value fma(LoopBuilder &b, Value x, Value y, Value sum) { return math::FmaOp::create(b, x, y, sum); }

void emit(LoopBuilder &b, MatmulKernelOp, ValueRange ins, ValueRange outs) {
  Value input = ins[0], matrix = ins[1], out = outs[0];
  int64_t rank = cast<MemRefType>(out.getType()).getRank();
  Value depth = b.sizes(input, rank).back();
  b.nest(b.sizes(out, rank), [&](ValueRange index) {
    Value sum = b.reduce(depth, b.real(0.0f), [&](Value k, Value sum) {
      Value factor = isInPanels(matrix)
                         ? b.load(matrix, getPanelIndices(b, b.getLoc(), matrix, index.back(), k))
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
    return b.reduce(b.index(size), b.real(0.0f), [&](Value channel, Value sum) {
      return fma(b, load(x, at(batch, t, head, channel)), load(y, at(batch, u, other, channel)),
                 sum);
    });
  }

  LoopBuilder &b;
  int64_t heads, headsOfGroup, size;
  float scale;
};

void emit(LoopBuilder &b, AttentionKernelOp op, ValueRange ins, ValueRange outs) {
  HeadLoops h(b, op, ins);
  Value q = ins[0], k = ins[1], v = ins[2], out = outs[0], past = loadPast(b, ins, op.hasPast());
  Value scaleOfKeys = op.hasScales() ? ins[3] : Value();
  Value scaleOfValues = op.hasScales() ? ins[4] : Value();
  SmallVector<Value> sizes = b.sizes(q, 2);
  b.nest({sizes[0], sizes[1], b.index(h.heads)}, [&](ValueRange at) {
    Value batch = at[0], t = at[1], head = at[2], group = h.groupOf(head);
    Value seen = b.op<arith::AddIOp>(b.op<arith::AddIOp>(past, t), b.index(1));
    /// A sum of codes, or what one is multiplied with, times their scale.
    auto scaled = [&](Value x, Value scales, Value j) {
      return scales ? b.mulf(x, b.load(scales, {batch, j, group})) : x;
    };
    auto score = [&](Value j) {
      Value product = h.dot(batch, q, t, head, k, j, group);
      return b.mulf(scaled(product, scaleOfKeys, j), b.real(h.scale));
    };
    Value lowest = b.real(-std::numeric_limits<float>::infinity());
    Value largest = b.reduce(seen, lowest,
                             [&](Value j, Value largest) { return b.maximum(score(j), largest); });
    h.forChannels([&](Value d) { b.store(b.real(0.0f), out, h.at(batch, t, head, d)); });
    Value total = b.reduce(seen, b.real(0.0f), [&](Value j, Value total) {
      Value p = math::ExpOp::create(b, arith::SubFOp::create(b, score(j), largest).getResult());
      Value factor = scaled(p, scaleOfValues, j);
      h.forChannels([&](Value d) {
        h.addTo(out, h.at(batch, t, head, d), h.load(v, h.at(batch, j, group, d)), factor);
      });
      return b.addf(total, p);
    });
    h.forChannels([&](Value d) {
      SmallVector<Value> place = h.at(batch, t, head, d);
      b.store(b.divf(b.load(out, place), total), out, place);
    });
    b.store(b.addf(largest, math::LogOp::create(b, total)), outs[1], at);
  });
}

void emit(LoopBuilder &b, AttentionBackwardKernelOp op, ValueRange ins, ValueRange outs) {
  HeadLoops h(b, op, ins);
  Value q = ins[0], k = ins[1], v = ins[2], result = ins[3], logSumExp = ins[4], grad = ins[5];
  Value gradQ = outs[0], gradK = outs[1], gradV = outs[2];
  for (Value out : outs.drop_back())
    b.nest(b.sizes(out, 3), [&](ValueRange at) { b.store(b.real(0.0f), out, at); });
  SmallVector<Value> sizes = b.sizes(q, 2);
  b.nest({sizes[0], b.index(h.heads), sizes[1]}, [&](ValueRange at) {
    Value batch = at[0], head = at[1], t = at[2], group = h.groupOf(head);
    Value delta = h.dot(batch, grad, t, head, result, t, head);
    b.store(delta, outs[3], {batch, t, head});
    b.loop(b.op<arith::AddIOp>(t, b.index(1)), [&](Value j) {
      Value score = b.mulf(h.dot(batch, q, t, head, k, j, group), b.real(h.scale));
      Value shifted = arith::SubFOp::create(b, score, b.load(logSumExp, {batch, t, head}));
      Value p = math::ExpOp::create(b, shifted);
      Value slope = h.dot(batch, grad, t, head, v, j, group);
      Value e = b.mulf(p, arith::SubFOp::create(b, slope, delta));
      h.forChannels([&](Value d) {
        SmallVector<Value> ofQuery = h.at(batch, t, head, d), ofKey = h.at(batch, j, group, d);
        h.addTo(gradQ, ofQuery, b.load(k, ofKey), e);
        h.addTo(gradK, ofKey, b.load(q, ofQuery), e);
        h.addTo(gradV, ofKey, b.load(grad, ofQuery), p);
      });
    });
  });
  for (Value out : {gradQ, gradK})
    b.nest(b.sizes(out, 3),
           [&](ValueRange at) { b.store(b.mulf(b.load(out, at), b.real(h.scale)), out, at); });
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
