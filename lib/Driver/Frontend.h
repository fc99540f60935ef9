//===- Frontend.h - From an input to a graph --------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_FRONTEND_H
#define TERNARY_LIB_DRIVER_FRONTEND_H

#include "GraphContext.h"
#include "ternary/Driver/Compile.h"
#include "ternary/Target/ModelInfo.h"

namespace ternary {

/// A graph and what it was imported with.
struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// May be null: nothing can be emitted.
  std::shared_ptr<const ParameterSource> parameters;
  /// What is known of the model before any phase.
  ModelInfo info;
};

using ReportFn = llvm::function_ref<void(const llvm::Twine &)>;

/// Reads `source`, or without one the input that options name: a model directory, a GGUF file or
/// a graph.
llvm::Expected<ImportedModel> importModel(const CompileOptions &options, const ModelSource *source,
                                          GraphContext &context, ReportFn report);

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_FRONTEND_H
