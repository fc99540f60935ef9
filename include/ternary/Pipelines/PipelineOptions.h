//===- PipelineOptions.h - What the passes of all targets depend on -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_PIPELINES_PIPELINEOPTIONS_H
#define TERNARY_PIPELINES_PIPELINEOPTIONS_H

#include "mlir/Pass/PassOptions.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {

/// What is compiled and how, whatever the target. The target itself is an attribute of the module.
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<bool> fuse{*this, "fuse", llvm::cl::desc("Fuse chains of ops into kernels"),
                    llvm::cl::init(true)};
  Option<bool> raiseLinalg{*this, "raise-linalg",
                           llvm::cl::desc("Recognise layers among ops of linalg"),
                           llvm::cl::init(true)};
  Option<bool> training{*this, "training",
                        llvm::cl::desc("Derive the gradient of the loss and compile both"),
                        llvm::cl::init(false)};
  Option<std::string> differentiate{
      *this, "differentiate",
      llvm::cl::desc("A function, no step, whose gradient to compile beside it"),
      llvm::cl::init("")};
  ListOption<std::string> withRespectTo{
      *this, "with-respect-to",
      llvm::cl::desc("By which of its arguments (default: all of floats)")};
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
  Option<bool> forC{*this, "for-c",
                    llvm::cl::desc("Functions that are no steps are for C, not for MLIR"),
                    llvm::cl::init(false)};

  /// Whether anything is to be differentiated.
  bool differentiates() const { return training || !differentiate.empty(); }
};

} // namespace ternary

#endif // TERNARY_PIPELINES_PIPELINEOPTIONS_H
