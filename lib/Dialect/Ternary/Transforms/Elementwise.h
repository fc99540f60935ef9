//===- Elementwise.h - Elementwise ops that kernels absorb --------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_ELEMENTWISE_H
#define TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_ELEMENTWISE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Operation.h"

namespace ternary {

/// Whether `op` computes tensors of one shape, element by element: of f32 or f64, or f32 from bf16
/// and the other way round.
bool isElementwiseOnTensors(mlir::Operation *op);

/// Whether `op` treats rows on their own, so that row kernels absorb it.
bool isRowOp(mlir::Operation *op);

/// The constant that `op` (a tensor.splat or a splat arith.constant) repeats, or null.
mlir::TypedAttr getSplatConstant(mlir::Operation *op);

/// The vector that `op` (a linalg.broadcast of [K] to [..., K]) repeats for every row,
/// or null.
mlir::Value getBroadcastVector(mlir::Operation *op);

/// Clones `op` with its operands mapped and `convert` applied to its result types.
mlir::Operation *cloneWithTypes(mlir::OpBuilder &builder, mlir::Operation *op,
                                mlir::IRMapping &mapping,
                                llvm::function_ref<mlir::Type(mlir::Type)> convert);

} // namespace ternary

#endif // TERNARY_LIB_DIALECT_TERNARY_TRANSFORMS_ELEMENTWISE_H
