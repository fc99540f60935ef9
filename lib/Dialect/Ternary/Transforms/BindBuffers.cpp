//===- BindBuffers.cpp - Memory of what goes in and out ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BindBuffers.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace ternary;

LogicalResult ternary::checkFunction(func::FuncOp func, llvm::StringMap<Type> &parameterTypes,
                                     bool training) {
  if (!llvm::hasSingleElement(func.getBody()))
    return func.emitError() << "expected a function of one block, got "
                            << func.getBody().getBlocks().size();
  for (TypeRange types : {TypeRange(func.getArgumentTypes()), TypeRange(func.getResultTypes())})
    for (Type type : types)
      if (isa<UnrankedTensorType>(type))
        return func.emitError() << "expected ranked tensors in and out of a function, got " << type;
  // Parameters that do not change come in, and nothing else that is theirs.
  ArrayRef<ParameterBlock> blocks = kParameterBlocks;
  auto argumentBlocks = training ? blocks : blocks.take_front();
  auto resultBlocks = training ? blocks : blocks.take_front(0);
  auto checkKind = [&](ArrayRef<ParameterBlock> others, StringRef what, auto getName) {
    for (const ParameterBlock &block : others)
      if (StringAttr name = getName(block.attr))
        return LogicalResult(func.emitError() << "expected no " << block.kind << " among " << what
                                              << " of a step outside of training, got that of '"
                                              << name.getValue() << "'");
    return success();
  };
  llvm::StringMap<llvm::StringMap<Type>> types;
  auto checkType = [&](StringRef kind, StringAttr name, Type type, Type &known) -> LogicalResult {
    if (known && known != type)
      return func.emitError() << "expected " << kind << " '" << name.getValue()
                              << "' of one type, got " << known << " and " << type;
    known = type;
    return success();
  };
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes())) {
    auto getName = [&, i = i](StringRef attr) {
      return func.getArgAttrOfType<StringAttr>(i, attr);
    };
    if (failed(checkKind(blocks.drop_front(argumentBlocks.size()), "arguments", getName)))
      return failure();
    for (const auto &[attr, role, kind] : argumentBlocks) {
      StringAttr name = getName(attr);
      if (!name)
        continue;
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || !tensor.hasStaticShape())
        return func.emitError() << "expected " << kind << " '" << name.getValue()
                                << "' to be a tensor of static shape, got " << type;
      if (failed(checkType(kind, name, type, types[attr][name.getValue()])) ||
          (attr == kParameterAttr &&
           failed(checkType(kind, name, type, parameterTypes[name.getValue()]))))
        return failure();
    }
  }
  llvm::DenseSet<Role> roles;
  for (auto [i, type] : llvm::enumerate(func.getResultTypes())) {
    auto getName = [&, i = i](StringRef attr) {
      return func.getResultAttrOfType<StringAttr>(i, attr);
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
        return func.emitError() << "expected an argument to hold " << kind << " '"
                                << name.getValue() << "', got none";
      if (failed(checkType(kind, name, type, known)))
        return failure();
    }
    if (isNamed || isOrdinary(func))
      continue;
    if (!isa<RankedTensorType>(type))
      return func.emitError() << "expected result " << i << " of a step to be a tensor, got "
                              << type;
    std::optional<Role> role = getResultRole(func, i);
    if (role && !roles.insert(*role).second)
      return func.emitError() << "expected results of a step in different roles, got two of '"
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

/// Whether an op may put its result where the operand is.
static bool isDestination(OpOperand &use) {
  if (auto op = dyn_cast<DestinationStyleOpInterface>(use.getOwner()))
    return op.isDpsInit(&use);
  auto loop = dyn_cast<LoopLikeOpInterface>(use.getOwner());
  return loop && llvm::is_contained(loop.getInits(), use.get());
}

/// Whether the memory of `value` may be another's before the function ends: that of state, or of
/// what an op has as its destination.
static bool mayBeOverwritten(Value value) {
  while (value) {
    if (llvm::any_of(value.getUses(), isDestination))
      return true;
    Operation *op = value.getDefiningOp();
    if (auto tensor = dyn_cast_or_null<bufferization::ToTensorOp>(op))
      return tensor.getWritable();
    bool isView = isa_and_nonnull<tensor::CastOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                                  tensor::ExtractSliceOp>(op);
    value = isView ? op->getOperand(0) : Value();
  }
  return false;
}

/// Results are stored one after the other, at the end: what one of them overwrites is copied where
/// it is computed.
static void copyOverwrittenResults(func::FuncOp func) {
  for (OpOperand &operand : func.getBody().front().getTerminator()->getOpOperands()) {
    Value value = operand.get();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || isStateRole(getResultRole(func, operand.getOperandNumber())) ||
        !mayBeOverwritten(value))
      continue;
    OpBuilder builder(func.getContext());
    builder.setInsertionPointAfterValue(value);
    Location loc = value.getLoc();
    Value empty = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, value),
                                          type.getElementType(), type.getEncoding());
    operand.set(linalg::CopyOp::create(builder, loc, value, empty)->getResult(0));
  }
}

void ternary::bindBuffers(func::FuncOp func) {
  OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
  llvm::DenseMap<Role, Value> byRole;
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i) {
    BlockArgument argument = func.getArgument(i);
    std::optional<Role> role = getArgumentRole(func, i);
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
  if (isOrdinary(func))
    copyOverwrittenResults(func);
  SmallVector<DictionaryAttr> attrs, resultAttrs;
  func.getAllArgAttrs(attrs);
  auto returnOp = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  builder.setInsertionPoint(returnOp);
  SmallVector<Value> kept;
  // Of results that are not what an argument is.
  int64_t number = 0;
  for (auto [i, value] : llvm::enumerate(returnOp.getOperands())) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type) {
      kept.push_back(value);
      resultAttrs.push_back(func.getResultAttrDict(i));
      ++number;
      continue;
    }
    std::optional<Role> role = getResultRole(func, i);
    Value memory = role ? byRole.lookup(*role) : Value();
    if (!memory) {
      memory = func.getBody().addArgument(MemRefType::get(type.getShape(), type.getElementType()),
                                          func.getLoc());
      NamedAttribute isResult =
          builder.getNamedAttr(kResultAttr, builder.getI64IntegerAttr(number++));
      attrs.push_back(getStep(func)
                          ? role ? makeRoleAttrs(func.getContext(), *role) : DictionaryAttr()
                          : builder.getDictionaryAttr(isResult));
    }
    storeResult(builder, value, memory);
  }
  returnOp.getOperandsMutable().assign(kept);
  func.removeResAttrsAttr();
  func.setFunctionType(FunctionType::get(func.getContext(), func.getBody().getArgumentTypes(),
                                         ValueRange(kept).getTypes()));
  func.setAllArgAttrs(attrs);
  if (!kept.empty())
    func.setAllResultAttrs(resultAttrs);
}
