//===- PhaseRunner.cpp - Running the phases of a compilation --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PhaseRunner.h"
#include "MemoryBudget.h"
#include "ModelSummary.h"
#include "SavedSummary.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Pipelines/Pipelines.h"
#include "ternary/Support/OutputFile.h"
#include "ternary/Target/SelfTest.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

Error PhaseRunner::dump(const Phase &phase) {
  if (options.dumpPhases.empty())
    return Error::success();
  if (std::error_code error = sys::fs::create_directories(options.dumpPhases))
    return createStringError(error,
                             "cannot create '" + options.dumpPhases + "': " + error.message());
  size_t number = find(plan.phases, &phase) - plan.phases.begin();
  std::string name = std::to_string(number) + "-" + phase.name.str();
  SmallString<128> path(options.dumpPhases);
  sys::path::append(path, name + ".mlir");
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  model.module->print(file->os());
  return file->keep();
}

Error PhaseRunner::runPhase(const Phase &phase) {
  report("phase " + phase.name + ": " + phase.description);
  mlir::PassManager manager(&context.get());
  mlir::DefaultTimingManager timing;
  mlir::TimingScope scope;
  if (options.timing) {
    timing.setEnabled(true);
    timing.setDisplayMode(mlir::DefaultTimingManager::DisplayMode::Tree);
    scope = timing.getRootScope();
    manager.enableTiming(scope);
  }
  buildPhasePipeline(manager, phase, *plan.target, plan.pipeline);
  if (mlir::failed(manager.run(*model.module)))
    return context.failed("phase '" + phase.name + "' failed");
  return Error::success();
}

/// Reads the plan of memory, reports it, and keeps the module if it is to be tested.
void PhaseRunner::noteMemory() {
  ModelInfo &info = model.info;
  if (!info.hasSteps)
    return;
  readMemorySizes(*model.module, info);
  if (plan.pipeline.training) {
    const TrainingInfo &training = *info.training;
    report("the backward pass computes again " +
           (training.recomputed.empty() ? "nothing" : training.recomputed));
    report(formatv("a gradient step needs {0:f1} MB and {1:f1} MB for each 1,000 tokens of a "
                   "sequence, beside {2:f1} MB of parameters, gradients and moments: {3:f1} MB "
                   "with sequences of {4} tokens",
                   training.gradient.fixedBytes * 1e-6, training.gradient.bytesPerToken * 1e-3,
                   getBlockBytes(training) * 1e-6,
                   getTrainingBytes(training, plan.pipeline.tokens) * 1e-6,
                   plan.pipeline.tokens.getValue())
               .str());
  }
  if (!plan.pipeline.training)
    report(formatv("a session keeps {0:f1} MB of state{1}", info.stateBytes * 1e-6,
                   info.maxTokens > 0 ? " for " + Twine(info.maxTokens) + " tokens" : "")
               .str());
  if (plan.output && !plan.pipeline.training)
    info.selfTestTokens = options.selfTestTokens.value_or(getAffordableSelfTest(info));
  if (info.maxTokens > 0)
    info.selfTestTokens = std::min(info.selfTestTokens, info.maxTokens);
  if (info.selfTestTokens > 0)
    planned = model.module->clone();
}

/// The target of a module that phases of one have seen is what it is lowered for.
Error PhaseRunner::adoptTarget() {
  TargetAttrInterface known = getTargetOf(*model.module);
  if (!known)
    return createStringError("expected a target in a module after a phase of one, got none");
  if (known.getTargetName() != plan.target->getName())
    return createStringError("expected --target=" + known.getTargetName() +
                             ", which the module is for, got '" + plan.target->getName() + "'");
  TargetRequest words = plan.target->getRequest(known);
  auto check = [](StringRef option, StringRef has, StringRef got) -> Error {
    if (got.empty() || got == has)
      return Error::success();
    return createStringError("expected " + option + has + ", which the module is for, got '" + got +
                             "'");
  };
  if (Error error = check("--kernel=", words.kernel, options.kernel))
    return error;
  auto spell = [](std::optional<bool> threads) {
    return !threads ? "" : *threads ? "threads" : "none";
  };
  if (Error error = check("--parallel=", spell(words.threads), spell(options.threads)))
    return error;
  plan.request.kernel = words.kernel;
  if (Error error = plan.target->resolve(plan.request))
    return error;
  plan.attribute = known;
  return Error::success();
}

/// Gives entry points that have names already those that they are to have now.
void PhaseRunner::renameEntryPoints() {
  for (auto func : model.module->getOps<mlir::LLVM::LLVMFuncOp>()) {
    auto [prefix, step] = func.getName().rsplit("_step_");
    if (func.getLinkage() == mlir::LLVM::Linkage::External && symbolizeStep(step))
      func.setName((plan.pipeline.prefix + "_" + step).str());
  }
}

/// Where the module is on its way: what phases that have ended would have left, from its
/// attributes.
Error PhaseRunner::skipPhases() {
  auto name = (*model.module)->getAttrOfType<mlir::StringAttr>(kPhaseAttr);
  if (!name)
    return Error::success();
  SmallVector<const Phase *> all = getPhases(*plan.target);
  auto isLast = [&](const Phase *phase) { return phase->name == name.getValue(); };
  const auto *last = find_if(all, isLast);
  if (last == all.end())
    return createStringError("expected a phase of target '" + plan.target->getName() + "' in '" +
                             kPhaseAttr + "', got '" + name.getValue() + "'");
  const auto *planned = find_if(plan.phases, isLast);
  if (planned == plan.phases.end())
    return createStringError(
        "expected a phase behind '" + name.getValue() +
        "', after which the module is, got --compile-to=" + plan.phases.back()->name);
  first = std::next(planned) - plan.phases.begin();
  report("going on after phase " + name.getValue());
  if (isTargetPhase(**planned))
    if (Error error = adoptTarget())
      return error;
  bool isPlanned = false;
  for (const Phase *phase : ArrayRef(plan.phases).take_front(first))
    isPlanned |= phase->role == PhaseRole::PlansMemory;
  if ((*planned)->role == PhaseRole::PlansMemory)
    noteMemory();
  else if (isPlanned && options.selfTestTokens.value_or(0) > 0)
    return createStringError("expected no --self-test after phase '" + name.getValue() +
                             "', whose module the reference cannot go on with");
  if (first == plan.phases.size())
    renameEntryPoints();
  return Error::success();
}

/// The function to differentiate, if one is wanted: the one that was named, or the only one.
Error PhaseRunner::findFunction() {
  if (options.function != "gradient" || first > 0)
    return Error::success();
  SmallVector<StringRef> names;
  for (auto func : model.module->getOps<mlir::func::FuncOp>())
    if (isOrdinary(func) && func.isPublic())
      names.push_back(func.getName());
  bool isNamed = !options.differentiate.empty();
  if (isNamed ? !is_contained(names, options.differentiate) : names.size() != 1)
    return createStringError("expected " +
                             Twine(isNamed
                                       ? "a function for --differentiate"
                                       : "--differentiate=NAME with several functions or none") +
                             ", one of '" + join(names, "', '") + "'" +
                             (isNamed ? ", got '" + options.differentiate + "'" : ""));
  plan.pipeline.differentiate = names.size() == 1 ? names.front().str() : options.differentiate;
  plan.pipeline.withRespectTo = options.withRespectTo;
  return Error::success();
}

Error PhaseRunner::run() {
  if (Error error = skipPhases())
    return error;
  if (Error error = findFunction())
    return error;
  // As ternary-train does.
  int64_t most = model.info.maxTokens > 0 ? std::min<int64_t>(512, model.info.maxTokens) : 512;
  plan.pipeline.tokens = options.sequenceLength.value_or(most);
  if (plan.attribute)
    (*model.module)->setAttr(kTargetAttr, plan.attribute);
  for (const Phase *phase : ArrayRef(plan.phases).drop_front(first)) {
    if (phase->role == PhaseRole::Differentiates && !plan.pipeline.differentiates())
      continue;
    if (Error error = runPhase(*phase))
      return error;
    // The next phase decides what is computed again.
    bool goesOn = phase != plan.phases.back();
    if (phase->role == PhaseRole::Differentiates && options.memoryBudget && goesOn)
      if (Error error = fitMemoryBudget(*options.memoryBudget, plan, model, context, report))
        return error;
    if (phase->role == PhaseRole::BindsWeights)
      countWeights(*model.module, model.info);
    if (phase->role == PhaseRole::PlansMemory)
      noteMemory();
    if (phase->role != PhaseRole::Other && model.info.hasSteps)
      saveSummary(*model.module, model.info);
    if (Error error = dump(*phase))
      return error;
  }
  return Error::success();
}
