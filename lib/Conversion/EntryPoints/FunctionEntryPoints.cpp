//===- FunctionEntryPoints.cpp - How ordinary functions are called ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionEntryPoints.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ternary;

static Value createConstant(OpBuilder &builder, Location loc, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
}

Value ternary::createMemRef(OpBuilder &builder, Location loc, const LLVMTypeConverter &converter,
                            MemRefType type, Value pointer, ValueRange sizes) {
  auto descriptor = MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, pointer);
  descriptor.setAlignedPtr(builder, loc, pointer);
  descriptor.setConstantOffset(builder, loc, 0);
  // A stride is the product of the sizes to its right.
  int64_t known = 1;
  Value unknown;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    Value stride = createConstant(builder, loc, known);
    if (unknown)
      stride = LLVM::MulOp::create(builder, loc, stride, unknown);
    descriptor.setStride(builder, loc, i, stride);
    if (type.isDynamicDim(i)) {
      Value size = sizes[type.getDynamicDimIndex(i)];
      descriptor.setSize(builder, loc, i, size);
      unknown = unknown ? LLVM::MulOp::create(builder, loc, size, unknown) : size;
    } else {
      descriptor.setConstantSize(builder, loc, i, type.getDimSize(i));
      known *= type.getDimSize(i);
    }
  }
  Value packed = descriptor;
  return UnrealizedConversionCastOp::create(builder, loc, type, packed).getResult(0);
}

FunctionArgument ternary::getFunctionArgument(func::FuncOp func, unsigned index) {
  if (func.getArgAttr(index, kResultAttr))
    return FunctionArgument::Result;
  std::optional<Role> role = getArgumentRole(func, index);
  if (role == Role::Weights)
    return FunctionArgument::Weights;
  return role == Role::Workspace ? FunctionArgument::Workspace : FunctionArgument::Input;
}

unsigned ternary::getResultNumber(func::FuncOp func, unsigned index) {
  return func.getArgAttrOfType<IntegerAttr>(index, kResultAttr).getInt();
}

func::FuncOp ternary::lookupSizes(func::FuncOp func, StringRef attribute, SymbolTable &symbols) {
  auto name = func->getAttrOfType<FlatSymbolRefAttr>(attribute);
  return name ? symbols.lookup<func::FuncOp>(name.getValue()) : func::FuncOp();
}

SmallVector<Value> ternary::callResultSizes(OpBuilder &builder, func::FuncOp func,
                                            ValueRange inputs, SymbolTable &symbols) {
  func::FuncOp sizes = lookupSizes(func, kResultSizesAttr, symbols);
  if (!sizes)
    return {};
  return llvm::to_vector(
      ValueRange(func::CallOp::create(builder, func.getLoc(), sizes, inputs).getResults()));
}

void ternary::dropNotes(func::FuncOp func) {
  func->removeAttr(kResultSizesAttr);
  func->removeAttr(kWorkspaceSizeAttr);
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i) {
    func.removeArgAttr(i, kResultAttr);
    func.removeArgAttr(i, kNameAttr);
  }
}

LogicalResult ternary::createFunctionForMLIR(func::FuncOp func, SymbolTable &symbols) {
  Location loc = func.getLoc();
  SmallVector<Type> inputTypes;
  SmallVector<DictionaryAttr> inputAttrs;
  SmallVector<unsigned> outs;
  bool hasWorkspace = false;
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
    switch (getFunctionArgument(func, i)) {
    case FunctionArgument::Input:
    case FunctionArgument::Weights:
      inputTypes.push_back(func.getArgument(i).getType());
      inputAttrs.push_back(func.getArgAttrDict(i));
      break;
    case FunctionArgument::Result:
      outs.push_back(i);
      break;
    case FunctionArgument::Workspace:
      hasWorkspace = true;
    }
  OpBuilder builder(func);
  func->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(), builder.getUnitAttr());
  if (outs.empty() && !hasWorkspace)
    return success();

  SmallVector<Type> resultTypes(outs.size() + func.getNumResults());
  for (unsigned out : outs)
    resultTypes[getResultNumber(func, out)] = func.getArgument(out).getType();
  auto next = func.getResultTypes().begin();
  for (Type &type : resultTypes)
    if (!type)
      type = *next++;
  std::string name = func.getName().str();
  if (failed(symbols.renameToUnique(func, {})))
    return failure();
  auto entry =
      func::FuncOp::create(builder, loc, name, builder.getFunctionType(inputTypes, resultTypes));
  entry->setDiscardableAttrs(func->getDiscardableAttrDictionary());
  entry.setAllArgAttrs(inputAttrs);
  symbols.insert(entry);
  func->removeAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName());
  func.setPrivate();

  builder.setInsertionPointToStart(entry.addEntryBlock());
  SmallVector<Value> inputs, arguments, results(resultTypes.size());
  for (auto [i, argument] : llvm::enumerate(entry.getArguments()))
    if (getArgumentRole(entry, i) != Role::Weights)
      inputs.push_back(argument);
  SmallVector<Value> allSizes = callResultSizes(builder, func, inputs, symbols);
  ArrayRef<Value> sizes = allSizes;
  Value workspace;
  auto nextInput = entry.getArguments().begin();
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
    switch (getFunctionArgument(func, i)) {
    case FunctionArgument::Input:
    case FunctionArgument::Weights:
      arguments.push_back(*nextInput++);
      break;
    case FunctionArgument::Result: {
      auto type = cast<MemRefType>(func.getArgument(i).getType());
      Value memory =
          memref::AllocOp::create(builder, loc, type, sizes.take_front(type.getNumDynamicDims()));
      sizes = sizes.drop_front(type.getNumDynamicDims());
      results[getResultNumber(func, i)] = memory;
      arguments.push_back(memory);
      break;
    }
    case FunctionArgument::Workspace: {
      func::FuncOp size = lookupSizes(func, kWorkspaceSizeAttr, symbols);
      Value bytes = func::CallOp::create(builder, loc, size, arguments).getResult(0);
      workspace =
          memref::AllocOp::create(builder, loc, cast<MemRefType>(func.getArgument(i).getType()),
                                  bytes, builder.getI64IntegerAttr(kWorkspaceAlignment));
      arguments.push_back(workspace);
    }
    }
  auto call = func::CallOp::create(builder, loc, func, arguments);
  if (workspace)
    memref::DeallocOp::create(builder, loc, workspace);
  auto nextResult = call.getResults().begin();
  for (Value &result : results)
    if (!result)
      result = *nextResult++;
  func::ReturnOp::create(builder, loc, results);
  dropNotes(func);
  dropNotes(entry);
  return success();
}
