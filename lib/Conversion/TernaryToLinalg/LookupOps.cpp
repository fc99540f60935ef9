//===- LookupOps.cpp - What is looked up by tokens, layers or positions ---===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Support/Power.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::linalg_form;

namespace {
Results emit(LinalgBuilder &b, EmbeddingOp op) {
  Value ids = op.getIds(), table = b.plain(op.getTable()), scale = op.getTableScale();
  Type real = getElementTypeOrSelf(op.getResult());
  int64_t rows = getRank(ids), columns = getColumns(table);
  LinalgBuilder::Sizes sizes = b.sizes(ids);
  sizes.push_back(b.getIndexAttr(columns));
  return {b.map({{ids, b.loops(rows)}}, sizes, real, [&](ValueRange values) {
    Value row = b.toIndex(values[0]), column = b.loopIndex(rows);
    Value element = b.toFloat(real, b.extract(table, {row, column}));
    if (!scale)
      return element;
    SmallVector<Value> place = {getShape(scale)[0] == 1 ? b.index(0) : row};
    if (getRank(scale) == 2) {
      Value groupSize = b.index(columns / getShape(scale)[1]);
      place.push_back(arith::DivUIOp::create(b, column, groupSize));
    }
    return b.mulf(element, b.extract(scale, place));
  })};
}

/// Columns are in parallel, layers in order.
Results emit(LinalgBuilder &b, LowerBoundsOp op) {
  Value parameters = op.getInput();
  Type real = getElementTypeOrSelf(op.getResult());
  LinalgBuilder::Sizes all = b.sizes(parameters), columns = {all[1]};
  AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
  auto add = [&](ValueRange values, Value sum) { return b.addf(sum, values[0]); };
  Value largest = b.reduce({{parameters, {d1, d0}}}, columns, b.lowest(real),
                           [&](ValueRange values, Value carried) {
                             return b.maximum(b.toFloat(real, values[0]), carried);
                           });
  Value powers =
      b.map({{parameters, {d0, d1}}, {largest, {d1}}}, all, real, [&](ValueRange values) -> Value {
        Value shifted = b.subf(b.toFloat(real, values[0]), values[1]);
        return math::ExpOp::create(b, shifted);
      });
  Value sum = b.reduce({{powers, {d1, d0}}}, columns, b.real(real, 0.0), add);
  Value shares = b.map({{powers, {d0, d1}}, {sum, {d1}}}, all, real,
                       [&](ValueRange values) { return b.divf(values[0], values[1]); });
  Value first = b.sliceAt(shares, 0, b.getIndexAttr(0));
  Value none = b.filled(columns, b.real(real, 0.0));
  return {b.carry(b.index(getShape(parameters)[0]), {b.empty(all, real), none},
                  [&](Value layer, ValueRange carried) -> Results {
                    Access share = {b.sliceAt(shares, 0, layer), {d0}};
                    Results next =
                        b.update({share, {first, {d0}}}, {carried[1], b.empty(columns, real)},
                                 [&](ValueRange values, ValueRange sums) -> Results {
                                   Value sum = b.addf(sums[0], values[0]);
                                   return {sum, b.subf(sum, values[1])};
                                 });
                    return {b.insertAt(next[1], carried[0], 0, layer), next[0]};
                  })
              .front()};
}

/// Cosine and sine of the angle of each token and each pair of channels.
Results buildTurns(LinalgBuilder &b, RotaryEmbeddingOp op, OpFoldResult tokens) {
  Type real = getElementTypeOrSelf(op.getInput());
  SmallVector<Attribute> frequencies;
  for (float frequency : getRotaryFrequencies(op.getHeadSize(), op.getTheta().convertToDouble()))
    frequencies.push_back(b.getFloatAttr(real, frequency));
  int64_t half = frequencies.size();
  Value table =
      b.constant(DenseElementsAttr::get(RankedTensorType::get({half}, real), frequencies));
  SmallVector<Access> ins = {{table, b.loops(1, 2)}};
  if (op.getPast())
    ins.push_back({op.getPast(), {}});
  return b.mapAll(ins, {tokens, b.getIndexAttr(half)}, {real, real},
                  [&](ValueRange values) -> Results {
                    Value position = b.loopIndex(0);
                    if (op.getPast())
                      position = arith::AddIOp::create(b, b.toIndex(values[1]), position);
                    position = arith::IndexCastOp::create(b, b.getI32Type(), position);
                    Value angle = b.mulf(b.toFloat(real, position), values[0]);
                    return {math::CosOp::create(b, angle), math::SinOp::create(b, angle)};
                  });
}

/// Loops are those over batch, tokens, heads, halves and pairs; a half is added to the other one.
Results emit(LinalgBuilder &b, RotaryEmbeddingOp op) {
  Value input = op.getInput();
  Type real = getElementTypeOrSelf(input);
  int64_t size = op.getHeadSize(), heads = getColumns(input) / size;
  Results turns = buildTurns(b, op, b.sizes(input)[1]);
  Value halves =
      b.expand(input, 2, {b.getIndexAttr(heads), b.getIndexAttr(2), b.getIndexAttr(size / 2)});
  Access own = {halves, b.loops(5)}, other = own;
  other.place[3] = 1 - other.place[3];
  SmallVector<AffineExpr> angle = {b.getAffineDimExpr(1), b.getAffineDimExpr(4)};
  Value turned = b.map({own, other, {turns[0], angle}, {turns[1], angle}}, b.sizes(halves), real,
                       [&](ValueRange values) {
                         // x - y · s is x + y · (-s).
                         Value isNegative =
                             arith::CmpIOp::create(b, arith::CmpIPredicate::eq, b.loopIndex(3),
                                                   b.index(op.getInverse() ? 1 : 0));
                         Value negative = arith::NegFOp::create(b, values[3]);
                         Value sine = b.select(isNegative, negative, values[3]);
                         return b.addf(b.mulf(values[0], values[2]), b.mulf(values[1], sine));
                       });
  return {b.collapse(turned, 2, 3)};
}
} // namespace

void linalg_form::populateLookupOpPatterns(RewritePatternSet &patterns) {
  addPatterns<EmbeddingOp, LowerBoundsOp, RotaryEmbeddingOp>(
      patterns, [](LinalgBuilder &b, auto op) { return emit(b, op); });
}
