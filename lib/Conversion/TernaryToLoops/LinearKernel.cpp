//===- LinearKernel.cpp - Kernels of ternary weights as scalar loops ------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trits are looked up one by one, wherever the layout puts them: this is the
// second, independent statement of `#ternary.packed`: packing is tested by it.
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

namespace {
/// Rows of a table of trits, with their scales.
struct ConvertTernaryGather : OpConversionPattern<GatherKernelOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(GatherKernelOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.hasTernaryTable())
      return failure();
    LoopBuilder b(op, rewriter);
    auto table = cast<MemRefType>(op.getTable().getType());
    Type scales = op.getScale().getType();
    WeightLayoutAttrInterface layout = getLayoutOf(table);
    std::optional<int64_t> groupSize = getGroupSizeOf(table, scales);
    bool hasOne = cast<MemRefType>(scales).getDimSize(0) == 1 && !groupSize;
    b.nest(b.sizes(op.getOuts(), cast<MemRefType>(op.getOuts().getType()).getRank()),
           [&](ValueRange indices) {
             Value id = b.load(op.getIds(), indices.drop_back());
             Value row = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), id);
             Value trit = layout.buildRead(b, b.getLoc(), adaptor.getTable(), table.getShape(), row,
                                           indices.back());
             SmallVector<Value> place = {hasOne ? b.index(0) : row};
             if (groupSize)
               place.insert(place.begin(),
                            b.op<arith::DivUIOp>(indices.back(), b.index(*groupSize)));
             Value value = arith::SIToFPOp::create(b, b.getF32Type(), trit);
             b.store(b.mulf(value, b.load(op.getScale(), place)), op.getOuts(), indices);
           });
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertLinearKernel : OpConversionPattern<LinearKernelOp> {
  ConvertLinearKernel(const TypeConverter &converter, MLIRContext *context, Scratch &scratch)
      : OpConversionPattern(converter, context), scratch(scratch) {}

  LogicalResult matchAndRewrite(LinearKernelOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    LoopBuilder b(op, rewriter);
    Value out = op.getOuts().front();
    int64_t rowRank = cast<MemRefType>(out.getType()).getRank() - 1;
    SmallVector<Value> rows = b.sizes(out, rowRank);
    Value lanes;
    if (op.getSquareSums()) {
      scratch.startKernel(op);
      lanes = scratch.allocateLanes(b);
    }
    b.nest(rows, [&](ValueRange row) {
      emitRow(b, op, adaptor.getWeight(), row);
      if (lanes)
        emitRowStatistics(b, op, lanes, row);
    });
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// One row of all outs but the statistics.
  static void emitRow(LoopBuilder &b, LinearKernelOp op, Value bytes, ValueRange row) {
    int64_t halves = op.getLayout().getHalves();
    int64_t columns = op.getWeightShape()[0] / halves;
    b.loop(b.index(columns), [&](Value column) {
      IRMapping mapping;
      Block &epilogue = op.getEpilogue().front();
      for (int64_t half = 0; half < halves; ++half)
        mapping.map(epilogue.getArgument(half), emitElement(b, op, bytes, row, half, column));
      for (auto [extra, argument] :
           llvm::zip_equal(op.getExtras(), epilogue.getArguments().drop_front(halves))) {
        bool isShared = cast<MemRefType>(extra.getType()).getRank() == 1;
        mapping.map(argument, b.load(extra, isShared ? SmallVector{column} : append(row, column)));
      }
      for (Operation &inner : epilogue.without_terminator())
        b.clone(inner, mapping);
      auto yielded = op.getYield().getValues();
      for (auto [value, out] : llvm::zip(yielded, op.getOuts()))
        b.store(mapping.lookupOrDefault(value), out, append(row, column));
    });
  }

  /// The dequantised product for row `column` of a half of the weight.
  static Value emitElement(LoopBuilder &b, LinearKernelOp op, Value bytes, ValueRange row,
                           int64_t half, Value column) {
    ArrayRef<int64_t> shape = op.getWeightShape();
    int64_t start = half * (shape[0] / op.getLayout().getHalves());
    Value weightRow = b.op<arith::AddIOp>(column, b.index(start));
    auto readTrit = [&](Value k) {
      return op.getLayout().buildRead(b, b.getLoc(), bytes, shape, weightRow, k);
    };
    bool isFloat = op.hasFloatActivations();
    // The sum over `count` columns from `first` on.
    auto accumulate = [&](Value first, int64_t count) -> Value {
      return b.reduce(b.index(count), b.i32(0), [&](Value i, Value sum) -> Value {
        Value k = b.op<arith::AddIOp>(first, i);
        Value activation =
            arith::ExtSIOp::create(b, b.getI32Type(), b.load(op.getActivations(), append(row, k)));
        Value product = arith::MulIOp::create(b, activation, readTrit(k));
        return arith::AddIOp::create(b, sum, product);
      });
    };
    auto accumulateFloats = [&](Value first, int64_t count) -> Value {
      return b.sum(b.index(count), [&](Value i, Value sum) {
        Value k = b.op<arith::AddIOp>(first, i);
        Value trit = arith::SIToFPOp::create(b, b.getF32Type(), readTrit(k));
        return b.addf(sum, b.mulf(b.load(op.getActivations(), append(row, k)), trit));
      });
    };
    // The same with the scale of a group, of the row of the weight, or of all.
    auto multiply = [&](Value first, int64_t count, Value group) -> Value {
      Value sum = isFloat ? accumulateFloats(first, count) : accumulate(first, count);
      SmallVector<Value> place = {b.index(0)};
      if (group || cast<MemRefType>(op.getWeightScale().getType()).getDimSize(0) != 1)
        place = {b.op<arith::AddIOp>(column, b.index(start))};
      if (group)
        place.insert(place.begin(), group);
      if (isFloat)
        return b.mulf(sum, b.load(op.getWeightScale(), place));
      Value activationScale = b.load(op.getScales(), row);
      Value scale = b.mulf(activationScale, b.load(op.getWeightScale(), place));
      return b.mulf(arith::SIToFPOp::create(b, b.getF32Type(), sum), scale);
    };
    std::optional<int64_t> size = op.getGroupSize();
    if (!size)
      return multiply(b.index(0), shape[1], Value());
    return b.sum(b.index(shape[1] / *size), [&](Value group, Value sum) {
      Value first = b.op<arith::MulIOp>(group, b.index(*size));
      return b.addf(sum, multiply(first, *size, group));
    });
  }

  /// The block sums of the row of the first out that was just written.
  static void emitRowStatistics(LoopBuilder &b, LinearKernelOp op, Value lanes, ValueRange row) {
    Value out = op.getOuts().front(), statistics = op.getOuts().back();
    int64_t columns = cast<MemRefType>(out.getType()).getShape().back();
    emitSquareSums(
        b, lanes, columns, [&](Value column) { return b.load(out, append(row, column)); },
        [&](Value sum, Value block) { b.store(sum, statistics, append(row, block)); });
  }

  Scratch &scratch;
};
} // namespace

void loops::populateLinearKernelPattern(RewritePatternSet &patterns, const TypeConverter &converter,
                                        Scratch &scratch) {
  patterns.add<ConvertLinearKernel>(converter, patterns.getContext(), scratch);
  patterns.add<ConvertTernaryGather>(converter, patterns.getContext());
}
