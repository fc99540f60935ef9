//===- TernaryToVector.cpp - Kernels as parallel vector loops ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Conversion/KernelChecks.h"
#include "ternary/Conversion/Microkernels.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Conversion/TrainingKernels.h"
#include "ternary/Conversion/WeightStorage.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYTOVECTOR
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
template <typename KernelOp> struct KernelPattern : OpConversionPattern<KernelOp> {
  using Emit = LogicalResult (*)(OpBuilder &, KernelOp);
  KernelPattern(const TypeConverter &converter, MLIRContext *context, Emit emit)
      : OpConversionPattern<KernelOp>(converter, context, /*benefit=*/2), emit(emit) {}

  LogicalResult matchAndRewrite(KernelOp op, typename KernelOp::Adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(emit(rewriter, op)))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }

  Emit emit;
};

/// The weight is an operand whose type changes, to bytes.
struct LinearPattern : OpConversionPattern<LinearKernelOp> {
  LinearPattern(const TypeConverter &converter, MLIRContext *context,
                const Microkernel &microkernel)
      : OpConversionPattern(converter, context), microkernel(microkernel) {}

  LogicalResult matchAndRewrite(LinearKernelOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(vectorize::emitLinearKernel(rewriter, op, adaptor.getWeight(), microkernel)))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }

  const Microkernel &microkernel;
};

/// A kernel of a gradient; scalar loops are left to those that have no vector code.
template <typename OpTy> struct BackwardPattern : OpConversionPattern<OpTy> {
  using Emit =
      llvm::unique_function<LogicalResult(OpBuilder &, OpTy, ValueRange, ValueRange) const>;
  BackwardPattern(const TypeConverter &converter, MLIRContext *context, Emit emit)
      : OpConversionPattern<OpTy>(converter, context, /*benefit=*/2), emit(std::move(emit)) {}

  LogicalResult matchAndRewrite(OpTy op, typename OpTy::Adaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(emit(rewriter, op, adaptor.getIns(), adaptor.getOuts())))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }

  Emit emit;
};

/// Errors if a kernel is on f64, which only the reference lowers; f64 beside f32 is for sums.
LogicalResult verifyF32(Operation *module) {
  auto result = module->walk([](KernelOpInterface kernel) -> WalkResult {
    auto isF32 = [](Type type) { return getElementTypeOrSelf(type).isF32(); };
    auto isF64 = [](Type type) { return getElementTypeOrSelf(type).isF64(); };
    auto types = kernel->getOperandTypes();
    auto found = llvm::find_if(types, isF64);
    if (found != types.end() && llvm::none_of(types, isF32))
      return kernel->emitOpError() << "expected floats of f32, got " << *found;
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

struct TernaryToVector : ternary::impl::TernaryToVectorBase<TernaryToVector> {
  using TernaryToVectorBase::TernaryToVectorBase;

  void runOnOperation() override {
    const Microkernel *microkernel = lookupMicrokernel(kernel);
    if (!microkernel) {
      InFlightDiagnostic error = getOperation().emitError() << "expected a microkernel of ";
      llvm::interleaveComma(getMicrokernels(), error,
                            [&](const Microkernel &known) { error << "'" << known.name << "'"; });
      error << ", got '" << kernel << "'";
      return signalPassFailure();
    }
    if (failed(verifyKernels(getOperation())) || failed(verifyF32(getOperation())))
      return signalPassFailure();
    MLIRContext *context = &getContext();
    TypeConverter converter;
    RewritePatternSet patterns(context);
    ConversionTarget target(*context);
    populateWeightStorageConversion(converter, patterns, target);
    patterns.add<LinearPattern>(converter, context, *microkernel);
    patterns.add<KernelPattern<RowKernelOp>>(converter, context, vectorize::emitRowKernel);
    patterns.add<KernelPattern<GatherKernelOp>>(converter, context, vectorize::emitGatherKernel);
    patterns.add<KernelPattern<ScanKernelOp>>(converter, context, vectorize::emitScanKernel);
    populateTrainingKernelLoops(patterns, converter, target);
    populateTransformerKernelLoops(patterns, converter, target);
    auto withMicrokernel = [&](auto emit) {
      return [emit, microkernel](OpBuilder &builder, auto op, ValueRange ins, ValueRange outs) {
        return emit(builder, op, ins, outs, *microkernel);
      };
    };
    patterns.add<BackwardPattern<LinearBackwardInputKernelOp>>(
        converter, context, withMicrokernel(vectorize::emitLinearBackwardInput));
    patterns.add<BackwardPattern<LinearBackwardWeightKernelOp>>(
        converter, context, withMicrokernel(vectorize::emitLinearBackwardWeight));
    patterns.add<BackwardPattern<MatmulKernelOp>>(converter, context,
                                                  withMicrokernel(vectorize::emitMatmul));
    patterns.add<BackwardPattern<MatmulTransposeAKernelOp>>(
        converter, context, withMicrokernel(vectorize::emitMatmulTransposeA));
    patterns.add<BackwardPattern<AttentionKernelOp>>(converter, context,
                                                     withMicrokernel(vectorize::emitAttention));
    patterns.add<BackwardPattern<AttentionBackwardKernelOp>>(
        converter, context, withMicrokernel(vectorize::emitAttentionBackward));
    patterns.add<BackwardPattern<RotaryKernelOp>>(converter, context, vectorize::emitRotary);
    patterns.add<BackwardPattern<TransposeKernelOp>>(converter, context, vectorize::emitTranspose);
    patterns.add<BackwardPattern<SumRowsKernelOp>>(converter, context, vectorize::emitSumRows);
    patterns.add<BackwardPattern<ScatterKernelOp>>(converter, context, vectorize::emitScatter);
    patterns.add<BackwardPattern<ScanBackwardKernelOp>>(converter, context,
                                                        vectorize::emitScanBackward);
    patterns.add<BackwardPattern<QuantizeWeightsKernelOp>>(converter, context,
                                                           vectorize::emitQuantizeWeights);
    patterns.add<BackwardPattern<PackKernelOp>>(converter, context, vectorize::emitPack);
    patterns.add<BackwardPattern<SquareSumKernelOp>>(converter, context, vectorize::emitSquareSum);
    patterns.add<KernelPattern<AdamWKernelOp>>(converter, context, vectorize::emitAdamW);
    target.addIllegalOp<RowKernelOp, LinearKernelOp, GatherKernelOp, ScanKernelOp>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
