//===- PhaseRules.h - What ops are, for the guards of phases ----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_PHASERULES_H
#define TERNARY_TARGET_PHASERULES_H

#include "mlir/IR/Operation.h"

namespace ternary {

template <typename... Dialects> bool isOfDialect(mlir::Operation *op) {
  return llvm::isa_and_nonnull<Dialects...>(op->getDialect());
}

/// Layers, of whatever dialect, what ours consist of, and the upstream ops beside them.
bool isGraphOp(mlir::Operation *op);

/// Kernels, and the upstream ops beside them; what is elementwise on tensors is one of these by
/// then.
bool isKernelOrUpstream(mlir::Operation *op);

} // namespace ternary

#endif // TERNARY_TARGET_PHASERULES_H
