//===- HostPhases.cpp - From kernels to the LLVM dialect ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostTarget.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "ternary/Conversion/ParallelLoops.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "ternary/Pipelines/PipelineOptions.h"
#include "ternary/Target/PhaseRules.h"

using namespace mlir;
using namespace ternary;

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

static void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildPack(OpPassManager &pm, const Target &, const PipelineOptions &options) {
  TernaryPackOptions pack;
  // In training weights change, and many rows share what is read of one.
  pack.floats = !options.training;
  pm.addNestedPass<func::FuncOp>(createTernaryPack(pack));
  if (options.training)
    pm.addPass(createTernaryBindTrainingBlocks());
  else
    pm.addPass(createTernaryBindParameters());
}

/// Destinations are propagated to producers before memory is given out, so that logits
/// and state are written where they belong.
static void buildBufferize(OpPassManager &pm, const Target &, const PipelineOptions &) {
  pm.addNestedPass<func::FuncOp>(bufferization::createEmptyTensorEliminationPass());
  // Of these branches and loops know that they are row by row.
  pm.addNestedPass<func::FuncOp>(bufferization::createEmptyTensorToAllocTensorPass());
  pm.addPass(createTernaryBufferize());
  addCleanup(pm);
  // Once more: only now does a slice that was updated in place equal its destination.
  pm.addPass(createCanonicalizerPass());
  pm.addPass(memref::createFoldMemRefAliasOpsPass());
  pm.addPass(createTernaryOutlineKernels());
  pm.addPass(createTernaryPlanWorkspace());
  addCleanup(pm);
}

static void buildExpand(OpPassManager &pm, const Target &target, const PipelineOptions &) {
  static_cast<const HostTarget &>(target).lowerKernels(pm);
  if (target.fuses())
    pm.addNestedPass<func::FuncOp>(createTernaryOrderLoops());
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
}

static void buildLower(OpPassManager &pm, const Target &, const PipelineOptions &options) {
  pm.addPass(createTernaryParallelToThreads());
  // Of arithmetic on halves, which only functions of others have, conversions are left.
  pm.addPass(math::createMathExtendToSupportedTypes());
  arith::ArithEmulateUnsupportedFloatsOptions halves;
  halves.sourceTypeStrs = {"f16", "bf16"};
  pm.addPass(arith::createArithEmulateUnsupportedFloats(halves));
  pm.addPass(createTernaryKeepRoundings());
  pm.addPass(createTernaryExpandMath());
  if (options.training)
    pm.addPass(createConvertMathToFuncs()); // powers
  TernaryEmitEntryPointsOptions entryPoints;
  entryPoints.prefix = options.prefix;
  entryPoints.forC = options.forC;
  pm.addPass(createTernaryEmitEntryPoints(entryPoints));
  // C sees which integers are halves.
  pm.addPass(createTernaryEmulateHalfFloats());
  addCleanup(pm);

  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  // From the bottom up: a memref is a chain of insertions into a struct by now, of which
  // the last one tells what an extraction yields.
  GreedyRewriteConfig bottomUp;
  bottomUp.setUseTopDownTraversal(false);
  pm.addPass(createCanonicalizerPass(bottomUp));
  pm.addPass(createCSEPass());
}

//===----------------------------------------------------------------------===//
// What remains
//===----------------------------------------------------------------------===//

static bool isBoundOp(Operation *op) {
  return isKernelOrUpstream(op) || isa<ArchiveOp, ParameterOp>(op);
}

static bool isOnMemory(Operation *op) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  if (auto func = dyn_cast<func::FuncOp>(op))
    return llvm::none_of(func.getArgumentTypes(), isTensor) &&
           llvm::none_of(func.getResultTypes(), isTensor);
  return llvm::none_of(op->getOperandTypes(), isTensor) &&
         llvm::none_of(op->getResultTypes(), isTensor);
}

/// What kernels compute is loops over scalars and vectors now. Activations of these stay, as other
/// functions do, until ternary-expand-math.
static bool isExpanded(Operation *op) {
  return isa<ActivateOp, ArchiveOp, ParameterOp, WeightMemoryOp>(op) ||
         !isOfDialect<TernaryDialect, linalg::LinalgDialect>(op);
}

/// Whoever emits an object writes archives to a file before.
static bool isTranslatable(Operation *op) {
  return isa<ModuleOp, ArchiveOp>(op) || isOfDialect<LLVM::LLVMDialect>(op);
}

static LogicalResult checkParameters(Operation *op, StringRef phase) {
  auto func = dyn_cast<func::FuncOp>(op);
  if (!func)
    return success();
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
    if (auto name = func.getArgAttrOfType<StringAttr>(i, kParameterAttr))
      return op->emitError() << "expected parameters in the archive after phase '" << phase
                             << "', got '" << name.getValue() << "' as argument " << i;
  return success();
}

static LogicalResult checkMemory(Operation *op, StringRef phase) {
  auto func = op->getParentOfType<func::FuncOp>();
  std::optional<Step> step = func ? getStep(func) : std::nullopt;
  if (!step)
    return success();
  if (isa<memref::AllocOp>(op))
    return op->emitError() << "expected all memory of a step in its workspace after phase '"
                           << phase << "', got '" << op->getName() << "'";
  if (step == Step::Decode && isa<memref::CopyOp, linalg::CopyOp>(op))
    return op->emitError() << "expected no copies in a decode step after phase '" << phase
                           << "', got '" << op->getName() << "'";
  return success();
}

/// The lowerings of kernels promise this, and the mapping to threads relies on it. Loops of other
/// functions are run by one thread.
static LogicalResult checkLoops(Operation *op, StringRef) {
  auto func = dyn_cast<func::FuncOp>(op);
  return func && !isOrdinary(func) ? verifyParallelLoops(func) : success();
}

ArrayRef<Phase> HostTarget::getPhases() const {
  static const Phase phases[] = {
      {"pack", "weights in the target's layout, parameters bound to the archive", buildPack,
       "kernels, memory and upstream's ops", isBoundOp, checkParameters, PhaseRole::BindsWeights},
      {"bufferize", "memory for tensors, one workspace, each kernel once", buildBufferize,
       "memory in place of tensors", isOnMemory, checkMemory, PhaseRole::PlansMemory},
      {"expand", "kernels as loops, each iteration with memory of its own", buildExpand,
       "loops, vectors and scalars in place of kernels", isExpanded, checkLoops},
      {"lower", "LLVM dialect", buildLower, "ops that translate to LLVM IR", isTranslatable},
  };
  return phases;
}
