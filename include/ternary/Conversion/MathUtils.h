//===- MathUtils.h - Arithmetic that all targets share ----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builders for functions that machines, libraries and compilers round
// differently. They consist of arith ops alone, which are the same everywhere.
// All take f32 or vectors of f32 of any shape, scalable ones too.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_MATHUTILS_H
#define TERNARY_CONVERSION_MATHUTILS_H

#include "ternary/Dialect/Ternary/IR/Ternary.h"

namespace ternary {

/// A constant of `type`, a float type or a vector of it, all of whose elements are
/// `value`.
mlir::Value buildFloat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, float value);

/// A constant of `type`, an integer type or a vector of it, all of whose
/// elements are `value`.
mlir::Value buildInteger(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                         int64_t value);

/// `x` to the nearest integer, ties to even, for |x| < 2^22. Zero is always +0.
///
/// Adds and subtracts 1.5·2^23, at which floats are one apart: `math.roundeven`
/// would be a library call on machines without an instruction for it.
mlir::Value buildRoundEven(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// `x` in [low, high]; NaN becomes `low`, so that a conversion to an integer is
/// always defined. Comparisons and selects that are one instruction each where
/// the machine has a maximum.
mlir::Value buildClamp(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x, float low,
                       float high);

/// Addends of the sums in which gradients are rounded together. As many products fit into an
/// i32: of codes of 23 bits and trits, of codes of 16 bits and activations of 8.
inline constexpr int64_t kGradientBlock = 256;
/// The largest codes of a gradient that goes on to earlier layers, and of one that ends in a
/// weight: rounding errors of the former add up.
inline constexpr int32_t kInputGradientLimit = (1 << 22) - 1;
inline constexpr int32_t kWeightGradientLimit = (1 << 15) - 1;
/// The largest code of either where 8 bits are to do.
inline constexpr int32_t kInt8GradientLimit = (1 << 7) - 1;
/// The bits of 1e-30f: what is smaller counts as that in the largest magnitude of a block.
inline constexpr int32_t kLeastGradientBits = 0x0DA24260;

/// How a block of gradients becomes integers: multiplied by `inverse`, which is the limit of
/// codes over the largest magnitude, and rounded; times `scale` they are gradients again.
struct GradientScale {
  mlir::Value inverse, scale;
};

/// `bits` is the largest magnitude of a block as the bits of a float, i32 or a vector of it,
/// at least `kLeastGradientBits`. Integers compare as floats do, and NaN is the largest.
GradientScale buildGradientScale(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value bits,
                                 int32_t limit);

/// `x · inverse` to the nearest integer, ties to even, as i32.
mlir::Value buildGradientCode(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x,
                              mlir::Value inverse);

/// e^x as `ternary-expand-math` documents it; of f64 it is left to `math.exp`.
mlir::Value buildExp(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// log x as `ternary-expand-math` documents it.
mlir::Value buildLog(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// sin x and cos x as `ternary-expand-math` documents them.
mlir::Value buildSin(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value buildCos(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// `activation` of `x`. NaN gives NaN; relu leaves −0 as it is.
mlir::Value buildActivation(mlir::OpBuilder &builder, mlir::Location loc, Activation activation,
                            mlir::Value x);

} // namespace ternary

#endif // TERNARY_CONVERSION_MATHUTILS_H
