//===- ModelSummary.cpp - What the runtime has to know, from the IR -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelSummary.h"
#include "SavedSummary.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;
using namespace ternary;

static func::FuncOp findStep(ModuleOp module, Step step) {
  for (auto func : module.getOps<func::FuncOp>())
    if (getStep(func) == step)
      return func;
  return nullptr;
}

template <typename... Text> static llvm::Error makeError(const Text &...text) {
  std::string message;
  llvm::raw_string_ostream os(message);
  (os << ... << text);
  return llvm::createStringError(message);
}

/// Sets `field` to what the IR says, unless the model's attributes say otherwise.
static llvm::Error agree(StringRef name, std::optional<int64_t> stated, int64_t found,
                         int64_t &field) {
  if (ShapedType::isDynamic(found) || found < 1)
    return makeError("expected steps of a static, positive ", name, ", got a dynamic one");
  if (stated && *stated != found)
    return makeError("expected '", name, "' in '", kModelAttr, "' to be ", found,
                     ", as the steps have it, got ", *stated);
  field = found;
  return llvm::Error::success();
}

/// The batch is that of the ids, the vocabulary that of the logits and of every table that
/// ids are looked up in.
static llvm::Error readShapes(ModuleOp module, DictionaryAttr model, ModelInfo &info) {
  auto stated = [&](StringRef name) -> std::optional<int64_t> {
    auto attr = model ? model.getAs<IntegerAttr>(name) : IntegerAttr();
    return attr ? std::optional(attr.getInt()) : std::nullopt;
  };
  for (Step kind : {Step::Prefill, Step::Decode, Step::Loss}) {
    func::FuncOp step = findStep(module, kind);
    if (!step)
      continue;
    StringRef name = stringifyStep(kind);
    Value ids = findArgument(step, Role::Ids);
    RankedTensorType logits;
    for (auto [i, type] : llvm::enumerate(step.getResultTypes()))
      if (getResultRole(step, i) == Role::Logits)
        logits = dyn_cast<RankedTensorType>(type);
    step.walk(
        [&](CrossEntropyOp op) { logits = cast<RankedTensorType>(op.getLogits().getType()); });
    auto idsType = ids ? dyn_cast<RankedTensorType>(ids.getType()) : RankedTensorType();
    if (!idsType || idsType.getRank() != 2 || !idsType.getElementType().isInteger(32))
      return makeError("expected step '", name, "' to have ids of i32 and shape [B, T], got ",
                       ids ? ids.getType() : Type());
    if (!logits || logits.getRank() != 3 || !logits.getElementType().isF32())
      return makeError("expected step '", name, "' to have logits of f32 and shape [B, T, V], got ",
                       logits ? Type(logits) : Type());
    if (llvm::Error error = agree("batch", stated("batch"), idsType.getDimSize(0), info.batch))
      return error;
    if (llvm::Error error = agree("batch", info.batch, logits.getDimSize(0), info.batch))
      return error;
    if (llvm::Error error = agree("vocab", stated("vocab"), logits.getDimSize(2), info.vocab))
      return error;
    for (Operation *user : ids.getUsers())
      if (auto embedding = dyn_cast<EmbeddingOp>(user))
        if (int64_t rows = cast<ShapedType>(embedding.getTable().getType()).getDimSize(0);
            rows < info.vocab)
          return makeError("expected embedding tables with a row for each of ", info.vocab,
                           " logits, got ", rows);
  }
  return llvm::Error::success();
}

llvm::Error ternary::readModel(ModuleOp module, ModelInfo &info) {
  for (auto func : module.getOps<func::FuncOp>())
    info.hasSteps |= getStep(func).has_value();
  auto model = module->getAttrOfType<DictionaryAttr>(kModelAttr);
  // What steps are made of by now tells no shapes any more.
  if (hasSummary(module)) {
    if (llvm::Error error = loadSummary(module, info))
      return error;
  } else if (llvm::Error error = readShapes(module, model, info)) {
    return error;
  }
  if (!model)
    return llvm::Error::success();
  auto text = [&](StringRef name, std::string &field) {
    if (auto attr = model.getAs<StringAttr>(name))
      field = attr.str();
  };
  std::string problem;
  auto check = [&](StringRef name, int64_t least, int64_t most, int64_t value) {
    if (problem.empty() && (value < least || value > most))
      llvm::raw_string_ostream(problem)
          << "expected '" << name << "' in '" << kModelAttr << "' from " << least << " to " << most
          << ", got " << value;
  };
  auto number = [&](StringRef name, int64_t least, int64_t most, int64_t &field) {
    auto attr = model.getAs<IntegerAttr>(name);
    if (!attr)
      return;
    field = attr.getInt();
    check(name, least, most, field);
  };
  constexpr int64_t any = std::numeric_limits<int64_t>::max();
  text("name", info.name);
  text("model_type", info.modelType);
  number("hidden", 0, any, info.hidden);
  number("layers", 0, any, info.layers);
  number("max_tokens", 0, any, info.maxTokens);
  number("bos", -1, info.vocab - 1, info.bosId);
  if (auto several = model.getAs<DenseI64ArrayAttr>("eos")) {
    info.eosIds = several.asArrayRef().vec();
    for (int64_t id : info.eosIds)
      check("eos", 0, info.vocab - 1, id);
  } else {
    int64_t id = -1;
    number("eos", -1, info.vocab - 1, id);
    info.eosIds.clear();
    if (id >= 0)
      info.eosIds.push_back(id);
  }
  return problem.empty() ? llvm::Error::success() : llvm::createStringError(problem);
}

void ternary::countWeights(ModuleOp module, ModelInfo &info) {
  func::FuncOp decode = findStep(module, Step::Decode);
  if (!decode)
    return;
  SymbolTableCollection symbols;
  decode.walk([&](ParameterOp op) {
    ArchiveEntryOp entry = op.lookupEntry(symbols);
    bool isWeight = isa<TritType>(cast<ShapedType>(op.getType()).getElementType());
    if (isWeight)
      info.packedWeightBytes += entry.getBytes();
    // Of a table that is looked up and of its scales, a step reads one row for each sequence,
    // unless it is the head's weight as well.
    Value value = op.getResult();
    if (value.hasOneUse())
      if (auto tensor = dyn_cast<bufferization::ToTensorOp>(*value.user_begin()))
        value = tensor.getResult();
    int64_t rows = 0;
    for (OpOperand &use : value.getUses()) {
      auto kernel = dyn_cast<KernelOpInterface>(use.getOwner());
      rows = kernel ? kernel.getLookupRows(use) : 0;
      if (rows == 0)
        break;
    }
    if (rows > 0 && rows == cast<ShapedType>(value.getType()).getShape().front())
      info.lookupTables.push_back({entry.getOffset(), entry.getBytes()});
    info.weightBytesPerToken +=
        rows ? llvm::divideCeil(entry.getBytes(), rows) * info.batch : entry.getBytes();
  });
  decode.walk([&](KernelOpInterface kernel) {
    int64_t macs = kernel.getMACsPerToken();
    if (macs == 0)
      return;
    info.macsPerToken += macs;
    Value result = cast<DestinationStyleOpInterface>(*kernel).getDpsInits().front();
    if (cast<ShapedType>(result.getType()).getShape().back() == info.vocab)
      info.macsPerLogits += macs;
  });
}

/// `[fixed, per token]` bytes that a step needs.
static std::pair<int64_t, int64_t> getWorkspace(func::FuncOp step) {
  auto sizes = step->getAttrOfType<DenseI64ArrayAttr>(kWorkspaceAttr);
  return sizes ? std::pair(sizes[0], sizes[1]) : std::pair<int64_t, int64_t>();
}

void ternary::readMemorySizes(ModuleOp module, ModelInfo &info) {
  for (Step kind : {Step::Prefill, Step::Decode}) {
    func::FuncOp step = findStep(module, kind);
    if (!step)
      continue;
    auto [fixed, perToken] = getWorkspace(step);
    info.workspaceFixedBytes = std::max(info.workspaceFixedBytes, fixed);
    info.workspaceBytesPerToken = std::max(info.workspaceBytesPerToken, perToken);
    info.stateBytes = getStateOffset(step);
    info.positionOffset = -1;
    info.stateTypes.clear();
    llvm::raw_string_ostream types(info.stateTypes);
    for (unsigned i = 0, e = step.getNumArguments(); i < e; ++i) {
      std::optional<Role> role = getArgumentRole(step, i);
      if (!isStateRole(role))
        continue;
      if (role == Role::Position)
        info.positionOffset = getStateOffset(step, role);
      auto shaped = cast<ShapedType>(step.getArgument(i).getType());
      llvm::interleave(shaped.getShape(), types, "x");
      types << " " << shaped.getElementType() << ";";
    }
  }
  if (!info.training)
    return;
  if (func::FuncOp gradient = findStep(module, Step::Gradient)) {
    std::tie(info.training->gradient.fixedBytes, info.training->gradient.bytesPerToken) =
        getWorkspace(gradient);
    auto recomputed = gradient->getAttrOfType<StringAttr>(kRecomputedAttr);
    info.training->recomputed = recomputed ? recomputed.str() : "";
  }
  if (func::FuncOp loss = findStep(module, Step::Loss))
    std::tie(info.training->loss.fixedBytes, info.training->loss.bytesPerToken) =
        getWorkspace(loss);
}

llvm::Error ternary::readTrainingParameters(ModuleOp module, TrainingInfo &info) {
  func::FuncOp loss = findStep(module, Step::Loss);
  if (!loss)
    return makeError("expected a graph with a step 'loss' for --function=train, as "
                     "--function=train --compile-to=graph writes it");
  for (BlockArgument argument : loss.getArguments()) {
    auto name = loss.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kParameterAttr);
    if (!name)
      continue;
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape() || !type.getElementType().isF32())
      return makeError("expected parameter '", name.getValue(),
                       "' to be a tensor of f32 and static shape to train it, got ",
                       argument.getType());
    TrainingInfo::Parameter parameter;
    parameter.name = name.str();
    parameter.shape = type.getShape().vec();
    parameter.decays = isDecayed(argument);
    info.addParameter(std::move(parameter));
  }
  return llvm::Error::success();
}
