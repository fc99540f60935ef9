//===- OptimizerOps.cpp - A step of the optimiser ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;
using namespace ternary;

bool ternary::isDecayed(BlockArgument parameter) {
  return cast<ShapedType>(parameter.getType()).getRank() == 2 &&
         llvm::none_of(parameter.getUsers(), llvm::IsaPred<LowerBoundsOp>);
}

//===----------------------------------------------------------------------===//
// LearningRateOp
//===----------------------------------------------------------------------===//

namespace {
/// Shorthand for scalar arithmetic in f64.
struct DoubleBuilder : ImplicitLocOpBuilder {
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Value f64(double value) { return arith::ConstantOp::create(*this, getF64FloatAttr(value)); }
  Value i64(int64_t value) { return arith::ConstantOp::create(*this, getI64IntegerAttr(value)); }
  Value add(Value a, Value b) { return arith::AddFOp::create(*this, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(*this, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(*this, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(*this, a, b); }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(*this, condition, a, b);
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(*this, predicate, a, b);
  }
  Value compare(arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(*this, predicate, a, b);
  }
  Value toDouble(Value x) {
    if (isa<FloatType>(x.getType()))
      return arith::ExtFOp::create(*this, getF64Type(), x);
    return arith::SIToFPOp::create(*this, getF64Type(), x);
  }

  /// cos(π · t) for t from 0 to 1: the Taylor series of the sine around π / 2, which is exact to
  /// the last bits there and symmetric.
  Value cosOfPi(Value t) {
    constexpr double pi = 3.14159265358979323846;
    Value x = mul(sub(f64(0.5), t), f64(pi));
    Value minusSquare = arith::NegFOp::create(*this, mul(x, x));
    Value term = x, sum = x;
    for (int k = 1; k <= 12; ++k) {
      term = mul(term, div(minusSquare, f64(2 * k * (2 * k + 1))));
      sum = add(sum, term);
    }
    return sum;
  }
};
} // namespace

SmallVector<Value> LearningRateOp::decompose(OpBuilder &opBuilder) {
  DoubleBuilder b(getLoc(), opBuilder);
  using arith::CmpFPredicate, arith::CmpIPredicate;
  Value zero = b.f64(0.0), one = b.f64(1.0), step = getStep(), warmup = getWarmupSteps();
  Value sinceWarmup = arith::SubIOp::create(b, step, warmup);
  Value decaySteps = arith::SubIOp::create(b, getTotalSteps(), warmup);
  Value t = b.div(b.toDouble(sinceWarmup), b.toDouble(decaySteps));
  t = b.select(b.compare(CmpFPredicate::OLT, t, zero), zero, t);
  t = b.select(b.compare(CmpFPredicate::OGT, t, one), one, t);
  t = b.select(b.compare(CmpIPredicate::sgt, getTotalSteps(), warmup), t, one);

  Value last = b.toDouble(getFinalFraction());
  Value share = b.div(b.mul(b.sub(one, last), b.add(one, b.cosOfPi(t))), b.f64(2.0));
  Value peak = b.mul(b.toDouble(getBase()), b.add(last, share));

  Value next = arith::AddIOp::create(b, step, b.i64(1));
  Value warm = b.select(b.compare(CmpIPredicate::slt, step, warmup),
                        b.div(b.toDouble(next), b.toDouble(warmup)), one);
  Value halves = arith::AndIOp::create(b, b.compare(CmpIPredicate::sge, getHalveAt(), b.i64(0)),
                                       b.compare(CmpIPredicate::sge, step, getHalveAt()));
  Value rate = b.mul(b.mul(peak, warm), b.select(halves, b.f64(0.5), one));
  return {arith::TruncFOp::create(b, b.getF32Type(), rate)};
}

//===----------------------------------------------------------------------===//
// SquareSumOp
//===----------------------------------------------------------------------===//

LogicalResult SquareSumOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, Adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get({}, Float64Type::get(context)));
  return success();
}

LogicalResult SquareSumOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (!type.hasStaticShape()) // (C1)
    return emitOpError() << "expected an input of static shape, got " << type;
  return success();
}

//===----------------------------------------------------------------------===//
// AdamWOp
//===----------------------------------------------------------------------===//

LogicalResult AdamWOp::verify() {
  auto type = cast<RankedTensorType>(getParameter().getType());
  if (!type.hasStaticShape()) // (C1)
    return emitOpError() << "expected a parameter of static shape, got " << type;
  return success();
}
