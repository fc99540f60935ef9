//===- FunctionEntryPoints.h - How ordinary functions are called -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_ENTRYPOINTS_FUNCTIONENTRYPOINTS_H
#define TERNARY_LIB_CONVERSION_ENTRYPOINTS_FUNCTIONENTRYPOINTS_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/IR/SymbolTable.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"

namespace ternary {

/// A memref of `type` at `pointer`, row-major, with `sizes`, of i64, for its dynamic dimensions.
mlir::Value createMemRef(mlir::OpBuilder &builder, mlir::Location loc,
                         const mlir::LLVMTypeConverter &converter, mlir::MemRefType type,
                         mlir::Value pointer, mlir::ValueRange sizes);

/// Gives `func`, which takes memory for results and a workspace, a caller of its name that returns
/// memrefs of its own, as upstream's lowering has it. A function that needs neither stays as it is.
mlir::LogicalResult createFunctionForMLIR(mlir::func::FuncOp func, mlir::SymbolTable &symbols);

/// Gives `func` a caller of its name that C calls,
/// `int NAME(const float *x, int64_t x_d0, ..., float *y, ..., void *workspace)`, and
/// `int64_t NAME_workspace(int64_t x_d0, ..., int64_t *y_shape, ...)`, which returns the bytes of
/// the workspace and writes the shapes of results. Both carry their declaration.
mlir::LogicalResult createFunctionForC(mlir::func::FuncOp func,
                                       const mlir::LLVMTypeConverter &converter,
                                       mlir::SymbolTable &symbols);

} // namespace ternary

#endif // TERNARY_LIB_CONVERSION_ENTRYPOINTS_FUNCTIONENTRYPOINTS_H
