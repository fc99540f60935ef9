//===- GGMLBlocks.h - The types of tensors in GGUF files --------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How weights are laid out in blocks. A row of K weights is K / blockWeights
// blocks, one behind the other; each type has its own block:
//
// Trits with scales:
//
//   TQ1_0   256 weights, 54 bytes: qs[48], qh[4], f16 d. Five trits a byte:
//           w[m + 32n] for m < 32 in qs[m], w[160 + m + 16n] for m < 16 in
//           qs[32 + m]; w[240 + m + 4n], n < 4, in qh[m]
//   TQ2_0   256 weights, 66 bytes: qs[64], f16 d. Byte m of each 32 has
//           w[m + 32n] in bits 2n
//   I2_S    f32 scale behind all codes, then 28 bytes without meaning. Byte m
//           of each block has w[m + B/4·n] in bits 6 - 2n; B is 128 or 64
//   IQ1_BN  f16 scale of the row in front of its blocks of 64 weights, 13 bytes:
//           w[16g + 5k + n] in byte 3g + k, w[16g + 15] as trit g of byte 12
//   IQ2_BN  f32 scale of the row in front of its blocks of 64 weights, 16 bytes:
//           w[m + 16n] in bits 2n of byte m
//
// A code of two bits is t + 1; 3 is no trit. Five trits are a number
// v = Σ (t + 1)·3^i, stored as ceil(256 v / 243), the first one being the most
// significant (TQ1_0) or the least (IQ1_BN). 13 bytes stand for no trits.
//
// Floats, where q is the code of a weight, d and e are f16:
//
//   Q4_0    32 weights, 18 bytes: d, qs[16]; d·(q - 8). Byte m of qs has w[m] in its lower
//           four bits and w[16 + m] in the upper ones
//   Q4_1    20 bytes: d, e, qs[16]; d·q + e
//   Q5_0    22 bytes: d, qh[4], qs[16]; d·(q - 16), bit m of qh being the highest of w[m]
//   Q5_1    24 bytes: d, e, qh[4], qs[16]; d·q + e
//   Q8_0    34 bytes: d, i8 q[32]; d·q
//   IQ4_NL  18 bytes: as Q4_0; d times one of 16 numbers
//   Q2_K    256 weights, 84 bytes: s[16], qs[64], d, e. w[128h + 32n + m] is in bits 2n of
//           qs[32h + m], and of group g = 8h + 2n + m / 16: d·(s[g] mod 16)·q - e·(s[g] / 16)
//   Q3_K    110 bytes: qh[32], qs[64], s of six bits, d; as Q2_K, d·(s[g] - 32)·(q - 4), bit
//           4h + n of qh[m] being the highest
//   Q4_K    144 bytes: d, e, s and t of six bits, qs[128]. w[64i + 32n + m] is in bits 4n of
//           qs[32i + m], and of part p = 2i + n: d·s[p]·q - e·t[p]
//   Q5_K    176 bytes: as Q4_K, with qh[32] before qs: bit p of qh[m] is the highest
//   Q6_K    210 bytes: ql[128], qh[64], i8 s[16], d. Half of each array belongs to 128 weights:
//           w[m + 32n] = d·s[2n + m / 16]·(q - 32), where q is 4 bits of ql[m + 32 (n % 2)], the
//           lower ones for n < 2, and above them bits 2n of qh[m]
//   IQ4_XS  136 bytes: d, s of six bits, then as IQ4_NL in parts of 32: d·(s - 32) times one of
//           its numbers
//   Q2_0    64 weights, 18 bytes: d, qs[16]; w[k] = d·(q - 1) is in bits 2 (k % 4) of qs[k / 4],
//           so that 3 is no trit
//   PQ2_0   128 weights, 34 bytes: the same. Older files have it under the number of Q2_0
//   PTQ1_0  128 weights, 28 bytes: qs[24], qh[2], d. Digits as in TQ1_0: w[m + 16n] for m < 16 in
//           qs[m], w[80 + m + 8n] for m < 8 in qs[16 + m]; w[120 + m + 2n], n < 4, in qh[m]
//
// Blocks of PTQ1_0, PQ2_0 and Q2_0 count as floats because what they are multiplied with is not to
// be rounded: float weights that are trits are recognised (see RecognizedTrits.h).
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_GGMLBLOCKS_H
#define TERNARY_SUPPORT_GGMLBLOCKS_H

#include "ternary/Support/Numerics.h"
#include <optional>

namespace ternary {

/// The types that we read or write, by their numbers in files.
enum class GGMLType : uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  IQ4_NL = 20,
  IQ4_XS = 23,
  BF16 = 30,
  TQ1_0 = 34,
  TQ2_0 = 35,
  I2_S = 36,
  Q2_0 = 42, ///< of 64 weights a block; see PQ2_0
  IQ1_BN = 134,
  IQ2_BN = 135,
  PQ2_0 = 142,
  PTQ1_0 = 143,
};

/// How much memory a type takes.
struct GGMLTypeInfo {
  GGMLType type; ///< also one that the enumeration lacks: those have a size only
  llvm::StringLiteral name;
  int64_t blockWeights, blockBytes;
  int64_t rowBytes;    ///< in front of the blocks of each row
  int64_t tensorBytes; ///< behind all rows

  /// Bytes of a tensor, nothing if its rows are no whole blocks or it has 2^63 bytes or more.
  /// The last size is that of rows.
  std::optional<int64_t> getBytes(llvm::ArrayRef<int64_t> shape) const;
};

/// The type of a number in a file. An error for numbers that are unknown and for those that
/// different programs use for different types.
llvm::Expected<const GGMLTypeInfo *> getGGMLTypeInfo(uint32_t number);
/// The same for a type.
const GGMLTypeInfo &getGGMLTypeInfo(GGMLType type);

/// Whether weights are trits with scales.
bool isTernary(GGMLType type);
/// The type of floats that are stored as such: F32, F16, BF16.
std::optional<DType> getFloatType(GGMLType type);
/// Whether weights are blocks of codes that `decodeFloats` takes.
bool isBlockFloat(GGMLType type);

/// B in the layout of I2_S. Its quantiser takes 128 on x86 and 64 on Arm. Nothing in a file tells
/// which: sizes and codes are the same, so that somebody has to know.
enum class I2SLayout { Blocks128 = 128, Blocks64 = 64 };

/// The weights [rows, columns] of a ternary type, of which `data` has all bytes. W = scale · trit,
/// with one scale for the tensor (I2_S), for each row (IQ1_BN, IQ2_BN), or for 256 columns. An
/// error names codes that stand for no trit and scales that are not finite, and asks for
/// `layout`, which I2_S alone needs.
llvm::Expected<QuantizedWeights> decodeTernary(GGMLType type, llvm::ArrayRef<uint8_t> data,
                                               int64_t rows, int64_t columns,
                                               std::optional<I2SLayout> layout = std::nullopt);

/// The inverse, bit by bit: i8 [bytes]. An error if the type cannot hold the scales exactly: too
/// many of them, or not of f16 where f16 is stored (see `roundScalesToFloat16`).
llvm::Expected<HostTensor> encodeTernary(GGMLType type, const QuantizedWeights &weights,
                                         std::optional<I2SLayout> layout = std::nullopt);

/// Blocks of floats as f32, the same to the bit as `ggml` has them. An error names a block whose
/// scale is not finite.
llvm::Expected<HostTensor> decodeFloats(GGMLType type, llvm::ArrayRef<uint8_t> data,
                                        llvm::ArrayRef<int64_t> shape);

/// A tensor of any float type as F32, F16 or BF16, rounded to nearest even, or as Q8_0: i8 [bytes].
/// Q8_0 takes, in f32, d = max |w| / 127 and q = round(w · (1 / d)), ties away from zero. An error
/// names values that are not finite or too large.
llvm::Expected<HostTensor> encodeFloats(GGMLType type, const HostTensor &tensor);

/// The same weights with as few scales as say the same: [1] if all are equal, [N] if those of each
/// row are. A scale of zeros alone counts as equal to any other.
QuantizedWeights mergeScales(const QuantizedWeights &weights);

/// The weights with scales that f16 holds.
QuantizedWeights roundScalesToFloat16(const QuantizedWeights &weights);

} // namespace ternary

#endif // TERNARY_SUPPORT_GGMLBLOCKS_H
