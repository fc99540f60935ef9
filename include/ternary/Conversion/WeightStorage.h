//===- WeightStorage.h - Weights as bytes -----------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Below the kernels a weight, such as `memref<NxKx!ternary.trit, #ternary.packed<...>>`,
// is what its layout says that it is stored as, such as `memref<BYTESxi8>`: the layout is
// in the code that reads it. Lowerings of kernels share this conversion; their patterns
// take the layout from the original op, the memory from the adaptor.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_WEIGHTSTORAGE_H
#define TERNARY_CONVERSION_WEIGHTSTORAGE_H

#include "mlir/Transforms/DialectConversion.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {

/// The memory of a weight with a layout or of trits; null for a memref of trits that has
/// neither a layout nor contiguous rows.
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

} // namespace ternary

#endif // TERNARY_CONVERSION_WEIGHTSTORAGE_H
