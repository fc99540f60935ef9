//===- Attention.cpp - Attention in parts of 64 keys ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops are those over batch b, tokens t, groups of heads g, heads r of a group, and
// parts p of the keys; behind these, keys of a part or channels d. Keys after a query
// are left out by selects: whatever they are has no influence.
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Conversion/BlockedSums.h"
#include <cmath>

using namespace mlir;
using namespace ternary;
using namespace ternary::linalg_form;

namespace {
class AttentionEmitter {
public:
  AttentionEmitter(LinalgBuilder &b, AttentionOp op)
      : b(b), op(op), real(cast<FloatType>(getElementTypeOrSelf(op.getQ()))),
        groups(b.getIndexAttr(op.getKvHeads())),
        headsOfGroup(b.getIndexAttr(op.getHeads() / op.getKvHeads())),
        channels(getColumns(op.getQ()) / op.getHeads()), keys(b.sizes(op.getK())[1]) {
    int64_t most = getConstantIntValue(keys).value_or(kSumBlock);
    keysOfPart = std::clamp<int64_t>(most, 1, kSumBlock);
    AffineExpr count = b.getAffineSymbolExpr(0).ceilDiv(keysOfPart);
    parts = affine::makeComposedFoldedAffineApply(b, b.getLoc(), count, keys);
    LinalgBuilder::Sizes queries = b.sizes(op.getQ());
    perHead = {queries[0], queries[1], groups, headsOfGroup};
    perPart = perHead;
    perPart.push_back(parts);
    perOutput = perPart;
    perOutput.push_back(b.getIndexAttr(channels));
    past = op.getPast() ? b.toIndex(b.extract(op.getPast(), {})) : b.index(0);
  }

  Results emit() {
    Results sums = emitParts(emitScores());
    if (getConstantIntValue(parts) != 1)
      sums = joinParts(sums);
    return emitResults(sums);
  }

private:
  AffineExpr d(int64_t i) { return b.getAffineDimExpr(i); }

  Value exp(Value x, Value y) { return math::ExpOp::create(b, b.subf(x, y)); }
  /// What is subtracted from scores: their maximum, or 0 where all of them are -inf.
  Value shift(Value m) {
    Value isLowest = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, m, b.lowest(real));
    return b.select(isLowest, b.real(real, 0.0), m);
  }
  Value fma(Value x, Value y, Value sum) { return math::FmaOp::create(b, x, y, sum); }

  /// In a body, whether a query has a key, the number `inPart` of part `part`.
  Value isSeen(Value part, Value inPart) {
    Value first = arith::MulIOp::create(b, part, b.index(keysOfPart));
    Value key = arith::AddIOp::create(b, first, inPart);
    Value query = arith::AddIOp::create(b, past, b.loopIndex(1));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ule, key, query);
  }

  /// Dimension `dim`, the keys, as parts of them.
  Value splitKeys(Value tensor, int64_t dim) {
    Value zero = b.constant(b.getZeroAttr(getElementTypeOrSelf(tensor)));
    OpFoldResult all = affine::makeComposedFoldedAffineApply(
        b, b.getLoc(), b.getAffineSymbolExpr(0) * keysOfPart, parts);
    return b.expand(b.pad(tensor, dim, all, zero), dim, {parts, b.getIndexAttr(keysOfPart)});
  }

  /// `[b, t, g, r, j]`
  Value emitScores() {
    OpFoldResult depth = b.getIndexAttr(channels);
    Value q = b.expand(op.getQ(), 2, {groups, headsOfGroup, depth});
    Value k = b.expand(op.getK(), 2, {groups, depth});
    LinalgBuilder::Sizes sizes(perHead);
    sizes.push_back(keys);
    SmallVector<Access> factors = {{q, {d(0), d(1), d(2), d(3), d(5)}},
                                   {k, {d(0), d(4), d(2), d(5)}}};
    Value products =
        b.blockedSum(factors, sizes, channels, real, [&](ValueRange values, Value sum) {
          return fma(values[0], b.toFloat(real, values[1]), sum);
        });
    SmallVector<Access> ins = {{products, b.loops(5)}};
    if (!op.getScales().empty())
      ins.push_back({op.getScales()[0], {d(0), d(4), d(2)}});
    float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(channels)));
    return b.map(ins, sizes, real, [&](ValueRange values) {
      Value product = values.size() > 1 ? b.mulf(values[0], values[1]) : values[0];
      return b.mulf(product, b.real(real, scale));
    });
  }

  /// m, l and o of each part.
  Results emitParts(Value scores) {
    scores = splitKeys(scores, 4);
    Value maxima = b.reduce({{scores, b.loops(6)}}, perPart, b.lowest(real),
                            [&](ValueRange values, Value most) {
                              Value larger = b.maximum(values[0], most);
                              return b.select(isSeen(b.loopIndex(4), b.loopIndex(5)), larger, most);
                            });
    Value powers = b.map({{scores, b.loops(6)}, {maxima, b.loops(5)}}, b.sizes(scores), real,
                         [&](ValueRange values) { return exp(values[0], shift(values[1])); });
    Value totals = b.reduce({{powers, b.loops(6)}}, perPart, b.real(real, 0.0),
                            [&](ValueRange values, Value sum) {
                              Value more = b.addf(sum, values[0]);
                              return b.select(isSeen(b.loopIndex(4), b.loopIndex(5)), more, sum);
                            });
    Value v = splitKeys(b.expand(op.getV(), 2, {groups, b.getIndexAttr(channels)}), 1);
    SmallVector<Access> ins = {{powers, {d(0), d(1), d(2), d(3), d(4), d(6)}},
                               {v, {d(0), d(4), d(6), d(2), d(5)}}};
    if (!op.getScales().empty())
      ins.push_back({splitKeys(op.getScales()[1], 1), {d(0), d(4), d(6), d(2)}});
    Value outputs = b.reduce(ins, perOutput, b.real(real, 0.0), [&](ValueRange values, Value sum) {
      Value factor = values.size() > 2 ? b.mulf(values[0], values[2]) : values[0];
      Value more = fma(b.toFloat(real, values[1]), factor, sum);
      return b.select(isSeen(b.loopIndex(4), b.loopIndex(6)), more, sum);
    });
    return {maxima, totals, outputs};
  }

  /// ⌈log2⌉ of the number of parts.
  Value getLevels() {
    if (std::optional<int64_t> known = getConstantIntValue(parts))
      return b.index(llvm::Log2_64_Ceil(std::max<int64_t>(*known, 1)));
    Value atLeastOne = arith::MaxUIOp::create(b, b.asValue(parts), b.index(1));
    Value pairs = arith::SubIOp::create(b, atLeastOne, b.index(1));
    Value bits = arith::IndexCastOp::create(b, b.getI64Type(), pairs);
    Value zeros = math::CountLeadingZerosOp::create(b, bits);
    Value most = b.constant(b.getI64IntegerAttr(64));
    return b.toIndex(arith::SubIOp::create(b, most, zeros));
  }

  /// Joins pairs, level by level. What a part is joined with is as many parts behind it as it
  /// consists of; a part in which no pair starts is not read again.
  Results joinParts(ValueRange sums) {
    return b.carry(getLevels(), sums, [&](Value level, ValueRange carried) -> Results {
      Value distance = arith::ShLIOp::create(b, b.index(1), level);
      Value count = arith::SubIOp::create(b, b.asValue(parts), distance);
      auto exists = [&] {
        return isSeen(arith::AddIOp::create(b, b.loopIndex(4), distance), b.index(0));
      };
      // Moved to the place of those that they are joined with.
      auto getOthers = [&](Value tensor, ArrayRef<OpFoldResult> sizes) {
        Value others = b.slice(tensor, 4, distance, count);
        Value moved = b.insert(others, b.filled(sizes, b.real(real, 0.0)), 4, b.getIndexAttr(0));
        return Access{moved, b.loops(sizes.size())};
      };
      SmallVector<Value> places = {carried[0], carried[1], b.empty(perPart, real),
                                   b.empty(perPart, real)};
      Results joined =
          b.update({getOthers(carried[0], perPart), getOthers(carried[1], perPart)}, places,
                   [&](ValueRange other, ValueRange own) -> Results {
                     Value most = b.maximum(own[0], other[0]), joins = exists();
                     Value x = exp(own[0], shift(most)), y = exp(other[0], shift(most));
                     Value total = fma(other[1], y, b.mulf(own[1], x));
                     return {b.select(joins, most, own[0]), b.select(joins, total, own[1]), x, y};
                   });
      Results outputs = b.update(
          {getOthers(carried[2], perOutput), {joined[2], b.loops(5)}, {joined[3], b.loops(5)}},
          carried[2], [&](ValueRange values, ValueRange own) -> Results {
            Value sum = fma(values[0], values[2], b.mulf(own[0], values[1]));
            return {b.select(exists(), sum, own[0])};
          });
      return {joined[0], joined[1], outputs[0]};
    });
  }

  /// The first part holds the whole.
  Results emitResults(ValueRange sums) {
    LinalgBuilder::Sizes sizes(perHead);
    sizes.push_back(b.getIndexAttr(channels));
    OpFoldResult first = b.getIndexAttr(0);
    Access maximum = {b.sliceAt(sums[0], 4, first, perHead), b.loops(4)};
    Access total = {b.sliceAt(sums[1], 4, first, perHead), b.loops(4)};
    Access output = {b.sliceAt(sums[2], 4, first, sizes), b.loops(5)};
    Value result = b.map({output, total}, sizes, real,
                         [&](ValueRange values) { return b.divf(values[0], values[1]); });
    Value logSumExp = b.map({maximum, total}, perHead, real, [&](ValueRange values) {
      return b.addf(values[0], math::LogOp::create(b, values[1]));
    });
    return {b.collapse(result, 2, 3), b.collapse(logSumExp, 2, 2)};
  }

  LinalgBuilder &b;
  AttentionOp op;
  FloatType real;
  OpFoldResult groups, headsOfGroup;
  int64_t channels, keysOfPart;
  OpFoldResult keys, parts;
  LinalgBuilder::Sizes perHead, perPart, perOutput;
  Value past;
};
} // namespace

void linalg_form::populateAttentionPatterns(RewritePatternSet &patterns) {
  addPatterns<AttentionOp>(
      patterns, [](LinalgBuilder &b, AttentionOp op) { return AttentionEmitter(b, op).emit(); });
}
