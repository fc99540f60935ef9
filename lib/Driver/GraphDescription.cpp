//===- GraphDescription.cpp - A graph as data -----------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Driver/GraphDescription.h"
#include "GraphContext.h"
#include "mlir/IR/AsmState.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ternary;
namespace json = llvm::json;

namespace {
class Describer {
public:
  explicit Describer(ModuleOp module) : state(module) {}

  json::Object describe(Operation &op) {
    json::Array operands, results, regions;
    for (Value operand : op.getOperands())
      operands.push_back(getName(operand));
    for (Value result : op.getResults())
      results.push_back(describe(result));
    for (Region &region : op.getRegions()) {
      json::Array blocks;
      for (Block &block : region)
        blocks.push_back(describe(block));
      regions.push_back(std::move(blocks));
    }
    return json::Object{{"name", op.getName().getStringRef().str()},
                        {"operands", std::move(operands)},
                        {"results", std::move(results)},
                        {"attributes", describe(op.getAttrDictionary())},
                        {"regions", std::move(regions)}};
  }

private:
  template <typename T> static std::string print(const T &value) {
    std::string text;
    llvm::raw_string_ostream(text) << value;
    return json::fixUTF8(text);
  }

  std::string getName(Value value) {
    std::string text;
    llvm::raw_string_ostream os(text);
    value.printAsOperand(os, state);
    return json::fixUTF8(text);
  }

  json::Object describe(Value value) {
    return json::Object{{"name", getName(value)}, {"type", print(value.getType())}};
  }

  json::Object describe(Block &block) {
    json::Array arguments, operations;
    for (Value argument : block.getArguments())
      arguments.push_back(describe(argument));
    for (Operation &op : block)
      operations.push_back(describe(op));
    return json::Object{{"arguments", std::move(arguments)}, {"operations", std::move(operations)}};
  }

  json::Value describe(Attribute attr) {
    return llvm::TypeSwitch<Attribute, json::Value>(attr)
        .Case([](BoolAttr attr) { return attr.getValue(); })
        .Case([](UnitAttr) { return true; })
        .Case([](StringAttr attr) { return json::fixUTF8(attr.getValue()); })
        .Case([](FlatSymbolRefAttr attr) { return json::fixUTF8(attr.getValue()); })
        .Case([](IntegerAttr attr) -> json::Value {
          if (attr.getValue().getSignificantBits() > 64)
            return print(attr);
          return attr.getValue().getSExtValue();
        })
        .Case([](FloatAttr attr) -> json::Value {
          if (!attr.getValue().isFinite())
            return print(attr);
          return attr.getValueAsDouble();
        })
        .Case([](DenseI64ArrayAttr attr) { return json::Array(attr.asArrayRef()); })
        .Case([](DenseI32ArrayAttr attr) { return json::Array(attr.asArrayRef()); })
        .Case([this](ArrayAttr attr) {
          json::Array values;
          for (Attribute value : attr)
            values.push_back(describe(value));
          return values;
        })
        .Case([this](DictionaryAttr attr) {
          json::Object members;
          for (NamedAttribute member : attr)
            members[json::fixUTF8(member.getName().getValue())] = describe(member.getValue());
          return members;
        })
        .Default([](Attribute attr) { return print(attr); });
  }

  AsmState state;
};
} // namespace

llvm::Expected<json::Value> ternary::describeGraph(StringRef text, StringRef name) {
  GraphContext context;
  llvm::Expected<OwningOpRef<ModuleOp>> module = context.parse(text, name);
  if (!module)
    return module.takeError();
  return Describer(**module).describe(***module);
}
