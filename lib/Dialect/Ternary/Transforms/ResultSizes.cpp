//===- ResultSizes.cpp - Sizes that follow from those of arguments --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ResultSizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace ternary;

Value ternary::cloneSize(OpBuilder &builder, Value size, IRMapping &mapping) {
  if (Value known = mapping.lookupOrNull(size))
    return known;
  Operation *op = size.getDefiningOp();
  if (!op || op->getNumRegions() != 0 || !isPure(op))
    return {};
  // Of memory and tensors sizes are known, and nothing else.
  if (!isa<memref::DimOp, tensor::DimOp>(op) &&
      llvm::any_of(op->getOperandTypes(), llvm::IsaPred<ShapedType>))
    return {};
  for (Value operand : op->getOperands())
    if (!cloneSize(builder, operand, mapping))
      return {};
  builder.clone(*op, mapping);
  return mapping.lookup(size);
}

namespace {
/// Whether `value` has the shape of `from`, of which it is made in place.
bool hasShapeOf(Value value, Value from) {
  while (value != from) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return false;
    if (auto kernel = dyn_cast<DestinationStyleOpInterface>(result.getOwner())) {
      value = kernel.getTiedOpOperand(result)->get();
      continue;
    }
    auto loop = dyn_cast<scf::ForOp>(result.getOwner());
    unsigned index = result.getResultNumber();
    if (!loop || !hasShapeOf(loop.getYieldedValues()[index], loop.getRegionIterArg(index)))
      return false;
    value = loop.getInitArgs()[index];
  }
  return true;
}

/// The size of what a loop carries is that from before the loop, if each iteration keeps it.
struct DimOfLoop : OpRewritePattern<tensor::DimOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::DimOp op, PatternRewriter &rewriter) const override {
    auto result = dyn_cast<OpResult>(op.getSource());
    auto loop = result ? dyn_cast<scf::ForOp>(result.getOwner()) : scf::ForOp();
    if (!loop || !hasShapeOf(result, loop.getInitArgs()[result.getResultNumber()]))
      return failure();
    Value init = loop.getInitArgs()[result.getResultNumber()];
    rewriter.modifyOpInPlace(op, [&] { op.getSourceMutable().assign(init); });
    return success();
  }
};
} // namespace

/// Lets dimensions of results be computed without the results, as far as that goes.
static void resolveDimensions(func::FuncOp func) {
  MLIRContext *context = func.getContext();
  RewritePatternSet patterns(context);
  patterns.add<DimOfLoop>(context);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  memref::populateResolveShapedTypeResultDimsPatterns(patterns);
  for (Dialect *dialect : context->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName name : context->getRegisteredOperations())
    name.getCanonicalizationPatterns(patterns, context);
  // That there is more to simplify is no error.
  (void)applyPatternsGreedily(func, std::move(patterns));
}

FailureOr<func::FuncOp> ternary::createResultSizes(func::FuncOp func) {
  SmallVector<std::pair<unsigned, int64_t>> dynamic;
  for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      for (int64_t d = 0; d < tensor.getRank(); ++d)
        if (tensor.isDynamicDim(d))
          dynamic.push_back({i, d});
  if (dynamic.empty())
    return func::FuncOp();

  SymbolTable symbols(func->getParentOfType<ModuleOp>());
  func::FuncOp scratch = func.clone();
  symbols.insert(scratch, std::next(func->getIterator()));
  auto returnOp = cast<func::ReturnOp>(scratch.getBody().front().getTerminator());
  OpBuilder builder(returnOp);
  Location loc = func.getLoc();
  SmallVector<Value> found;
  for (auto [result, dimension] : dynamic)
    found.push_back(tensor::DimOp::create(builder, loc, returnOp.getOperand(result), dimension));
  returnOp.getOperandsMutable().assign(found);
  SmallVector<Type> types(dynamic.size(), builder.getIndexType());
  scratch.removeResAttrsAttr();
  scratch.setFunctionType(builder.getFunctionType(scratch.getArgumentTypes(), types));
  resolveDimensions(scratch);
  returnOp = cast<func::ReturnOp>(scratch.getBody().front().getTerminator());

  // Of inputs alone: parameters have no sizes that anybody asks for.
  SmallVector<Type> inputs;
  SmallVector<unsigned> indices;
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
    if (!func.getArgAttr(i, kParameterAttr)) {
      inputs.push_back(func.getArgument(i).getType());
      indices.push_back(i);
    }
  builder.setInsertionPointAfter(func);
  auto sizes = func::FuncOp::create(builder, loc, (func.getName() + "_result_sizes").str(),
                                    builder.getFunctionType(inputs, types));
  sizes.setPrivate();
  builder.setInsertionPointToStart(sizes.addEntryBlock());
  IRMapping mapping;
  for (auto [i, index] : llvm::enumerate(indices))
    mapping.map(scratch.getArgument(index), sizes.getArgument(i));
  SmallVector<Value> returned;
  for (auto [size, place] : llvm::zip_equal(returnOp.getOperands(), dynamic)) {
    returned.push_back(cloneSize(builder, size, mapping));
    if (!returned.back()) {
      sizes.erase();
      symbols.erase(scratch);
      return func.emitError() << "expected results whose sizes follow from those of arguments, got "
                                 "another in dimension "
                              << place.second << " of result " << place.first;
    }
  }
  func::ReturnOp::create(builder, loc, returned);
  symbols.erase(scratch);
  symbols.insert(sizes, std::next(func->getIterator()));
  func->setAttr(kResultSizesAttr, FlatSymbolRefAttr::get(sizes));
  return sizes;
}
