//===- PhaseRules.cpp - What ops are, for the guards of phases ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/PhaseRules.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;
using namespace ternary;

bool ternary::isGraphOp(Operation *op) {
  if (isOfDialect<TernaryDialect>(op))
    return !isa<KernelOpInterface, YieldOp, PackOp, ArchiveOp, ParameterOp>(op);
  return isa<ModuleOp>(op) ||
         isOfDialect<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                     math::MathDialect, scf::SCFDialect, tensor::TensorDialect>(op);
}

bool ternary::isKernelOrMovesData(Operation *op) {
  if (isa<ModuleOp, KernelOpInterface, arith::ConstantOp, tensor::CastOp, tensor::CollapseShapeOp,
          tensor::DimOp, tensor::EmptyOp, tensor::ExpandShapeOp, tensor::ExtractOp,
          tensor::ExtractSliceOp, tensor::InsertOp, tensor::InsertSliceOp, scf::ForOp, scf::IfOp,
          scf::YieldOp>(op) ||
      isOfDialect<affine::AffineDialect, func::FuncDialect>(op))
    return true;
  return isOfDialect<arith::ArithDialect, math::MathDialect>(op) &&
         llvm::all_of(op->getResultTypes(), [](Type type) { return type.isIntOrIndexOrFloat(); });
}
