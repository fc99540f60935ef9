//===- MatchLayers.h - Parts of ternary layers among expressions -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_LINALGTOTERNARY_MATCHLAYERS_H
#define TERNARY_LIB_CONVERSION_LINALGTOTERNARY_MATCHLAYERS_H

#include "ConstantTensors.h"
#include "Expressions.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {

/// clamp(round(x · 127 / m)), m = max(max |x|, 1e-5) of the row, and what it is multiplied by.
struct QuantizedRows {
  Expressions::Node input, magnitude;
  /// Whether it is multiplied by m / 127 again.
  bool isDequantized;
};

/// Of rows of `columns` elements. Otherwise null, and `missing` says what was expected.
std::optional<QuantizedRows> matchQuantizedRows(Expressions &expressions, Expressions::Node node,
                                                int64_t columns, llvm::StringRef &missing);

/// x · (mean(x²) + ε)^-½ · gain
struct Norm {
  Expressions::Node input;
  mlir::Value gain; ///< null: `factor` for every column
  double factor = 1, epsilon = 0;
};

std::optional<Norm> matchNorm(Expressions &expressions, Expressions::Node node, unsigned rank);

/// An activation function and what it is of.
std::optional<std::pair<Activation, Expressions::Node>> matchActivation(Expressions &expressions,
                                                                        Expressions::Node node);

/// Whether it is above zero for all numbers.
bool isPositive(Expressions::Node node);

/// The latent weight of clamp(round(w / s), -1, 1) · s, s = max(mean |w|, 1e-5), of so many
/// elements; null if `node` is none.
Expressions::Node matchLatent(Expressions &expressions, Expressions::Node node, int64_t count);

/// Constants [rows, columns] as trits with one scale for all, or one for each row.
struct TernaryMatrix {
  int64_t rows, columns;
  llvm::SmallVector<int8_t> trits;
  llvm::SmallVector<float> scales;
};

std::optional<TernaryMatrix> matchTrits(llvm::ArrayRef<float> weight, int64_t rows,
                                        int64_t columns);

} // namespace ternary

#endif // TERNARY_LIB_CONVERSION_LINALGTOTERNARY_MATCHLAYERS_H
