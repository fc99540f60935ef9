//===- ModelSummary.h - What the runtime has to know, from the IR ---*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_MODELSUMMARY_H
#define TERNARY_LIB_DRIVER_MODELSUMMARY_H

#include "mlir/IR/BuiltinOps.h"
#include "ternary/Target/ModelInfo.h"
#include "llvm/Support/Error.h"

namespace ternary {

/// Reads what importers put down about a model (`ternary.model`) into `info`, and its batch
/// and vocabulary from its steps; an error where these contradict each other. Before any
/// phase.
llvm::Error readModel(mlir::ModuleOp module, ModelInfo &info);

/// Lays out the block of a loss's parameters, as `ternary-bind-training-blocks` does; before
/// any phase. An error where there is no loss, or a parameter that cannot be trained.
llvm::Error readTrainingParameters(mlir::ModuleOp module, TrainingInfo &info);

/// Counts the bytes and operations of a decode step; after the phase `pack`.
void countWeights(mlir::ModuleOp module, ModelInfo &info);

/// Reads the sizes of state and workspace; after the phase `bufferize`.
void readMemorySizes(mlir::ModuleOp module, ModelInfo &info);

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_MODELSUMMARY_H
