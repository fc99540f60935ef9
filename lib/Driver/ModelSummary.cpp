//===- ModelSummary.cpp - What the runtime has to know, from the IR -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelSummary.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;
using namespace ternary;

void ternary::readModelAttributes(ModuleOp module, ModelInfo &info) {
  auto model = module->getAttrOfType<DictionaryAttr>(kModelAttr);
  if (!model)
    return;
  auto text = [&](StringRef name, std::string &field) {
    if (auto attr = model.getAs<StringAttr>(name))
      field = attr.str();
  };
  auto number = [&](StringRef name, int64_t &field) {
    if (auto attr = model.getAs<IntegerAttr>(name))
      field = attr.getInt();
  };
  text("name", info.name);
  text("model_type", info.modelType);
  number("batch", info.batch);
  number("vocab", info.vocab);
  number("hidden", info.hidden);
  number("layers", info.layers);
  number("max_tokens", info.maxTokens);
  number("bos", info.bosId);
  number("eos", info.eosId);
}

/// Whether an attribute is there and says `value`.
static bool says(StringAttr attr, StringRef value) { return attr && attr == value; }

static func::FuncOp getStep(ModuleOp module, StringRef name) {
  for (auto func : module.getOps<func::FuncOp>())
    if (says(func->getAttrOfType<StringAttr>(kStepAttr), name))
      return func;
  return nullptr;
}

static int64_t getBytes(Type type) {
  auto shaped = cast<ShapedType>(type);
  return shaped.getNumElements() * shaped.getElementTypeBitWidth() / 8;
}

void ternary::countWeights(ModuleOp module, ModelInfo &info) {
  func::FuncOp decode = getStep(module, "decode");
  if (!decode)
    return;
  SymbolTableCollection symbols;
  decode.walk([&](ParameterOp op) {
    ArchiveEntryOp entry = op.lookupEntry(symbols);
    bool isWeight = isa<TritType>(cast<ShapedType>(op.getType()).getElementType());
    if (isWeight)
      info.packedWeightBytes += entry.getBytes();
    // Of a table that is looked up, a step reads one row for each sequence.
    bool isTable = false;
    for (Operation *user : op->getUsers())
      if (auto tensor = dyn_cast<bufferization::ToTensorOp>(user))
        isTable |= llvm::any_of(tensor->getUsers(), llvm::IsaPred<GatherKernelOp>);
    int64_t rows = cast<ShapedType>(op.getType()).getDimSize(0);
    if (isTable)
      info.lookupTables.push_back({entry.getOffset(), entry.getBytes()});
    info.weightBytesPerToken += isTable ? entry.getBytes() / rows * info.batch : entry.getBytes();
  });
  decode.walk([&](LinearKernelOp op) {
    int64_t macs = op.getWeightShape()[0] * op.getWeightShape()[1];
    info.macsPerToken += macs;
    if (op.getWeightShape()[0] == info.vocab)
      info.macsPerLogits += macs;
  });
}

void ternary::readMemorySizes(ModuleOp module, ModelInfo &info) {
  for (StringRef name : {"prefill", "decode"}) {
    func::FuncOp step = getStep(module, name);
    if (!step)
      continue;
    if (auto sizes = step->getAttrOfType<DenseI64ArrayAttr>("ternary.workspace")) {
      info.workspaceFixedBytes = std::max(info.workspaceFixedBytes, sizes[0]);
      info.workspaceBytesPerToken = std::max(info.workspaceBytesPerToken, sizes[1]);
    }
    for (unsigned i = 0, e = step.getNumArguments(); i < e; ++i)
      if (says(step.getArgAttrOfType<StringAttr>(i, kRoleAttr), "state"))
        info.stateBytes = getBytes(step.getArgument(i).getType());
  }
}
