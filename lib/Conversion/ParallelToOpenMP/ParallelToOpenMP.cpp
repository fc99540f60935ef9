//===- ParallelToOpenMP.cpp - Parallel loops share one team of threads ------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A decode step runs some hundred kernels of a few microseconds each: waking threads
// for every one of them would cost as much as the work. So a step forks once, every
// thread runs the step's calls, and the loops inside kernels are divided among them;
// the barrier at the end of each loop is all that is left to wait for. The step's body
// moves into the parallel region as a whole, views included: recomputing an address is
// cheaper than handing it to every thread.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYPARALLELTOOPENMP
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// Marks the functions that hold kernels.
constexpr StringLiteral kKernelAttr = "ternary.kernel";

/// Whether `memref` is memory that each thread has for itself.
bool isThreadLocal(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref.getDefiningOp<memref::AllocaOp>();
}

/// Whether every thread may run `op`: it writes to no memory that threads share.
bool isRepeatable(Operation *op) {
  auto effects = getEffectsRecursively(op);
  return effects && llvm::all_of(*effects, [](const MemoryEffects::EffectInstance &effect) {
           return isa<MemoryEffects::Read>(effect.getEffect()) ||
                  effect.getResource() == SideEffects::AutomaticAllocationScopeResource::get() ||
                  (effect.getValue() && isThreadLocal(effect.getValue()));
         });
}

/// Stack memory that the loop `op` allocates is freed by each iteration. Loops of other
/// dialects are no scope of their own, so say so.
void addAllocaScope(RewriterBase &rewriter, scf::ParallelOp op) {
  bool hasAlloca = false;
  op.walk([&](memref::AllocaOp alloca) {
    hasAlloca |= alloca->getParentWithTrait<OpTrait::AutomaticAllocationScope>() == op;
  });
  if (!hasAlloca)
    return;
  rewriter.setInsertionPointToStart(op.getBody());
  auto scope = memref::AllocaScopeOp::create(rewriter, op.getLoc(), TypeRange());
  Block *body = rewriter.createBlock(&scope.getBodyRegion());
  auto inside = llvm::make_range(std::next(scope->getIterator()),
                                 op.getBody()->getTerminator()->getIterator());
  for (Operation &inner : llvm::make_early_inc_range(inside))
    rewriter.moveOpBefore(&inner, body, body->end());
  rewriter.setInsertionPointToEnd(body);
  memref::AllocaScopeReturnOp::create(rewriter, op.getLoc(), ValueRange());
}

class ParallelToOpenMP : public ternary::impl::TernaryParallelToOpenMPBase<ParallelToOpenMP> {
public:
  using TernaryParallelToOpenMPBase::TernaryParallelToOpenMPBase;

  void runOnOperation() override {
    SymbolTableCollection symbols;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      bool isStep = func->hasAttr(kStepAttr);
      if (func.isDeclaration() || (!isStep && !func->hasAttr(kKernelAttr)))
        continue;
      if (failed(convertLoops(func)) || (openmp && failed(runOnceEach(func.getBody(), symbols))) ||
          (isStep && failed(addThreads(func))))
        return signalPassFailure();
    }
  }

private:
  LogicalResult convertLoops(func::FuncOp func) {
    IRRewriter rewriter(&getContext());
    // Inner loops come first, while what surrounds them is still there to see.
    auto result = func.walk([&](scf::ParallelOp op) -> WalkResult {
      if (op.getNumResults() != 0)
        return op.emitError("expected a parallel loop without reductions");
      addAllocaScope(rewriter, op);
      rewriter.setInsertionPoint(op);
      if (openmp && !op->getParentOfType<scf::ParallelOp>())
        return shareLoop(rewriter, op);
      return LogicalResult(scf::parallelForToNestedFors(rewriter, op));
    });
    return failure(result.wasInterrupted());
  }

  /// Divides a loop among the threads that arrive at it.
  LogicalResult shareLoop(RewriterBase &rewriter, scf::ParallelOp op) {
    if (op.getNumLoops() != 1)
      return op.emitError() << "expected a parallel loop of one dimension, got "
                            << op.getNumLoops();
    Location loc = op.getLoc();
    omp::WsloopOperands shared;
    // Equal tiles: a thread meets the same part of a weight at every token.
    shared.scheduleKind =
        omp::ClauseScheduleKindAttr::get(&getContext(), omp::ClauseScheduleKind::Static);
    auto wsloop = omp::WsloopOp::create(rewriter, loc, shared);
    rewriter.createBlock(&wsloop.getRegion());
    omp::LoopNestOperands bounds;
    llvm::append_range(bounds.loopLowerBounds, op.getLowerBound());
    llvm::append_range(bounds.loopUpperBounds, op.getUpperBound());
    llvm::append_range(bounds.loopSteps, op.getStep());
    auto nest = omp::LoopNestOp::create(rewriter, loc, bounds);
    rewriter.inlineRegionBefore(op.getRegion(), nest.getRegion(), nest.getRegion().end());
    Operation *terminator = nest.getRegion().front().getTerminator();
    rewriter.setInsertionPoint(terminator);
    rewriter.replaceOpWithNewOp<omp::YieldOp>(terminator, ValueRange());
    rewriter.eraseOp(op);
    ++numLoops;
    return success();
  }

  /// Lets one thread alone run what must not be done twice, while the others wait.
  LogicalResult runOnceEach(Region &region, SymbolTableCollection &symbols) {
    for (Operation &op : llvm::make_early_inc_range(region.getOps())) {
      if (isa<omp::WsloopOp>(op) || isKernelCall(&op, symbols))
        continue;
      auto result = op.walk([&](Operation *inner) {
        return isa<omp::WsloopOp>(inner) || isKernelCall(inner, symbols) ? WalkResult::interrupt()
                                                                         : WalkResult::advance();
      });
      if (result.wasInterrupted()) {
        for (Region &inner : op.getRegions())
          if (failed(runOnceEach(inner, symbols)))
            return failure();
        continue;
      }
      if (op.hasTrait<OpTrait::IsTerminator>() || isRepeatable(&op))
        continue;
      if (op.getNumResults() != 0)
        return op.emitOpError() << "expected no results of an op that one thread alone can run, "
                                   "got "
                                << op.getNumResults();
      OpBuilder builder(&op);
      auto single = omp::SingleOp::create(builder, op.getLoc(), omp::SingleOperands());
      builder.createBlock(&single.getRegion());
      Operation *end = omp::TerminatorOp::create(builder, op.getLoc());
      op.moveBefore(end);
      ++numSingles;
    }
    return success();
  }

  static bool isKernelCall(Operation *op, SymbolTableCollection &symbols) {
    auto call = dyn_cast<func::CallOp>(op);
    if (!call)
      return false;
    auto callee = symbols.lookupNearestSymbolFrom<func::FuncOp>(op, call.getCalleeAttr());
    return callee && callee->hasAttr(kKernelAttr);
  }

  /// Adds the number of threads to the arguments of a step and starts them around its body.
  LogicalResult addThreads(func::FuncOp func) {
    OpBuilder builder(&getContext());
    unsigned index = func.getNumArguments();
    auto attrs = builder.getDictionaryAttr(
        builder.getNamedAttr(kRoleAttr, builder.getStringAttr("threads")));
    (void)func.insertArgument(index, builder.getI32Type(), attrs, func.getLoc());
    if (!openmp)
      return success();
    if (func.getNumResults() != 0 || !llvm::hasSingleElement(func.getBody()))
      return func.emitError("expected a step of one block without results");
    Block &body = func.getBody().front();
    builder.setInsertionPointToStart(&body);
    omp::ParallelOperands team;
    team.numThreads = func.getArgument(index);
    auto parallel = omp::ParallelOp::create(builder, func.getLoc(), team);
    Block *inside = builder.createBlock(&parallel.getRegion());
    inside->getOperations().splice(inside->end(), body.getOperations(),
                                   std::next(parallel->getIterator()),
                                   body.getTerminator()->getIterator());
    omp::TerminatorOp::create(builder, func.getLoc());
    return success();
  }
};
} // namespace
