//===- MathUtils.cpp - Arithmetic that all targets share ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Conversion/MathUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Support/Numerics.h"

using namespace mlir;
using namespace ternary;

/// 1.5·2^23: from 2^23 to 2^24 floats are one apart, and what is added to the
/// middle of that range, up to 2^22 either way, is rounded to an integer.
static constexpr float kRounder = 12582912.0f;
static constexpr int32_t kRounderBits = 0x4B400000;

/// `type` with i32 in the place of f32.
static Type getIntegerType(Type type) {
  Type i32 = IntegerType::get(type.getContext(), 32);
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(i32);
  return i32;
}

static Value buildConstant(OpBuilder &builder, Location loc, Type type, TypedAttr value) {
  if (auto vector = dyn_cast<VectorType>(type))
    value = SplatElementsAttr::get(vector, value);
  return arith::ConstantOp::create(builder, loc, value);
}

Value ternary::buildFloat(OpBuilder &builder, Location loc, Type type, float value) {
  return buildConstant(builder, loc, type, builder.getFloatAttr(getElementTypeOrSelf(type), value));
}

Value ternary::buildInteger(OpBuilder &builder, Location loc, Type type, int64_t value) {
  return buildConstant(builder, loc, type,
                       builder.getIntegerAttr(getElementTypeOrSelf(type), value));
}

Value ternary::buildRoundEven(OpBuilder &builder, Location loc, Value x) {
  Value rounder = buildFloat(builder, loc, x.getType(), kRounder);
  Value shifted = arith::AddFOp::create(builder, loc, x, rounder);
  return arith::SubFOp::create(builder, loc, shifted, rounder);
}

Value ternary::buildClamp(OpBuilder &builder, Location loc, Value x, float low, float high) {
  auto clampTo = [&](arith::CmpFPredicate keep, float bound) {
    Value limit = buildFloat(builder, loc, x.getType(), bound);
    Value keeps = arith::CmpFOp::create(builder, loc, keep, x, limit);
    x = arith::SelectOp::create(builder, loc, keeps, x, limit);
  };
  clampTo(arith::CmpFPredicate::OGT, low);
  clampTo(arith::CmpFPredicate::OLT, high);
  return x;
}

GradientScale ternary::buildGradientScale(OpBuilder &builder, Location loc, Value bits,
                                          int32_t limit) {
  Type type = builder.getF32Type();
  if (auto vector = dyn_cast<VectorType>(bits.getType()))
    type = vector.clone(type);
  // What is infinite is NaN from here on: times zero it would be, or not, code by code.
  auto constant = [&](int32_t value) { return buildInteger(builder, loc, bits.getType(), value); };
  Value isFinite =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, bits, constant(0x7F800000));
  bits = arith::SelectOp::create(builder, loc, isFinite, bits, constant(0x7FC00000));
  Value largest = arith::BitcastOp::create(builder, loc, type, bits);
  Value most = buildFloat(builder, loc, type, static_cast<float>(limit));
  return {arith::DivFOp::create(builder, loc, most, largest),
          arith::DivFOp::create(builder, loc, largest, most)};
}

/// As in `buildRoundEven`, but the integer is taken from the bits of the sum.
Value ternary::buildGradientCode(OpBuilder &builder, Location loc, Value x, Value inverse) {
  Value scaled = arith::MulFOp::create(builder, loc, x, inverse);
  Value rounder = buildFloat(builder, loc, x.getType(), kRounder);
  Value sum = arith::AddFOp::create(builder, loc, scaled, rounder);
  Type type = getIntegerType(x.getType());
  Value bits = arith::BitcastOp::create(builder, loc, type, sum);
  return arith::SubIOp::create(builder, loc, bits, buildInteger(builder, loc, type, kRounderBits));
}

/// `bound` where it compares with `x` as `predicate` says, else `x`: NaN stays.
static Value buildBound(ImplicitLocOpBuilder &builder, arith::CmpFPredicate predicate, float bound,
                        Value x) {
  Value limit = buildFloat(builder, builder.getLoc(), x.getType(), bound);
  Value exceeds = arith::CmpFOp::create(builder, predicate, limit, x);
  return arith::SelectOp::create(builder, exceeds, limit, x);
}

Value ternary::buildExp(OpBuilder &opBuilder, Location loc, Value x) {
  ImplicitLocOpBuilder builder(loc, opBuilder);
  Type type = x.getType(), integer = getIntegerType(type);
  if (!getElementTypeOrSelf(type).isF32())
    return math::ExpOp::create(builder, x);
  auto f = [&](float value) { return buildFloat(builder, loc, type, value); };
  auto i = [&](int64_t value) { return buildInteger(builder, loc, integer, value); };
  auto add = [&](Value a, Value b) -> Value { return arith::AddFOp::create(builder, a, b); };
  auto sub = [&](Value a, Value b) -> Value { return arith::SubFOp::create(builder, a, b); };
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(builder, a, b); };

  // Where the result would be subnormal it is 0: arithmetic on such numbers takes some processors a
  // hundred times as long, and probabilities would be full of them where scores lie far apart.
  Value lowest = f(kExpUnderflow);
  Value isBelow = arith::CmpFOp::create(builder, arith::CmpFPredicate::OGT, lowest, x);
  x = arith::SelectOp::create(builder, isBelow, lowest, x);
  // Beyond this bound the result is +inf anyway.
  x = buildBound(builder, arith::CmpFPredicate::OLT, 89.0f, x);

  // The integer is in the low bits of the sum that rounds: taking it from there
  // is defined for NaN too, which a conversion is not.
  Value quotient = mul(x, f(1.44269504f));
  Value shifted = add(quotient, f(kRounder));
  Value n = sub(shifted, f(kRounder));
  Value bits = arith::BitcastOp::create(builder, integer, shifted);
  Value exponent = arith::SubIOp::create(builder, bits, i(kRounderBits));

  // ln 2 in two parts, the first of so few bits that its product with n is
  // exact.
  Value r = sub(x, mul(n, f(0.693359375f)));
  r = sub(r, mul(n, f(-2.12194440e-4f)));

  // (e^r - 1 - r) / r², the coefficients of Cephes' expf.
  Value p = f(1.9875691500E-4f);
  for (float coefficient :
       {1.3981999507E-3f, 8.3334519073E-3f, 4.1665795894E-2f, 1.6666665459E-1f, 5.0000001201E-1f}) {
    p = mul(p, r);
    p = add(p, f(coefficient));
  }
  Value y = add(mul(mul(p, r), r), r);
  y = add(y, f(1.0f));

  // 2^128 is no float; 2^(n >> 1) and 2^(n - (n >> 1)) are.
  auto power = [&](Value k) -> Value {
    Value biased = arith::AddIOp::create(builder, k, i(127));
    Value shifted = arith::ShLIOp::create(builder, biased, i(23));
    return arith::BitcastOp::create(builder, type, shifted);
  };
  Value half = arith::ShRSIOp::create(builder, exponent, i(1));
  Value rest = arith::SubIOp::create(builder, exponent, half);
  y = mul(y, power(half));
  y = mul(y, power(rest));
  return arith::SelectOp::create(builder, isBelow, f(0.0f), y);
}

Value ternary::buildLog(OpBuilder &opBuilder, Location loc, Value x) {
  ImplicitLocOpBuilder builder(loc, opBuilder);
  Type type = x.getType(), integer = getIntegerType(type);
  auto f = [&](float value) { return buildFloat(builder, loc, type, value); };
  auto i = [&](int64_t value) { return buildInteger(builder, loc, integer, value); };
  auto add = [&](Value a, Value b) -> Value { return arith::AddFOp::create(builder, a, b); };
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(builder, a, b); };
  auto select = [&](Value c, Value a, Value b) -> Value {
    return arith::SelectOp::create(builder, c, a, b);
  };
  auto compare = [&](arith::CmpFPredicate predicate, Value a, Value b) -> Value {
    return arith::CmpFOp::create(builder, predicate, a, b);
  };

  // Subnormal numbers have no leading one to go by: they are scaled up first.
  Value isSmall = compare(arith::CmpFPredicate::OLT, x, f(0x1p-126f));
  Value normal = select(isSmall, mul(x, f(0x1p23f)), x);
  Value bits = arith::BitcastOp::create(builder, integer, normal);

  // x = m · 2^e with m from sqrt(1/2) to sqrt(2): the exponent of x / sqrt(1/2).
  Value aboveRoot = arith::SubIOp::create(builder, bits, i(0x3f3504f3));
  Value exponent = arith::ShRSIOp::create(builder, aboveRoot, i(23));
  Value mantissa =
      arith::SubIOp::create(builder, bits, arith::ShLIOp::create(builder, exponent, i(23)));
  Value m = add(arith::BitcastOp::create(builder, type, mantissa), f(-1.0f));
  Value e = arith::SIToFPOp::create(builder, type, exponent);
  e = add(e, select(isSmall, f(-23.0f), f(0.0f)));

  // (log(1 + m) - m + m²/2) / m³, the coefficients of Cephes' logf.
  Value p = f(7.0376836292E-2f);
  for (float coefficient :
       {-1.1514610310E-1f, 1.1676998740E-1f, -1.2420140846E-1f, 1.4249322787E-1f, -1.6668057665E-1f,
        2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f}) {
    p = mul(p, m);
    p = add(p, f(coefficient));
  }
  Value square = mul(m, m);
  Value y = mul(mul(p, m), square);
  y = add(y, mul(e, f(-2.12194440e-4f)));
  y = add(y, mul(square, f(-0.5f)));
  y = add(add(m, y), mul(e, f(0.693359375f)));

  constexpr float infinity = std::numeric_limits<float>::infinity();
  y = select(compare(arith::CmpFPredicate::OEQ, x, f(infinity)), x, y);
  y = select(compare(arith::CmpFPredicate::OEQ, x, f(0.0f)), f(-infinity), y);
  // Negative or NaN.
  Value nan = f(std::numeric_limits<float>::quiet_NaN());
  return select(compare(arith::CmpFPredicate::UGE, x, f(0.0f)),
                select(compare(arith::CmpFPredicate::UNO, x, x), nan, y), nan);
}

/// The sine of x + `quarters` · π/2.
static Value buildShiftedSin(OpBuilder &opBuilder, Location loc, Value x, int64_t quarters) {
  ImplicitLocOpBuilder builder(loc, opBuilder);
  Type type = x.getType(), integer = getIntegerType(type);
  auto withElement = [&](Type element) -> Type {
    auto vector = dyn_cast<VectorType>(type);
    return vector ? Type(vector.clone(element)) : element;
  };
  Type wide = withElement(builder.getF64Type()), wideInteger = withElement(builder.getI64Type());
  auto f = [&](float value) { return buildFloat(builder, loc, type, value); };
  auto i = [&](int64_t value) { return buildInteger(builder, loc, integer, value); };
  auto d = [&](double value) {
    return buildConstant(builder, loc, wide, builder.getF64FloatAttr(value));
  };
  auto add = [&](Value a, Value b) -> Value { return arith::AddFOp::create(builder, a, b); };
  auto sub = [&](Value a, Value b) -> Value { return arith::SubFOp::create(builder, a, b); };
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(builder, a, b); };

  // x = n · π/2 + r, in f64 and with π/2 in two parts, the first of so few bits that its
  // product with n is exact. The integer n is in the low bits of the sum that rounds.
  constexpr double rounder = 0x1.8p52;
  Value exact = arith::ExtFOp::create(builder, wide, x);
  Value shifted = add(mul(exact, d(0x1.45f306dc9c883p-1)), d(rounder));
  Value n = sub(shifted, d(rounder));
  Value bits = arith::BitcastOp::create(builder, wideInteger, shifted);
  Value quadrant = arith::TruncIOp::create(builder, integer, bits);
  quadrant = arith::AddIOp::create(builder, quadrant, i(quarters));
  Value rest = sub(exact, mul(n, d(0x1.921fb544p0)));
  rest = sub(rest, mul(n, d(0x1.0b4611a626331p-34)));
  Value r = arith::TruncFOp::create(builder, type, rest);

  // The coefficients of Cephes' sinf and cosf, for |r| up to π/4.
  Value z = mul(r, r);
  auto polynomial = [&](std::initializer_list<float> coefficients) {
    Value p = f(*coefficients.begin());
    for (float coefficient : llvm::drop_begin(coefficients))
      p = add(mul(p, z), f(coefficient));
    return p;
  };
  Value sine = polynomial({-1.9515295891E-4f, 8.3321608736E-3f, -1.6666654611E-1f});
  sine = add(mul(mul(sine, z), r), r);
  Value cosine = polynomial({2.443315711809948E-5f, -1.388731625493765E-3f, 4.166664568298827E-2f});
  cosine = add(sub(mul(mul(cosine, z), z), mul(z, f(0.5f))), f(1.0f));

  Value parity = arith::AndIOp::create(builder, quadrant, i(1));
  Value isOdd = arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, parity, i(0));
  Value y = arith::SelectOp::create(builder, isOdd, cosine, sine);
  // The second and the third quarter turn change the sign.
  Value half = arith::AndIOp::create(builder, quadrant, i(2));
  Value sign = arith::ShLIOp::create(builder, half, i(30));
  Value pattern = arith::BitcastOp::create(builder, integer, y);
  return arith::BitcastOp::create(builder, type, arith::XOrIOp::create(builder, pattern, sign));
}

Value ternary::buildSin(OpBuilder &builder, Location loc, Value x) {
  return buildShiftedSin(builder, loc, x, 0);
}

Value ternary::buildCos(OpBuilder &builder, Location loc, Value x) {
  return buildShiftedSin(builder, loc, x, 1);
}

static Value buildSigmoid(ImplicitLocOpBuilder &builder, Value x) {
  Value one = buildFloat(builder, builder.getLoc(), x.getType(), 1.0f);
  Value power = buildExp(builder, builder.getLoc(), arith::NegFOp::create(builder, x));
  return arith::DivFOp::create(builder, one, arith::AddFOp::create(builder, one, power));
}

Value ternary::buildActivation(OpBuilder &opBuilder, Location loc, Activation activation, Value x) {
  ImplicitLocOpBuilder builder(loc, opBuilder);
  auto relu = [&] { return buildBound(builder, arith::CmpFPredicate::OGT, 0.0f, x); };
  switch (activation) {
  case Activation::Identity:
    return x;
  case Activation::Sigmoid:
    return buildSigmoid(builder, x);
  case Activation::Silu:
    return arith::MulFOp::create(builder, x, buildSigmoid(builder, x));
  case Activation::Relu:
    return relu();
  case Activation::SquaredRelu: {
    Value positive = relu();
    return arith::MulFOp::create(builder, positive, positive);
  }
  case Activation::Step: {
    auto f = [&](float value) { return buildFloat(builder, loc, x.getType(), value); };
    Value positive = arith::CmpFOp::create(builder, arith::CmpFPredicate::OGT, x, f(0.0f));
    return arith::SelectOp::create(builder, positive, f(1.0f), f(0.0f));
  }
  }
  llvm_unreachable("every activation is handled");
}
