//===- Elementwise.cpp - Elementwise ops that kernels absorb ----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;

/// A row kernel keeps what it computes of a row on the stack.
static constexpr int64_t kLongestRow = 1 << 18;

bool ternary::isElementwiseOnTensors(Operation *op) {
  if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || type.getRank() == 0 || ShapedType::isDynamic(type.getShape().back()) ||
      type.getShape().back() > kLongestRow)
    return false;
  Type element = type.getElementType();
  Type operand = getElementTypeOrSelf(op->getOperand(0));
  if (isa<arith::TruncFOp>(op))
    return isa<BFloat16Type, Float16Type>(element) && operand.isF32();
  if (isa<arith::ExtFOp>(op))
    return element.isF32() && isa<BFloat16Type, Float16Type>(operand);
  return (element.isF32() || element.isF64()) &&
         llvm::all_of(op->getOperandTypes(), [&](Type operand) { return operand == type; });
}

bool ternary::isRowOp(Operation *op) {
  if (op->getNumOperands() == 0 || !isa<RankedTensorType>(op->getOperand(0).getType()))
    return false;
  return isa<RowOpInterface, SumRowsOp>(op) || isElementwiseOnTensors(op);
}

TypedAttr ternary::getSplatConstant(Operation *op) {
  Attribute value;
  if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    if (matchPattern(splat.getInput(), m_Constant(&value)))
      return dyn_cast<TypedAttr>(value);
    return {};
  }
  if (!isa<arith::ConstantOp>(op) || !matchPattern(op, m_Constant(&value)))
    return {};
  auto elements = dyn_cast<SplatElementsAttr>(value);
  return elements ? elements.getSplatValue<TypedAttr>() : TypedAttr();
}

Value ternary::getBroadcastVector(Operation *op) {
  auto broadcast = dyn_cast<linalg::BroadcastOp>(op);
  if (!broadcast || broadcast->getNumResults() != 1)
    return {};
  int64_t rank = cast<RankedTensorType>(broadcast->getResult(0).getType()).getRank();
  bool lastOnly = cast<RankedTensorType>(broadcast.getInput().getType()).getRank() == 1 &&
                  llvm::equal(broadcast.getDimensions(), llvm::seq<int64_t>(0, rank - 1));
  return lastOnly ? broadcast.getInput() : Value();
}

Operation *ternary::cloneWithTypes(OpBuilder &builder, Operation *op, IRMapping &mapping,
                                   function_ref<Type(Type)> convert) {
  OperationState state(op->getLoc(), op->getName());
  for (Value operand : op->getOperands())
    state.operands.push_back(mapping.lookup(operand));
  for (Type type : op->getResultTypes())
    state.types.push_back(convert(type));
  state.attributes = op->getAttrDictionary();
  Operation *clone = builder.create(state);
  mapping.map(op->getResults(), clone->getResults());
  return clone;
}
