//===- PhaseRunner.h - Running the phases of a compilation ------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_PHASERUNNER_H
#define TERNARY_LIB_DRIVER_PHASERUNNER_H

#include "CompileOptions.h"
#include "Frontend.h"

namespace ternary {

/// Takes a model through the phases of a plan: runs them, times them, writes their dumps, and
/// notes what the runtime has to know.
class PhaseRunner {
public:
  PhaseRunner(const CompileOptions &options, CompilePlan &plan, ImportedModel &model,
              GraphContext &context, ReportFn report)
      : options(options), plan(plan), model(model), context(context), report(report) {}

  llvm::Error run();

  /// The module as it was after the phase that plans memory, if a self-test is to be computed from
  /// it; otherwise null.
  mlir::OwningOpRef<mlir::ModuleOp> takePlanned() { return std::move(planned); }

private:
  llvm::Error skipPhases();
  llvm::Error findFunction();
  llvm::Error adoptTarget();
  void renameEntryPoints();
  llvm::Error runPhase(const Phase &phase);
  llvm::Error dump(const Phase &phase);
  void noteMemory();

  const CompileOptions &options;
  CompilePlan &plan;
  ImportedModel &model;
  GraphContext &context;
  ReportFn report;
  /// The number of the first phase to run.
  size_t first = 0;
  mlir::OwningOpRef<mlir::ModuleOp> planned;
};

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_PHASERUNNER_H
