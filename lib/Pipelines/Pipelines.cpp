//===- Pipelines.cpp - Phases strung together -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Pipelines/Pipelines.h"
#include "mlir/Pass/PassRegistry.h"
#include "ternary/Pipelines/Passes.h"
#include "ternary/kernels.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace ternary;

SmallVector<const Phase *> ternary::getPhases(const Target &target) {
  SmallVector<const Phase *> phases;
  for (const Phase &phase : getCommonPhases())
    phases.push_back(&phase);
  for (const Phase &phase : target.getPhases())
    phases.push_back(&phase);
  return phases;
}

bool ternary::isTargetPhase(const Phase &phase) {
  return llvm::none_of(getCommonPhases(), [&](const Phase &known) { return &known == &phase; });
}

void ternary::buildPhasePipeline(OpPassManager &pm, const Phase &phase, const Target &target,
                                 const PipelineOptions &options) {
  phase.build(pm, target, options);
  TernaryCheckPhaseOptions guard;
  guard.phase = phase.name.str();
  pm.addPass(createTernaryCheckPhase(guard));
}

//===----------------------------------------------------------------------===//
// Pipelines of ternary-opt
//===----------------------------------------------------------------------===//

namespace {
#define KERNEL(name, architecture, features, permission) " " name
/// With the words that say what a module is compiled for, if it does not say so itself.
struct TargetPipelineOptions : PipelineOptions {
  Option<std::string> target{*this, "target", llvm::cl::desc("Name of the target (cpu)"),
                             llvm::cl::init("")};
  Option<std::string> kernel{
      *this, "kernel",
      llvm::cl::desc("Microkernels instead of the module's:" TERNARY_KERNELS(KERNEL)),
      llvm::cl::init("")};
  Option<bool> threads{*this, "threads", llvm::cl::desc("Share loops among threads"),
                       llvm::cl::init(true)};
};
#undef KERNEL
} // namespace

/// All phases up to and with the one called `last`.
static void buildPipeline(OpPassManager &pm, StringRef last, const Target &target,
                          const TargetPipelineOptions &given) {
  TargetPipelineOptions options;
  options.copyOptionValuesFrom(given);
  SmallVector<const Phase *> phases = getPhases(target);
  const auto *end = llvm::find_if(phases, [&](const Phase *phase) { return phase->name == last; });
  // Phases that all targets have in common need none, but what is said of one has to be right.
  bool isGiven = !given.target.empty() || !given.kernel.empty() || given.threads.hasValue();
  if (isGiven || end == phases.end() || isTargetPhase(**end)) {
    TernarySetTargetOptions setTarget;
    setTarget.target = target.getName().str();
    setTarget.kernel = given.kernel;
    if (given.threads.hasValue())
      setTarget.threads = given.threads ? "team" : "none";
    pm.addPass(createTernarySetTarget(setTarget));
  }
  // A phase of another target: the guard says which there are.
  if (end == phases.end()) {
    TernaryCheckPhaseOptions guard;
    guard.phase = last.str();
    pm.addPass(createTernaryCheckPhase(guard));
    return;
  }
  // Whoever asks for that phase and for no function trains.
  if ((*end)->role == PhaseRole::Differentiates && !options.differentiates())
    options.training = true;
  for (const Phase *phase : ArrayRef(phases).take_front(end - phases.begin() + 1))
    if (phase->role != PhaseRole::Differentiates || options.differentiates())
      buildPhasePipeline(pm, *phase, target, options);
  if (*end == phases.back())
    pm.addPass(createTernaryStripAttributes());
}

/// The first target that has the phase.
static const Target *findTargetWith(StringRef phase) {
  const auto *found = llvm::find_if(getTargets(), [&](const auto &target) {
    return llvm::any_of(getPhases(*target),
                        [&](const Phase *known) { return known->name == phase; });
  });
  return found->get();
}

void ternary::registerPipelines() {
  llvm::StringSet<> registered;
  // The pipeline registry keeps what it is given for good, as static objects do elsewhere.
  auto add = [&](StringRef name, StringRef description, StringRef last, const Target *fixed) {
    static llvm::StringSet<> names;
    StringRef kept = names.insert(("ternary-to-" + name).str()).first->getKey();
    if (!registered.insert(kept).second)
      return;
    PassPipelineRegistration<TargetPipelineOptions>(
        kept, description, [=](OpPassManager &pm, const TargetPipelineOptions &options) {
          const Target *target = fixed                    ? fixed
                                 : options.target.empty() ? findTargetWith(last)
                                                          : lookupTarget(options.target);
          if (target)
            return buildPipeline(pm, last, *target, options);
          // The pass says which targets there are.
          TernarySetTargetOptions unknown;
          unknown.target = options.target;
          pm.addPass(createTernarySetTarget(unknown));
        });
  };
  for (const auto &target : getTargets()) {
    SmallVector<const Phase *> phases = getPhases(*target);
    for (const Phase *phase : ArrayRef(phases).drop_front())
      add(phase->name, phase->description, phase->name, nullptr);
    add(target->getName(), target->getDescription(), phases.back()->name, target.get());
  }
}
