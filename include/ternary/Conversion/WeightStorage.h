//===- WeightStorage.h - Weights as bytes -----------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Below the kernels a weight `memref<NxKx!ternary.trit, #ternary.packed<...>>`
// is `memref<BYTESxi8>`: its layout is in the code that reads it. Lowerings of
// kernels share this conversion; their patterns take the layout from the
// original op, the bytes from the adaptor.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_WEIGHTSTORAGE_H
#define TERNARY_CONVERSION_WEIGHTSTORAGE_H

#include "mlir/Transforms/DialectConversion.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {

/// The bytes of a weight: `memref<BYTESxi8>` for a memref of trits, packed or
/// plain; null for a memref of trits that is neither, such as a strided one.
mlir::MemRefType getWeightStorageType(mlir::MemRefType type);

/// Adds to `converter` the conversion of weights to bytes (other types stay as
/// they are); to `patterns` and `target` functions, calls and returns, and
/// `parameter`, which becomes a view of the archive's payload. Archives are
/// legal and stay.
void populateWeightStorageConversion(mlir::TypeConverter &converter,
                                     mlir::RewritePatternSet &patterns,
                                     mlir::ConversionTarget &target);

/// Erases the archives of a module after that conversion, when nothing refers
/// to them.
void eraseArchives(mlir::Operation *module);

/// Whether a float weight in memory is in panels `[N / P, K, P]`.
bool isInPanels(mlir::Value weight);

/// Where element k of row n of such a weight is.
llvm::SmallVector<mlir::Value> getPanelIndices(mlir::OpBuilder &builder, mlir::Location loc,
                                               mlir::Value panels, mlir::Value n, mlir::Value k);

} // namespace ternary

#endif // TERNARY_CONVERSION_WEIGHTSTORAGE_H
