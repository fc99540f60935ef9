//===- InitAll.h - Everything our tools register -------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_INITALL_H
#define TERNARY_INITALL_H

#include "mlir/IR/DialectRegistry.h"

namespace ternary {

/// Our dialects and those of MLIR, with the interfaces and translations that lowering
/// needs.
void registerAllDialects(mlir::DialectRegistry &registry);

/// What modules can be compiled for. Any number of threads may call it, any number of times.
void registerAllTargets();

/// Adds the dialect alone, with what upstream's interfaces ask of its ops, for tools that have
/// dialects of their own.
void registerTernaryDialect(mlir::DialectRegistry &registry);

/// Registers our passes and pipelines alone, and targets.
void registerTernaryPasses();

/// Our targets, passes and pipelines and those of MLIR.
void registerAllPasses();

} // namespace ternary

#endif // TERNARY_INITALL_H
