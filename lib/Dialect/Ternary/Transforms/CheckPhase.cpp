//===- CheckPhase.cpp - The guard at the end of a phase ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pass skips what it does not know, so an op that no pass of a phase knows would be
// found by a later one that expects something else, or by nobody. Here it is named
// where it should have gone.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYCHECKPHASE
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
template <typename... Dialects> bool isOf(Operation *op) {
  return isa_and_nonnull<Dialects...>(op->getDialect());
}

bool isGraphOp(Operation *op) {
  if (isOf<TernaryDialect>(op))
    return !isa<KernelOpInterface, YieldOp, PackOp, ArchiveOp, ParameterOp>(op);
  return isa<ModuleOp>(op) || isOf<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                                   math::MathDialect, scf::SCFDialect, tensor::TensorDialect>(op);
}

bool isQuantizedOp(Operation *op) { return isGraphOp(op) && !isa<ModelOpInterface>(op); }

/// Kernels, what stands between them, and arithmetic on scalars.
bool isKernelOrMovesData(Operation *op) {
  if (isa<ModuleOp, KernelOpInterface, arith::ConstantOp, tensor::CastOp, tensor::CollapseShapeOp,
          tensor::DimOp, tensor::EmptyOp, tensor::ExpandShapeOp, tensor::ExtractOp,
          tensor::ExtractSliceOp, tensor::InsertOp, tensor::InsertSliceOp>(op) ||
      isOf<affine::AffineDialect, func::FuncDialect>(op))
    return true;
  return isOf<arith::ArithDialect, math::MathDialect>(op) &&
         llvm::all_of(op->getResultTypes(), [](Type type) { return type.isIntOrIndexOrFloat(); });
}

bool isFusedOp(Operation *op) { return isKernelOrMovesData(op) || isa<BindTimeOpInterface>(op); }

bool isBoundOp(Operation *op) {
  return isKernelOrMovesData(op) || isa<ArchiveOp, ParameterOp, WeightMemoryOp>(op) ||
         isOf<bufferization::BufferizationDialect, memref::MemRefDialect>(op);
}

bool isOnMemory(Operation *op) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  if (auto func = dyn_cast<func::FuncOp>(op))
    return llvm::none_of(func.getArgumentTypes(), isTensor) &&
           llvm::none_of(func.getResultTypes(), isTensor);
  return llvm::none_of(op->getOperandTypes(), isTensor) &&
         llvm::none_of(op->getResultTypes(), isTensor);
}

/// Whoever emits an object writes archives to a file before.
bool isTranslatable(Operation *op) {
  return isa<ModuleOp, ArchiveOp>(op) || isOf<LLVM::LLVMDialect>(op);
}

LogicalResult noMoreToCheck(Operation *, StringRef) { return success(); }

LogicalResult checkParameters(Operation *op, StringRef phase) {
  auto func = dyn_cast<func::FuncOp>(op);
  if (!func)
    return success();
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
    if (auto name = func.getArgAttrOfType<StringAttr>(i, kParameterAttr))
      return op->emitError() << "expected parameters in the archive after phase '" << phase
                             << "', got '" << name.getValue() << "' as argument " << i;
  return success();
}

LogicalResult checkMemory(Operation *op, StringRef phase) {
  auto func = op->getParentOfType<func::FuncOp>();
  auto step = func ? func->getAttrOfType<StringAttr>(kStepAttr) : StringAttr();
  if (!step)
    return success();
  if (isa<memref::AllocOp>(op))
    return op->emitError() << "expected all memory of a step in its workspace after phase '"
                           << phase << "', got '" << op->getName() << "'";
  if (step == "decode" && isa<memref::CopyOp, linalg::CopyOp>(op))
    return op->emitError() << "expected no copies in a decode step after phase '" << phase
                           << "', got '" << op->getName() << "'";
  return success();
}

struct PhaseRule {
  StringLiteral name;
  /// What there may be when the phase has ended.
  StringLiteral allowed;
  bool (*isAllowed)(Operation *);
  /// Reports what only this phase forbids.
  LogicalResult (*check)(Operation *, StringRef phase);
};

constexpr PhaseRule kRules[] = {
    {"graph", "ops of a graph", isGraphOp, noMoreToCheck},
    {"differentiate", "ops of a graph", isGraphOp, noMoreToCheck},
    {"quantize", "ops of a graph other than layers", isQuantizedOp, noMoreToCheck},
    {"fuse", "kernels, bind-time ops and what moves data", isFusedOp, noMoreToCheck},
    {"pack", "kernels, memory and what moves data", isBoundOp, checkParameters},
    {"bufferize", "memory in place of tensors", isOnMemory, checkMemory},
    {"lower", "ops that translate to LLVM IR", isTranslatable, noMoreToCheck},
};

struct CheckPhase : ternary::impl::TernaryCheckPhaseBase<CheckPhase> {
  using TernaryCheckPhaseBase::TernaryCheckPhaseBase;

  void runOnOperation() override {
    const auto *rule =
        llvm::find_if(kRules, [&](const PhaseRule &rule) { return rule.name == phase; });
    if (rule == std::end(kRules)) {
      InFlightDiagnostic error = getOperation()->emitError("expected a phase of ");
      llvm::interleaveComma(kRules, error,
                            [&](const PhaseRule &known) { error << "'" << known.name << "'"; });
      error << ", got '" << phase << "'";
      return signalPassFailure();
    }
    auto result = getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) -> WalkResult {
      if (!rule->isAllowed(op))
        return op->emitError() << "expected " << rule->allowed << " after phase '" << phase
                               << "', got '" << op->getName() << "'";
      if (failed(rule->check(op, phase)))
        return WalkResult::interrupt();
      // What a kernel computes is part of it; an archive is made by the compiler.
      return isa<KernelOpInterface, ArchiveOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
