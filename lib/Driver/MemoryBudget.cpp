//===- MemoryBudget.cpp - Training within a budget of memory --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemoryBudget.h"
#include "ModelSummary.h"
#include "mlir/Pass/PassManager.h"
#include "ternary/Pipelines/Pipelines.h"
#include "ternary/abi.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace ternary;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

int64_t ternary::getBlockBytes(const TrainingInfo &info) { return info.blockFloats * 16; }

int64_t ternary::getTrainingBytes(const TrainingInfo &info, int64_t tokens) {
  return getBlockBytes(info) + info.gradient.fixedBytes +
         info.gradient.bytesPerToken * alignTo(tokens, TERNARY_TOKEN_BLOCK);
}

/// The phases from the one behind the gradient to the one that plans memory; none if none does.
static SmallVector<const Phase *> getTrialPhases(const ternary::Target &target) {
  SmallVector<const Phase *> phases = getPhases(target);
  auto has = [](PhaseRole role) { return [=](const Phase *phase) { return phase->role == role; }; };
  auto *first = std::next(find_if(phases, has(PhaseRole::Differentiates)));
  auto *last = find_if(phases, has(PhaseRole::PlansMemory));
  if (last == phases.end())
    return {};
  return SmallVector<const Phase *>(first, std::next(last));
}

/// The pass that chooses goes by an estimate of its own, before kernels are formed, so it is asked
/// for more or less until the plan of memory that comes of it fits with little to spare.
Error ternary::fitMemoryBudget(int64_t budget, CompilePlan &plan, ImportedModel &model,
                               GraphContext &context, ReportFn report) {
  PipelineOptions &pipeline = plan.pipeline;
  TrainingInfo &info = *model.info.training;
  SmallVector<const Phase *> trial = getTrialPhases(*plan.target);
  if (trial.empty())
    return makeError("expected a target that plans memory for --memory-budget, got '" +
                     plan.target->getName() + "'");
  auto megabytes = [](int64_t bytes) { return formatv("{0:f1} MB", bytes * 1e-6).str(); };
  report("finding what to compute again for " + megabytes(budget));
  auto measure = [&](Recompute recompute, int64_t workspaceBudget) -> Expected<int64_t> {
    pipeline.recompute = recompute;
    pipeline.workspaceBudget = workspaceBudget;
    mlir::OwningOpRef<mlir::ModuleOp> module = model.module->clone();
    mlir::PassManager manager(&context.get());
    for (const Phase *phase : trial)
      buildPhasePipeline(manager, *phase, *plan.target, pipeline);
    if (mlir::failed(manager.run(*module)))
      return context.failed("cannot plan the memory of a step");
    readMemorySizes(*module, model.info);
    return getTrainingBytes(info, pipeline.tokens);
  };
  Expected<int64_t> most = measure(Recompute::None, 0);
  if (!most || *most <= budget)
    return most.takeError();
  Expected<int64_t> least = measure(Recompute::Blocks, 0);
  if (!least)
    return least.takeError();
  if (*least > budget)
    return makeError("expected --memory-budget of at least " + megabytes(*least) +
                     " for sequences of " + Twine(pipeline.tokens.getValue()) +
                     " tokens, of which " + megabytes(getBlockBytes(info)) +
                     " are parameters, gradients and moments, got " + megabytes(budget));
  int64_t fits = 1, tooMuch = *most - getBlockBytes(info);
  for (int step = 0; step < 6; ++step) {
    int64_t middle = fits + (tooMuch - fits) / 2;
    Expected<int64_t> planned = measure(Recompute::Blocks, middle);
    if (!planned)
      return planned.takeError();
    (*planned <= budget ? fits : tooMuch) = middle;
  }
  pipeline.workspaceBudget = fits;
  return Error::success();
}
