//===- DifferentiableMath.cpp - Backward rules of arith and math ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DifferentiableRules.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ternary;

//===----------------------------------------------------------------------===//
// arith
//===----------------------------------------------------------------------===//

namespace {
/// Numbers or tensors of one shape, as expressions.
class Expression {
public:
  Expression(ImplicitLocOpBuilder &b, Value value) : b(b), value(value) {}
  operator Value() const { return value; }

  Expression operator+(Value other) const { return {b, arith::AddFOp::create(b, value, other)}; }
  Expression operator-(Value other) const { return {b, arith::SubFOp::create(b, value, other)}; }
  Expression operator*(Value other) const { return {b, arith::MulFOp::create(b, value, other)}; }
  Expression operator/(Value other) const { return {b, arith::DivFOp::create(b, value, other)}; }
  Expression operator-() const { return {b, arith::NegFOp::create(b, value)}; }
  /// A number in its shape.
  Expression number(double constant) const {
    return {b, createSplat(b, b.getLoc(), value, constant)};
  }
  template <typename OpTy> Expression apply() const { return {b, OpTy::create(b, value)}; }
  /// `ifTrue` where the comparison holds, `ifFalse` elsewhere.
  Expression select(arith::CmpFPredicate predicate, Value other, Value ifTrue,
                    Value ifFalse) const {
    Value holds = arith::CmpFOp::create(b, predicate, value, other);
    return {b, arith::SelectOp::create(b, holds, ifTrue, ifFalse)};
  }

private:
  ImplicitLocOpBuilder &b;
  Value value;
};

void addRule(ImplicitLocOpBuilder &b, arith::AddFOp op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getLhs(), grad);
  gradients.add(b, op.getRhs(), grad);
}

void subRule(ImplicitLocOpBuilder &b, arith::SubFOp op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getLhs(), grad);
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), -Expression(b, grad));
}

void mulRule(ImplicitLocOpBuilder &b, arith::MulFOp op, Value grad, Gradients &gradients) {
  if (gradients.wants(op.getLhs()))
    gradients.add(b, op.getLhs(), Expression(b, grad) * op.getRhs());
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), Expression(b, grad) * op.getLhs());
}

/// (x / y)' = x' / y - (x / y) · y' / y
void divRule(ImplicitLocOpBuilder &b, arith::DivFOp op, Value grad, Gradients &gradients) {
  Expression quotient = Expression(b, grad) / op.getRhs();
  gradients.add(b, op.getLhs(), quotient);
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), -(quotient * op.getResult()));
}

void negRule(ImplicitLocOpBuilder &b, arith::NegFOp op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getOperand(), -Expression(b, grad));
}

/// The second of equal operands gets the gradient, as the constant of max(x, 0).
template <typename OpTy, arith::CmpFPredicate isFirst>
void extremumRule(ImplicitLocOpBuilder &b, OpTy op, Value grad, Gradients &gradients) {
  Expression x(b, op.getLhs()), zero = Expression(b, grad).number(0);
  if (gradients.wants(op.getLhs()))
    gradients.add(b, op.getLhs(), x.select(isFirst, op.getRhs(), grad, zero));
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), x.select(isFirst, op.getRhs(), zero, grad));
}

template <typename OpTy, typename Inverse>
void convertRule(ImplicitLocOpBuilder &b, OpTy op, Value grad, Gradients &gradients) {
  gradients.add(b, op.getIn(), Inverse::create(b, op.getIn().getType(), grad));
}

/// Either value gets the gradient where it was chosen, zeros elsewhere.
void selectRule(ImplicitLocOpBuilder &b, arith::SelectOp op, Value grad, Gradients &gradients) {
  Value zero = createSplat(b, op.getLoc(), grad, 0.0);
  auto choose = [&](Value ifTrue, Value ifFalse) -> Value {
    return arith::SelectOp::create(b, op.getCondition(), ifTrue, ifFalse);
  };
  if (gradients.wants(op.getTrueValue()))
    gradients.add(b, op.getTrueValue(), choose(grad, zero));
  if (gradients.wants(op.getFalseValue()))
    gradients.add(b, op.getFalseValue(), choose(zero, grad));
}

//===----------------------------------------------------------------------===//
// math
//===----------------------------------------------------------------------===//

/// What a gradient of y = f(x) is by x, from that by y.
using UnaryRule = Expression (*)(Expression grad, Expression x, Expression y);

template <typename OpTy, UnaryRule Rule>
struct UnaryRuleOf : DifferentiableOpInterface::ExternalModel<UnaryRuleOf<OpTy, Rule>, OpTy> {
  LogicalResult buildBackward(Operation *op, OpBuilder &builder, Gradients &gradients) const {
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Value x = op->getOperand(0), y = op->getResult(0);
    gradients.add(b, x, Rule({b, gradients.lookup(y)}, {b, x}, {b, y}));
    return success();
  }
};

template <typename OpTy, UnaryRule Rule> void attach(MLIRContext *context) {
  OpTy::template attachInterface<UnaryRuleOf<OpTy, Rule>>(*context);
}

/// A step function: what it is of does not matter but where it jumps.
template <typename OpTy>
struct ConstantRule : DifferentiableOpInterface::ExternalModel<ConstantRule<OpTy>, OpTy> {
  LogicalResult buildBackward(Operation *, OpBuilder &, Gradients &) const { return success(); }
};

template <typename... Ops> void attachConstants(MLIRContext *context) {
  (Ops::template attachInterface<ConstantRule<Ops>>(*context), ...);
}

using E = Expression;

E absRule(E grad, E x, E) {
  E zero = x.number(0);
  E ifNotPositive = x.select(arith::CmpFPredicate::OLT, zero, -grad, grad.number(0));
  return x.select(arith::CmpFPredicate::OGT, zero, grad, ifNotPositive);
}
E acosRule(E grad, E x, E) { return -(grad / (x.number(1) - x * x).apply<math::SqrtOp>()); }
E acoshRule(E grad, E x, E) { return grad / (x * x - x.number(1)).apply<math::SqrtOp>(); }
E asinRule(E grad, E x, E) { return grad / (x.number(1) - x * x).apply<math::SqrtOp>(); }
E asinhRule(E grad, E x, E) { return grad / (x * x + x.number(1)).apply<math::SqrtOp>(); }
E atanRule(E grad, E x, E) { return grad / (x * x + x.number(1)); }
E atanhRule(E grad, E x, E) { return grad / (x.number(1) - x * x); }
E cbrtRule(E grad, E x, E y) { return grad / (y * y * x.number(3)); }
E cosRule(E grad, E x, E) { return -(grad * x.apply<math::SinOp>()); }
E coshRule(E grad, E x, E) { return grad * x.apply<math::SinhOp>(); }
E erfRule(E grad, E x, E) {
  return grad * x.number(2 * llvm::numbers::inv_sqrtpi) * (-(x * x)).apply<math::ExpOp>();
}
E erfcRule(E grad, E x, E y) { return -erfRule(grad, x, y); }
E expRule(E grad, E, E y) { return grad * y; }
E exp2Rule(E grad, E, E y) { return grad * y * y.number(llvm::numbers::ln2); }
E expm1Rule(E grad, E, E y) { return grad * (y + y.number(1)); }
E logRule(E grad, E x, E) { return grad / x; }
E log10Rule(E grad, E x, E) { return grad / (x * x.number(llvm::numbers::ln10)); }
E log1pRule(E grad, E x, E) { return grad / (x + x.number(1)); }
E log2Rule(E grad, E x, E) { return grad / (x * x.number(llvm::numbers::ln2)); }
E rsqrtRule(E grad, E, E y) { return grad * y.number(-0.5) * (y * y * y); }
E sinRule(E grad, E x, E) { return grad * x.apply<math::CosOp>(); }
E sinhRule(E grad, E x, E) { return grad * x.apply<math::CoshOp>(); }
E sqrtRule(E grad, E, E y) { return grad * y.number(0.5) / y; }
E tanRule(E grad, E, E y) { return grad * (y * y + y.number(1)); }
E tanhRule(E grad, E, E y) { return grad * (y.number(1) - y * y); }

/// a · b + c
void fmaRule(ImplicitLocOpBuilder &b, math::FmaOp op, Value grad, Gradients &gradients) {
  if (gradients.wants(op.getA()))
    gradients.add(b, op.getA(), Expression(b, grad) * op.getB());
  if (gradients.wants(op.getB()))
    gradients.add(b, op.getB(), Expression(b, grad) * op.getA());
  gradients.add(b, op.getC(), grad);
}

/// x^p by x is p · x^(p - 1), by p x^p · log x.
void powRule(ImplicitLocOpBuilder &b, math::PowFOp op, Value grad, Gradients &gradients) {
  Expression g(b, grad), x(b, op.getLhs()), p(b, op.getRhs());
  if (gradients.wants(op.getLhs())) {
    Value power = math::PowFOp::create(b, x, p - p.number(1));
    gradients.add(b, op.getLhs(), g * p * power);
  }
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), g * op.getResult() * x.apply<math::LogOp>());
}

/// The angle of (x, y): by y x / (x² + y²), by x -y / (x² + y²).
void atan2Rule(ImplicitLocOpBuilder &b, math::Atan2Op op, Value grad, Gradients &gradients) {
  Expression y(b, op.getLhs()), x(b, op.getRhs());
  Expression scaled = Expression(b, grad) / (x * x + y * y);
  if (gradients.wants(op.getLhs()))
    gradients.add(b, op.getLhs(), scaled * x);
  if (gradients.wants(op.getRhs()))
    gradients.add(b, op.getRhs(), -(scaled * y));
}

template <typename OpTy, arith::CmpFPredicate isFirst> void attachExtremum(MLIRContext *context) {
  OpTy::template attachInterface<RuleOf<OpTy, extremumRule<OpTy, isFirst>>>(*context);
}
} // namespace

void ternary::registerDifferentiableMath(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    arith::AddFOp::attachInterface<RuleOf<arith::AddFOp, addRule>>(*context);
    arith::SubFOp::attachInterface<RuleOf<arith::SubFOp, subRule>>(*context);
    arith::MulFOp::attachInterface<RuleOf<arith::MulFOp, mulRule>>(*context);
    arith::DivFOp::attachInterface<RuleOf<arith::DivFOp, divRule>>(*context);
    arith::NegFOp::attachInterface<RuleOf<arith::NegFOp, negRule>>(*context);
    arith::SelectOp::attachInterface<RuleOf<arith::SelectOp, selectRule>>(*context);
    arith::ExtFOp::attachInterface<
        RuleOf<arith::ExtFOp, convertRule<arith::ExtFOp, arith::TruncFOp>>>(*context);
    arith::TruncFOp::attachInterface<
        RuleOf<arith::TruncFOp, convertRule<arith::TruncFOp, arith::ExtFOp>>>(*context);
    attachExtremum<arith::MaximumFOp, arith::CmpFPredicate::OGT>(context);
    attachExtremum<arith::MaxNumFOp, arith::CmpFPredicate::OGT>(context);
    attachExtremum<arith::MinimumFOp, arith::CmpFPredicate::OLT>(context);
    attachExtremum<arith::MinNumFOp, arith::CmpFPredicate::OLT>(context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    attach<math::AbsFOp, absRule>(context);
    attach<math::AcosOp, acosRule>(context);
    attach<math::AcoshOp, acoshRule>(context);
    attach<math::AsinOp, asinRule>(context);
    attach<math::AsinhOp, asinhRule>(context);
    attach<math::AtanOp, atanRule>(context);
    attach<math::AtanhOp, atanhRule>(context);
    attach<math::CbrtOp, cbrtRule>(context);
    attach<math::CosOp, cosRule>(context);
    attach<math::CoshOp, coshRule>(context);
    attach<math::ErfOp, erfRule>(context);
    attach<math::ErfcOp, erfcRule>(context);
    attach<math::ExpOp, expRule>(context);
    attach<math::Exp2Op, exp2Rule>(context);
    attach<math::ExpM1Op, expm1Rule>(context);
    attach<math::LogOp, logRule>(context);
    attach<math::Log10Op, log10Rule>(context);
    attach<math::Log1pOp, log1pRule>(context);
    attach<math::Log2Op, log2Rule>(context);
    attach<math::RsqrtOp, rsqrtRule>(context);
    attach<math::SinOp, sinRule>(context);
    attach<math::SinhOp, sinhRule>(context);
    attach<math::SqrtOp, sqrtRule>(context);
    attach<math::TanOp, tanRule>(context);
    attach<math::TanhOp, tanhRule>(context);
    attachConstants<math::CeilOp, math::FloorOp, math::RoundOp, math::RoundEvenOp, math::TruncOp>(
        context);
    math::Atan2Op::attachInterface<RuleOf<math::Atan2Op, atan2Rule>>(*context);
    math::FmaOp::attachInterface<RuleOf<math::FmaOp, fmaRule>>(*context);
    math::PowFOp::attachInterface<RuleOf<math::PowFOp, powRule>>(*context);
  });
}
