//===- Descriptor.cpp - The descriptor of a compiled model ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Descriptor.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/abi.h"
#include "ternary/function.h"
#include "ternary/training.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;

namespace {
/// Collects the fields of the C struct in order; LLVM's layout of a non-packed struct is
/// that of C.
class StructBuilder {
public:
  explicit StructBuilder(Module &module) : module(module), context(module.getContext()) {}

  void u32(uint32_t value) { fields.push_back(ConstantInt::get(Type::getInt32Ty(context), value)); }
  void i64(uint64_t value) { fields.push_back(ConstantInt::get(Type::getInt64Ty(context), value)); }
  void null() { fields.push_back(ConstantPointerNull::get(PointerType::getUnqual(context))); }
  void pointer(Constant *value) { fields.push_back(value); }
  void string(StringRef text) {
    pointer(data(ConstantDataArray::getString(context, text, /*AddNull=*/true)));
  }

  /// A private constant with this content.
  GlobalVariable *data(Constant *content) {
    auto *global = new GlobalVariable(module, content->getType(), /*isConstant=*/true,
                                      GlobalValue::PrivateLinkage, content);
    global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return global;
  }

  Constant *finish() { return ConstantStruct::getAnon(context, fields); }

private:
  Module &module;
  LLVMContext &context;
  SmallVector<Constant *> fields;
};
} // namespace

/// Bytes that are not text, and their number; null if there are none.
static void addBytes(StructBuilder &b, LLVMContext &context, StringRef bytes) {
  if (bytes.empty())
    b.null();
  else
    b.pointer(b.data(ConstantDataArray::getString(context, bytes, false)));
  b.i64(bytes.size());
}

/// What both kinds of descriptors say first: which model, for which machine, and the batch.
static void addIdentity(StructBuilder &b, Module &module, const ternary::ModelInfo &info) {
  b.string(info.name);
  b.string(info.modelType);
  b.string(info.target);
  b.string(module.getTargetTriple().str());
  b.string(info.cpu);
  b.string(info.kernel);
  b.i64(info.batch);
}

/// The bytes of the archive, in a symbol named after the model.
static Constant *getArchive(Module &module, const ternary::ModelInfo &info, StringRef name) {
  std::string symbol = (name + "_archive").str();
  if (GlobalVariable *known = module.getNamedGlobal(symbol))
    return known;
  return ternary::embedArchive(module, info.archivePath, info.archiveBytes, symbol);
}

/// Where the weight archive is, and whether steps use threads.
static void addArchive(StructBuilder &b, Module &module, const ternary::ModelInfo &info,
                       StringRef name) {
  if (info.embedArchive)
    b.pointer(getArchive(module, info, name));
  else
    b.null();
  b.i64(info.archiveBytes);
  b.string(info.archiveFile);
  b.u32(info.archiveHeaderCRC);
  b.u32(info.threads);
}

/// Defines the constant `name`.
static void define(StructBuilder &b, Module &module, StringRef name) {
  Constant *content = b.finish();
  new GlobalVariable(module, content->getType(), /*isConstant=*/true, GlobalValue::ExternalLinkage,
                     content, name);
}

/// The parameters of a block as an array of `ternary_parameter`.
static Constant *addParameters(Module &module, const ternary::TrainingInfo &info) {
  StructBuilder array(module);
  for (const ternary::TrainingInfo::Parameter &parameter : info.parameters) {
    StructBuilder b(module);
    uint64_t count = 1;
    for (int64_t size : parameter.shape)
      count *= size;
    b.string(parameter.name);
    b.pointer(b.data(ConstantDataArray::get(
        module.getContext(),
        ArrayRef<uint64_t>(reinterpret_cast<const uint64_t *>(parameter.shape.data()),
                           parameter.shape.size()))));
    b.i64(parameter.shape.size());
    b.i64(parameter.offset);
    b.i64(count);
    b.u32(parameter.decays);
    b.u32(0);
    array.pointer(b.finish());
  }
  return array.data(array.finish());
}

void ternary::addTrainingDescriptor(Module &module, const ModelInfo &info, StringRef name,
                                    const TrainingSteps &steps) {
  LLVMContext &context = module.getContext();
  const TrainingInfo &training = *info.training;
  StructBuilder b(module);
  b.u32(TERNARY_TRAINING_ABI_VERSION);
  b.u32(sizeof(ternary_training_descriptor));
  addIdentity(b, module, info);
  b.i64(info.maxTokens);
  b.i64(info.vocab);
  b.i64(info.bosId);
  b.i64(info.getEosId());
  b.pointer(addParameters(module, training));
  b.i64(training.parameters.size());
  b.i64(training.blockFloats);
  for (const TrainingInfo::Workspace &workspace : {training.gradient, training.loss}) {
    b.i64(workspace.fixedBytes);
    b.i64(workspace.bytesPerToken);
  }
  addArchive(b, module, info, name);
  addBytes(b, context, training.configJSON);
  addBytes(b, context, info.tokenizer);
  b.pointer(steps.gradient);
  b.pointer(steps.loss);
  b.pointer(steps.update);
  b.string(info.features);
  define(b, module, name);
}

void ternary::addDescriptor(Module &module, const ModelInfo &info, StringRef name,
                            StringRef prefillName, StringRef decodeName) {
  LLVMContext &context = module.getContext();
  StructBuilder b(module);
  b.u32(TERNARY_ABI_VERSION);
  b.u32(sizeof(ternary_descriptor));
  addIdentity(b, module, info);
  b.i64(info.vocab);
  b.i64(info.hidden);
  b.i64(info.layers);
  b.i64(info.maxTokens);
  b.i64(info.bosId);
  b.i64(info.getEosId());
  b.i64(info.stateBytes);
  b.i64(info.positionOffset);
  b.i64(xxh3_64bits(info.stateTypes));
  b.i64(info.workspaceFixedBytes);
  b.i64(info.workspaceBytesPerToken);
  b.i64(info.prefillChunk);
  addArchive(b, module, info, name);
  b.i64(info.packedWeightBytes);
  b.i64(info.weightBytesPerToken);
  b.i64(info.macsPerToken);
  addBytes(b, context, info.tokenizer);
  if (info.pieces.empty()) {
    b.null();
    b.null();
  } else {
    // Each id has a text: a vocabulary may be larger than its tokenizer.
    std::string text;
    SmallVector<uint32_t> offsets = {0};
    for (int64_t id = 0; id < info.vocab; ++id) {
      if (id < static_cast<int64_t>(info.pieces.size()))
        text += info.pieces[id];
      offsets.push_back(text.size());
    }
    b.pointer(b.data(ConstantDataArray::getString(context, text, false)));
    b.pointer(b.data(ConstantDataArray::get(context, ArrayRef<uint32_t>(offsets))));
  }
  b.pointer(module.getFunction(prefillName));
  b.pointer(module.getFunction(decodeName));
  b.i64(info.macsPerLogits);
  SmallVector<uint64_t> ranges;
  for (auto [offset, bytes] : info.lookupTables)
    ranges.append({offset, bytes});
  if (ranges.empty())
    b.null();
  else
    b.pointer(b.data(ConstantDataArray::get(context, ArrayRef<uint64_t>(ranges))));
  b.i64(info.lookupTables.size());
  b.u32(info.selfTestCRC);
  b.u32(info.selfTestTokens);
  b.string(info.features);
  SmallVector<uint64_t> ends(info.eosIds.begin(), info.eosIds.end());
  if (ends.empty())
    b.null();
  else
    b.pointer(b.data(ConstantDataArray::get(context, ArrayRef<uint64_t>(ends))));
  b.i64(ends.size());
  b.i64(info.payloadBytes);
  b.i64(TERNARY_TOKEN_BLOCK);
  define(b, module, name);
}

void ternary::addFunctionConstants(Module &module, const ModelInfo &info, StringRef prefix) {
  LLVMContext &context = module.getContext();
  auto addText = [&](StringRef name, StringRef text) {
    Constant *content = ConstantDataArray::getString(context, text, /*AddNull=*/true);
    auto *global =
        new GlobalVariable(module, content->getType(), /*isConstant=*/true,
                           GlobalValue::ExternalLinkage, content, prefix + "_function_" + name);
    global->setVisibility(GlobalValue::HiddenVisibility);
  };
  addText("features", info.features);
  addText("kernel", info.kernel);
  GlobalVariable *weights = module.getNamedGlobal(kWeightsSymbol);
  if (!weights)
    return;
  Constant *archive = getArchive(module, info, (prefix + "_descriptor_instance").str());
  Type *bytes = Type::getInt8Ty(context);
  Constant *offset =
      ConstantInt::get(Type::getInt64Ty(context), info.archiveBytes - info.payloadBytes);
  weights->replaceAllUsesWith(ConstantExpr::getGetElementPtr(bytes, archive, offset));
  weights->eraseFromParent();
}

/// An array of `ternary_value`.
static Constant *addValues(Module &module, mlir::ArrayAttr values) {
  StructBuilder array(module);
  for (auto value : values.getAsRange<mlir::DictionaryAttr>()) {
    auto sizes = value.getAs<mlir::DenseI64ArrayAttr>("shape");
    SmallVector<uint64_t> shape;
    for (int64_t size : sizes ? sizes.asArrayRef() : ArrayRef<int64_t>())
      shape.push_back(mlir::ShapedType::isDynamic(size) ? -1 : size);
    StructBuilder b(module);
    b.string(value.getAs<mlir::StringAttr>("name"));
    b.string(value.getAs<mlir::StringAttr>("type"));
    b.pointer(b.data(ConstantDataArray::get(module.getContext(), shape)));
    b.i64(shape.size());
    b.i64(value.contains("state") ? TERNARY_STATE : sizes ? TERNARY_TENSOR : TERNARY_NUMBER);
    array.pointer(b.finish());
  }
  return array.data(array.finish());
}

void ternary::addFunctionList(Module &module, mlir::ModuleOp source, const ModelInfo &info,
                              StringRef name) {
  StructBuilder array(module);
  uint64_t count = 0;
  for (auto func : source.getOps<mlir::LLVM::LLVMFuncOp>()) {
    auto signature = func->getAttrOfType<mlir::DictionaryAttr>(kSignatureAttr);
    if (!signature)
      continue;
    auto inputs = signature.getAs<mlir::ArrayAttr>("inputs");
    auto results = signature.getAs<mlir::ArrayAttr>("results");
    StructBuilder b(module);
    b.string(signature.getAs<mlir::StringAttr>("name"));
    b.pointer(addValues(module, inputs));
    b.pointer(addValues(module, results));
    b.i64(inputs.size());
    b.i64(results.size());
    b.pointer(module.getFunction(signature.getAs<mlir::StringAttr>("workspace")));
    b.pointer(module.getFunction(func.getName()));
    array.pointer(b.finish());
    ++count;
  }
  StructBuilder b(module);
  b.u32(TERNARY_FUNCTIONS_ABI_VERSION);
  b.u32(sizeof(ternary_functions));
  for (const std::string &text : {info.name, info.target, module.getTargetTriple().str(), info.cpu,
                                  info.kernel, info.features})
    b.string(text);
  b.pointer(array.data(array.finish()));
  b.i64(count);
  define(b, module, name);
}
