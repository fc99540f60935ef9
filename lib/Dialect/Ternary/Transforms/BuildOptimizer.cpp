//===- BuildOptimizer.cpp - The step that changes parameters -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is the same for all parameters (the rate, the clipping, corrections of the moments'
// bias) are scalars, in f64 and rounded to f32 once; what is done for each parameter is one
// op. How fast to learn is known at run time only: those numbers are arguments.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYBUILDOPTIMIZER
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// A parameter, its gradient and its moments, as arguments of the update.
struct State {
  StringAttr name;
  Value parameter, gradient, first, second;
  bool decays;
};

/// The body of an update.
class UpdateBuilder {
public:
  UpdateBuilder(func::FuncOp update) : update(update), b(update.getLoc(), update.getContext()) {
    b.setInsertionPointToStart(update.addEntryBlock());
  }

  void run(func::FuncOp gradient) {
    addStates(gradient);
    Type f32 = b.getF32Type(), i64 = b.getI64Type();
    auto number = [&](Role role, Type type) {
      return addArgument(makeRoleAttrs(b.getContext(), role), type);
    };
    Value base = number(Role::LearningRate, f32), finalFraction = number(Role::FinalFraction, f32);
    Value beta1 = number(Role::Beta1, f32), beta2 = number(Role::Beta2, f32);
    Value epsilon = number(Role::Epsilon, f32), weightDecay = number(Role::WeightDecay, f32);
    Value clipNorm = number(Role::ClipNorm, f32), warmup = number(Role::WarmupSteps, i64);
    Value total = number(Role::TotalSteps, i64), halveAt = number(Role::HalveAt, i64);
    Value step = number(Role::StepNumber, i64);

    Value rate = LearningRateOp::create(b, step, total, base, finalFraction, warmup, halveAt);
    Value norm = createNorm();
    Value scale = createGradientScale(norm, clipNorm);
    Value next =
        arith::AddIOp::create(b, step, arith::ConstantOp::create(b, b.getI64IntegerAttr(1)));
    Value rest1 = complement(toDouble(beta1)), correction1 = createCorrection(beta1, next);
    Value rest2 = complement(toDouble(beta2)), correction2 = createCorrection(beta2, next);
    Value kept = complement(arith::MulFOp::create(b, toDouble(rate), toDouble(weightDecay)));
    Value all = arith::ConstantOp::create(b, b.getF32FloatAttr(1.0f));

    for (const State &state : states) {
      auto step = AdamWOp::create(b, state.parameter, state.gradient, scale,
                                  state.decays ? kept : all, rate, state.first, beta1, rest1,
                                  correction1, state.second, beta2, rest2, correction2, epsilon);
      addResult(makeAttrs(kParameterAttr, state.name), step.getNewParameter());
      addResult(makeAttrs(kFirstMomentAttr, state.name), step.getNewFirstMoment());
      addResult(makeAttrs(kSecondMomentAttr, state.name), step.getNewSecondMoment());
    }
    addResult(makeRoleAttrs(b.getContext(), Role::Rate), toTensor(rate));
    addResult(makeRoleAttrs(b.getContext(), Role::GradientNorm), toTensor(toFloat(norm)));
    func::ReturnOp::create(b, results);
    update.setFunctionType(
        b.getFunctionType(update.getBody().getArgumentTypes(), ValueRange(results).getTypes()));
    update.setAllResultAttrs(resultAttrs);
  }

  unsigned getNumParameters() const { return states.size(); }

private:
  /// An argument for each parameter that has a gradient, its gradient and its moments.
  void addStates(func::FuncOp gradient) {
    llvm::DenseSet<Attribute> differentiated;
    for (unsigned i = 0, e = gradient.getNumResults(); i < e; ++i)
      if (auto name = gradient.getResultAttrOfType<StringAttr>(i, kGradientAttr))
        differentiated.insert(name);
    for (BlockArgument argument : gradient.getArguments()) {
      auto name = gradient.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kParameterAttr);
      if (!differentiated.contains(name))
        continue;
      State state{name, {}, {}, {}, {}, isDecayed(argument)};
      Type type = argument.getType();
      state.parameter = addArgument(makeAttrs(kParameterAttr, name), type);
      state.gradient = addArgument(makeAttrs(kGradientAttr, name), type);
      state.first = addArgument(makeAttrs(kFirstMomentAttr, name), type);
      state.second = addArgument(makeAttrs(kSecondMomentAttr, name), type);
      states.push_back(state);
    }
  }

  Value addArgument(DictionaryAttr attrs, Type type) {
    unsigned index = update.getNumArguments();
    (void)update.insertArgument(index, type, attrs, update.getLoc());
    return update.getArgument(index);
  }

  void addResult(DictionaryAttr attrs, Value result) {
    results.push_back(result);
    resultAttrs.push_back(attrs);
  }

  DictionaryAttr makeAttrs(StringRef attr, StringAttr value) {
    return b.getDictionaryAttr(b.getNamedAttr(attr, value));
  }

  Value toDouble(Value x) { return arith::ExtFOp::create(b, b.getF64Type(), x); }
  Value toFloat(Value x) { return arith::TruncFOp::create(b, b.getF32Type(), x); }
  Value constant(double value) { return arith::ConstantOp::create(b, b.getF64FloatAttr(value)); }

  /// f32(1 - x).
  Value complement(Value x) { return toFloat(arith::SubFOp::create(b, constant(1.0), x)); }

  Value toTensor(Value x) {
    Value empty = tensor::EmptyOp::create(b, ArrayRef<int64_t>(), x.getType());
    return tensor::InsertOp::create(b, x, empty, ValueRange());
  }

  /// The norm of all gradients together, their squares added in order of the parameters.
  Value createNorm() {
    Value total;
    for (const State &state : states) {
      Value sum = SquareSumOp::create(b, state.gradient);
      total = total ? arith::AddFOp::create(b, total, sum).getResult() : sum;
    }
    return math::SqrtOp::create(b, tensor::ExtractOp::create(b, total, ValueRange()));
  }

  /// min(1, clip / (norm + 1e-6)); 1 if `clip` is 0, or the norm is no number.
  Value createGradientScale(Value norm, Value clip) {
    Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
    Value one = arith::ConstantOp::create(b, b.getF32FloatAttr(1.0f));
    Value share =
        arith::DivFOp::create(b, toDouble(clip), arith::AddFOp::create(b, norm, constant(1e-6)));
    Value isClipped = arith::AndIOp::create(
        b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, clip, zero),
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, share, constant(1.0)));
    return arith::SelectOp::create(b, isClipped, toFloat(share), one);
  }

  /// 1 / (1 - beta^steps): moments start from zero.
  Value createCorrection(Value beta, Value steps) {
    Value power = math::FPowIOp::create(b, toDouble(beta), steps);
    Value rest = arith::SubFOp::create(b, constant(1.0), power);
    return toFloat(arith::DivFOp::create(b, constant(1.0), rest));
  }

  func::FuncOp update;
  ImplicitLocOpBuilder b;
  SmallVector<State> states;
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> resultAttrs;
};

struct BuildOptimizer : ternary::impl::TernaryBuildOptimizerBase<BuildOptimizer> {
  void runOnOperation() override {
    func::FuncOp gradient;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (getStep(func) != Step::Gradient)
        continue;
      if (gradient) {
        func.emitError("expected one step 'gradient' to update parameters with, got a second");
        return signalPassFailure();
      }
      gradient = func;
    }
    auto isGradient = [&](unsigned i) { return gradient.getResultAttr(i, kGradientAttr); };
    if (!gradient || llvm::none_of(llvm::seq(gradient.getNumResults()), isGradient))
      return;
    OpBuilder builder(&getContext());
    auto update =
        func::FuncOp::create(builder, gradient.getLoc(), "update", builder.getFunctionType({}, {}));
    update->setAttr(kStepAttr, StepAttr::get(&getContext(), Step::Update));
    SymbolTable(getOperation()).insert(update, std::next(gradient->getIterator()));
    UpdateBuilder body(update);
    body.run(gradient);
    numParameters += body.getNumParameters();
  }
};
} // namespace
