//===- CheckPhase.cpp - The guard at the end of a phase ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pass skips what it does not know, so an op that no pass of a phase knows would be
// found by a later one that expects something else, or by nobody. Here it is named
// where it should have gone.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Pipelines/Passes.h"
#include "ternary/Pipelines/Pipelines.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYCHECKPHASE
#include "ternary/Pipelines/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
struct CheckPhase : ternary::impl::TernaryCheckPhaseBase<CheckPhase> {
  using TernaryCheckPhaseBase::TernaryCheckPhaseBase;

  void runOnOperation() override {
    SmallVector<const Phase *> phases;
    if (const Target *target = lookupTargetOf(getOperation()))
      phases = getPhases(*target);
    else
      for (const Phase &common : getCommonPhases())
        phases.push_back(&common);
    const auto *found =
        llvm::find_if(phases, [&](const Phase *known) { return known->name == phase; });
    if (found == phases.end()) {
      InFlightDiagnostic error = getOperation()->emitError("expected a phase of ");
      llvm::interleaveComma(phases, error,
                            [&](const Phase *known) { error << "'" << known->name << "'"; });
      error << ", got '" << phase << "'";
      return signalPassFailure();
    }
    const Phase &rule = **found;
    auto result = getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) -> WalkResult {
      if (!rule.isAllowed(op))
        return op->emitError() << "expected " << rule.allowed << " after phase '" << phase
                               << "', got '" << op->getName() << "'";
      if (rule.check && failed(rule.check(op, phase)))
        return WalkResult::interrupt();
      // What a kernel computes is part of it; an archive is made by the compiler.
      return isa<KernelOpInterface, ArchiveOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    if (isa<ModuleOp>(getOperation()))
      getOperation()->setAttr(kPhaseAttr, StringAttr::get(&getContext(), phase));
    markAllAnalysesPreserved();
  }
};
} // namespace
