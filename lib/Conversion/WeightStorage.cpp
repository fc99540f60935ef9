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
  if (!isa<TritType>(type.getElementType()) || type.getRank() != 2 || !type.hasStaticShape())
    return {};
  if (!isa<PackedAttr>(type.getLayout()) && !type.getLayout().isIdentity())
    return {};
  return MemRefType::get({getWeightBytes(type)}, IntegerType::get(type.getContext(), 8),
                         MemRefLayoutAttrInterface(), type.getMemorySpace());
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
    rewriter.replaceOp(op, adaptor.getBuffer());
    return success();
  }
};
} // namespace

void ternary::populateWeightStorageConversion(TypeConverter &converter, RewritePatternSet &patterns,
                                              ConversionTarget &target) {
  converter.addConversion([](Type type) { return type; });
  converter.addConversion([](MemRefType type) -> std::optional<Type> {
    if (!isa<TritType>(type.getElementType()))
      return std::nullopt;
    return getWeightStorageType(type);
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

bool ternary::isInPanels(Value weight) { return cast<MemRefType>(weight.getType()).getRank() == 3; }

SmallVector<Value> ternary::getPanelIndices(OpBuilder &builder, Location loc, Value panels, Value n,
                                            Value k) {
  int64_t rows = cast<MemRefType>(panels.getType()).getDimSize(2);
  Value perPanel = arith::ConstantIndexOp::create(builder, loc, rows);
  return {builder.createOrFold<arith::DivUIOp>(loc, n, perPanel), k,
          builder.createOrFold<arith::RemUIOp>(loc, n, perPanel)};
}
