//===- PhaseRunner.cpp - Running the phases of a compilation --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PhaseRunner.h"
#include "MemoryBudget.h"
#include "ModelSummary.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "ternary/Pipelines/Pipelines.h"
#include "ternary/Support/OutputFile.h"
#include "ternary/Target/SelfTest.h"
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
  return dump(phase);
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

Error PhaseRunner::run() {
  // As ternary-train does.
  int64_t most = model.info.maxTokens > 0 ? std::min<int64_t>(512, model.info.maxTokens) : 512;
  plan.pipeline.tokens = options.sequenceLength.value_or(most);
  if (plan.attribute)
    (*model.module)->setAttr(kTargetAttr, plan.attribute);
  for (const Phase *phase : plan.phases) {
    if (phase->role == PhaseRole::TrainingOnly && !plan.pipeline.training)
      continue;
    if (Error error = runPhase(*phase))
      return error;
    // The next phase decides what is computed again.
    bool goesOn = phase != plan.phases.back();
    if (phase->role == PhaseRole::TrainingOnly && options.memoryBudget && goesOn)
      if (Error error = fitMemoryBudget(*options.memoryBudget, plan, model, context, report))
        return error;
    if (phase->role == PhaseRole::BindsWeights)
      countWeights(*model.module, model.info);
    if (phase->role == PhaseRole::PlansMemory)
      noteMemory();
  }
  return Error::success();
}
