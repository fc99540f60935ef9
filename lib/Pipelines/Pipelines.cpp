//===- Pipelines.cpp - The only place where passes are strung together --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Pipelines/Pipelines.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "ternary/Conversion/Microkernels.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

using namespace mlir;
using namespace ternary;

ArrayRef<PhaseInfo> ternary::getPhases() {
  static const PhaseInfo phases[] = {
      {Phase::Graph, "graph", "layers on tensors; parameters are arguments"},
      {Phase::Differentiate, "differentiate", "gradient of the loss, optimiser (training only)"},
      {Phase::Quantize, "quantize", "layers taken apart; ternary weights multiply integers"},
      {Phase::Fuse, "fuse", "kernel ops only, each one loop nest to be"},
      {Phase::Pack, "pack", "weights in the target's layout, parameters bound to the archive"},
      {Phase::Bufferize, "bufferize", "memory for tensors, one workspace, each kernel once"},
      {Phase::Lower, "lower", "LLVM dialect"},
  };
  return phases;
}

std::optional<Phase> ternary::lookupPhase(StringRef name) {
  for (const PhaseInfo &info : getPhases())
    if (info.name == name)
      return info.phase;
  return std::nullopt;
}

static void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Common subexpressions go first: norms of one input share their statistics then.
static void buildQuantize(OpPassManager &pm, const PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createTernaryDecompose());
  addCleanup(pm);
  // For all targets alike, and before it is chosen what is kept: the numbers do not depend on it.
  if (options.training && options.activations == ActivationType::BF16)
    pm.addNestedPass<func::FuncOp>(createTernaryNarrowActivations());
  if (options.training && !options.reference && options.recompute != Recompute::None) {
    TernaryRematerialiseOptions recompute;
    recompute.recompute = options.recompute;
    recompute.budget = options.workspaceBudget;
    recompute.tokens = options.tokens;
    pm.addNestedPass<func::FuncOp>(createTernaryRematerialise(recompute));
    // Values that are computed again in one place have ops in common. Where memory is what counts,
    // what a block computes is not to live until another part of it needs the same.
    if (options.recompute == Recompute::Rows)
      pm.addPass(createCSEPass());
  }
  if (!options.reference && options.fuse && !options.training)
    pm.addNestedPass<func::FuncOp>(createTernaryMergeProjections());
}

/// Linear kernels first: what they absorb is not left for row kernels.
static void buildFuse(OpPassManager &pm, const PipelineOptions &options) {
  bool fuse = options.fuse && !options.reference;
  TernaryFuseLinearOptions linear;
  linear.epilogue = linear.squareSums = fuse;
  pm.addNestedPass<func::FuncOp>(createTernaryFuseLinear(linear));
  if (options.training) {
    TernaryFormKernelsOptions sums;
    sums.accumulate = true;
    pm.addNestedPass<func::FuncOp>(createTernaryFormKernels(sums));
  }
  TernaryFuseRowsOptions rows;
  rows.fuse = fuse;
  pm.addNestedPass<func::FuncOp>(createTernaryFuseRows(rows));
  pm.addNestedPass<func::FuncOp>(createTernaryFormKernels());
  // Without CSE from here on: it would merge the empty tensors that become buffers.
  pm.addPass(createCanonicalizerPass());
}

static void buildPack(OpPassManager &pm, const PipelineOptions &options) {
  TernaryPackOptions pack;
  if (options.reference) {
    pack.lanes = pack.depth = pack.planes = pack.vectors = 1;
  } else if (const Microkernel *microkernel = lookupMicrokernel(options.kernel)) {
    pack.lanes = microkernel->lanes;
    pack.depth = microkernel->depth;
    pack.planes = Microkernel::kPlanes;
    pack.vectors = microkernel->vectors;
    // In training weights change, and many rows share what is read of one.
    pack.panelRows = options.training ? 0 : Microkernel::kPanelColumns;
  }
  pm.addNestedPass<func::FuncOp>(createTernaryPack(pack));
  if (options.training)
    pm.addPass(createTernaryBindTrainingBlocks());
  else
    pm.addPass(createTernaryBindParameters());
}

/// Destinations are propagated to producers before memory is given out, so that logits
/// and state are written where they belong.
static void buildBufferize(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(bufferization::createEmptyTensorEliminationPass());
  pm.addPass(createTernaryBufferize());
  addCleanup(pm);
  // Once more: only now does a slice that was updated in place equal its destination.
  pm.addPass(createCanonicalizerPass());
  pm.addPass(memref::createFoldMemRefAliasOpsPass());
  pm.addPass(createTernaryOutlineKernels());
  pm.addPass(createTernaryPlanWorkspace());
  addCleanup(pm);
}

static void buildLower(OpPassManager &pm, const PipelineOptions &options) {
  if (options.reference) {
    pm.addPass(createTernaryToLoops());
  } else {
    TernaryToVectorOptions vector;
    vector.kernel = options.kernel;
    pm.addPass(createTernaryToVector(vector));
  }
  TernaryParallelToThreadsOptions parallel;
  parallel.threads = options.threads && !options.reference;
  pm.addPass(createTernaryParallelToThreads(parallel));
  pm.addPass(createTernaryExpandMath());
  TernaryEmulateHalfFloatsOptions halves;
  const Microkernel *microkernel = options.reference ? nullptr : lookupMicrokernel(options.kernel);
  halves.f16Conversions = microkernel && microkernel->convertsF16();
  pm.addPass(createTernaryEmulateHalfFloats(halves));
  if (options.training)
    pm.addPass(createConvertMathToFuncs()); // powers
  TernaryEmitEntryPointsOptions entryPoints;
  entryPoints.prefix = options.prefix;
  pm.addPass(createTernaryEmitEntryPoints(entryPoints));
  addCleanup(pm);

  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  // From the bottom up: a memref is a chain of insertions into a struct by now, of which
  // the last one tells what an extraction yields.
  GreedyRewriteConfig bottomUp;
  bottomUp.setUseTopDownTraversal(false);
  pm.addPass(createCanonicalizerPass(bottomUp));
  pm.addPass(createCSEPass());
}

void ternary::buildPhasePipeline(OpPassManager &pm, Phase phase, const PipelineOptions &options) {
  switch (phase) {
  case Phase::Graph:
    break;
  case Phase::Differentiate:
    // A loss is differentiated as one block, so calls go first.
    pm.addPass(createInlinerPass());
    pm.addPass(createTernaryDifferentiate());
    if (options.gradientPrecision == GradientPrecision::Int8)
      pm.addNestedPass<func::FuncOp>(createTernaryNarrowGradients());
    pm.addPass(createTernaryBuildOptimizer());
    break;
  case Phase::Quantize:
    buildQuantize(pm, options);
    break;
  case Phase::Fuse:
    buildFuse(pm, options);
    break;
  case Phase::Pack:
    buildPack(pm, options);
    break;
  case Phase::Bufferize:
    buildBufferize(pm);
    break;
  case Phase::Lower:
    buildLower(pm, options);
    break;
  }
  TernaryCheckPhaseOptions guard;
  guard.phase = getPhases()[static_cast<size_t>(phase)].name.str();
  pm.addPass(createTernaryCheckPhase(guard));
}

void ternary::buildPipeline(OpPassManager &pm, Phase last, const PipelineOptions &options) {
  for (const PhaseInfo &info : getPhases().take_front(static_cast<size_t>(last) + 1))
    if (info.phase != Phase::Differentiate || options.training)
      buildPhasePipeline(pm, info.phase, options);
}

void ternary::registerPipelines() {
  static const SmallVector<std::string> names = [] {
    SmallVector<std::string> names;
    for (const PhaseInfo &info : getPhases())
      names.push_back(("ternary-to-" + info.name).str());
    return names;
  }();
  // The pipeline registry keeps what it is given for good, as static objects do elsewhere.
  for (const PhaseInfo &info : getPhases().drop_front())
    PassPipelineRegistration<PipelineOptions>(
        names[static_cast<size_t>(info.phase)], info.description,
        [&info](OpPassManager &pm, const PipelineOptions &given) {
          PipelineOptions options;
          options.copyOptionValuesFrom(given);
          // The phase that only training has.
          options.training = given.training || info.phase == Phase::Differentiate;
          buildPipeline(pm, info.phase, options);
        });
  PassPipelineRegistration<PipelineOptions>("ternary-to-cpu",
                                            "all phases for the CPU, down to the LLVM dialect",
                                            [](OpPassManager &pm, const PipelineOptions &options) {
                                              buildPipeline(pm, Phase::Lower, options);
                                            });
  PassPipelineRegistration<PipelineOptions>(
      "ternary-to-reference", "all phases for the reference target, down to the LLVM dialect",
      [](OpPassManager &pm, const PipelineOptions &given) {
        PipelineOptions options;
        options.copyOptionValuesFrom(given);
        options.reference = true;
        buildPipeline(pm, Phase::Lower, options);
      });
}
