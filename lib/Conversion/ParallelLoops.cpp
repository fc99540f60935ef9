//===- ParallelLoops.cpp - What holds for parallel loops of kernels -------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Conversion/ParallelLoops.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

/// The stack memory that `memref` lies in, or null.
static memref::AllocaOp findAlloca(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref.getDefiningOp<memref::AllocaOp>();
}

/// Errors if an iteration writes to stack memory that stands outside of the loop: all iterations
/// would share it.
static LogicalResult verifyScratch(scf::ParallelOp loop) {
  auto result = loop.getRegion().walk([&](MemoryEffectOpInterface op) -> WalkResult {
    SmallVector<MemoryEffects::EffectInstance> effects;
    op.getEffects(effects);
    for (const MemoryEffects::EffectInstance &effect : effects) {
      memref::AllocaOp alloca = effect.getValue() ? findAlloca(effect.getValue()) : nullptr;
      if (alloca && isa<MemoryEffects::Write>(effect.getEffect()) &&
          !loop->isProperAncestor(alloca)) {
        InFlightDiagnostic error = op->emitOpError(
            "expected an iteration to write to stack memory of its own, got memory that all "
            "iterations share");
        error.attachNote(alloca.getLoc()) << "allocated here";
        return error;
      }
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult ternary::verifyParallelLoops(func::FuncOp func) {
  auto result = func.walk<WalkOrder::PreOrder>([](scf::ParallelOp loop) -> WalkResult {
    if (loop.getNumResults() != 0)
      return loop.emitError("expected a parallel loop without reductions");
    // Loops in an iteration are run by whoever runs the iteration.
    if (loop->getParentOfType<scf::ParallelOp>())
      return WalkResult::advance();
    if (loop.getNumLoops() != 1)
      return loop.emitError() << "expected a parallel loop of one dimension, got "
                              << loop.getNumLoops();
    if (failed(verifyScratch(loop)))
      return failure();
    return loop.getRegion().walk([](memref::AllocaOp alloca) -> WalkResult {
      MemRefType type = alloca.getType();
      if (!type.hasStaticShape() || alloca->getNumOperands() != 0)
        return alloca.emitOpError(
                   "expected stack memory of an iteration to be of static size, got ")
               << type;
      return WalkResult::advance();
    });
  });
  return failure(result.wasInterrupted());
}
