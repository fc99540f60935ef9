//===- KernelChecks.cpp - What every lowering of kernels expects ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Conversion/KernelChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace ternary;

TypedAttr ternary::getConstantElement(Operation *op) {
  auto constant = dyn_cast<arith::ConstantOp>(op);
  if (!constant)
    return {};
  auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!elements)
    return constant.getValue();
  return elements.isSplat() ? elements.getSplatValue<TypedAttr>() : TypedAttr();
}

bool ternary::isSupportedInRowKernel(Operation *op) {
  auto isRowOrScalar = [](Type type) {
    auto vector = dyn_cast<VectorType>(type);
    return !vector || (vector.getRank() == 1 && !vector.isScalable());
  };
  if (!llvm::all_of(op->getOperandTypes(), isRowOrScalar) ||
      !llvm::all_of(op->getResultTypes(), isRowOrScalar))
    return false;
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op))
    return !isa<VectorType>(broadcast.getSourceType());
  return isa<RowOpInterface, YieldOp>(op) ||
         (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1) ||
         getConstantElement(op);
}

static LogicalResult verifyKernel(KernelOpInterface kernel) {
  auto destinations = cast<DestinationStyleOpInterface>(*kernel);
  if (!destinations.hasPureBufferSemantics())
    return kernel->emitOpError("expected a kernel on memrefs, got one on tensors");
  if (!kernel->getParentOfType<FunctionOpInterface>())
    return kernel->emitOpError("expected a kernel in a function");
  // A layout of a memref is not asked whether it has a place for such elements.
  for (Type type : kernel->getOperandTypes()) {
    auto memory = dyn_cast<MemRefType>(type);
    auto layout = memory ? dyn_cast<WeightLayoutAttrInterface>(memory.getLayout()) : nullptr;
    if (layout && failed(layout.verifyEncoding(memory.getShape(), memory.getElementType(),
                                               [&] { return kernel->emitOpError(); })))
      return failure();
  }
  if (auto rows = dyn_cast<RowKernelOp>(*kernel))
    for (Operation &op : rows.getBody().front())
      if (!isSupportedInRowKernel(&op))
        return op.emitOpError("expected a row op or an elementwise op on rows");
  return success();
}

LogicalResult ternary::verifyKernels(Operation *module) {
  return failure(module
                     ->walk([](KernelOpInterface kernel) {
                       return failed(verifyKernel(kernel)) ? WalkResult::interrupt()
                                                           : WalkResult::advance();
                     })
                     .wasInterrupted());
}
