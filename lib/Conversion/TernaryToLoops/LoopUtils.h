//===- LoopUtils.h - What the scalar lowerings share ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_TERNARYTOLOOPS_LOOPUTILS_H
#define TERNARY_LIB_CONVERSION_TERNARYTOLOOPS_LOOPUTILS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary::loops {

/// A builder at one kernel, with shorthand for scalar code.
class LoopBuilder : public mlir::ImplicitLocOpBuilder {
public:
  LoopBuilder(mlir::Operation *kernel, mlir::OpBuilder &builder);

  /// Constants; they stand before all other code of the kernel, each once.
  mlir::Value constant(mlir::TypedAttr value);
  mlir::Value index(int64_t value) { return constant(getIndexAttr(value)); }
  mlir::Value i32(int32_t value) { return constant(getI32IntegerAttr(value)); }
  mlir::Value f32(float value) { return constant(getF32FloatAttr(value)); }

  /// The floats that are computed in: those of the kernel or of an op in it.
  void computeLike(mlir::Operation *op);
  mlir::FloatType getRealType() const { return realType; }
  mlir::Value real(double value) { return constant(getFloatAttr(realType, value)); }

  /// The binary integer operation `Op`, folded where that is possible.
  template <typename Op> mlir::Value op(mlir::Value a, mlir::Value b) {
    return createOrFold<Op>(a, b);
  }
  mlir::Value addf(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddFOp::create(*this, a, b);
  }
  mlir::Value mulf(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulFOp::create(*this, a, b);
  }
  mlir::Value divf(mlir::Value a, mlir::Value b) {
    return mlir::arith::DivFOp::create(*this, a, b);
  }
  /// `a` if it is greater than `b`, else `b`.
  mlir::Value maximum(mlir::Value a, mlir::Value b);

  mlir::Value load(mlir::Value memref, mlir::ValueRange indices);
  void store(mlir::Value value, mlir::Value memref, mlir::ValueRange indices);

  /// The leading `rank` dimensions of a memref.
  llvm::SmallVector<mlir::Value> sizes(mlir::Value memref, int64_t rank);

  /// Loops over all indices below `sizes`, the last one innermost.
  void nest(mlir::ValueRange sizes, llvm::function_ref<void(mlir::ValueRange)> body);
  /// Loops over the indices below `size`.
  void loop(mlir::Value size, llvm::function_ref<void(mlir::Value)> body);
  /// Carries `init` through a loop over the indices below `size`, or from `from` to below `to`.
  using ReduceFn = llvm::function_ref<mlir::Value(mlir::Value index, mlir::Value carried)>;
  mlir::Value reduce(mlir::Value size, mlir::Value init, ReduceFn body) {
    return reduce(index(0), size, init, body);
  }
  mlir::Value reduce(mlir::Value from, mlir::Value to, mlir::Value init, ReduceFn body);

  /// The blocked sum over the indices below `size` of what `add` adds to its second argument.
  mlir::Value sum(mlir::Value size, ReduceFn add);
  /// Goes through the blocks of a blocked sum over the indices from `from` to below `to`, the first
  /// of which may start inside a block. `emitBlock` leaves the sum of a block in memory; `join`
  /// puts what level `level` holds before that; `keep` stores it at a level. Level 0 holds the
  /// whole at the end, and nothing where there are no indices.
  void foldBlocks(mlir::Value from, mlir::Value to,
                  llvm::function_ref<void(mlir::Value first, mlir::Value end)> emitBlock,
                  llvm::function_ref<void(mlir::Value level)> join,
                  llvm::function_ref<void(mlir::Value level)> keep);
  /// How many levels there are for so many indices, which may not be known.
  static int64_t getLevels(mlir::Value count);

  /// Memory on the stack, before all other code of the kernel.
  mlir::Value allocate(llvm::ArrayRef<int64_t> shape, mlir::Type element);

  /// What `element` builds where `index < size`, +0 elsewhere.
  mlir::Value elementOrZero(mlir::Value index, int64_t size,
                            llvm::function_ref<mlir::Value(mlir::Value)> element);

  /// `fold(v)`: halves added lane by lane until one of the lanes is left, whose number is a
  /// power of two. `lanes` is overwritten.
  mlir::Value fold(mlir::Value lanes);

private:
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;
  /// The last of the constants and of the memory.
  mlir::Operation *lastConstant;
  mlir::FloatType realType;
};

/// `[row..., column]`.
llvm::SmallVector<mlir::Value> append(mlir::ValueRange row, mlir::Value column);

/// Lanes of the sum of a row.
inline constexpr int64_t kLanes = 16;

/// Stack memory of the functions that hold the kernels. It is allocated on
/// entry, where no loop repeats it, and the kernels of a function use the same
/// memory in turn.
class Scratch {
public:
  /// All memory of the kernel's function is free again.
  void startKernel(mlir::Operation *kernel);

  mlir::Value allocate(LoopBuilder &builder, mlir::MemRefType type);
  /// Memory for what `fold` adds.
  mlir::Value allocateLanes(LoopBuilder &builder);

private:
  mlir::Block *entry = nullptr;
  llvm::DenseMap<std::pair<mlir::Block *, mlir::Type>, llvm::SmallVector<mlir::Value>> memory;
  llvm::DenseMap<mlir::Type, size_t> used;
};

/// `block(b)` of the elements of a row with `columns` of them, for every b; `lanes` are
/// scratch.
void emitBlockSums(LoopBuilder &builder, mlir::Value lanes, int64_t columns,
                   llvm::function_ref<mlir::Value(mlir::Value column)> element,
                   llvm::function_ref<void(mlir::Value sum, mlir::Value block)> store);

/// The sum of a row from its `blocks` block sums: lane l adds blocks l, 16 + l, ... in this
/// order; then lanes are folded.
mlir::Value emitSumOfBlocks(LoopBuilder &builder, mlir::Value lanes, int64_t blocks,
                            llvm::function_ref<mlir::Value(mlir::Value block)> blockSum);

/// `block(b)` of the squares of a row with `columns` elements, for every b;
/// `lanes` are scratch.
void emitSquareSums(LoopBuilder &builder, mlir::Value lanes, int64_t columns,
                    llvm::function_ref<mlir::Value(mlir::Value column)> element,
                    llvm::function_ref<void(mlir::Value sum, mlir::Value block)> store);

/// A kernel with `ins` and `outs`, by a function that emits its loops; weights are bytes.
template <typename OpTy, typename Emit> struct KernelPattern : mlir::OpConversionPattern<OpTy> {
  KernelPattern(const mlir::TypeConverter &converter, mlir::MLIRContext *context, Emit emit)
      : mlir::OpConversionPattern<OpTy>(converter, context), emit(emit) {}

  mlir::LogicalResult matchAndRewrite(OpTy op, typename OpTy::Adaptor adaptor,
                                      mlir::ConversionPatternRewriter &rewriter) const override {
    LoopBuilder builder(op, rewriter);
    emit(builder, op, adaptor.getIns(), adaptor.getOuts());
    rewriter.eraseOp(op);
    return mlir::success();
  }

  Emit emit;
};

/// Adds such patterns for `Ops`, which are illegal from now on.
template <typename... Ops, typename Emit>
void addKernelPatterns(mlir::RewritePatternSet &patterns, const mlir::TypeConverter &converter,
                       mlir::ConversionTarget &target, Emit emit) {
  (patterns.add<KernelPattern<Ops, Emit>>(converter, patterns.getContext(), emit), ...);
  target.addIllegalOp<Ops...>();
}

/// The kernels of caches and positions; those of training that are not scalar everywhere, those of
/// a float Transformer, and those of RWKV.
void populateCacheKernelPatterns(mlir::RewritePatternSet &patterns,
                                 const mlir::TypeConverter &converter,
                                 mlir::ConversionTarget &target);
void populateTrainingKernelPatterns(mlir::RewritePatternSet &patterns,
                                    const mlir::TypeConverter &converter,
                                    mlir::ConversionTarget &target);
void populateTransformerKernelPatterns(mlir::RewritePatternSet &patterns,
                                       const mlir::TypeConverter &converter,
                                       mlir::ConversionTarget &target);
void populateRWKVKernelPatterns(mlir::RewritePatternSet &patterns,
                                const mlir::TypeConverter &converter,
                                mlir::ConversionTarget &target);

void populateRowKernelPattern(mlir::RewritePatternSet &patterns,
                              const mlir::TypeConverter &converter, Scratch &scratch);
void populateLinearKernelPattern(mlir::RewritePatternSet &patterns,
                                 const mlir::TypeConverter &converter, Scratch &scratch);

} // namespace ternary::loops

#endif // TERNARY_LIB_CONVERSION_TERNARYTOLOOPS_LOOPUTILS_H
