//===- TernaryToVector.cpp - Kernels as parallel vector loops ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "Tiles.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
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
#include "ternary/Conversion/ScalarKernels.h"
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
      : OpConversionPattern<KernelOp>(converter, context), emit(emit) {}

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

/// So is a table, if it is ternary.
struct GatherPattern : OpConversionPattern<GatherKernelOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(GatherKernelOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(op.hasTernaryTable()
                   ? vectorize::emitTernaryGather(rewriter, op, adaptor.getTable())
                   : vectorize::emitGatherKernel(rewriter, op, adaptor.getTable())))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

/// A kernel with `ins` and `outs`, among them weights, whose types change, to bytes. Where `emit`
/// fails without an error, scalar loops come next.
template <typename OpTy> struct InsOutsPattern : OpConversionPattern<OpTy> {
  using Emit =
      llvm::unique_function<LogicalResult(OpBuilder &, OpTy, ValueRange, ValueRange) const>;
  InsOutsPattern(const TypeConverter &converter, MLIRContext *context, Emit emit)
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

/// Adds the pattern of the op that `emit` takes, which is illegal from now on.
template <typename OpTy, typename... More>
void addInsOutsPattern(RewritePatternSet &patterns, const TypeConverter &converter,
                       ConversionTarget &target,
                       LogicalResult (*emit)(OpBuilder &, OpTy, ValueRange, ValueRange,
                                             const More &...),
                       const More &...more) {
  patterns.add<InsOutsPattern<OpTy>>(
      converter, patterns.getContext(),
      [emit, &more...](OpBuilder &builder, OpTy op, ValueRange ins, ValueRange outs) {
        return emit(builder, op, ins, outs, more...);
      });
  target.addIllegalOp<OpTy>();
}

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
    const Microkernel *microkernel = findMicrokernel();
    if (!microkernel || failed(verifyKernels(getOperation())) || failed(verifyF32(getOperation())))
      return signalPassFailure();
    MLIRContext *context = &getContext();
    TypeConverter converter;
    RewritePatternSet patterns(context);
    ConversionTarget target(*context);
    populateWeightStorageConversion(converter, patterns, target);
    populateScalarKernelLoops(patterns, converter, target);
    patterns.add<LinearPattern>(converter, context, *microkernel);
    patterns.add<GatherPattern>(converter, context);
    patterns.add<KernelPattern<RowKernelOp>>(converter, context, vectorize::emitRowKernel);
    patterns.add<KernelPattern<ScanKernelOp>>(converter, context, vectorize::emitScanKernel);
    patterns.add<KernelPattern<AdamWKernelOp>>(converter, context, vectorize::emitAdamW);
    target.addIllegalOp<LinearKernelOp, RowKernelOp, GatherKernelOp, ScanKernelOp, AdamWKernelOp>();
    auto add = [&](auto emit) { addInsOutsPattern(patterns, converter, target, emit); };
    auto addByMicrokernel = [&](auto emit) {
      addInsOutsPattern(patterns, converter, target, emit, *microkernel);
    };
    addByMicrokernel(vectorize::emitLinearBackwardInput);
    addByMicrokernel(vectorize::emitLinearBackwardWeight);
    addByMicrokernel(vectorize::emitMatmul);
    addByMicrokernel(vectorize::emitMatmulTransposeA);
    addByMicrokernel(vectorize::emitAttention);
    addByMicrokernel(vectorize::emitAttentionBackward);
    add(vectorize::emitAppend);
    add(vectorize::emitRotary);
    add(vectorize::emitTranspose);
    add(vectorize::emitSumRows);
    add(vectorize::emitScatter);
    add(vectorize::emitScanBackward);
    add(vectorize::emitTokenShift);
    add(vectorize::emitWKV);
    add(vectorize::emitWKVBackward);
    add(vectorize::emitQuantizeWeights);
    add(vectorize::emitPack);
    add(vectorize::emitSquareSum);
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      return signalPassFailure();
    vectorize::emitTilePermission(getOperation());
  }

private:
  /// That of the module's target, for which weights were packed; without one that of the option.
  const Microkernel *findMicrokernel() {
    StringRef name = kernel;
    if (auto target = dyn_cast_or_null<CPUTargetAttr>(getTargetOf(getOperation()))) {
      if (!name.empty() && name != target.getKernel()) {
        getOperation().emitError() << "expected kernel '" << target.getKernel()
                                   << "' of the module's target, got '" << name << "'";
        return nullptr;
      }
      name = target.getKernel();
    }
    const Microkernel *microkernel =
        name.empty() ? &getMicrokernels().back() : lookupMicrokernel(name);
    if (!microkernel)
      getOperation().emitError() << "expected a microkernel of " << getMicrokernelNames()
                                 << ", got '" << name << "'";
    return microkernel;
  }
};
} // namespace
