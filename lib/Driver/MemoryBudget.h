//===- MemoryBudget.h - Training within a budget of memory ------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_MEMORYBUDGET_H
#define TERNARY_LIB_DRIVER_MEMORYBUDGET_H

#include "CompileOptions.h"
#include "Frontend.h"

namespace ternary {

/// Bytes of parameters, gradients and moments, which stay from step to step.
int64_t getBlockBytes(const TrainingInfo &info);

/// Bytes of a training run with sequences of so many tokens.
int64_t getTrainingBytes(const TrainingInfo &info, int64_t tokens);

/// Chooses in `plan` what the backward pass computes again: no more than lets training fit into
/// `budget` bytes. `model` has been through the phases with a gradient and is left as it is.
llvm::Error fitMemoryBudget(int64_t budget, CompilePlan &plan, ImportedModel &model,
                            GraphContext &context, ReportFn report);

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_MEMORYBUDGET_H
