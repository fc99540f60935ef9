//===- Ternary.h - The ternary dialect ---------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DIALECT_TERNARY_IR_TERNARY_H
#define TERNARY_DIALECT_TERNARY_IR_TERNARY_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "ternary/Dialect/Ternary/IR/Gradients.h"
#include "ternary/Support/HostTensor.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MathExtras.h"

#include "ternary/Dialect/Ternary/IR/TernaryDialect.h.inc"
#include "ternary/Dialect/Ternary/IR/TernaryEnums.h.inc"

#include "ternary/Dialect/Ternary/IR/TernaryAttrInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "ternary/Dialect/Ternary/IR/TernaryAttributes.h.inc"
#define GET_TYPEDEF_CLASSES
#include "ternary/Dialect/Ternary/IR/TernaryTypes.h.inc"

#include "ternary/Dialect/Ternary/IR/TernaryInterfaces.h.inc"

namespace ternary {
/// Errors if operands and results are of both f32 and f64.
llvm::LogicalResult verifyOneFloatType(mlir::Operation *op);

template <typename OpTy> struct OneFloatType : mlir::OpTrait::TraitBase<OpTy, OneFloatType> {
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) { return verifyOneFloatType(op); }
};
} // namespace ternary

#define GET_OP_CLASSES
#include "ternary/Dialect/Ternary/IR/TernaryOps.h.inc"

namespace ternary {

/// Names of the attributes that carry a model through the phases.
/// On function arguments: the checkpoint's name of a parameter; the role of another
/// argument or of a result, a RoleAttr.
inline constexpr llvm::StringLiteral kParameterAttr = "ternary.parameter";
inline constexpr llvm::StringLiteral kRoleAttr = "ternary.role";
/// The roles of what a session carries from step to step, in the order in which it has them in
/// memory, one behind the other: scales are those of codes in the state.
inline constexpr Role kStateRoles[] = {Role::State, Role::Scales, Role::Position};
/// On arguments and results: the checkpoint's name of the parameter whose gradient they are,
/// or whose moments in the optimiser.
inline constexpr llvm::StringLiteral kGradientAttr = "ternary.gradient";
inline constexpr llvm::StringLiteral kFirstMomentAttr = "ternary.first_moment";
inline constexpr llvm::StringLiteral kSecondMomentAttr = "ternary.second_moment";
/// On functions: the step a function is, a StepAttr.
inline constexpr llvm::StringLiteral kStepAttr = "ternary.step";
/// On a gradient: in words, what its backward pass computes again.
inline constexpr llvm::StringLiteral kRecomputedAttr = "ternary.recomputed";
/// On functions that hold kernels.
inline constexpr llvm::StringLiteral kKernelAttr = "ternary.kernel";
/// On steps: bytes of workspace that they need, fixed, and for each token.
inline constexpr llvm::StringLiteral kWorkspaceAttr = "ternary.workspace";
/// On modules: a dictionary of what the runtime has to know about the model.
inline constexpr llvm::StringLiteral kModelAttr = "ternary.model";
/// On modules: the target, an attribute with TargetAttrInterface.
inline constexpr llvm::StringLiteral kTargetAttr = "ternary.target";

/// The target of the module that `op` is in or is, or null.
TargetAttrInterface getTargetOf(mlir::Operation *op);

/// The step that a function is, if it is one.
std::optional<Step> getStep(mlir::Operation *function);

/// The role of an argument or a result, if it has one.
std::optional<Role> getArgumentRole(mlir::FunctionOpInterface function, unsigned index);
std::optional<Role> getResultRole(mlir::FunctionOpInterface function, unsigned index);

/// The first argument of a role, or null.
mlir::BlockArgument findArgument(mlir::FunctionOpInterface function, Role role);

/// The attributes of an argument or a result with a role.
mlir::DictionaryAttr makeRoleAttrs(mlir::MLIRContext *context, Role role);

/// Whether an argument of this role is carried from step to step.
bool isStateRole(std::optional<Role> role);

/// Bytes of what `step`, on memory or not, carries before its argument of `role`; without a role,
/// of all. What is not of static shape does not count.
int64_t getStateOffset(mlir::FunctionOpInterface step, std::optional<Role> role = std::nullopt);

/// The type of one row of a tensor or memref with `rowRank` row dimensions: a vector,
/// or the element type if nothing is left.
mlir::Type getRowType(mlir::ShapedType type, int64_t rowRank);

/// Whether weight decay applies to a parameter, an argument of a loss: to weights and tables,
/// not to norms and what bounds are made of.
bool isDecayed(mlir::BlockArgument parameter);

/// Layout of a weight; if its type does not say, one byte a trit, and null for floats, which are
/// row by row.
WeightLayoutAttrInterface getLayoutOf(mlir::Type weight);

/// The memory of a weight, which has the layout of the tensor `type`.
mlir::MemRefType getWeightMemory(mlir::RankedTensorType type);

/// Columns that share a scale, if scales [1], [N] or, transposed, [G, N] are those of groups.
std::optional<int64_t> getGroupSizeOf(mlir::Type weight, mlir::Type transposedScale);

/// Shape of the scales of a weight [N, K].
llvm::SmallVector<int64_t> getScaleShape(Granularity granularity, std::optional<int64_t> groupSize,
                                         llvm::ArrayRef<int64_t> weight);

/// Bytes of the memory of a weight, a tensor or a memref of static shape.
int64_t getWeightBytes(mlir::ShapedType type);

/// Shapes of the results of `op`, tensors whose dynamic sizes are those of the first
/// operand in the same place.
llvm::LogicalResult reifyRowShapes(mlir::Operation *op, mlir::OpBuilder &builder,
                                   mlir::ReifiedRankedShapedTypeDims &shapes);

} // namespace ternary

#endif // TERNARY_DIALECT_TERNARY_IR_TERNARY_H
