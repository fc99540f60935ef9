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
    auto number = [&](StringRef role, Type type) { return addArgument(kRoleAttr, role, type); };
    Value base = number("learning_rate", f32), finalFraction = number("final_fraction", f32);
    Value beta1 = number("beta1", f32), beta2 = number("beta2", f32);
    Value epsilon = number("epsilon", f32), weightDecay = number("weight_decay", f32);
    Value clipNorm = number("clip_norm", f32), warmup = number("warmup_steps", i64);
    Value total = number("total_steps", i64), halveAt = number("halve_at", i64);
    Value step = number("step", i64);

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
      addResult(kParameterAttr, state.name, step.getNewParameter());
      addResult(kFirstMomentAttr, state.name, step.getNewFirstMoment());
      addResult(kSecondMomentAttr, state.name, step.getNewSecondMoment());
    }
    addResult(kRoleAttr, b.getStringAttr("rate"), toTensor(rate));
    addResult(kRoleAttr, b.getStringAttr("gradient_norm"), toTensor(toFloat(norm)));
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
      state.parameter = addArgument(kParameterAttr, name, type);
      state.gradient = addArgument(kGradientAttr, name, type);
      state.first = addArgument(kFirstMomentAttr, name, type);
      state.second = addArgument(kSecondMomentAttr, name, type);
      states.push_back(state);
    }
  }

  Value addArgument(StringRef attr, StringRef value, Type type) {
    unsigned index = update.getNumArguments();
    (void)update.insertArgument(index, type, makeAttrs(attr, value), update.getLoc());
    return update.getArgument(index);
  }

  void addResult(StringRef attr, StringAttr value, Value result) {
    results.push_back(result);
    resultAttrs.push_back(makeAttrs(attr, value));
  }

  DictionaryAttr makeAttrs(StringRef attr, StringRef value) {
    return b.getDictionaryAttr(b.getNamedAttr(attr, b.getStringAttr(value)));
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
      auto step = func->getAttrOfType<StringAttr>(kStepAttr);
      if (!step || step != "gradient")
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
    update->setAttr(kStepAttr, builder.getStringAttr("update"));
    SymbolTable(getOperation()).insert(update, std::next(gradient->getIterator()));
    UpdateBuilder body(update);
    body.run(gradient);
    numParameters += body.getNumParameters();
  }
};
} // namespace
