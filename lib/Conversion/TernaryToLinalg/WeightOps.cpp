//===- WeightOps.cpp - Weights made of parameters -------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::linalg_form;

namespace {
/// Groups are columns of their own until the end.
Results emit(LinalgBuilder &b, QuantizeWeightsOp op) {
  Value weight = b.plain(op.getWeight());
  Type f32 = b.getF32Type(), f64 = b.getF64Type(), i8 = b.getI8Type();
  std::optional<int64_t> groupSize = op.getGroupSize();
  int64_t count = groupSize.value_or(getShape(weight)[1]);
  if (groupSize)
    weight =
        b.expand(weight, 1, {b.getIndexAttr(getShape(weight)[1] / count), b.getIndexAttr(count)});
  Access elements = {weight, b.loops(getRank(weight))};
  Value magnitudes = b.map(elements, b.sizes(weight), f64, [&](ValueRange values) -> Value {
    return math::AbsFOp::create(b, b.toFloat(f64, b.toFloat(f32, values[0])));
  });
  Value sums = b.rowSum(magnitudes);
  LinalgBuilder::Sizes scales = b.sizes(sums);
  SmallVector<AffineExpr> place = b.loops(scales.size());
  if (op.getGranularity() == Granularity::Tensor) {
    count *= getShape(weight)[0];
    sums = b.rowSum(sums);
    scales = {b.getIndexAttr(1)};
    place = {b.getAffineConstantExpr(0)};
  }
  Value scale = b.map({{sums, b.loops(getRank(sums))}}, scales, f32, [&](ValueRange values) {
    Value mean = b.divf(values[0], b.real(f64, static_cast<double>(count)));
    return b.maximum(arith::TruncFOp::create(b, f32, mean), b.real(f32, 1e-5f));
  });
  Value inverse = b.map({{scale, b.loops(getRank(scale))}}, scales, f32,
                        [&](ValueRange values) { return b.divf(b.real(f32, 1.0), values[0]); });
  Value trits =
      b.map({elements, {inverse, place}}, b.sizes(weight), i8, [&](ValueRange values) -> Value {
        Value scaled = b.mulf(b.toFloat(f32, values[0]), values[1]);
        Value clamped = b.clamp(scaled, -1.0, 1.0);
        return arith::FPToSIOp::create(b, i8, math::RoundEvenOp::create(b, clamped));
      });
  return {groupSize ? b.collapse(trits, 1, 2) : trits, scale};
}

/// `parts`, one behind the other along the first dimension.
Value stack(LinalgBuilder &b, ArrayRef<Value> parts, Value like) {
  Type type = getPlainType(like.getType());
  Value stacked = b.empty(b.sizes(like), getElementTypeOrSelf(type));
  int64_t row = 0;
  for (Value part : parts) {
    stacked = b.insert(part, stacked, 0, b.getIndexAttr(row));
    row += getShape(part)[0];
  }
  return stacked;
}

Results emit(LinalgBuilder &b, StackRowsOp op) {
  SmallVector<Value> trits, scales;
  for (auto [input, scale] : llvm::zip_equal(op.getInputs(), op.getScales())) {
    trits.push_back(b.plain(input));
    int64_t rows = getShape(input)[0];
    bool isShared = getRank(scale) == 1 && getShape(scale)[0] != rows;
    scales.push_back(isShared
                         ? b.map({{scale, {b.getAffineConstantExpr(0)}}}, {b.getIndexAttr(rows)},
                                 b.getF32Type(), [](ValueRange values) { return values[0]; })
                         : scale);
  }
  return {stack(b, trits, op.getTrits()), stack(b, scales, op.getScale())};
}

/// Layouts are left to whoever compiles the result.
Results emit(LinalgBuilder &b, PackOp op) { return {b.plain(op.getInput())}; }
} // namespace

void linalg_form::populateWeightOpPatterns(RewritePatternSet &patterns) {
  addPatterns<QuantizeWeightsOp, StackRowsOp, PackOp>(
      patterns, [](LinalgBuilder &b, auto op) { return emit(b, op); });
}
