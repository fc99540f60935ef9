//===- RandomTensor.cpp - Made-up parameters ------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Numerics.h"
#include "ternary/splitmix64.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;
using namespace ternary;

/// The sum of the four 16-bit parts, less its mean: nearly normal, an integer
/// and hence the same everywhere.
static int32_t sumParts(uint64_t bits) {
  constexpr int32_t mean = 2 * 0xffff;
  return int32_t(bits & 0xffff) + int32_t(bits >> 16 & 0xffff) + int32_t(bits >> 32 & 0xffff) +
         int32_t(bits >> 48) - mean;
}

HostTensor ternary::makeRandomTensor(StringRef name, ArrayRef<int64_t> shape, DType type,
                                     uint64_t seed, float deviation) {
  assert((type == DType::F32 || type == DType::BF16) && "expected f32 or bf16");
  // The sum's standard deviation is sqrt(4 (2^32 - 1) / 12).
  float scale = deviation / 37836.89f;
  constexpr int64_t chunk = 1 << 16;
  float mean = shape.size() == 1 ? 1.0f : 0.0f;
  uint64_t state = ternary_splitmix64(xxh3_64bits(name), seed);
  HostTensor result = HostTensor::allocate(type, shape);
  auto fill = [&](auto values, auto convert) {
    parallelFor(0, divideCeil(values.size(), chunk), [&](size_t i) {
      size_t begin = i * chunk, end = std::min(begin + chunk, values.size());
      for (size_t k = begin; k < end; ++k)
        values[k] = convert(mean + sumParts(ternary_splitmix64(state, k)) * scale);
    });
  };
  if (type == DType::BF16)
    fill(result.getMutableValues<uint16_t>(), roundToBFloat16);
  else
    fill(result.getMutableValues<float>(), [](float value) { return value; });
  return result;
}
