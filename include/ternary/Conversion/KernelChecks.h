//===- KernelChecks.h - What every lowering of kernels expects ------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_KERNELCHECKS_H
#define TERNARY_CONVERSION_KERNELCHECKS_H

#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {

/// The value that all elements of a constant share, or null if `op` is none or its
/// elements differ.
mlir::TypedAttr getConstantElement(mlir::Operation *op);

/// Whether lowerings of row kernels know an op of their region.
bool isSupportedInRowKernel(mlir::Operation *op);

/// Errors for the first kernel in `module` that no lowering takes: on tensors, outside of a
/// function, or over rows with ops that are unknown there.
mlir::LogicalResult verifyKernels(mlir::Operation *module);

} // namespace ternary

#endif // TERNARY_CONVERSION_KERNELCHECKS_H
