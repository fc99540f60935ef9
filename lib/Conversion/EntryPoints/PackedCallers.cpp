//===- PackedCallers.cpp - Functions for callers that learn their signature -===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionEntryPoints.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ternary;

namespace {
/// Two functions of one type each for all signatures; see ternary_function.
class PackedCallers {
public:
  PackedCallers(func::FuncOp workspace, func::FuncOp call, ArrayRef<CValue> inputs,
                ArrayRef<CValue> results, SymbolTable &symbols)
      : workspace(workspace), call(call), inputs(inputs), results(results), symbols(symbols),
        loc(call.getLoc()), builder(call.getContext()),
        pointer(LLVM::LLVMPointerType::get(call.getContext())) {}

  /// `int64_t (void *const *inputs, const int64_t *sizes, int64_t *shapes)`
  func::FuncOp createWorkspace() {
    func::FuncOp entry = createEntry(workspace);
    Value values = entry.getArgument(0), sizes = entry.getArgument(1);
    SmallVector<Value> arguments;
    for (const CValue &input : inputs) {
      if (!isa<MemRefType>(input.type))
        arguments.push_back(loadInput(input, values));
      loadSizes(input, sizes, arguments);
      values = advance(values, pointer, 1);
    }
    Value shapes = entry.getArgument(2);
    for (const CValue &result : results)
      if (auto memory = dyn_cast<MemRefType>(result.type)) {
        arguments.push_back(shapes);
        shapes = advance(shapes, builder.getI64Type(), memory.getRank());
      }
    finish(workspace, arguments);
    return entry;
  }

  /// `int32_t (void *const *values, const int64_t *sizes, void *workspace)`
  func::FuncOp createCall() {
    func::FuncOp entry = createEntry(call);
    Value values = entry.getArgument(0), sizes = entry.getArgument(1);
    SmallVector<Value> arguments;
    for (const CValue &input : inputs) {
      arguments.push_back(loadInput(input, values));
      loadSizes(input, sizes, arguments);
      values = advance(values, pointer, 1);
    }
    for (size_t i = 0; i < results.size(); ++i) {
      arguments.push_back(load(pointer, values));
      values = advance(values, pointer, 1);
    }
    arguments.push_back(entry.getArgument(2));
    finish(call, arguments);
    return entry;
  }

  /// What an object says of the function.
  DictionaryAttr describe(func::FuncOp packedWorkspace) {
    auto list = [&](ArrayRef<CValue> values) {
      SmallVector<Attribute> attrs;
      for (const CValue &value : values) {
        NamedAttrList attr;
        attr.append("name", builder.getStringAttr(value.name));
        // Types themselves change below, where halves become integers.
        std::string type;
        llvm::raw_string_ostream(type) << getElementTypeOrSelf(value.type);
        attr.append("type", builder.getStringAttr(type));
        if (auto memory = dyn_cast<MemRefType>(value.type))
          attr.append("shape", builder.getDenseI64ArrayAttr(memory.getShape()));
        if (value.isState)
          attr.append("state", builder.getUnitAttr());
        attrs.push_back(attr.getDictionary(builder.getContext()));
      }
      return builder.getArrayAttr(attrs);
    };
    return builder.getDictionaryAttr(
        {builder.getNamedAttr("name", call.getNameAttr()),
         builder.getNamedAttr("workspace", packedWorkspace.getNameAttr()),
         builder.getNamedAttr("inputs", list(inputs)),
         builder.getNamedAttr("results", list(results))});
  }

private:
  func::FuncOp createEntry(func::FuncOp callee) {
    builder.setInsertionPoint(callee);
    auto type = builder.getFunctionType({pointer, pointer, pointer}, callee.getResultTypes());
    auto entry = func::FuncOp::create(builder, loc, (callee.getName() + "_packed").str(), type);
    symbols.insert(entry); // a name that is taken becomes another
    builder.setInsertionPointToStart(entry.addEntryBlock());
    return entry;
  }

  void finish(func::FuncOp callee, ValueRange arguments) {
    auto result = func::CallOp::create(builder, loc, callee, arguments);
    func::ReturnOp::create(builder, loc, result.getResults());
  }

  Value load(Type type, Value from) { return LLVM::LoadOp::create(builder, loc, type, from); }

  /// A tensor's pointer, or the number that the pointer points to.
  Value loadInput(const CValue &input, Value values) {
    Value value = load(pointer, values);
    if (isa<MemRefType>(input.type))
      return value;
    return load(input.type.isIndex() ? builder.getI64Type() : input.type, value);
  }

  void loadSizes(const CValue &input, Value &sizes, SmallVectorImpl<Value> &arguments) {
    auto memory = dyn_cast<MemRefType>(input.type);
    for (int64_t d = 0, e = memory ? memory.getNumDynamicDims() : 0; d < e; ++d) {
      arguments.push_back(load(builder.getI64Type(), sizes));
      sizes = advance(sizes, builder.getI64Type(), 1);
    }
  }

  Value advance(Value from, Type element, int64_t count) {
    return LLVM::GEPOp::create(builder, loc, pointer, element, from,
                               ArrayRef<LLVM::GEPArg>(static_cast<int32_t>(count)));
  }

  func::FuncOp workspace, call;
  ArrayRef<CValue> inputs, results;
  SymbolTable &symbols;
  Location loc;
  OpBuilder builder;
  Type pointer;
};
} // namespace

void ternary::createPackedCallers(func::FuncOp workspace, func::FuncOp call,
                                  ArrayRef<CValue> inputs, ArrayRef<CValue> results,
                                  SymbolTable &symbols) {
  PackedCallers callers(workspace, call, inputs, results, symbols);
  func::FuncOp packedWorkspace = callers.createWorkspace();
  callers.createCall()->setAttr(kSignatureAttr, callers.describe(packedWorkspace));
}
