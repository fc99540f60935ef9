//===- BindBuffers.cpp - Memory of what goes in and out of a step ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BindBuffers.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace ternary;

LogicalResult ternary::checkStep(func::FuncOp step, llvm::StringMap<Type> &parameterTypes,
                                 bool training) {
  // Parameters that do not change come in, and nothing else that is theirs.
  ArrayRef<ParameterBlock> blocks = kParameterBlocks;
  auto argumentBlocks = training ? blocks : blocks.take_front();
  auto resultBlocks = training ? blocks : blocks.take_front(0);
  auto checkKind = [&](ArrayRef<ParameterBlock> others, StringRef what, auto getName) {
    for (const ParameterBlock &block : others)
      if (StringAttr name = getName(block.attr))
        return LogicalResult(step.emitError() << "expected no " << block.kind << " among " << what
                                              << " of a step outside of training, got that of '"
                                              << name.getValue() << "'");
    return success();
  };
  llvm::StringMap<llvm::StringMap<Type>> types;
  auto checkType = [&](StringRef kind, StringAttr name, Type type, Type &known) -> LogicalResult {
    if (known && known != type)
      return step.emitError() << "expected " << kind << " '" << name.getValue()
                              << "' of one type, got " << known << " and " << type;
    known = type;
    return success();
  };
  for (auto [i, type] : llvm::enumerate(step.getArgumentTypes())) {
    auto getName = [&, i = i](StringRef attr) {
      return step.getArgAttrOfType<StringAttr>(i, attr);
    };
    if (failed(checkKind(blocks.drop_front(argumentBlocks.size()), "arguments", getName)))
      return failure();
    for (const auto &[attr, role, kind] : argumentBlocks) {
      StringAttr name = getName(attr);
      if (!name)
        continue;
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || !tensor.hasStaticShape())
        return step.emitError() << "expected " << kind << " '" << name.getValue()
                                << "' to be a tensor of static shape, got " << type;
      if (failed(checkType(kind, name, type, types[attr][name.getValue()])) ||
          (attr == kParameterAttr &&
           failed(checkType(kind, name, type, parameterTypes[name.getValue()]))))
        return failure();
    }
  }
  llvm::DenseSet<Role> roles;
  for (auto [i, type] : llvm::enumerate(step.getResultTypes())) {
    auto getName = [&, i = i](StringRef attr) {
      return step.getResultAttrOfType<StringAttr>(i, attr);
    };
    if (failed(checkKind(blocks.drop_front(resultBlocks.size()), "results", getName)))
      return failure();
    bool isNamed = false;
    for (auto [attr, role, kind] : resultBlocks) {
      StringAttr name = getName(attr);
      if (!name)
        continue;
      isNamed = true;
      Type known = types[attr].lookup(name.getValue());
      if (!known)
        return step.emitError() << "expected an argument to hold " << kind << " '"
                                << name.getValue() << "', got none";
      if (failed(checkType(kind, name, type, known)))
        return failure();
    }
    if (isNamed)
      continue;
    if (!isa<RankedTensorType>(type))
      return step.emitError() << "expected result " << i << " of a step to be a tensor, got "
                              << type;
    std::optional<Role> role = getResultRole(step, i);
    if (role && !roles.insert(*role).second)
      return step.emitError() << "expected results of a step in different roles, got two of '"
                              << stringifyRole(*role) << "'";
  }
  return success();
}

void ternary::storeResult(OpBuilder &builder, Value value, Value memory) {
  auto store =
      bufferization::MaterializeInDestinationOp::create(builder, value.getLoc(), value, memory);
  store.setRestrict(true);
  store.setWritable(true);
}

void ternary::bindBuffers(func::FuncOp step) {
  OpBuilder builder = OpBuilder::atBlockBegin(&step.getBody().front());
  llvm::DenseMap<Role, Value> byRole;
  for (unsigned i = 0, e = step.getNumArguments(); i < e; ++i) {
    BlockArgument argument = step.getArgument(i);
    std::optional<Role> role = getArgumentRole(step, i);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    argument.setType(MemRefType::get(type.getShape(), type.getElementType()));
    auto tensor = bufferization::ToTensorOp::create(builder, argument.getLoc(), type, argument,
                                                    /*restrict=*/true,
                                                    /*writable=*/isStateRole(role));
    argument.replaceAllUsesExcept(tensor, tensor);
    if (role)
      byRole[*role] = argument;
  }
  SmallVector<DictionaryAttr> attrs;
  step.getAllArgAttrs(attrs);
  auto returnOp = cast<func::ReturnOp>(step.getBody().front().getTerminator());
  builder.setInsertionPoint(returnOp);
  for (auto [i, value] : llvm::enumerate(returnOp.getOperands())) {
    std::optional<Role> role = getResultRole(step, i);
    auto type = cast<RankedTensorType>(value.getType());
    Value memory = role ? byRole.lookup(*role) : Value();
    if (!memory) {
      memory = step.getBody().addArgument(MemRefType::get(type.getShape(), type.getElementType()),
                                          step.getLoc());
      attrs.push_back(role ? makeRoleAttrs(step.getContext(), *role) : DictionaryAttr());
    }
    storeResult(builder, value, memory);
  }
  returnOp.getOperandsMutable().clear();
  step.removeResAttrsAttr();
  step.setFunctionType(
      FunctionType::get(step.getContext(), step.getBody().getArgumentTypes(), TypeRange()));
  step.setAllArgAttrs(attrs);
}
