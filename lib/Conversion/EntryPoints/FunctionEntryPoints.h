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

/// What the arguments of a bound function are for.
enum class FunctionArgument { Input, Weights, Result, Workspace };

FunctionArgument getFunctionArgument(mlir::func::FuncOp func, unsigned index);

/// The number of the result that argument `index` is memory for.
unsigned getResultNumber(mlir::func::FuncOp func, unsigned index);

/// The function that `attribute` of `func` names, or null.
mlir::func::FuncOp lookupSizes(mlir::func::FuncOp func, llvm::StringRef attribute,
                               mlir::SymbolTable &symbols);

/// Sizes of the dynamic dimensions of all results, one after the other.
llvm::SmallVector<mlir::Value> callResultSizes(mlir::OpBuilder &builder, mlir::func::FuncOp func,
                                               mlir::ValueRange inputs, mlir::SymbolTable &symbols);

/// Removes what is said of arguments, which callers see to from here on.
void dropNotes(mlir::func::FuncOp func);

/// What workspaces are aligned to.
inline constexpr int64_t kWorkspaceAlignment = 64;

/// Gives `func`, which takes memory for results and a workspace, a caller of its name that returns
/// memrefs of its own, as upstream's lowering has it. A function that needs neither stays as it is.
mlir::LogicalResult createFunctionForMLIR(mlir::func::FuncOp func, mlir::SymbolTable &symbols);

/// Gives `func` a caller of its name that C calls,
/// `int NAME(const float *x, int64_t x_d0, ..., float *y, ..., void *workspace)`, and
/// `int64_t NAME_workspace(int64_t x_d0, ..., int64_t *y_shape, ...)`, which returns the bytes of
/// the workspace and writes the shapes of results. Both carry their declaration. For callers that
/// do not know the signature there are the two of `ternary_function` in function.h.
mlir::LogicalResult createFunctionForC(mlir::func::FuncOp func,
                                       const mlir::LLVMTypeConverter &converter,
                                       mlir::SymbolTable &symbols);

/// A tensor or a number that C passes to a function, or that this returns.
struct CValue {
  mlir::Type type;
  std::string name, declaration;
  bool isState = false;
  /// Of results: the argument of the function that it is memory for; none if that returns it.
  std::optional<unsigned> argument;
};

/// Builds the members `workspace` and `call` of a ternary_function from the functions that C calls;
/// the latter has the signature as its attribute.
void createPackedCallers(mlir::func::FuncOp workspace, mlir::func::FuncOp call,
                         llvm::ArrayRef<CValue> inputs, llvm::ArrayRef<CValue> results,
                         mlir::SymbolTable &symbols);

} // namespace ternary

#endif // TERNARY_LIB_CONVERSION_ENTRYPOINTS_FUNCTIONENTRYPOINTS_H
