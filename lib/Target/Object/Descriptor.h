//===- Descriptor.h - The descriptor of a compiled model ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_TARGET_OBJECT_DESCRIPTOR_H
#define TERNARY_LIB_TARGET_OBJECT_DESCRIPTOR_H

#include "ternary/Target/Object.h"

namespace ternary {
/// Defines `name`, a constant ternary_descriptor, in `module`. The entry points
/// `prefillName` and `decodeName` exist in it.
void addDescriptor(llvm::Module &module, const ModelInfo &info, llvm::StringRef name,
                   llvm::StringRef prefillName, llvm::StringRef decodeName);
/// The functions of a training object.
struct TrainingSteps {
  llvm::Function *gradient, *loss, *update;
};

/// Adds a `ternary_training_descriptor` named `name`.
void addTrainingDescriptor(llvm::Module &module, const ModelInfo &info, llvm::StringRef name,
                           const TrainingSteps &steps);

/// Defines what functions that are no steps refer to: what the machine has to have, and the payload
/// of the weights.
void addFunctionConstants(llvm::Module &module, const ModelInfo &info, llvm::StringRef prefix);

/// Adds a `ternary_functions` named `name` for the functions of `source` that have a signature.
void addFunctionList(llvm::Module &module, mlir::ModuleOp source, const ModelInfo &info,
                     llvm::StringRef name);

} // namespace ternary

#endif // TERNARY_LIB_TARGET_OBJECT_DESCRIPTOR_H
