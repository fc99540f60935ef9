//===- CommonPhases.cpp - From layers to kernels --------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "ternary/Pipelines/Pipelines.h"
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

static void buildGraph(OpPassManager &, const Target &, const PipelineOptions &) {}

static void buildDifferentiate(OpPassManager &pm, const Target &, const PipelineOptions &options) {
  // A loss is differentiated as one block, so calls go first.
  pm.addPass(createInlinerPass());
  pm.addNestedPass<func::FuncOp>(createTernaryLinalgToElementwise());
  TernaryDifferentiateOptions differentiate;
  differentiate.function = options.differentiate;
  differentiate.withRespectTo.assign(options.withRespectTo.begin(), options.withRespectTo.end());
  pm.addPass(createTernaryDifferentiate(differentiate));
  if (options.gradientPrecision == GradientPrecision::Int8)
    pm.addNestedPass<func::FuncOp>(createTernaryNarrowGradients());
  if (options.training)
    pm.addPass(createTernaryBuildOptimizer());
}

/// Common subexpressions go first: norms of one input share their statistics then.
static void buildQuantize(OpPassManager &pm, const Target &target, const PipelineOptions &options) {
  // Whatever a function calls becomes part of it.
  pm.addPass(createInlinerPass({}, [](OpPassManager &) {}));
  // Behind the gradients, which go through the ops that there were; a model that is made of layers
  // has nothing for it.
  if (options.raiseLinalg && !options.training)
    pm.addNestedPass<func::FuncOp>(createTernaryRaiseLinalg());
  pm.addNestedPass<func::FuncOp>(createTernaryDecompose());
  pm.addNestedPass<func::FuncOp>(createTernaryLinalgToElementwise());
  addCleanup(pm);
  // What a loop makes of a weight from outside is made once. A backward pass has a plan of its own.
  if (!options.training)
    pm.addPass(createLoopInvariantCodeMotionPass());
  // For all targets alike, and before it is chosen what is kept: the numbers do not depend on it.
  if (options.training && options.activations == ActivationType::BF16)
    pm.addNestedPass<func::FuncOp>(createTernaryNarrowActivations());
  if (options.training && target.fuses() && options.recompute != Recompute::None) {
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
  if (target.fuses() && options.fuse && !options.training)
    pm.addNestedPass<func::FuncOp>(createTernaryMergeProjections());
}

/// Linear kernels first: what they absorb is not left for row kernels.
static void buildFuse(OpPassManager &pm, const Target &target, const PipelineOptions &options) {
  bool fuse = options.fuse && target.fuses();
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
  // What is elementwise and no kernel took is upstream's.
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  if (fuse)
    pm.addNestedPass<func::FuncOp>(createLinalgElementwiseOpFusionPass());
  // Sizes come from where they are known, not from what is of them.
  pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  // Without CSE from here on: it would merge the empty tensors that become buffers.
  pm.addPass(createCanonicalizerPass());
}

//===----------------------------------------------------------------------===//
// What remains
//===----------------------------------------------------------------------===//

static bool isQuantizedOp(Operation *op) { return isGraphOp(op) && !isa<ModelOpInterface>(op); }

static bool isFusedOp(Operation *op) {
  return isKernelOrUpstream(op) || isa<BindTimeOpInterface>(op);
}

/// What is left of calls goes to others, who are not asked for tensors' memory.
static LogicalResult checkCalls(Operation *op, StringRef phase) {
  auto call = dyn_cast<func::CallOp>(op);
  if (!call)
    return success();
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, call.getCalleeAttr());
  if (callee && !callee.isDeclaration())
    return op->emitError() << "expected functions that can be inlined after phase '" << phase
                           << "', got a call of @" << call.getCallee()
                           << ", which calls itself, is not to be inlined or has several blocks";
  if (llvm::any_of(op->getOperandTypes(), llvm::IsaPred<TensorType>) ||
      llvm::any_of(op->getResultTypes(), llvm::IsaPred<TensorType>))
    return op->emitError() << "expected calls of external functions on memory and numbers, got @"
                           << call.getCallee() << " of type " << callee.getFunctionType();
  return success();
}

ArrayRef<Phase> ternary::getCommonPhases() {
  static const Phase phases[] = {
      {"graph", "layers on tensors; parameters are arguments", buildGraph, "ops of a graph",
       isGraphOp},
      {"differentiate", "gradient of a loss or function (not for inference)", buildDifferentiate,
       "ops of a graph", isGraphOp, /*check=*/nullptr, PhaseRole::Differentiates},
      {"quantize", "layers taken apart; ternary weights multiply integers", buildQuantize,
       "ops of a graph other than layers", isQuantizedOp, checkCalls},
      {"fuse", "kernel ops, each one loop nest to be, and ops of linalg", buildFuse,
       "kernels, bind-time ops and upstream's ops, none elementwise on tensors,", isFusedOp},
  };
  return phases;
}
