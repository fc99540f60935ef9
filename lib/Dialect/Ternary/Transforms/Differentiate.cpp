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
// these are kept and which are computed again is not decided here.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

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

bool isDifferentiable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getElementType().isF32();
}

/// All values of `block` that depend on `parameters`; sizes do not.
llvm::DenseSet<Value> findActive(Block &block, ArrayRef<BlockArgument> parameters) {
  llvm::DenseSet<Value> active(parameters.begin(), parameters.end());
  auto isActive = [&](Value value) { return active.contains(value); };
  for (Operation &op : block)
    if (llvm::any_of(op.getOperands(), isActive))
      for (Value result : op.getResults())
        if (!result.getType().isIndex())
          active.insert(result);
  return active;
}

struct Differentiate : ternary::impl::TernaryDifferentiateBase<Differentiate> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> losses;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (auto step = func->getAttrOfType<StringAttr>(kStepAttr); step && step == "loss")
        losses.push_back(func);
    SymbolTable symbols(getOperation());
    for (func::FuncOp loss : losses)
      if (failed(differentiate(loss, symbols)))
        return signalPassFailure();
  }

  LogicalResult differentiate(func::FuncOp loss, SymbolTable &symbols) {
    auto scalar = RankedTensorType::get({}, Float32Type::get(&getContext()));
    if (!llvm::hasSingleElement(loss.getBody()) || loss.getNumResults() != 1 ||
        loss.getResultTypes().front() != scalar)
      return loss.emitError() << "expected a loss of one block and one result of " << scalar
                              << ", got " << loss.getFunctionType();
    func::FuncOp gradient = loss.clone();
    gradient.setName("gradient");
    gradient->setAttr(kStepAttr, StringAttr::get(&getContext(), "gradient"));
    symbols.insert(gradient, std::next(loss->getIterator()));
    decomposeOpaqueLayers(gradient);

    Block &body = gradient.getBody().front();
    SmallVector<BlockArgument> parameters;
    for (BlockArgument argument : body.getArguments())
      if (isDifferentiable(argument.getType()) && getName(gradient, argument))
        parameters.push_back(argument);

    Gradients gradients(findActive(body, parameters));
    SmallVector<Operation *> forward;
    for (Operation &op : body.without_terminator())
      forward.push_back(&op);
    auto returnOp = cast<func::ReturnOp>(body.getTerminator());
    OpBuilder builder(returnOp);
    gradients.add(builder, returnOp.getOperand(0),
                  addArgument(gradient, scalar, kRoleAttr, "seed"));
    for (Operation *op : llvm::reverse(forward))
      if (failed(differentiate(op, builder, gradients)))
        return failure();
    returnGradients(gradient, parameters, gradients, builder);
    return success();
  }

  LogicalResult differentiate(Operation *op, OpBuilder &builder, Gradients &gradients) {
    auto hasGradient = [&](Value result) { return gradients.lookup(result) != nullptr; };
    if (llvm::none_of(op->getResults(), hasGradient))
      return success();
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!rule)
      return op->emitOpError("expected an op with a backward rule, on which the loss depends");
    ++numDifferentiated;
    return rule.buildBackward(builder, gradients);
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
      Value sum = addArgument(gradient, parameter.getType(), kGradientAttr, name);
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

  Value addArgument(func::FuncOp func, Type type, StringRef attr, StringRef value) {
    unsigned index = func.getNumArguments();
    (void)func.insertArgument(index, type, makeAttrs(attr, value), func.getLoc());
    return func.getArgument(index);
  }
};
} // namespace
