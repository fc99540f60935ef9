//===- KernelEmitter.h - What the emitters of kernels share -------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_KERNELEMITTER_H
#define TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_KERNELEMITTER_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ternary/Conversion/Microkernels.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary::vectorize {

/// Floats that row kernels handle at a time; the target's code generator splits them
/// into registers.
constexpr int64_t kChunk = 16;

/// Helpers over a builder whose location is that of the kernel.
struct Emitter {
  explicit Emitter(mlir::OpBuilder &builder, mlir::Location loc) : b(loc, builder) {}

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value c);
  mlir::Value add(mlir::Value a, int64_t c) { return c == 0 ? a : add(a, index(c)); }
  mlir::Value mul(mlir::Value a, int64_t c);
  mlir::Value dim(mlir::Value memref, int64_t dim);
  mlir::VectorType vectorType(int64_t size, mlir::Type element);
  /// A vector of `size` copies of a scalar.
  mlir::Value splat(mlir::Value scalar, int64_t size);
  mlir::Value zeros(mlir::VectorType type);

  /// Loads or stores at `indices`; lanes outside `mask`, if there is one, read as zero and
  /// are not written.
  mlir::Value load(mlir::VectorType type, mlir::Value memref, mlir::ValueRange indices,
                   mlir::Value mask);
  void store(mlir::Value value, mlir::Value memref, mlir::ValueRange indices, mlir::Value mask);

  /// Asks for what lies at `indices`, which may be beyond the end. Processors foresee what is read
  /// in sequence, but not across pages or from one row to another. What comes from memory goes to
  /// the second-level cache: the first level waits for few lines at a time, and would block.
  void prefetch(mlir::Value memref, mlir::ValueRange indices, bool isWrite = false,
                bool toFirstLevel = false);

  /// `memref` with one dimension in place of all but the last `trailing` ones, or null if its
  /// strides do not allow that.
  mlir::Value toRows(mlir::Value memref, int64_t trailing);

  /// Rows that are counted over all leading dimensions.
  struct Rows {
    mlir::Value memref;
    /// Sequences and tokens, where a sequence has memory for more tokens, as keys and values are
    /// kept; empty where the rows are one dimension.
    llvm::SmallVector<mlir::Value> sizes;
  };
  /// All but the last `trailing` dimensions of `memref` are rows; null if they are neither
  /// contiguous nor tokens of sequences.
  Rows findRows(mlir::Value memref, int64_t trailing);
  /// The indices of a row.
  llvm::SmallVector<mlir::Value> locate(const Rows &rows, mlir::Value row);

  /// Sum of the lanes of a vector: halves added until one lane is left.
  mlir::Value fold(mlir::Value vector);

  /// Lane i of vector k as lane k of vector i, for as many vectors as lanes.
  llvm::SmallVector<mlir::Value> transpose(llvm::ArrayRef<mlir::Value> rows);

  /// How many indices there are below `sizes`.
  mlir::Value count(mlir::ValueRange sizes);
  /// The indices below `sizes` of number `rest` of all of them, the last one being the fastest.
  llvm::SmallVector<mlir::Value> delinearize(mlir::Value rest, mlir::ValueRange sizes);
  /// Calls `body` for all indices of `sizes` as one parallel loop.
  void parallel(mlir::ValueRange sizes, llvm::function_ref<void(mlir::ValueRange indices)> body);
  /// Memory of the iteration of `parallel` that is being built, aligned to a cache line.
  mlir::Value allocateScratch(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// A loop with carried values.
  mlir::SmallVector<mlir::Value>
  loop(mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange init,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value iv, mlir::ValueRange carried)>
           body);

  /// Goes from `from` to `to` in blocks of the sizes of `blocks`, descending, as many as fit of
  /// each before the next; the last one is 1. Values are carried.
  mlir::SmallVector<mlir::Value>
  loopBlocks(mlir::Value from, mlir::Value to, llvm::ArrayRef<int64_t> blocks,
             mlir::ValueRange init,
             llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value first, int64_t count,
                                                               mlir::ValueRange carried)>
                 body);

  /// `init[r · vectors + v]` + Σ_l A(r, l) · B(l, v) for the rows r and vectors v of a block
  /// that stays in registers, by fused multiply-add in order of l from `from` to `to`; `loadB`
  /// loads all vectors of l, `loadA` a scalar.
  llvm::SmallVector<mlir::Value>
  multiply(mlir::Value from, mlir::Value to, mlir::ValueRange init, int64_t vectors,
           llvm::function_ref<mlir::Value(int64_t r, mlir::Value l)> loadA,
           llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value l)> loadB);

  mlir::ImplicitLocOpBuilder b;
};

/// Lanes of a vector of `lanes` at `column` that exist, or null if all do in every vector of
/// `step`.
mlir::Value getMask(Emitter &e, mlir::Value column, int64_t columns, int64_t lanes, int64_t step);

/// Channels of a recurrence that go through time together, and how many tokens ahead they are
/// asked for.
constexpr int64_t kScanChannels = 4 * kChunk, kScanAhead = 8;

/// Those from `first` on, chunk by chunk: the first one's column, and a mask of those that exist,
/// or null where all do.
struct ScanChannels : llvm::SmallVector<std::pair<mlir::Value, mlir::Value>, 4> {
  ScanChannels(Emitter &e, mlir::Value first, int64_t columns);
};

/// Clones an elementwise op on scalars or rows as one on vectors of `size` elements;
/// `mapping` has its operands. Constants are repeated for every lane.
void cloneElementwise(mlir::OpBuilder &builder, mlir::Operation *op, mlir::IRMapping &mapping,
                      int64_t size);

/// Each replaces what the op does at the builder's insertion point; the op itself is
/// left to the caller. Fails with an error for memory it cannot address.
mlir::LogicalResult emitRowKernel(mlir::OpBuilder &builder, RowKernelOp op);
mlir::LogicalResult emitLinearKernel(mlir::OpBuilder &builder, LinearKernelOp op,
                                     mlir::Value weightBytes, const Microkernel &microkernel);
mlir::LogicalResult emitGatherKernel(mlir::OpBuilder &builder, GatherKernelOp op,
                                     mlir::Value table);
mlir::LogicalResult emitTernaryGather(mlir::OpBuilder &builder, GatherKernelOp op,
                                      mlir::Value tableBytes);
mlir::LogicalResult emitScanKernel(mlir::OpBuilder &builder, ScanKernelOp op);

/// Likewise for kernels with `ins` and `outs`; weights among them are bytes.
mlir::LogicalResult emitLinearBackwardInput(mlir::OpBuilder &builder,
                                            LinearBackwardInputKernelOp op, mlir::ValueRange ins,
                                            mlir::ValueRange outs, const Microkernel &microkernel);
mlir::LogicalResult emitLinearBackwardWeight(mlir::OpBuilder &builder,
                                             LinearBackwardWeightKernelOp op, mlir::ValueRange ins,
                                             mlir::ValueRange outs, const Microkernel &microkernel);
mlir::LogicalResult emitMatmul(mlir::OpBuilder &builder, MatmulKernelOp op, mlir::ValueRange ins,
                               mlir::ValueRange outs, const Microkernel &microkernel);
mlir::LogicalResult emitMatmulTransposeA(mlir::OpBuilder &builder, MatmulTransposeAKernelOp op,
                                         mlir::ValueRange ins, mlir::ValueRange outs,
                                         const Microkernel &microkernel);
mlir::LogicalResult emitTranspose(mlir::OpBuilder &builder, TransposeKernelOp op,
                                  mlir::ValueRange ins, mlir::ValueRange outs);
mlir::LogicalResult emitRotary(mlir::OpBuilder &builder, RotaryKernelOp op, mlir::ValueRange ins,
                               mlir::ValueRange outs);
mlir::LogicalResult emitAttention(mlir::OpBuilder &builder, AttentionKernelOp op,
                                  mlir::ValueRange ins, mlir::ValueRange outs,
                                  const Microkernel &microkernel);
mlir::LogicalResult emitAttentionBackward(mlir::OpBuilder &builder, AttentionBackwardKernelOp op,
                                          mlir::ValueRange ins, mlir::ValueRange outs,
                                          const Microkernel &microkernel);
mlir::LogicalResult emitAppend(mlir::OpBuilder &builder, AppendKernelOp op, mlir::ValueRange ins,
                               mlir::ValueRange outs);
mlir::LogicalResult emitSumRows(mlir::OpBuilder &builder, SumRowsKernelOp op, mlir::ValueRange ins,
                                mlir::ValueRange outs);
mlir::LogicalResult emitScatter(mlir::OpBuilder &builder, ScatterKernelOp op, mlir::ValueRange ins,
                                mlir::ValueRange outs);
mlir::LogicalResult emitScanBackward(mlir::OpBuilder &builder, ScanBackwardKernelOp op,
                                     mlir::ValueRange ins, mlir::ValueRange outs);
mlir::LogicalResult emitTokenShift(mlir::OpBuilder &builder, TokenShiftKernelOp op,
                                   mlir::ValueRange ins, mlir::ValueRange outs);
mlir::LogicalResult emitWKV(mlir::OpBuilder &builder, WKVKernelOp op, mlir::ValueRange ins,
                            mlir::ValueRange outs);
mlir::LogicalResult emitWKVBackward(mlir::OpBuilder &builder, WKVBackwardKernelOp op,
                                    mlir::ValueRange ins, mlir::ValueRange outs);
mlir::LogicalResult emitQuantizeWeights(mlir::OpBuilder &builder, QuantizeWeightsKernelOp op,
                                        mlir::ValueRange ins, mlir::ValueRange outs);
mlir::LogicalResult emitPack(mlir::OpBuilder &builder, PackKernelOp op, mlir::ValueRange ins,
                             mlir::ValueRange outs);
mlir::LogicalResult emitSquareSum(mlir::OpBuilder &builder, SquareSumKernelOp op,
                                  mlir::ValueRange ins, mlir::ValueRange outs);
mlir::LogicalResult emitAdamW(mlir::OpBuilder &builder, AdamWKernelOp op);

} // namespace ternary::vectorize

#endif // TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_KERNELEMITTER_H
