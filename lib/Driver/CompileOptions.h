//===- CompileOptions.h - What a command line comes to ----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_COMPILEOPTIONS_H
#define TERNARY_LIB_DRIVER_COMPILEOPTIONS_H

#include "ternary/Driver/Compile.h"

namespace ternary {

/// What options come to once they are checked.
struct CompilePlan {
  const Target *target = nullptr;
  TargetRequest request;
  /// What to write; null: MLIR.
  const OutputKind *output = nullptr;
  /// The phases to run, from the first on.
  llvm::SmallVector<const Phase *> phases;
  PipelineOptions pipeline;
  /// What C functions start with.
  std::string prefix;
  /// What the module is compiled for; null if no phase depends on it.
  TargetAttrInterface attribute;
};

/// Checks `options` by themselves, without looking at the input, and fills in `plan`. A target's
/// machine is asked for only if its phases are to run.
llvm::Error makePlan(const CompileOptions &options, mlir::MLIRContext *context, CompilePlan &plan);

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_COMPILEOPTIONS_H
