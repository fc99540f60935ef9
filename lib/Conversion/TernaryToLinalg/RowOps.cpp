//===- RowOps.cpp - Norms, quantised rows and activations -----------------===//
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
//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

Results emit(LinalgBuilder &b, SquareSumsOp op) {
  Value x = op.getInput();
  Value squares = b.map({{x, b.loops(getRank(x))}}, b.sizes(x), getElementTypeOrSelf(x),
                        [&](ValueRange values) { return b.mulf(values[0], values[0]); });
  return {b.blockSums(squares)};
}

Results emit(LinalgBuilder &b, InverseRMSOp op) {
  Type real = getElementTypeOrSelf(op.getResult());
  Value sum = b.sumOfBlocks(op.getSquareSums());
  return {
      b.map({{sum, b.loops(getRank(sum))}}, b.sizes(sum), real, [&](ValueRange values) -> Value {
        Value mean = b.divf(values[0], b.real(real, static_cast<double>(op.getSize())));
        Value shifted = b.addf(mean, b.real(real, op.getEpsilon().convertToDouble()));
        return b.divf(b.real(real, 1.0), math::SqrtOp::create(b, shifted));
      })};
}

Results emit(LinalgBuilder &b, NormalizeOp op) {
  Value x = op.getInput();
  int64_t rows = getRank(x) - 1;
  SmallVector<Access> ins = {{x, b.loops(rows + 1)},
                             {op.getScale(), b.loops(rows)},
                             {op.getGain(), b.loops(rows, rows + 1)}};
  return {b.map(ins, b.sizes(x), getElementTypeOrSelf(x), [&](ValueRange values) {
    return b.mulf(b.mulf(values[0], values[1]), values[2]);
  })};
}

Results emit(LinalgBuilder &b, CenterOp op) {
  Value x = op.getInput();
  Type real = getElementTypeOrSelf(x);
  int64_t rows = getRank(x) - 1;
  Value sum = b.rowSum(x);
  Value mean = b.map({{sum, b.loops(rows)}}, b.rowSizes(x), real, [&](ValueRange values) {
    return b.divf(values[0], b.real(real, static_cast<double>(getColumns(x))));
  });
  return {b.map({{x, b.loops(rows + 1)}, {mean, b.loops(rows)}}, b.sizes(x), real,
                [&](ValueRange values) { return b.subf(values[0], values[1]); })};
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Results emit(LinalgBuilder &b, QuantizeActivationsOp op) {
  Value x = op.getInput();
  int64_t rows = getRank(x) - 1;
  Type f32 = b.getF32Type(), i8 = b.getI8Type(), i32 = b.getI32Type();
  Access elements = {x, b.loops(rows + 1)};
  Value largest =
      b.reduce(elements, b.rowSizes(x), b.real(f32, 0.0), [&](ValueRange values, Value carried) {
        return b.maximum(math::AbsFOp::create(b, values[0]), carried);
      });
  Access largestOfRow = {largest, b.loops(rows)};
  SmallVector<Value> scales = b.mapAll(
      largestOfRow, b.rowSizes(x), {f32, f32}, [&](ValueRange values) -> SmallVector<Value> {
        Value most = b.maximum(values[0], b.real(f32, 1e-5f));
        return {b.divf(b.real(f32, 127.0), most), b.divf(most, b.real(f32, 127.0))};
      });
  Access inverse = {scales[0], b.loops(rows)};
  Value codes = b.map({elements, inverse}, b.sizes(x), i8, [&](ValueRange values) -> Value {
    Value code = math::RoundEvenOp::create(b, b.mulf(values[0], values[1]));
    return arith::FPToSIOp::create(b, i8, b.clamp(code, -128.0, 127.0));
  });
  Value sum = b.reduce({{codes, b.loops(rows + 1)}}, b.rowSizes(x),
                       b.constant(b.getI32IntegerAttr(0)), [&](ValueRange values, Value carried) {
                         Value code = arith::ExtSIOp::create(b, i32, values[0]);
                         return arith::AddIOp::create(b, carried, code).getResult();
                       });
  OpFoldResult columns = b.getIndexAttr(getColumns(op.getQuantized()));
  Value padded = b.pad(codes, rows, columns, b.constant(b.getI8IntegerAttr(0)));
  return {padded, scales[1], sum};
}

/// `activation` of a scalar or a vector.
Value activate(LinalgBuilder &b, Activation activation, Value x) {
  auto real = [&](double value) { return b.real(x.getType(), value); };
  auto isPositive = [&]() -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, real(0.0));
  };
  auto sigmoid = [&] {
    Value power = math::ExpOp::create(b, arith::NegFOp::create(b, x).getResult());
    return b.divf(real(1.0), b.addf(real(1.0), power));
  };
  // NaN stays, and so does -0.
  auto relu = [&] {
    Value isNegative = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, real(0.0), x);
    return b.select(isNegative, real(0.0), x);
  };
  switch (activation) {
  case Activation::Identity:
    return x;
  case Activation::Sigmoid:
    return sigmoid();
  case Activation::Silu:
    return b.mulf(x, sigmoid());
  case Activation::Relu:
    return relu();
  case Activation::SquaredRelu: {
    Value positive = relu();
    return b.mulf(positive, positive);
  }
  case Activation::Step:
    return b.select(isPositive(), real(1.0), real(0.0));
  }
  llvm_unreachable("every activation is handled");
}

Results emit(LinalgBuilder &b, ActivateOp op) {
  Value x = op.getInput();
  if (!isa<RankedTensorType>(x.getType()))
    return {activate(b, op.getActivation(), x)};
  return {b.map({{x, b.loops(getRank(x))}}, b.sizes(x), getElementTypeOrSelf(x),
                [&](ValueRange values) { return activate(b, op.getActivation(), values[0]); })};
}
} // namespace

void linalg_form::populateRowOpPatterns(RewritePatternSet &patterns) {
  addPatterns<SquareSumsOp, InverseRMSOp, NormalizeOp, CenterOp, QuantizeActivationsOp, ActivateOp>(
      patterns, [](LinalgBuilder &b, auto op) { return emit(b, op); });
}
