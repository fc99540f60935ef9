//===- BindTime.h - Where weights are made ----------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_BINDTIME_H
#define TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_BINDTIME_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {

/// What a value is made of by bind-time ops alone, and so when it can be computed: parameters when
/// they are bound, constants now, and anything else when the function runs.
enum class Origin { Parameters, Constants, RunTime };
Origin getOrigin(mlir::Value value);

/// Computes bind-time ops on constants: what others read of them becomes constants of the module.
mlir::LogicalResult foldBindTimeOps(mlir::func::FuncOp func);

/// Lets kernels compute a bind-time op, on memory: `ins` are its operands, and memory of its
/// results is allocated for `outs`. Transposes are for the caller, who knows when they are needed.
mlir::LogicalResult createBindTimeKernel(mlir::OpBuilder &builder, mlir::Operation *op,
                                         mlir::ValueRange ins,
                                         llvm::SmallVectorImpl<mlir::Value> &outs);

/// Memory like a result of a bind-time op.
mlir::Value allocateWeight(mlir::OpBuilder &builder, mlir::Value result);

/// Turns the bind-time ops of an ordinary function that are left into kernels, where they stand.
mlir::LogicalResult bindAtRunTime(mlir::func::FuncOp func);

} // namespace ternary

#endif // TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_BINDTIME_H
