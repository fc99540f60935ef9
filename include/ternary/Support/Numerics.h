//===- Numerics.h - Arithmetic that the compiler does itself ----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What parameters go through on their way into the weight archive. Every float
// operation is f32, rounded on its own and in the order stated, so that the
// same checkpoint gives the same archive on every machine and with any number
// of threads.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_NUMERICS_H
#define TERNARY_SUPPORT_NUMERICS_H

#include "ternary/Support/HostTensor.h"
#include <optional>

namespace ternary {

/// The least x of which e^x is a normal float.
inline constexpr float kExpUnderflow = -87.33654f;

/// e^x, the operations that the compiler emits for `math.exp`; 0 for x < kExpUnderflow, else:
///
///   x = min(x, 89)                            NaN stays NaN
///   n = round(x · log2 e)                     by adding 1.5·2^23
///   r = (x - n·0.693359375) - n·(-2.12194440e-4)
///   p = a polynomial of degree 5 in r, by Horner's rule
///   e^x = ((((p·r)·r + r) + 1) · 2^(n >> 1)) · 2^(n - (n >> 1))
///
/// Within 1 ulp; +inf above 88.7228.
float exponential(float x);

/// The sum of `e`, missing elements being +0:
///
///   lane(l, b) = e[32 b + l] + e[32 b + 16 + l]      for l < 16
///   fold(v)    = halves of v added until one lane is left: l and l + 8, then
///                l and l + 4, l + 2, l + 1
///   block(b)   = fold(lane(., b))
///   rowSum(e)  = fold(s),  s[l] = block(l) + block(16 + l) + ...
float rowSum(llvm::ArrayRef<float> e);

/// What shares one weight scale.
enum class ScaleGranularity { Tensor, Row, Group };

struct QuantizedWeights {
  HostTensor trits; ///< [N, K]
  HostTensor scale; ///< f32: [1], [N] or [N, K / groupSize]
};

/// Ternary weights from latent ones [N, K] of any float type. Over the whole
/// matrix, each row, or each `groupSize` columns of a row:
///
///   scale = max(f32(mean |W|), 1e-5)
///   trit  = clamp(round(W · (1 / scale)), -1, 1)      ties to even
///
/// with the mean taken in f64 and rounded once, so that its order of summation
/// does not decide a trit; W ≈ scale · trit. An error names a weight that is
/// not finite.
llvm::Expected<QuantizedWeights>
quantizeWeights(const HostTensor &weight, ScaleGranularity granularity = ScaleGranularity::Tensor,
                int64_t groupSize = 0);

/// The scales of a weight [N, K] that is stored as trits: [1], [N] or [N, K / groupSize].
struct TritFormat {
  ScaleGranularity granularity = ScaleGranularity::Tensor;
  int64_t groupSize = 0; ///< for groups alone
};

/// How floats [N, K] of any type are trits with scales, if they are, exactly: all are 0, s or -s
/// with one s for the matrix, for each row, or for each 256, 128 or 64 columns of a row, the first
/// of these that holds. Nothing if they are not, if all are 0, or if one is not finite. Looks no
/// further than it takes to tell.
std::optional<TritFormat> recognizeTrits(const HostTensor &weight);

/// The trits and the scales of floats that `recognizeTrits` says to be of `format`.
QuantizedWeights extractTrits(const HostTensor &weight, const TritFormat &format);

/// Lower bounds of the forget gates [L, H] from their parameters p [L, H] of
/// any float type, column by column:
///
///   e[l] = exponential(p[l] - max p)
///   β[l] = e[l] / (e[0] + e[1] + ...)
///   result[l] = (β[0] + ... + β[l]) - β[0]            row 0 is exactly 0
llvm::Expected<HostTensor> computeLowerBounds(const HostTensor &parameters);

/// Made-up parameters in f32 or, rounded to nearest even, bf16; a function of name,
/// shape, type, seed and standard deviation alone. Close to normally distributed, around 0 for
/// matrices and around 1 for vectors, which are gains.
HostTensor makeRandomTensor(llvm::StringRef name, llvm::ArrayRef<int64_t> shape, DType type,
                            uint64_t seed, float deviation = 0.02f);

} // namespace ternary

#endif // TERNARY_SUPPORT_NUMERICS_H
