//===- EmulateHalfFloats.cpp - Floats of 16 bits as integers ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A code generator that meets a 16-bit float on a processor without instructions for it
// calls a helper of the compiler's own runtime (__truncsfbf2, __extendhfsf2), even where
// it only takes vectors apart. Objects link libc and libm alone, so such floats never
// reach it: in memory and in registers they are i16.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "ternary/Conversion/MathUtils.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Target/Target.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYEMULATEHALFFLOATS
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

/// `type`, a scalar or a vector, with another element.
static Type withElement(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(vector.clone(element)) : element;
}

namespace {
/// Integer ops on the bits of f32, or of vectors of it.
struct BitsBuilder : ImplicitLocOpBuilder {
  BitsBuilder(Location loc, OpBuilder &builder, Type floatType)
      : ImplicitLocOpBuilder(loc, builder), floatType(floatType),
        bitsType(withElement(floatType, getI32Type())) {}

  Value constant(int64_t value) { return buildInteger(*this, getLoc(), bitsType, value); }
  Value add(Value a, Value b) { return arith::AddIOp::create(*this, a, b); }
  Value sub(Value a, Value b) { return arith::SubIOp::create(*this, a, b); }
  Value both(Value a, int64_t b) { return arith::AndIOp::create(*this, a, constant(b)); }
  Value either(Value a, Value b) { return arith::OrIOp::create(*this, a, b); }
  Value shiftLeft(Value a, int64_t by) { return arith::ShLIOp::create(*this, a, constant(by)); }
  Value shiftRight(Value a, int64_t by) { return arith::ShRUIOp::create(*this, a, constant(by)); }
  Value select(arith::CmpIPredicate predicate, Value a, int64_t b, Value then, Value otherwise) {
    Value condition = arith::CmpIOp::create(*this, predicate, a, constant(b));
    return arith::SelectOp::create(*this, condition, then, otherwise);
  }
  Value toFloat(Value bits) { return arith::BitcastOp::create(*this, floatType, bits); }
  Value toBits(Value value) { return arith::BitcastOp::create(*this, bitsType, value); }

  Type floatType, bitsType;
};

/// Extension of f16 to f32, exact; a NaN becomes quiet and keeps its payload.
struct ExtendHalf : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    Value half = op.getIn();
    if (!getElementTypeOrSelf(half.getType()).isF16() ||
        !getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    BitsBuilder b(op.getLoc(), rewriter, op.getType());
    Value narrow = arith::BitcastOp::create(b, withElement(half.getType(), b.getI16Type()), half);
    Value bits = arith::ExtUIOp::create(b, b.bitsType, narrow);
    Value sign = b.shiftLeft(b.both(bits, 0x8000), 16);
    Value magnitude = b.shiftLeft(b.both(bits, 0x7FFF), 13);
    // The exponent's bias is 15 here and 127 there.
    Value normal = b.add(magnitude, b.constant((127 - 15) << 23));
    Value special = b.add(magnitude, b.constant((255 - 31) << 23));
    special = b.select(arith::CmpIPredicate::ugt, magnitude, 0x7C00 << 13,
                       b.either(special, b.constant(1 << 22)), special);
    // Without a leading one the value is magnitude · 2^-24: (1 + m) - 1 in units of 2^-14.
    Value leading = b.toFloat(b.add(magnitude, b.constant((127 - 14) << 23)));
    Value one = buildFloat(b, b.getLoc(), b.floatType, 0x1p-14f);
    Value subnormal = b.toBits(arith::SubFOp::create(b, leading, one));
    Value finite = b.select(arith::CmpIPredicate::ult, magnitude, 0x0400 << 13, subnormal, normal);
    Value result = b.select(arith::CmpIPredicate::uge, magnitude, 0x7C00 << 13, special, finite);
    rewriter.replaceOp(op, b.toFloat(b.either(result, sign)));
    return success();
  }
};

/// Rounding of f32 to f16, to nearest with ties to even; beyond 65519 lies infinity, and a NaN
/// becomes quiet and keeps the upper bits of its payload.
struct TruncateToHalf : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &rewriter) const override {
    Value value = op.getIn();
    if (!getElementTypeOrSelf(value.getType()).isF32() ||
        !getElementTypeOrSelf(op.getType()).isF16())
      return failure();
    BitsBuilder b(op.getLoc(), rewriter, value.getType());
    Value bits = b.toBits(value);
    Value sign = b.shiftRight(b.both(bits, 0x80000000), 16);
    Value magnitude = b.both(bits, 0x7FFFFFFF);
    // Half a unit in the last place, less one where the last bit is even: ties go to even.
    Value odd = b.both(b.shiftRight(magnitude, 13), 1);
    Value rounded = b.add(b.add(magnitude, b.constant(0xFFF)), odd);
    Value normal = b.shiftRight(b.sub(rounded, b.constant((127 - 15) << 23)), 13);
    // Below 2^-14 a unit is 2^-24, the last bit of floats from 0.5 to 1: adding rounds to it.
    Value half = buildFloat(b, b.getLoc(), b.floatType, 0.5f);
    Value shifted = arith::AddFOp::create(b, b.toFloat(magnitude), half);
    Value subnormal = b.sub(b.toBits(shifted), b.toBits(half));
    Value nan = b.either(b.both(b.shiftRight(magnitude, 13), 0x3FF), b.constant(0x7E00));
    Value infinite =
        b.select(arith::CmpIPredicate::ugt, magnitude, 0x7F800000, nan, b.constant(0x7C00));
    Value finite =
        b.select(arith::CmpIPredicate::ult, magnitude, (127 - 14) << 23, subnormal, normal);
    Value result =
        b.select(arith::CmpIPredicate::uge, magnitude, (127 + 16) << 23, infinite, finite);
    Value narrow = arith::TruncIOp::create(b, withElement(value.getType(), b.getI16Type()),
                                           b.either(result, sign));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), narrow);
    return success();
  }
};

struct EmulateHalfFloats : ternary::impl::TernaryEmulateHalfFloatsBase<EmulateHalfFloats> {
  using TernaryEmulateHalfFloatsBase::TernaryEmulateHalfFloatsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    arith::populateExpandBFloat16Patterns(patterns);
    const Target *target = lookupTargetOf(getOperation());
    keepsF16 = f16Conversions || (target && target->convertsF16(getTargetOf(getOperation())));
    if (!keepsF16)
      patterns.add<ExtendHalf, TruncateToHalf>(&getContext());
    FrozenRewritePatternSet frozen(std::move(patterns));
    for (Operation &op : getOperation().getOps()) {
      // The driver carries out what is in there; none of it becomes code.
      if (isa<ArchiveOp>(op))
        continue;
      walkAndApplyPatterns(&op, frozen);
      if (failed(checkArithmetic(&op)))
        return signalPassFailure();
      replaceTypes(&op);
    }
  }

private:
  bool keepsF16 = false;

  bool isEmulated(Type type) const { return type.isBF16() || (type.isF16() && !keepsF16); }

  /// Arithmetic is done in f32; what computes with a float of 16 bits itself would mean another
  /// thing on an integer.
  LogicalResult checkArithmetic(Operation *root) const {
    auto result = root->walk([&](Operation *op) -> WalkResult {
      if (!isa<arith::ArithFastMathInterface, arith::FPToSIOp, arith::FPToUIOp, arith::SIToFPOp,
               arith::UIToFPOp>(op))
        return WalkResult::advance();
      for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
        if (isEmulated(getElementTypeOrSelf(type)))
          return op->emitOpError() << "expected arithmetic in f32 or f64, got " << type;
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  void replaceTypes(Operation *root) {
    AttrTypeReplacer replacer;
    Type i16 = IntegerType::get(&getContext(), 16);
    replacer.addReplacement([&](FloatType type) -> std::optional<Type> {
      if (isEmulated(type))
        return i16;
      return std::nullopt;
    });
    replacer.addReplacement([&](FloatAttr attr) -> std::optional<Attribute> {
      if (!isEmulated(attr.getType()))
        return std::nullopt;
      return IntegerAttr::get(i16, attr.getValue().bitcastToAPInt());
    });
    replacer.addReplacement(
        [&](DenseElementsAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
          if (!isEmulated(attr.getElementType()))
            return std::nullopt;
          return std::make_pair(attr.bitcast(i16), WalkResult::skip());
        });
    replacer.recursivelyReplaceElementsIn(root, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    root->walk([](arith::BitcastOp op) {
      if (op.getType() != op.getIn().getType())
        return;
      op.replaceAllUsesWith(op.getIn());
      op.erase();
    });
  }
};
} // namespace
