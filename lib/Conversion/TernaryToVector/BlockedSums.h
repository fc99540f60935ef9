//===- BlockedSums.h - Blocked sums of vectors -------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tree over the blocks of a sum is walked from left to right, as a binary number is counted up:
// level j of a stack holds what 2^j blocks add up to until their neighbours are complete. So memory
// and code do not grow with the number of addends.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_BLOCKEDSUMS_H
#define TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_BLOCKEDSUMS_H

#include "KernelEmitter.h"
#include "ternary/Conversion/BlockedSums.h"

namespace ternary::vectorize {

/// What a block's sum is joined with.
struct Join {
  mlir::Value levels; ///< those whose sums are added, lowest first, as bits of an i64
  mlir::Value level;  ///< the one that holds the result
};

/// Of block `block`, counted from 0, where no block is missing. The last one leaves the whole sum
/// at level 0.
Join getJoin(Emitter &e, mlir::Value block, mlir::Value isLast);

/// Goes through the blocks of the indices from `from` to below `to`, the first of which may start
/// inside a block.
void forSumBlocks(
    Emitter &e, mlir::Value from, mlir::Value to,
    llvm::function_ref<void(mlir::Value first, mlir::Value end, const Join &join)> body);

/// Carries values through the levels of a join.
llvm::SmallVector<mlir::Value> forLevels(
    Emitter &e, const Join &join, mlir::ValueRange init,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value level, mlir::ValueRange carried)>
        body);

/// How many levels there are for so many addends, which may not be known.
int64_t getSumLevels(mlir::Value count);

/// Vectors of the same number for each block, of which there are few: added in pairs.
llvm::SmallVector<mlir::Value> addTree(Emitter &e,
                                       llvm::SmallVector<llvm::SmallVector<mlir::Value>> blocks);

/// The stack of some vectors that are summed together.
class SumStack {
public:
  /// Allocates memory of an iteration for `levels` of at most `width` vectors.
  SumStack(Emitter &e, int64_t levels, int64_t width, mlir::VectorType type);

  void push(const Join &join, mlir::ValueRange sums);
  /// `width` vectors of a level.
  llvm::SmallVector<mlir::Value> load(mlir::Value level, int64_t width);
  void store(mlir::ValueRange sums, mlir::Value level);

private:
  Emitter *e;
  mlir::VectorType type;
  mlir::Value memory;
};

/// Blocked sums over `count` addends.
class BlockedSum {
public:
  /// Allocates memory of an iteration for at most `width` vectors, if it takes any.
  BlockedSum(Emitter &e, mlir::Value count, int64_t width, mlir::VectorType type);

  /// What `emitBlock` makes of each block, `width` vectors, added up.
  llvm::SmallVector<mlir::Value>
  emit(int64_t width,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value first, mlir::Value end)>
           emitBlock);

private:
  Emitter &e;
  mlir::Value count;
  mlir::VectorType type;
  /// None where the blocks are few.
  std::optional<SumStack> stack;
};

} // namespace ternary::vectorize

#endif // TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_BLOCKEDSUMS_H
