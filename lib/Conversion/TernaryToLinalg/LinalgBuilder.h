//===- LinalgBuilder.h - What conversions to linalg share -------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_TERNARYTOLINALG_LINALGBUILDER_H
#define TERNARY_LIB_CONVERSION_TERNARYTOLINALG_LINALGBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary::linalg_form {

/// What a function that converts an op returns: one value for each of its results.
using Results = llvm::SmallVector<mlir::Value>;

inline llvm::ArrayRef<int64_t> getShape(mlir::Value tensor) {
  return llvm::cast<mlir::RankedTensorType>(tensor.getType()).getShape();
}
inline int64_t getRank(mlir::Value tensor) { return getShape(tensor).size(); }
inline int64_t getColumns(mlir::Value tensor) { return getShape(tensor).back(); }

/// A tensor, and which element of it an iteration reads: expressions of the loops' numbers.
struct Access {
  mlir::Value tensor;
  llvm::SmallVector<mlir::AffineExpr> place;
};

/// A builder of ops on tensors at one op, with shorthand for linalg.
class LinalgBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Sizes = llvm::SmallVector<mlir::OpFoldResult>;
  using Body = llvm::function_ref<mlir::Value(mlir::ValueRange)>;
  using ReduceBody = llvm::function_ref<mlir::Value(mlir::ValueRange, mlir::Value carried)>;

  LinalgBuilder(mlir::Operation *op, mlir::OpBuilder &builder)
      : ImplicitLocOpBuilder(op->getLoc(), builder) {}

  /// Scalars.
  mlir::Value constant(mlir::TypedAttr value) {
    return mlir::arith::ConstantOp::create(*this, value);
  }
  mlir::Value index(int64_t value) { return constant(getIndexAttr(value)); }
  mlir::Value real(mlir::Type type, double value);
  mlir::Value lowest(mlir::Type type) {
    return real(type, -std::numeric_limits<double>::infinity());
  }
  mlir::Value addf(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddFOp::create(*this, a, b);
  }
  mlir::Value subf(mlir::Value a, mlir::Value b) {
    return mlir::arith::SubFOp::create(*this, a, b);
  }
  mlir::Value mulf(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulFOp::create(*this, a, b);
  }
  mlir::Value divf(mlir::Value a, mlir::Value b) {
    return mlir::arith::DivFOp::create(*this, a, b);
  }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) {
    return mlir::arith::SelectOp::create(*this, condition, a, b);
  }
  /// `a` if it is greater than `b`, else `b`.
  mlir::Value maximum(mlir::Value a, mlir::Value b);
  /// `x` in [low, high]; NaN becomes `low`.
  mlir::Value clamp(mlir::Value x, double low, double high);
  /// A float or an integer as a float of `type`.
  mlir::Value toFloat(mlir::Type type, mlir::Value value);
  mlir::Value toIndex(mlir::Value value);
  mlir::Value asValue(mlir::OpFoldResult size) {
    return mlir::getValueOrCreateConstantIndexOp(*this, getLoc(), size);
  }
  mlir::OpFoldResult add(mlir::OpFoldResult size, int64_t value);
  /// The number of loop `i` in a body.
  mlir::Value loopIndex(int64_t i);
  /// An element, read by a body at a place that it computes.
  mlir::Value extract(mlir::Value tensor, mlir::ValueRange place);

  /// Loops from `from` to below `to`, as expressions.
  llvm::SmallVector<mlir::AffineExpr> loops(int64_t from, int64_t to);
  llvm::SmallVector<mlir::AffineExpr> loops(int64_t count) { return loops(0, count); }

  Sizes sizes(mlir::Value tensor);
  /// Those of all dimensions but the last.
  Sizes rowSizes(mlir::Value tensor);
  mlir::Value empty(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element);
  mlir::Value filled(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Value value);

  /// A tensor of `sizes` whose elements `body` computes from those of `ins`.
  mlir::Value map(llvm::ArrayRef<Access> ins, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                  mlir::Type element, Body body);
  /// The same with several results.
  llvm::SmallVector<mlir::Value>
  mapAll(llvm::ArrayRef<Access> ins, llvm::ArrayRef<mlir::OpFoldResult> sizes,
         mlir::TypeRange elements,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> body);
  /// What `body` makes of elements of `ins` and of those that `outs` hold, in the place of `outs`.
  llvm::SmallVector<mlir::Value> update(
      llvm::ArrayRef<Access> ins, mlir::ValueRange outs,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange, mlir::ValueRange)> body);
  /// A tensor of `sizes` each of whose elements is carried, from `init`, through one loop more,
  /// which is the last and in order.
  mlir::Value reduce(llvm::ArrayRef<Access> ins, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                     mlir::Value init, ReduceBody body);
  /// Values that are carried through a loop over the indices below `count`, each in its place.
  llvm::SmallVector<mlir::Value>
  carry(mlir::Value count, mlir::ValueRange inits,
        llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);

  /// `tensor` with `value` behind what dimension `dim` has, up to `size`.
  mlir::Value pad(mlir::Value tensor, int64_t dim, mlir::OpFoldResult size, mlir::Value value);
  /// Dimension `dim` as several ones, row by row; and the other way round.
  mlir::Value expand(mlir::Value tensor, int64_t dim, llvm::ArrayRef<mlir::OpFoldResult> parts);
  mlir::Value collapse(mlir::Value tensor, int64_t dim, int64_t count);
  /// The part of `tensor` that has `size` elements of dimension `dim` from `offset` on; and
  /// `destination` with `part` in such a place.
  mlir::Value slice(mlir::Value tensor, int64_t dim, mlir::OpFoldResult offset,
                    mlir::OpFoldResult size);
  mlir::Value insert(mlir::Value part, mlir::Value destination, int64_t dim,
                     mlir::OpFoldResult offset);
  /// The same of one element, without that dimension; `kept` are the sizes of the others.
  mlir::Value sliceAt(mlir::Value tensor, int64_t dim, mlir::OpFoldResult offset);
  mlir::Value sliceAt(mlir::Value tensor, int64_t dim, mlir::OpFoldResult offset,
                      llvm::ArrayRef<mlir::OpFoldResult> kept);
  mlir::Value insertAt(mlir::Value part, mlir::Value destination, int64_t dim,
                       mlir::OpFoldResult offset);

  /// The blocked sum over the `count` numbers of the loop behind those of `sizes`, one for each
  /// index of these. `add` adds to what is carried what is -0 if the first access is -0 and the
  /// others are 0.
  mlir::Value blockedSum(llvm::ArrayRef<Access> addends, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                         int64_t count, mlir::Type type, ReduceBody add);
  /// `block(b)` of each row of `[..., K]`, for all b; the sum of a row from these; and both.
  mlir::Value blockSums(mlir::Value tensor);
  mlir::Value sumOfBlocks(mlir::Value sums);
  mlir::Value rowSum(mlir::Value tensor) { return sumOfBlocks(blockSums(tensor)); }

  /// A weight as plain upstream types have it, see `getPlainType`.
  mlir::Value plain(mlir::Value weight);
  /// `value` as a tensor of `type`, of which more or fewer sizes may be known; weights are plain or
  /// not.
  mlir::Value castTo(mlir::Value value, mlir::Type type);

private:
  llvm::SmallVector<mlir::Value>
  generic(llvm::ArrayRef<Access> ins, mlir::ValueRange outs, int64_t reductions,
          llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> body);
  /// Elements of the last dimension that are added: neighbors, or those of its halves.
  enum class Pairs { Neighbors, Halves };
  /// Adds pairs until one element is left; the dimension, a power of two, is gone then.
  mlir::Value fold(mlir::Value tensor, Pairs pairs);
};

/// `type` with i8 in the place of trits, and row by row.
mlir::Type getPlainType(mlir::Type type);

/// Puts upstream's ops in the place of one op, by a function that builds them.
template <typename OpTy, typename Emit> struct ConvertOp : mlir::OpRewritePattern<OpTy> {
  ConvertOp(mlir::MLIRContext *context, Emit emit)
      : mlir::OpRewritePattern<OpTy>(context), emit(emit) {}

  mlir::LogicalResult matchAndRewrite(OpTy op, mlir::PatternRewriter &rewriter) const override {
    // Rows of kernels are vectors.
    if (!std::is_same_v<OpTy, ActivateOp> &&
        llvm::any_of(op->getOperandTypes(), llvm::IsaPred<mlir::VectorType>))
      return mlir::failure();
    LinalgBuilder builder(op, rewriter);
    Results results = emit(builder, op);
    for (auto [value, result] : llvm::zip_equal(results, op->getResults()))
      value = builder.castTo(value, result.getType());
    rewriter.replaceOp(op, results);
    return mlir::success();
  }

  Emit emit;
};

template <typename... Ops, typename Emit>
void addPatterns(mlir::RewritePatternSet &patterns, Emit emit) {
  (patterns.add(std::make_unique<ConvertOp<Ops, Emit>>(patterns.getContext(), emit)), ...);
}

void populateRowOpPatterns(mlir::RewritePatternSet &patterns);
void populateProductOpPatterns(mlir::RewritePatternSet &patterns);
void populateWeightOpPatterns(mlir::RewritePatternSet &patterns);
void populateScanOpPatterns(mlir::RewritePatternSet &patterns);
void populateLookupOpPatterns(mlir::RewritePatternSet &patterns);
void populateAttentionPatterns(mlir::RewritePatternSet &patterns);

} // namespace ternary::linalg_form

#endif // TERNARY_LIB_CONVERSION_TERNARYTOLINALG_LINALGBUILDER_H
