//===- ProductOps.cpp - Products with weights -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::linalg_form;

namespace {
/// Loops are those over rows, n, groups if there are some, and k.
Results emit(LinalgBuilder &b, AccumulateOp op) {
  Value x = op.getActivations(), weight = b.plain(op.getWeight());
  int64_t rows = getRank(x) - 1, columns = getShape(weight)[1];
  Type sumType = getElementTypeOrSelf(op.getResult());
  if (getShape(x).back() != columns)
    x = b.slice(x, rows, b.getIndexAttr(0), b.getIndexAttr(columns));
  LinalgBuilder::Sizes sizes = b.rowSizes(x);
  sizes.push_back(b.getIndexAttr(getShape(weight)[0]));
  int64_t count = op.getGroupSize().value_or(columns);
  if (op.getGroupSize()) {
    OpFoldResult groups = b.getIndexAttr(columns / count);
    x = b.expand(x, rows, {groups, b.getIndexAttr(count)});
    weight = b.expand(weight, 1, {groups, b.getIndexAttr(count)});
    sizes.push_back(groups);
  }
  SmallVector<Access> ins = {{x, b.loops(rows)}, {weight, b.loops(rows, sizes.size() + 1)}};
  ins[0].place.append(b.loops(rows + 1, sizes.size() + 1));
  if (sumType.isF32())
    return {b.blockedSum(ins, sizes, count, sumType, [&](ValueRange values, Value sum) {
      return b.addf(sum, b.mulf(values[0], b.toFloat(sumType, values[1])));
    })};
  Value zero = b.constant(b.getI32IntegerAttr(0));
  return {b.reduce(ins, sizes, zero, [&](ValueRange values, Value sum) -> Value {
    Value code = arith::ExtSIOp::create(b, sumType, values[0]);
    Value trit = arith::ExtSIOp::create(b, sumType, values[1]);
    return arith::AddIOp::create(b, sum, arith::MulIOp::create(b, code, trit).getResult());
  })};
}

Results emit(LinalgBuilder &b, DequantizeOp op) {
  Value sums = op.getAccumulator(), weightScale = op.getWeightScale();
  int64_t rank = getRank(sums);
  bool hasGroups = getRank(weightScale) == 2, hasOne = getShape(weightScale)[0] == 1;
  int64_t rows = rank - (hasGroups ? 2 : 1);
  Type f32 = b.getF32Type();
  SmallVector<Access> ins = {{sums, b.loops(rank)}, {weightScale, b.loops(rows, rank)}};
  if (hasOne)
    ins[1].place[0] = b.getAffineConstantExpr(0);
  if (Value scale = op.getActivationScale())
    ins.push_back({scale, b.loops(rows)});
  Value products = b.map(ins, b.sizes(sums), f32, [&](ValueRange values) {
    Value scale = values[1];
    if (op.getActivationScale())
      scale = b.mulf(values[2], scale);
    return b.mulf(b.toFloat(f32, values[0]), scale);
  });
  if (!hasGroups)
    return {products};
  return {b.blockedSum({{products, b.loops(rank)}}, b.rowSizes(products), getShape(sums).back(),
                       f32, [&](ValueRange values, Value sum) { return b.addf(sum, values[0]); })};
}

Results emit(LinalgBuilder &b, MatmulOp op) {
  Value x = op.getInput(), matrix = b.plain(op.getMatrix());
  Type real = getElementTypeOrSelf(op.getResult());
  int64_t rows = getRank(x) - 1, depth = getShape(matrix)[0];
  LinalgBuilder::Sizes sizes = b.rowSizes(x);
  sizes.push_back(b.getIndexAttr(getShape(matrix)[1]));
  AffineExpr n = b.getAffineDimExpr(rows), k = b.getAffineDimExpr(rows + 1);
  SmallVector<Access> ins = {{x, b.loops(rows)}, {matrix, {k, n}}};
  ins[0].place.push_back(k);
  return {b.blockedSum(ins, sizes, depth, real, [&](ValueRange values, Value sum) -> Value {
    return math::FmaOp::create(b, values[0], b.toFloat(real, values[1]), sum);
  })};
}

Results emit(LinalgBuilder &b, TransposeOp op) {
  Value out = b.empty(b.sizes(op.getResult()), getElementTypeOrSelf(op.getResult()));
  return {linalg::TransposeOp::create(b, b.plain(op.getInput()), out, ArrayRef<int64_t>{1, 0})
              .getResult()};
}
} // namespace

void linalg_form::populateProductOpPatterns(RewritePatternSet &patterns) {
  addPatterns<AccumulateOp, DequantizeOp, MatmulOp, TransposeOp>(
      patterns, [](LinalgBuilder &b, auto op) { return emit(b, op); });
}
