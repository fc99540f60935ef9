//===- ResultSizes.h - Sizes that follow from those of arguments -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_RESULTSIZES_H
#define TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_RESULTSIZES_H

#include "ternary/Dialect/Ternary/IR/Functions.h"

namespace ternary {

/// Clones what computes `size`, an index, from what `mapping` has and constants. Null, and nothing
/// cloned that matters, if that takes more than arithmetic and sizes of arguments.
mlir::Value cloneSize(mlir::OpBuilder &builder, mlir::Value size, mlir::IRMapping &mapping);

/// Makes the function that computes the dynamic sizes of results of `func`, which is on tensors
/// still, and puts its name down there. A null function if all sizes are static.
mlir::FailureOr<mlir::func::FuncOp> createResultSizes(mlir::func::FuncOp func);

} // namespace ternary

#endif // TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_RESULTSIZES_H
