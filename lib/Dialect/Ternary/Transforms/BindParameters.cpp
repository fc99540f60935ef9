//===- BindParameters.cpp - Tie parameters to a weight archive ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BindBuffers.h"
#include "BindTime.h"
#include "ResultSizes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYBINDPARAMETERS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
constexpr StringLiteral kArchive = "weights";

/// The first parameter that a bound value depends on.
BlockArgument getParameter(Value value) {
  while (auto result = dyn_cast<OpResult>(value))
    value = result.getOwner()->getOperand(0);
  return cast<BlockArgument>(value);
}

/// The archive in the making. A value is identified by a key that spells out how it is
/// computed from parameters, so that all functions share what they have in common.
class ArchiveBuilder {
public:
  ArchiveBuilder(ModuleOp module) : module(module) {
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    archive = ArchiveOp::create(builder, module.getLoc(), kArchive, /*bytes=*/0);
    archive.getBody().emplaceBlock();
  }

  /// The name of the entry that holds `value`, a parameter of `func` or what bind-time
  /// ops make of it; made at its first use.
  std::string getEntry(Value value) {
    std::string &name = entryNames[getKey(value)];
    if (!name.empty())
      return name;
    Value archived = import(value);
    name = uniqueName(value);
    OpBuilder builder = OpBuilder::atBlockEnd(&archive.getBody().front());
    int64_t offset = llvm::alignTo(archive.getBytes(), 64);
    auto entry = ArchiveEntryOp::create(builder, value.getLoc(), name, offset, archived);
    archive.setBytes(offset + entry.getBytes());
    return name;
  }

  unsigned getNumEntries() const { return entryNames.size(); }

private:
  static StringRef getParameterName(BlockArgument argument) {
    auto func = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    return func.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kParameterAttr).getValue();
  }

  std::string getKey(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return getParameterName(argument).str();
    auto result = cast<OpResult>(value);
    std::string key;
    llvm::raw_string_ostream os(key);
    os << result.getOwner()->getName() << result.getOwner()->getAttrDictionary() << '(';
    llvm::interleaveComma(result.getOwner()->getOperands(), os,
                          [&](Value operand) { os << getKey(operand); });
    os << ")#" << result.getResultNumber() << value.getType();
    return key;
  }

  /// The value in the archive that corresponds to `value`.
  Value import(Value value) {
    Value &known = values[getKey(value)];
    if (known)
      return known;
    OpBuilder builder(module.getContext());
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      builder.setInsertionPointToEnd(&archive.getBody().front());
      return known = ReadParameterOp::create(builder, value.getLoc(), value.getType(),
                                             getParameterName(argument));
    }
    Operation *op = cast<OpResult>(value).getOwner();
    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, import(operand));
    builder.setInsertionPointToEnd(&archive.getBody().front());
    Operation *clone = builder.clone(*op, mapping);
    for (OpResult result : op->getResults())
      values[getKey(result)] = clone->getResult(result.getResultNumber());
    return clone->getResult(cast<OpResult>(value).getResultNumber());
  }

  /// The name of the first parameter that `value` depends on, and what was done to it.
  std::string uniqueName(Value value) {
    std::string base = getParameterName(getParameter(value)).str();
    if (auto result = dyn_cast<OpResult>(value)) {
      base += "." + result.getOwner()->getName().stripDialect().str();
      if (result.getOwner()->getNumResults() > 1)
        base += "." + std::to_string(result.getResultNumber());
    }
    std::string name = base;
    for (unsigned i = 2; !usedNames.insert(name).second; ++i)
      name = base + "." + std::to_string(i);
    return name;
  }

  ModuleOp module;
  ArchiveOp archive;
  llvm::StringMap<std::string> entryNames;
  llvm::StringMap<Value> values;
  llvm::StringSet<> usedNames;
};

struct BindParameters : ternary::impl::TernaryBindParametersBase<BindParameters> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> funcs;
    for (auto func : module.getOps<func::FuncOp>())
      if (isEntry(func))
        funcs.push_back(func);
    if (llvm::any_of(funcs, needsArchive) && module.lookupSymbol(kArchive)) {
      module.emitError() << "expected no symbol @" << kArchive << " before parameters are bound";
      return signalPassFailure();
    }
    llvm::StringMap<Type> parameterTypes;
    for (func::FuncOp func : funcs)
      if (failed(checkFunction(func, parameterTypes, /*training=*/false)))
        return signalPassFailure();
    // As long as results are tensors, whose sizes follow from those of others.
    for (func::FuncOp func : llvm::to_vector(funcs))
      if (isOrdinary(func)) {
        FailureOr<func::FuncOp> sizes = createResultSizes(func);
        if (failed(sizes))
          return signalPassFailure();
        if (*sizes)
          funcs.push_back(*sizes);
      }
    std::optional<ArchiveBuilder> archive;
    for (func::FuncOp func : funcs) {
      if (failed(foldBindTimeOps(func)))
        return signalPassFailure();
      if (needsArchive(func)) {
        if (!archive)
          archive.emplace(module);
        bindWeights(func, *archive);
      }
      if (isOrdinary(func) && failed(bindAtRunTime(func)))
        return signalPassFailure();
      bindBuffers(func);
    }
    if (archive)
      numEntries += archive->getNumEntries();
  }

  /// Steps take the weights' memory whether they read parameters or not.
  static bool needsArchive(func::FuncOp func) {
    for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
      if (func.getArgAttr(i, kParameterAttr))
        return true;
    return func->hasAttr(kStepAttr);
  }

  /// Replaces parameters, and what bind-time ops make of them, by memory of the archive.
  void bindWeights(func::FuncOp func, ArchiveBuilder &archive) {
    llvm::SetVector<Value> bound;
    llvm::BitVector erased(func.getNumArguments());
    for (BlockArgument argument : func.getArguments())
      if (func.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kParameterAttr)) {
        bound.insert(argument);
        erased.set(argument.getArgNumber());
      }
    llvm::SetVector<Operation *> bindTimeOps;
    auto isBound = [&](Value value) { return bound.contains(value); };
    // In branches and loops as well: what they make does not depend on where they are.
    func.walk([&](BindTimeOpInterface op) {
      if (!llvm::all_of(op->getOperands(), isBound))
        return;
      bindTimeOps.insert(op);
      bound.insert(op->result_begin(), op->result_end());
    });

    Type bytes = MemRefType::get({ShapedType::kDynamic}, IntegerType::get(&getContext(), 8));
    unsigned index = func.getNumArguments();
    (void)func.insertArgument(index, bytes, makeRoleAttrs(&getContext(), Role::Weights),
                              func.getLoc());
    erased.resize(index + 1);
    Value base = func.getArgument(index);
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    auto isBindTimeOp = [&](OpOperand &use) { return bindTimeOps.contains(use.getOwner()); };
    SmallVector<Value> stored;
    for (Value value : bound)
      if (!llvm::all_of(value.getUses(), isBindTimeOp))
        stored.push_back(value);
    // All that comes of a parameter together: whoever writes the archive then needs to
    // hold one parameter at a time.
    std::stable_sort(stored.begin(), stored.end(), [](Value a, Value c) {
      return getParameter(a).getArgNumber() < getParameter(c).getArgNumber();
    });
    for (Value value : stored) {
      std::string name = archive.getEntry(value);
      auto type = cast<RankedTensorType>(value.getType());
      Value memory =
          ParameterOp::create(builder, value.getLoc(), getWeightMemory(type), kArchive, name, base);
      // Kernels take weights as memory; to all else a parameter is a tensor.
      if (!getLayoutOf(type))
        memory = bufferization::ToTensorOp::create(builder, value.getLoc(), type, memory,
                                                   /*restrict=*/true, /*writable=*/false);
      value.replaceUsesWithIf(memory, [&](OpOperand &use) { return !isBindTimeOp(use); });
    }
    for (Operation *op : llvm::reverse(bindTimeOps))
      op->erase();
    (void)func.eraseArguments(erased);
  }
};
} // namespace
