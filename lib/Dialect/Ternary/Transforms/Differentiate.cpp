//===- Differentiate.cpp - Derive the gradient of a loss ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loss is one block in SSA form, so reverse mode is one walk from its end: when an op is
// reached, all that uses its results has been differentiated, and their gradients are
// complete. What the backward ops read of the forward pass they name as values; which of
// these are kept and which are computed again is not decided here. Ops with regions walk
// through these by their own rules.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/ADT/SetOperations.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYDIFFERENTIATE
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// Takes layers without a backward rule apart.
void decomposeOpaqueLayers(func::FuncOp func) {
  SmallVector<ModelOpInterface> layers;
  auto collect = [&] {
    layers.clear();
    func.walk([&](ModelOpInterface op) {
      if (!isa<DifferentiableOpInterface>(*op))
        layers.push_back(op);
    });
    return !layers.empty();
  };
  while (collect())
    for (ModelOpInterface layer : layers) {
      OpBuilder builder(layer);
      layer->replaceAllUsesWith(layer.decompose(builder));
      layer->erase();
    }
}

bool isF32OrF64(Type type) { return type.isF32() || type.isF64(); }

bool isDifferentiable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isF32OrF64(tensor.getElementType());
}

/// Which value is computed of which, in a function with all its regions; sizes are not.
class Dependences {
public:
  explicit Dependences(func::FuncOp func) {
    func.walk([&](Operation *op) {
      llvm::SmallPtrSet<Value, 4> handedOver;
      if (auto branch = dyn_cast<RegionBranchOpInterface>(op))
        addHandedOver(branch, handedOver);
      llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
      getUsedValuesDefinedAbove(op->getRegions(), read);
      for (Value result : op->getResults())
        if (!handedOver.contains(result))
          for (Value value : read)
            addDependence(value, result);
    });
  }

  /// The values that depend on `parameters` and that one of `losses` depends on.
  llvm::DenseSet<Value> findBetween(ArrayRef<BlockArgument> parameters, ArrayRef<Value> losses) {
    llvm::DenseSet<Value> varied = reach(SmallVector<Value>(parameters), users);
    llvm::DenseSet<Value> useful = reach(SmallVector<Value>(losses), operands);
    llvm::set_intersect(varied, useful);
    return varied;
  }

private:
  using Edges = llvm::DenseMap<Value, SmallVector<Value>>;

  /// What control flow hands over, to regions of `op` and from these to its results.
  void addHandedOver(RegionBranchOpInterface op, llvm::SmallPtrSetImpl<Value> &handedOver) {
    RegionBranchSuccessorMapping successors;
    op.getSuccessorOperandInputMapping(successors);
    for (auto &[operand, inputs] : successors)
      for (Value input : inputs) {
        addDependence(operand->get(), input);
        handedOver.insert(input);
      }
  }

  void addDependence(Value value, Value result) {
    if (result.getType().isIndex())
      return;
    users[value].push_back(result);
    operands[result].push_back(value);
  }

  static llvm::DenseSet<Value> reach(SmallVector<Value> from, const Edges &edges) {
    llvm::DenseSet<Value> reached(from.begin(), from.end());
    while (!from.empty())
      if (auto next = edges.find(from.pop_back_val()); next != edges.end())
        for (Value value : next->second)
          if (reached.insert(value).second)
            from.push_back(value);
    return reached;
  }

  Edges users, operands;
};

struct Differentiate : ternary::impl::TernaryDifferentiateBase<Differentiate> {
  using TernaryDifferentiateBase::TernaryDifferentiateBase;

  void runOnOperation() override {
    SmallVector<func::FuncOp> losses;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (getStep(func) == Step::Loss)
        losses.push_back(func);
    SymbolTable symbols(getOperation());
    for (func::FuncOp loss : losses)
      if (failed(differentiate(loss, symbols)))
        return signalPassFailure();
    if (function.empty())
      return;
    auto func = symbols.lookup<func::FuncOp>(function);
    if (!func || !isOrdinary(func)) {
      getOperation().emitError() << "expected a function @" << function
                                 << " to differentiate, which is no step, got "
                                 << (func ? "another" : "none");
      return signalPassFailure();
    }
    if (failed(differentiateFunction(func, symbols)))
      signalPassFailure();
  }

  LogicalResult differentiate(func::FuncOp loss, SymbolTable &symbols) {
    if (!llvm::hasSingleElement(loss.getBody()) || loss.getNumResults() != 1 ||
        !isScalar(loss.getResultTypes().front()))
      return loss.emitError() << "expected a loss of one block and one result of 'tensor<f32>' or "
                                 "'tensor<f64>', got "
                              << loss.getFunctionType();
    func::FuncOp gradient = loss.clone();
    gradient.setName("gradient");
    gradient->setAttr(kStepAttr, StepAttr::get(&getContext(), Step::Gradient));
    symbols.insert(gradient, std::next(loss->getIterator()));
    decomposeOpaqueLayers(gradient);

    Block &body = gradient.getBody().front();
    SmallVector<BlockArgument> parameters;
    for (BlockArgument argument : body.getArguments())
      if (isDifferentiable(argument.getType()) && getName(gradient, argument))
        parameters.push_back(argument);

    auto returnOp = cast<func::ReturnOp>(body.getTerminator());
    Value value = returnOp.getOperand(0);
    Gradients gradients(Dependences(gradient).findBetween(parameters, value));
    OpBuilder builder(returnOp);
    Value seed = addArgument(gradient, value.getType(), makeRoleAttrs(&getContext(), Role::Seed));
    gradients.add(builder, value, seed);
    auto forward =
        llvm::map_to_vector(body.without_terminator(), [](Operation &op) { return &op; });
    if (failed(gradients.differentiate(builder, forward)))
      return failure();
    numDifferentiated += gradients.getNumDifferentiated();
    returnGradients(gradient, parameters, gradients, builder);
    return success();
  }

  LogicalResult differentiateFunction(func::FuncOp func, SymbolTable &symbols) {
    if (!llvm::hasSingleElement(func.getBody()))
      return func.emitError("expected a function of one block to differentiate, got several");
    std::string name = (func.getName() + "_gradient").str();
    if (Operation *other = symbols.lookup(name))
      return other->emitError() << "expected no symbol @" << name
                                << ", which is to be the gradient of @" << func.getName();
    FailureOr<SmallVector<unsigned>> numbers = findArguments(func);
    if (failed(numbers))
      return failure();
    func::FuncOp gradient = func.clone();
    gradient.setName(name);
    symbols.insert(gradient, std::next(func->getIterator()));
    decomposeOpaqueLayers(gradient);

    Block &body = gradient.getBody().front();
    auto arguments =
        llvm::map_to_vector(*numbers, [&](unsigned number) { return body.getArgument(number); });
    auto returnOp = cast<func::ReturnOp>(body.getTerminator());
    SmallVector<Value> values;
    for (Value value : returnOp.getOperands())
      if (carriesGradient(value.getType()))
        values.push_back(value);
    if (values.empty())
      return func.emitError()
             << "expected a function with a result of floats to differentiate, got "
             << func.getFunctionType();
    Gradients gradients(Dependences(gradient).findBetween(arguments, values));
    OpBuilder builder(returnOp);
    auto forward =
        llvm::map_to_vector(body.without_terminator(), [](Operation &op) { return &op; });
    for (auto [i, value] : llvm::enumerate(values)) {
      Value seed;
      if (values.size() == 1 && isNumber(value.getType()))
        seed = createSplat(builder, value.getLoc(), value, 1.0);
      else
        seed =
            addArgument(gradient, value.getType(),
                        makeAttrs(kNameAttr, values.size() == 1 ? "dy" : "dy" + std::to_string(i)));
      gradients.add(builder, value, seed);
    }
    if (failed(gradients.differentiate(builder, forward)))
      return failure();
    numDifferentiated += gradients.getNumDifferentiated();

    SmallVector<Value> results(returnOp->getOperands());
    for (BlockArgument argument : arguments)
      results.push_back(gradients.lookupOrZero(builder, argument));
    numGradients += arguments.size();
    SmallVector<DictionaryAttr> attrs;
    gradient.getAllResultAttrs(attrs);
    attrs.resize(results.size(), DictionaryAttr::get(&getContext()));
    returnOp->setOperands(results);
    gradient.setFunctionType(
        FunctionType::get(&getContext(), body.getArgumentTypes(), ValueRange(results).getTypes()));
    gradient.setAllResultAttrs(attrs);
    return success();
  }

  /// The numbers of the arguments to differentiate by.
  FailureOr<SmallVector<unsigned>> findArguments(func::FuncOp func) {
    SmallVector<unsigned> numbers;
    if (withRespectTo.empty()) {
      for (BlockArgument argument : func.getArguments())
        if (carriesGradient(argument.getType()))
          numbers.push_back(argument.getArgNumber());
      return numbers;
    }
    for (StringRef name : withRespectTo) {
      auto found = llvm::find_if(func.getArguments(), [&](BlockArgument argument) {
        unsigned number = argument.getArgNumber();
        auto given = func.getArgAttrOfType<StringAttr>(number, kNameAttr);
        StringAttr parameter = getName(func, argument);
        return (given && given == name) || (parameter && parameter == name) ||
               name == std::to_string(number);
      });
      if (found == func.getArguments().end())
        return func.emitError() << "expected an argument of @" << func.getName()
                                << " to differentiate by, got '" << name << "'";
      if (!carriesGradient(found->getType()))
        return func.emitError() << "expected '" << name
                                << "' to consist of floats to differentiate by, got "
                                << found->getType();
      numbers.push_back(found->getArgNumber());
    }
    return numbers;
  }

  static bool isNumber(Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return !shaped || shaped.getRank() == 0;
  }

  static bool isScalar(Type type) {
    return isDifferentiable(type) && cast<RankedTensorType>(type).getRank() == 0;
  }

  /// Adds the gradients to arguments that hold those so far, and returns the sums.
  void returnGradients(func::FuncOp gradient, ArrayRef<BlockArgument> parameters,
                       Gradients &gradients, OpBuilder &builder) {
    Operation *returnOp = gradient.getBody().front().getTerminator();
    SmallVector<Value> values(returnOp->getOperands());
    SmallVector<DictionaryAttr> attrs;
    gradient.getAllResultAttrs(attrs);
    for (BlockArgument parameter : parameters) {
      Value value = gradients.lookup(parameter);
      if (!value)
        continue;
      StringRef name = getName(gradient, parameter).getValue();
      Value sum = addArgument(gradient, parameter.getType(), makeAttrs(kGradientAttr, name));
      values.push_back(arith::AddFOp::create(builder, parameter.getLoc(), sum, value));
      attrs.push_back(makeAttrs(kGradientAttr, name));
      ++numGradients;
    }
    returnOp->setOperands(values);
    gradient.setFunctionType(FunctionType::get(&getContext(), gradient.getBody().getArgumentTypes(),
                                               ValueRange(values).getTypes()));
    gradient.setAllResultAttrs(attrs);
  }

  static StringAttr getName(func::FuncOp func, BlockArgument argument) {
    return func.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kParameterAttr);
  }

  DictionaryAttr makeAttrs(StringRef attr, StringRef value) {
    Builder builder(&getContext());
    return builder.getDictionaryAttr(builder.getNamedAttr(attr, builder.getStringAttr(value)));
  }

  Value addArgument(func::FuncOp func, Type type, DictionaryAttr attrs) {
    unsigned index = func.getNumArguments();
    (void)func.insertArgument(index, type, attrs, func.getLoc());
    return func.getArgument(index);
  }
};
} // namespace
