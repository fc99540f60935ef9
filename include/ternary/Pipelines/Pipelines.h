//===- Pipelines.h - Phases and the pipelines that carry them out -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_PIPELINES_PIPELINES_H
#define TERNARY_PIPELINES_PIPELINES_H

#include "ternary/Pipelines/PipelineOptions.h"
#include "ternary/Target/Target.h"

namespace ternary {

/// The phases that all targets share, in order.
llvm::ArrayRef<Phase> getCommonPhases();

/// The whole way of a module to a target: the common phases and the target's own.
llvm::SmallVector<const Phase *> getPhases(const Target &target);

/// Whether a phase belongs to the target, whose attribute a module has to carry from there on.
bool isTargetPhase(const Phase &phase);

/// Adds the passes that lead from the phase before to the end of `phase`, and its guard.
void buildPhasePipeline(mlir::OpPassManager &pm, const Phase &phase, const Target &target,
                        const PipelineOptions &options);

/// `--ternary-to-PHASE` for every phase after the first of any target, and `--ternary-to-TARGET`
/// for every target.
void registerPipelines();

} // namespace ternary

#endif // TERNARY_PIPELINES_PIPELINES_H
