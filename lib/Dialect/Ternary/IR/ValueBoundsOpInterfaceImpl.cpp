//===- ValueBoundsOpInterfaceImpl.cpp - Sizes of results ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Dialect/Ternary/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;

namespace {
/// What reifyRowShapes builds: dynamic sizes of results are those of the first operand. Kernels
/// need none, as upstream knows of ops in destination style.
template <typename OpTy>
struct RowSizes : ValueBoundsOpInterface::ExternalModel<RowSizes<OpTy>, OpTy> {
  void populateBoundsForShapedValueDim(Operation *op, Value result, int64_t dim,
                                       ValueBoundsConstraintSet &bounds) const {
    bounds.bound(result)[dim] == bounds.getExpr(op->getOperand(0), dim);
  }
};

struct CacheSizes : ValueBoundsOpInterface::ExternalModel<CacheSizes, ternary::AppendOp> {
  void populateBoundsForShapedValueDim(Operation *op, Value result, int64_t dim,
                                       ValueBoundsConstraintSet &bounds) const {
    bounds.bound(result)[dim] == bounds.getExpr(cast<ternary::AppendOp>(op).getCache(), dim);
  }
};

template <typename OpTy> void attachIfRows(MLIRContext &context) {
  if constexpr (OpTy::template hasTrait<ReifyRankedShapedTypeOpInterface::Trait>() ||
                OpTy::template hasTrait<OpTrait::SameOperandsAndResultType>())
    OpTy::template attachInterface<RowSizes<OpTy>>(context);
}

template <typename... Ops> void attachToRows(MLIRContext &context) {
  (attachIfRows<Ops>(context), ...);
}
} // namespace

void ternary::registerValueBoundsOpInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, TernaryDialect *) {
    attachToRows<
#define GET_OP_LIST
#include "ternary/Dialect/Ternary/IR/TernaryOps.cpp.inc"
        >(*context);
    AppendOp::attachInterface<CacheSizes>(*context);
  });
}
