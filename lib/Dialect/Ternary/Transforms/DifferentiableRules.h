//===- DifferentiableRules.h - Backward rules as functions ------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_DIFFERENTIABLERULES_H
#define TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_DIFFERENTIABLERULES_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {

/// A rule that is a function of the op and the gradient of its result.
template <typename OpTy,
          void (*Rule)(mlir::ImplicitLocOpBuilder &, OpTy, mlir::Value grad, Gradients &gradients)>
struct RuleOf : DifferentiableOpInterface::ExternalModel<RuleOf<OpTy, Rule>, OpTy> {
  llvm::LogicalResult buildBackward(mlir::Operation *op, mlir::OpBuilder &builder,
                                    Gradients &gradients) const {
    mlir::ImplicitLocOpBuilder b(op->getLoc(), builder);
    Rule(b, mlir::cast<OpTy>(op), gradients.lookup(op->getResult(0)), gradients);
    return llvm::success();
  }
};

} // namespace ternary

#endif // TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_DIFFERENTIABLERULES_H
