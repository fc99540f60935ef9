//===- BindTrainingBlocks.cpp - Tie parameters to a block that changes -------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What inference does once, when parameters are bound, a step of training does at its
// start: weights are quantised and packed into memory of the step. Parameters, gradients and
// moments are blocks of one layout, that of the archive with the initial values.
//
//===----------------------------------------------------------------------===//

#include "BindBuffers.h"
#include "BindTime.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYBINDTRAININGBLOCKS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// The symbol of the archive of initial values.
constexpr StringLiteral kArchive = "parameters";

/// The attribute of an argument that names a parameter, or what belongs to one.
StringAttr getNameAs(func::FuncOp func, BlockArgument argument, StringRef attr) {
  return func.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attr);
}

/// The binding of one step.
class StepBinder {
public:
  StepBinder(func::FuncOp step)
      : step(step), builder(OpBuilder::atBlockBegin(&step.getBody().front())) {}

  LogicalResult run() {
    for (const ParameterBlock &block : kParameterBlocks)
      bindArguments(block);
    if (failed(emitBindTimeOps()))
      return failure();
    storeResults();
    (void)step.eraseArguments(erased);
    bindBuffers(step);
    return success();
  }

private:
  /// Named arguments become views of their block, a new argument.
  void bindArguments(const ParameterBlock &block) {
    SmallVector<BlockArgument> named;
    for (BlockArgument argument : step.getArguments())
      if (getNameAs(step, argument, block.attr))
        named.push_back(argument);
    if (named.empty())
      return;
    llvm::StringSet<> written;
    for (unsigned i = 0, e = step.getNumResults(); i < e; ++i)
      if (auto name = step.getResultAttrOfType<StringAttr>(i, block.attr))
        written.insert(name.getValue());
    auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
    unsigned index = step.getNumArguments();
    (void)step.insertArgument(index, bytes, makeRoleAttrs(step.getContext(), block.role),
                              step.getLoc());
    erased.resize(step.getNumArguments());
    for (BlockArgument argument : named) {
      StringRef name = getNameAs(step, argument, block.attr).getValue();
      auto type = cast<RankedTensorType>(argument.getType());
      Value view = ParameterOp::create(builder, argument.getLoc(),
                                       MemRefType::get(type.getShape(), type.getElementType()),
                                       kArchive, name, step.getArgument(index));
      memory[argument] = destinations[block.attr][name] = view;
      Value tensor = bufferization::ToTensorOp::create(builder, argument.getLoc(), type, view,
                                                       /*restrict=*/true,
                                                       /*writable=*/written.contains(name));
      argument.replaceUsesWithIf(
          tensor, [&](OpOperand &use) { return !isa<BindTimeOpInterface>(use.getOwner()); });
      erased.set(argument.getArgNumber());
    }
  }

  /// Bind-time ops become kernels on memory of the step.
  LogicalResult emitBindTimeOps() {
    SmallVector<Operation *> ops;
    for (Operation &op : step.getBody().front())
      if (isa<BindTimeOpInterface>(op))
        ops.push_back(&op);
    for (Operation *op : ops) {
      SmallVector<Value> ins, outs;
      for (Value operand : op->getOperands()) {
        Value view = memory.lookup(operand);
        if (!view)
          return op->emitOpError("expected operands that are parameters or depend on them alone");
        ins.push_back(view);
      }
      if (auto transpose = dyn_cast<TransposeOp>(op)) {
        emitTransposes(transpose, ins.front());
        continue;
      }
      if (failed(createBindTimeKernel(builder, op, ins, outs)))
        return failure();
      for (auto [result, out] : llvm::zip_equal(op->getResults(), outs))
        memory[result] = out;
    }
    for (Operation *op : llvm::reverse(ops)) {
      for (Value result : op->getResults()) {
        if (result.use_empty())
          continue;
        Value replacement = memory.lookup(result);
        if (auto type = cast<RankedTensorType>(result.getType());
            isa<FloatType>(type.getElementType()))
          replacement = bufferization::ToTensorOp::create(builder, op->getLoc(), type, replacement,
                                                          /*restrict=*/true, /*writable=*/false);
        result.replaceUsesWithIf(
            replacement, [&](OpOperand &use) { return !isa<BindTimeOpInterface>(use.getOwner()); });
      }
    }
    for (Operation *op : llvm::reverse(ops))
      op->erase();
    return success();
  }

  /// Every product has a transposed weight of its own, made right before it: none is kept from
  /// the forward pass to where that is computed again.
  void emitTransposes(TransposeOp op, Value weight) {
    OpBuilder::InsertionGuard guard(builder);
    for (OpOperand &use : llvm::make_early_inc_range(op.getResult().getUses())) {
      builder.setInsertionPoint(use.getOwner());
      Value transposed = allocateWeight(builder, op.getResult());
      TransposeKernelOp::create(builder, op.getLoc(), TypeRange(), weight, transposed);
      use.set(bufferization::ToTensorOp::create(builder, op.getLoc(), op.getType(), transposed,
                                                /*restrict=*/true, /*writable=*/false));
    }
  }

  /// Results that have a place in a block go there.
  void storeResults() {
    auto returnOp = cast<func::ReturnOp>(step.getBody().front().getTerminator());
    SmallVector<Value> kept;
    SmallVector<DictionaryAttr> attrs;
    OpBuilder atEnd(returnOp);
    for (auto [i, value] : llvm::enumerate(returnOp.getOperands())) {
      if (Value place = findDestination(i)) {
        storeResult(atEnd, value, place);
        continue;
      }
      kept.push_back(value);
      attrs.push_back(step.getResultAttrDict(i));
    }
    returnOp.getOperandsMutable().assign(kept);
    step.removeResAttrsAttr();
    step.setFunctionType(
        FunctionType::get(step.getContext(), step.getArgumentTypes(), ValueRange(kept).getTypes()));
    step.setAllResultAttrs(attrs);
  }

  /// The place in a block of result `index`, or null.
  Value findDestination(unsigned index) {
    for (const ParameterBlock &block : kParameterBlocks)
      if (auto name = step.getResultAttrOfType<StringAttr>(index, block.attr))
        return destinations[block.attr].lookup(name.getValue());
    return {};
  }

  func::FuncOp step;
  /// At the start of the step, where parameters are prepared.
  OpBuilder builder;
  llvm::DenseMap<Value, Value> memory;
  /// Places in blocks, by the attribute that names them.
  llvm::StringMap<llvm::StringMap<Value>> destinations;
  llvm::BitVector erased;
};

struct BindTrainingBlocks : ternary::impl::TernaryBindTrainingBlocksBase<BindTrainingBlocks> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> steps;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func->hasAttr(kStepAttr))
        steps.push_back(func);
    if (steps.empty())
      return;
    if (getOperation().lookupSymbol(kArchive)) {
      getOperation().emitError() << "expected no symbol @" << kArchive
                                 << " before parameters are bound";
      return signalPassFailure();
    }
    llvm::StringMap<Type> parameterTypes;
    for (func::FuncOp step : steps)
      if (failed(checkFunction(step, parameterTypes, /*training=*/true)))
        return signalPassFailure();
    createArchive(steps);
    for (func::FuncOp step : steps)
      if (failed(StepBinder(step).run()))
        return signalPassFailure();
  }

  /// The archive of initial values: every parameter of the steps, as it is.
  void createArchive(ArrayRef<func::FuncOp> steps) {
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    auto archive = ArchiveOp::create(builder, getOperation().getLoc(), kArchive, /*bytes=*/0);
    archive.getBody().emplaceBlock();
    builder.setInsertionPointToEnd(&archive.getBody().front());
    llvm::StringSet<> known;
    for (func::FuncOp step : steps)
      for (BlockArgument argument : step.getArguments()) {
        StringAttr name = getNameAs(step, argument, kParameterAttr);
        if (!name || !known.insert(name.getValue()).second)
          continue;
        Value value = ReadParameterOp::create(builder, argument.getLoc(), argument.getType(), name);
        int64_t offset = llvm::alignTo(archive.getBytes(), 64);
        auto entry = ArchiveEntryOp::create(builder, argument.getLoc(), name, offset, value);
        archive.setBytes(offset + entry.getBytes());
        ++numEntries;
      }
  }
};
} // namespace
