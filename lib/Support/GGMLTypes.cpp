//===- GGMLTypes.cpp - The numbers of types in GGUF files -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/GGMLBlocks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace llvm;
using namespace ternary;

/// Those of llama.cpp's `ggml` that mean one thing everywhere, and the ternary ones of bitnet.cpp,
/// ik_llama.cpp and PrismML's llama.cpp.
static constexpr GGMLTypeInfo kTypes[] = {
    {GGMLType::F32, "F32", 1, 4, 0, 0},
    {GGMLType::F16, "F16", 1, 2, 0, 0},
    {GGMLType::Q4_0, "Q4_0", 32, 18, 0, 0},
    {GGMLType::Q4_1, "Q4_1", 32, 20, 0, 0},
    {GGMLType::Q5_0, "Q5_0", 32, 22, 0, 0},
    {GGMLType::Q5_1, "Q5_1", 32, 24, 0, 0},
    {GGMLType::Q8_0, "Q8_0", 32, 34, 0, 0},
    {GGMLType(9), "Q8_1", 32, 36, 0, 0},
    {GGMLType::Q2_K, "Q2_K", 256, 84, 0, 0},
    {GGMLType::Q3_K, "Q3_K", 256, 110, 0, 0},
    {GGMLType::Q4_K, "Q4_K", 256, 144, 0, 0},
    {GGMLType::Q5_K, "Q5_K", 256, 176, 0, 0},
    {GGMLType::Q6_K, "Q6_K", 256, 210, 0, 0},
    {GGMLType(15), "Q8_K", 256, 292, 0, 0},
    {GGMLType(16), "IQ2_XXS", 256, 66, 0, 0},
    {GGMLType(17), "IQ2_XS", 256, 74, 0, 0},
    {GGMLType(18), "IQ3_XXS", 256, 98, 0, 0},
    {GGMLType(19), "IQ1_S", 256, 50, 0, 0},
    {GGMLType::IQ4_NL, "IQ4_NL", 32, 18, 0, 0},
    {GGMLType(21), "IQ3_S", 256, 110, 0, 0},
    {GGMLType(22), "IQ2_S", 256, 82, 0, 0},
    {GGMLType::IQ4_XS, "IQ4_XS", 256, 136, 0, 0},
    {GGMLType(24), "I8", 1, 1, 0, 0},
    {GGMLType(25), "I16", 1, 2, 0, 0},
    {GGMLType(26), "I32", 1, 4, 0, 0},
    {GGMLType(27), "I64", 1, 8, 0, 0},
    {GGMLType(28), "F64", 1, 8, 0, 0},
    {GGMLType(29), "IQ1_M", 256, 56, 0, 0},
    {GGMLType::BF16, "BF16", 1, 2, 0, 0},
    {GGMLType::TQ1_0, "TQ1_0", 256, 54, 0, 0},
    {GGMLType::TQ2_0, "TQ2_0", 256, 66, 0, 0},
    {GGMLType::I2_S, "I2_S", 64, 16, 0, 32},
    {GGMLType::IQ1_BN, "IQ1_BN", 64, 13, 2, 0},
    {GGMLType::IQ2_BN, "IQ2_BN", 64, 16, 4, 0},
    {GGMLType::Q2_0, "Q2_0", 64, 18, 0, 0},
    {GGMLType::PQ2_0, "PQ2_0", 128, 34, 0, 0},
    {GGMLType::PTQ1_0, "PTQ1_0", 128, 28, 0, 0},
};

namespace {
struct AmbiguousType {
  uint32_t number;
  StringLiteral meanings;
};
} // namespace

/// Numbers that programs took for types of their own before `ggml` did for others.
static constexpr AmbiguousType kAmbiguousTypes[] = {
    {39, "MXFP4 or TL2"},
    {40, "NVFP4 or Q1_0"},
    {41, "Q1_0 or TURBO3_0"},
};

std::optional<int64_t> GGMLTypeInfo::getBytes(ArrayRef<int64_t> shape) const {
  int64_t columns = shape.empty() ? 1 : shape.back();
  if (columns % blockWeights != 0)
    return std::nullopt;
  std::optional<int64_t> bytes = checkedMul(columns / blockWeights, blockBytes);
  if (bytes)
    bytes = checkedAdd(*bytes, rowBytes);
  for (int64_t size : shape.drop_back(shape.empty() ? 0 : 1))
    if (bytes)
      bytes = checkedMul(*bytes, size);
  return bytes ? checkedAdd(*bytes, tensorBytes) : bytes;
}

Expected<const GGMLTypeInfo *> ternary::getGGMLTypeInfo(uint32_t number) {
  if (auto *it =
          find_if(kTypes, [&](const GGMLTypeInfo &info) { return info.type == GGMLType(number); });
      it != std::end(kTypes))
    return it;
  if (auto *it = find_if(kAmbiguousTypes,
                         [&](const AmbiguousType &type) { return type.number == number; });
      it != std::end(kAmbiguousTypes))
    return createStringError("expected a type that means one thing, got " + Twine(number) +
                             ", which is " + it->meanings);
  return createStringError("expected the number of a known type, got " + Twine(number));
}

const GGMLTypeInfo &ternary::getGGMLTypeInfo(GGMLType type) {
  return *cantFail(getGGMLTypeInfo(static_cast<uint32_t>(type)));
}

bool ternary::isTernary(GGMLType type) {
  return is_contained(
      {GGMLType::TQ1_0, GGMLType::TQ2_0, GGMLType::I2_S, GGMLType::IQ1_BN, GGMLType::IQ2_BN}, type);
}

std::optional<DType> ternary::getFloatType(GGMLType type) {
  switch (type) {
  case GGMLType::F32:
    return DType::F32;
  case GGMLType::F16:
    return DType::F16;
  case GGMLType::BF16:
    return DType::BF16;
  default:
    return std::nullopt;
  }
}
