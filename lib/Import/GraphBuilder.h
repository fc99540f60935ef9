//===- GraphBuilder.h - What the graphs of model families share ---*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_IMPORT_GRAPHBUILDER_H
#define TERNARY_LIB_IMPORT_GRAPHBUILDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Import/HuggingFace.h"
#include "llvm/ADT/StringMap.h"

namespace ternary {

/// Builds step functions: arguments by role, parameters by their checkpoint name.
class GraphBuilder {
protected:
  GraphBuilder(mlir::ModuleOp module, const GraphOptions &options);

  /// Starts function `name`, the step of that name.
  void beginStep(Step step);
  /// Returns the values, each in its role, and ends the function.
  void endStep(llvm::ArrayRef<std::pair<Role, mlir::Value>> results);

  mlir::Value addArgument(Role role, mlir::Type type);
  /// The parameter `name`, one argument however often it is used: a vector of f32, or a matrix
  /// of the checkpoint's type of float.
  mlir::Value parameter(const std::string &name, llvm::ArrayRef<int64_t> shape);
  /// `rows` outputs of a ternary layer with weight `name`.weight, which is made ternary unless the
  /// checkpoint has it as trits; `gain`, of a norm with `epsilon` before it, may be null.
  mlir::Value bitLinear(mlir::Value x, const std::string &name, int64_t rows, mlir::Value gain,
                        float epsilon);

  /// Rows `ids` of the table `name`.weight with `rows` rows.
  mlir::Value embedding(mlir::Value ids, const std::string &name, int64_t rows, int64_t columns);

  mlir::Type getFloatType(DType type);
  mlir::RankedTensorType floats(llvm::ArrayRef<int64_t> shape);
  static int64_t columns(mlir::Value value);
  mlir::Value add(mlir::Value a, mlir::Value c);
  /// A layer with floats for its input and the weight `name`.weight.
  mlir::Value linear(mlir::Value x, const std::string &name, int64_t rows);
  /// A layer of a block: a float one, or a ternary one with or without a norm.
  mlir::Value project(mlir::Value x, const std::string &name, int64_t rows,
                      const ModelConfig &config);
  /// Row `index` of the first dimension, which is dropped; and the other way.
  mlir::Value slice(mlir::Value tensor, int64_t index);
  mlir::Value insertSlice(mlir::Value row, mlir::Value tensor, int64_t index);
  /// `[B, T, H]` from token `from` on; a single token is kept.
  mlir::Value dropTokens(mlir::Value x, mlir::Value from);

  mlir::ImplicitLocOpBuilder b;
  GraphOptions options;

private:
  mlir::Value parameter(const std::string &name, llvm::ArrayRef<int64_t> shape, mlir::Type element);

  /// The weight `name`, trits with a scale if the checkpoint has them, else floats.
  struct Weight {
    mlir::Value values, scale;
    std::optional<TritFormat> format;
  };
  Weight weight(const std::string &name, std::array<int64_t, 2> shape);

  mlir::ModuleOp module;
  mlir::func::FuncOp func;
  llvm::StringMap<mlir::Value> parameters;
};

} // namespace ternary

#endif // TERNARY_LIB_IMPORT_GRAPHBUILDER_H
