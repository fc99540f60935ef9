//===- BufferizableOpInterfaceImpl.cpp - Kernels on memory -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace {
/// A kernel in destination style: the same op on the buffers of its operands. Weights
/// are memory already.
template <typename KernelOp>
struct KernelModel : DstBufferizableOpInterfaceExternalModel<KernelModel<KernelOp>, KernelOp> {
  /// A kernel may compute an element of an out before it reads another operand.
  bool bufferizesToElementwiseAccess(Operation *, const AnalysisState &,
                                     ArrayRef<OpOperand *>) const {
    return false;
  }

  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand) ||
           cast<ternary::KernelOpInterface>(op).readsInit(operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto kernel = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> operands, results;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (isa<TensorType>(value.getType())) {
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer))
          return failure();
        value = *buffer;
      }
      operands.push_back(value);
      if (kernel.isDpsInit(&operand))
        results.push_back(value);
    }
    OperationState clone(op->getLoc(), op->getName(), operands, TypeRange(), op->getAttrs());
    for (Region &region : op->getRegions())
      clone.addRegion()->takeBody(region);
    rewriter.setInsertionPoint(op);
    rewriter.create(clone);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

template <typename OpTy> void attachIfKernel(MLIRContext &context) {
  if constexpr (OpTy::template hasTrait<ternary::KernelOpInterface::Trait>())
    OpTy::template attachInterface<KernelModel<OpTy>>(context);
}

template <typename... Ops> void attachToKernels(MLIRContext &context) {
  (attachIfKernel<Ops>(context), ...);
}
} // namespace

void ternary::registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, TernaryDialect *) {
    attachToKernels<
#define GET_OP_LIST
#include "ternary/Dialect/Ternary/IR/TernaryOps.cpp.inc"
        >(*context);
  });
}
