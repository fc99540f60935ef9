//===- SavedSummary.h - What phases found out, for those that go on -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_SAVEDSUMMARY_H
#define TERNARY_LIB_DRIVER_SAVEDSUMMARY_H

#include "mlir/IR/BuiltinOps.h"
#include "ternary/Target/ModelInfo.h"
#include "llvm/Support/Error.h"

namespace ternary {

/// Puts what is known of a model into its attribute `ternary.model`, so that a compilation which
/// goes on from the module knows what its ops tell no longer.
void saveSummary(mlir::ModuleOp module, const ModelInfo &info);

/// Whether a module has a summary.
bool hasSummary(mlir::ModuleOp module);

/// Reads it back. An error if a field is missing or what a model cannot have.
llvm::Error loadSummary(mlir::ModuleOp module, ModelInfo &info);

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_SAVEDSUMMARY_H
