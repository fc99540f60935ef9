//===- GraphContext.h - Where graphs are parsed ---------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_GRAPHCONTEXT_H
#define TERNARY_LIB_DRIVER_GRAPHCONTEXT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"

namespace ternary {

/// A context with all dialects, in which errors are kept for the caller instead of printed.
class GraphContext {
public:
  GraphContext();

  mlir::MLIRContext &get() { return context; }

  /// The module in `text`, verified; `name` says in errors where it is from.
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> parse(llvm::StringRef text,
                                                          llvm::StringRef name);

  /// What diagnostics said first, or `otherwise`.
  llvm::Error failed(const llvm::Twine &otherwise);

private:
  mlir::MLIRContext context;
  std::string firstDiagnostic;
};

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_GRAPHCONTEXT_H
