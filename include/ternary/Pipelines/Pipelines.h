//===- Pipelines.h - Phases and the pipelines that carry them out -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_PIPELINES_PIPELINES_H
#define TERNARY_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {

/// The way of a model through the compiler. The names drive `--compile-to`,
/// `--dump-phases` and help; a guard ends each phase.
enum class Phase { Graph, Differentiate, Quantize, Fuse, Pack, Bufferize, Lower };

struct PhaseInfo {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral description;
};

/// All phases in order.
llvm::ArrayRef<PhaseInfo> getPhases();

/// The phase of that name, or none.
std::optional<Phase> lookupPhase(llvm::StringRef name);

/// What the pipelines depend on.
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<bool> reference{*this, "reference",
                         llvm::cl::desc("Lower to scalar loops, unfused, in specification order"),
                         llvm::cl::init(false)};
  Option<std::string> kernel{
      *this, "kernel",
      llvm::cl::desc("Microkernels: amx-int8, avx512vnni, avxvnni, avx2 or portable"),
      llvm::cl::init("portable")};
  Option<bool> fuse{*this, "fuse", llvm::cl::desc("Fuse chains of ops into kernels"),
                    llvm::cl::init(true)};
  Option<bool> training{*this, "training",
                        llvm::cl::desc("Derive the gradient of the loss and compile both"),
                        llvm::cl::init(false)};
  Option<GradientPrecision> gradientPrecision{
      *this, "gradient-precision",
      llvm::cl::desc("What gradients are rounded to in the products of linear layers:"),
      llvm::cl::init(GradientPrecision::High), getGradientPrecisionValues()};
  Option<Recompute> recompute{*this, "recompute",
                              llvm::cl::desc("What the backward pass may compute again:"),
                              llvm::cl::init(Recompute::Rows), getRecomputeValues()};
  Option<ActivationType> activations{
      *this, "activations", llvm::cl::desc("What activations are kept in for the backward pass:"),
      llvm::cl::init(ActivationType::F32), getActivationTypeValues()};
  Option<int64_t> workspaceBudget{
      *this, "workspace-budget",
      llvm::cl::desc("Bytes of workspace that are enough (0: as few as possible)"),
      llvm::cl::init(0)};
  Option<int64_t> tokens{*this, "tokens",
                         llvm::cl::desc("Tokens of a sequence that the budget is for"),
                         llvm::cl::init(512)};
  Option<std::string> prefix{*this, "prefix",
                             llvm::cl::desc("What the names of entry points start with"),
                             llvm::cl::init("")};
  Option<bool> threads{*this, "threads", llvm::cl::desc("Share loops among threads"),
                       llvm::cl::init(true)};
};

/// Adds the passes that lead from the phase before to the end of `phase`. Fails with a
/// diagnostic for options that name nothing.
void buildPhasePipeline(mlir::OpPassManager &pm, Phase phase, const PipelineOptions &options);

/// Adds all phases up to and with `last`.
void buildPipeline(mlir::OpPassManager &pm, Phase last, const PipelineOptions &options);

/// `--ternary-to-PHASE` for every phase after the first, `--ternary-to-cpu` and
/// `--ternary-to-reference`.
void registerPipelines();

} // namespace ternary

#endif // TERNARY_PIPELINES_PIPELINES_H
