//===- Tiles.h - Products of matrices in tile registers ----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_TILES_H
#define TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_TILES_H

#include "KernelEmitter.h"

namespace ternary::vectorize {

/// Rows of a tile register, columns of one of sums, and how many bytes of a row meet at a time.
constexpr int64_t kTileRegisterRows = 16, kTileRegisterColumns = 16, kTileDepth = 64;

/// A factor of a product: bytes in memory, from `indices` on, whose last two dimensions are
/// its rows and columns.
struct TileFactor {
  mlir::Value memory;
  llvm::SmallVector<mlir::Value> indices;
  bool isUnsigned = false;
  /// Whether its bytes come from the second-level cache, so that they are asked for ahead.
  bool isFar = false;
};

/// sums[r, c] = Σ_k A[r, k] · B[k / 4, 4 c + k % 4] for r < rows and c < columns, multiples of 16
/// of which four tiles at most make up the product, and k < steps · depth; `depth` is a multiple
/// of 4, at most 64, and has to be the same in all of a function: a register has one shape in it.
/// `sums` is memory of i32 like that of a factor, with `accumulates` added to what is there. Sums
/// wrap around.
void emitTileProduct(Emitter &e, const TileFactor &a, const TileFactor &b, int64_t rows,
                     int64_t columns, mlir::Value steps, int64_t depth, mlir::Value sums,
                     mlir::ValueRange sumIndices, bool accumulates = false);

/// Makes a program ask for the use of tile registers when it loads the module, if that uses any:
/// Linux saves them only for programs that do.
void emitTilePermission(mlir::ModuleOp module);

} // namespace ternary::vectorize

#endif // TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_TILES_H
