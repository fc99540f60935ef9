//===- WeightStorage.cpp - Weights as bytes -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Conversion/WeightStorage.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ternary;

MemRefType ternary::getWeightStorageType(MemRefType type) {
  WeightLayoutAttrInterface layout = getLayoutOf(type);
  if (!layout || type.getRank() != 2 || !type.hasStaticShape())
    return {};
  if (!isa<WeightLayoutAttrInterface>(type.getLayout()) && !type.getLayout().isIdentity())
    return {};
  MemRefType storage = layout.getStorageType(type.getShape(), type.getElementType());
  return MemRefType::get(storage.getShape(), storage.getElementType(), MemRefLayoutAttrInterface(),
                         type.getMemorySpace());
}

namespace {
struct ConvertParameter : OpConversionPattern<ParameterOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(ParameterOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = getTypeConverter()->convertType<MemRefType>(op.getResult().getType());
    SymbolTableCollection symbols;
    ArchiveEntryOp entry = op.lookupEntry(symbols);
    if (!type || !entry)
      return rewriter.notifyMatchFailure(op, "no archive entry or no type");
    Value offset = arith::ConstantIndexOp::create(rewriter, op.getLoc(), entry.getOffset());
    rewriter.replaceOpWithNewOp<memref::ViewOp>(op, type, adaptor.getBase(), offset,
                                                /*sizes=*/ValueRange());
    return success();
  }
};

struct ConvertWeightMemory : OpConversionPattern<WeightMemoryOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(WeightMemoryOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = getTypeConverter()->convertType<MemRefType>(op.getResult().getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "no type");
    Value buffer = adaptor.getBuffer();
    if (type != buffer.getType()) {
      Value zero = arith::ConstantIndexOp::create(rewriter, op.getLoc(), 0);
      buffer = memref::ViewOp::create(rewriter, op.getLoc(), type, buffer, zero, ValueRange());
    }
    rewriter.replaceOp(op, buffer);
    return success();
  }
};
} // namespace

void ternary::populateWeightStorageConversion(TypeConverter &converter, RewritePatternSet &patterns,
                                              ConversionTarget &target) {
  converter.addConversion([](Type type) { return type; });
  converter.addConversion([](MemRefType type) -> std::optional<Type> {
    return getLayoutOf(type) ? std::optional<Type>(getWeightStorageType(type)) : std::nullopt;
  });

  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns, converter);
  populateCallOpTypeConversionPattern(patterns, converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
  patterns.add<ConvertParameter, ConvertWeightMemory>(converter, patterns.getContext());

  target.addIllegalOp<ParameterOp, WeightMemoryOp>();
  target.addLegalOp<ArchiveOp>();
  target.markOpRecursivelyLegal<ArchiveOp>();
  target.addDynamicallyLegalOp<func::FuncOp>([&converter](func::FuncOp op) {
    return converter.isSignatureLegal(op.getFunctionType()) && converter.isLegal(&op.getBody());
  });
  target.addDynamicallyLegalOp<func::CallOp, func::ReturnOp>(
      [&converter](Operation *op) { return converter.isLegal(op); });
}

void ternary::eraseArchives(Operation *module) {
  module->walk<WalkOrder::PreOrder>([](ArchiveOp archive) {
    archive->erase();
    return WalkResult::skip();
  });
}
