//===- OpUtils.h - Checks that verifiers share --------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DIALECT_IR_OPUTILS_H
#define TERNARY_LIB_DIALECT_IR_OPUTILS_H

#include "mlir/IR/TypeUtilities.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary::op_utils {

// Types of results are inferred before those of operands are verified, so that what inference
// asks for is there for any type: the shape of what is no tensor is empty, and the size of a
// dimension that does not exist is dynamic.

/// Shape of a type; empty for scalars.
llvm::ArrayRef<int64_t> getShapeOrScalar(mlir::Type type);

/// Size of dimension `dim`.
int64_t getDim(mlir::Type type, size_t dim);

/// Last dimension of a row type: `[..., K]` or `vector<K>`.
int64_t getColumns(mlir::Type type);

/// `type` with another shape (and element type): tensors stay tensors, memrefs
/// memrefs, vectors vectors; vectors of rank 0 become scalars.
mlir::Type withShape(mlir::Type type, llvm::ArrayRef<int64_t> shape,
                     mlir::Type elementType = nullptr);

/// What is computed in of parameters or values of `type`: f64 for f64, otherwise f32.
mlir::FloatType getComputeType(mlir::Type type);

/// The row dimensions of `[..., K]` followed by `columns`.
llvm::SmallVector<int64_t> replaceColumns(mlir::Type type, llvm::ArrayRef<int64_t> columns);

/// Errors unless `type` has a static last dimension.
mlir::LogicalResult verifyColumns(mlir::Operation *op, llvm::StringRef name, mlir::Type type);

/// Errors unless `got` has the given shape, where dynamic sizes match anything.
mlir::LogicalResult verifyShape(mlir::Operation *op, llvm::StringRef name, mlir::Type got,
                                llvm::ArrayRef<int64_t> expected);

/// Errors unless ε is positive and finite.
mlir::LogicalResult verifyEpsilon(mlir::Operation *op, const llvm::APFloat &epsilon);

/// Errors unless `groupSize` is there exactly for granularity `group` and divides K.
mlir::LogicalResult verifyGroupSize(mlir::Operation *op, Granularity granularity,
                                    std::optional<int64_t> groupSize, int64_t columns);

/// The name of a kernel: what kind it is of, and its sizes.
std::string getKernelName(llvm::StringRef kind, llvm::ArrayRef<int64_t> sizes);

/// Reads of all memrefs in, reads and writes of all memrefs out: what one-shot
/// bufferization, CSE and the workspace planner need to know of a kernel.
void getKernelEffects(mlir::DestinationStyleOpInterface op,
                      llvm::SmallVectorImpl<mlir::MemoryEffects::EffectInstance> &effects);

/// Errors unless results are the types of `outs` if those are tensors, none otherwise.
mlir::LogicalResult verifyDestinations(mlir::Operation *op, mlir::OperandRange outs,
                                       mlir::TypeRange results);

/// Errors unless `scale` is there exactly if `weight` [N, K] is of trits, and then is `[1]`, `[N]`
/// or
/// `[N, G]` with a G that divides K.
mlir::LogicalResult verifyScaleOfTrits(mlir::Operation *op, mlir::Value weight, mlir::Value scale);

/// Errors unless `scale` is `[1]`, `[N]` or `[G, N]` with a G that divides K.
mlir::LogicalResult verifyTransposedScale(mlir::Operation *op, mlir::ShapedType weight,
                                          mlir::Type scale);

/// Prints a shape as `[2, ?, 64]`.
std::string printShape(llvm::ArrayRef<int64_t> shape);

} // namespace ternary::op_utils

namespace ternary {
/// Two operands of one type, printed once.
mlir::ParseResult parseSameTypes(mlir::OpAsmParser &parser, mlir::Type &first, mlir::Type &second);
void printSameTypes(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Type first,
                    mlir::Type second);

/// The scale of each row, if there is one, and that of weights.
mlir::ParseResult parseScales(mlir::OpAsmParser &parser,
                              std::optional<mlir::OpAsmParser::UnresolvedOperand> &scale,
                              mlir::OpAsmParser::UnresolvedOperand &weightScale);
void printScales(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Value scale,
                 mlir::Value weightScale);
mlir::ParseResult parseScaleTypes(mlir::OpAsmParser &parser, mlir::Type &scale,
                                  mlir::Type &weightScale);
void printScaleTypes(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Type scale,
                     mlir::Type weightScale);

/// The types of a scan's gradients: one for `[B, T, H]`, one for states.
mlir::ParseResult parseGradientTypes(mlir::OpAsmParser &parser, mlir::Type &forget,
                                     mlir::Type &hidden, mlir::Type &grad, mlir::Type &state,
                                     mlir::Type &gradState);
void printGradientTypes(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Type forget,
                        mlir::Type hidden, mlir::Type grad, mlir::Type state, mlir::Type gradState);

/// What layers and their kernels demand alike of heads.
mlir::LogicalResult verifyRotary(mlir::Operation *op, mlir::Type input, int64_t headSize,
                                 const llvm::APFloat &theta);
mlir::LogicalResult verifyAttention(mlir::Operation *op, mlir::Type q, mlir::Type k,
                                    mlir::TypeRange scales, int64_t heads, int64_t kvHeads);
} // namespace ternary

#endif // TERNARY_LIB_DIALECT_IR_OPUTILS_H
