//===- PhaseRules.cpp - What ops are, for the guards of phases ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/PhaseRules.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;
using namespace ternary;

/// What upstream's passes lower on every target, and so may stand beside ours until then.
static bool isUpstreamOp(Operation *op) {
  return (isa<ModuleOp>(op) && !op->getParentOp()) || isa<cf::AssertOp>(op) ||
         isOfDialect<affine::AffineDialect, arith::ArithDialect,
                     bufferization::BufferizationDialect, func::FuncDialect, linalg::LinalgDialect,
                     math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                     tensor::TensorDialect>(op);
}

bool ternary::isGraphOp(Operation *op) {
  if (isOfDialect<TernaryDialect>(op))
    return !isa<ArchiveOp, ParameterOp>(op);
  return isa<ModelOpInterface>(op) || isUpstreamOp(op);
}

bool ternary::isKernelOrUpstream(Operation *op) {
  if (isOfDialect<TernaryDialect>(op))
    return isa<KernelOpInterface, WeightMemoryOp>(op);
  return isUpstreamOp(op) && !(isOfDialect<arith::ArithDialect, math::MathDialect>(op) &&
                               OpTrait::hasElementwiseMappableTraits(op) &&
                               llvm::any_of(op->getResultTypes(), llvm::IsaPred<TensorType>));
}
