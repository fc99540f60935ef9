//===- LiveBytes.h - What memory a step will need ------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_LIVEBYTES_H
#define TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_LIVEBYTES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ternary {

/// Elements and bytes of a tensor whose dynamic sizes are `tokens`; 0 for other types.
int64_t getElements(mlir::Type type, int64_t tokens);
int64_t getBytes(mlir::Type type, int64_t tokens);

/// Estimates from a graph after the phase `quantize` how large the workspace of a step with
/// so many tokens will be: the most bytes that are alive at any of its ops, of values that
/// kernels will hand to each other, and its ternary weights.
int64_t estimateWorkspace(mlir::func::FuncOp step, int64_t tokens);

} // namespace ternary

#endif // TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_LIVEBYTES_H
