//===- FloatProduct.h - Tiles of a ternary weight times floats ---*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_FLOATPRODUCT_H
#define TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_FLOATPRODUCT_H

#include "BlockedSums.h"

namespace ternary::vectorize {

/// What a tile of a ternary weight is multiplied with, rows of floats, and how.
struct FloatProduct {
  Emitter &e;
  const Microkernel &isa;
  PackedAttr layout;
  int64_t columns;                  ///< of the weight
  std::optional<int64_t> groupSize; ///< of its columns, if not all share a scale
  mlir::Value weight;               ///< its bytes
  mlir::Value activations;          ///< [tokens, columns]
  mlir::Value tile;
  /// The scales of the rows of a vector of the tile, in a group or, if null, in all columns.
  llvm::function_ref<mlir::Value(int64_t vector, mlir::Value group)> loadScale;
  /// From `allocateFloatSums`.
  std::optional<SumStack> &stack;
};

/// Memory of a thread for products with at most `tokens` tokens, if they take any; `columns` are
/// those of a group or of the weight.
std::optional<SumStack> allocateFloatSums(Emitter &e, const Microkernel &isa, PackedAttr layout,
                                          int64_t columns, int64_t tokens);

/// `dequantize(accumulate(...))` of `tokens` tokens from `token` on, for each of them the values of
/// every vector of the tile.
llvm::SmallVector<llvm::SmallVector<mlir::Value>>
emitFloatProduct(const FloatProduct &product, mlir::Value token, int64_t tokens);

} // namespace ternary::vectorize

#endif // TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_FLOATPRODUCT_H
