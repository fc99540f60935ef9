//===- BindBuffers.cpp - Memory of what goes in and out of a step ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BindBuffers.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"

using namespace mlir;
using namespace ternary;

DictionaryAttr ternary::makeRoleAttrs(MLIRContext *context, StringRef role) {
  Builder builder(context);
  return builder.getDictionaryAttr(builder.getNamedAttr(kRoleAttr, builder.getStringAttr(role)));
}

void ternary::storeResult(OpBuilder &builder, Value value, Value memory) {
  auto store =
      bufferization::MaterializeInDestinationOp::create(builder, value.getLoc(), value, memory);
  store.setRestrict(true);
  store.setWritable(true);
}

void ternary::bindBuffers(func::FuncOp step) {
  OpBuilder builder = OpBuilder::atBlockBegin(&step.getBody().front());
  llvm::StringMap<Value> byRole;
  for (unsigned i = 0, e = step.getNumArguments(); i < e; ++i) {
    BlockArgument argument = step.getArgument(i);
    auto role = step.getArgAttrOfType<StringAttr>(i, kRoleAttr);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    argument.setType(MemRefType::get(type.getShape(), type.getElementType()));
    auto tensor = bufferization::ToTensorOp::create(builder, argument.getLoc(), type, argument,
                                                    /*restrict=*/true,
                                                    /*writable=*/role == "state");
    argument.replaceAllUsesExcept(tensor, tensor);
    byRole[role.getValue()] = argument;
  }
  SmallVector<DictionaryAttr> attrs;
  step.getAllArgAttrs(attrs);
  auto returnOp = cast<func::ReturnOp>(step.getBody().front().getTerminator());
  builder.setInsertionPoint(returnOp);
  for (auto [i, value] : llvm::enumerate(returnOp.getOperands())) {
    auto role = step.getResultAttrOfType<StringAttr>(i, kRoleAttr);
    auto type = cast<RankedTensorType>(value.getType());
    Value &memory = byRole[role.getValue()];
    if (!memory) {
      memory = step.getBody().addArgument(MemRefType::get(type.getShape(), type.getElementType()),
                                          step.getLoc());
      attrs.push_back(makeRoleAttrs(step.getContext(), role));
    }
    storeResult(builder, value, memory);
  }
  returnOp.getOperandsMutable().clear();
  step.removeResAttrsAttr();
  step.setFunctionType(
      FunctionType::get(step.getContext(), step.getBody().getArgumentTypes(), TypeRange()));
  step.setAllArgAttrs(attrs);
}
