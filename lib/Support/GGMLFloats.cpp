//===- GGMLFloats.cpp - Floats in the blocks of GGUF files ----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each type has a function that decodes one block. Operations and their order are those of `ggml`,
// so that the floats are the same to the bit.
//
//===----------------------------------------------------------------------===//

#include "GGMLBytes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Parallel.h"
#include <cmath>

using namespace llvm;
using namespace ternary;

//===----------------------------------------------------------------------===//
// Blocks of 32 weights
//===----------------------------------------------------------------------===//

/// Bits 4n to 4n + 3.
static int getNibble(uint8_t byte, int n) { return byte >> 4 * n & 15; }

/// Calls `take` with the number and the code of each of 32 weights: nibbles of 16 bytes and, above
/// them, a bit of `high` if it is not null.
template <typename TakeFn>
static void forEachOf32(const uint8_t *nibbles, const uint8_t *high, TakeFn take) {
  uint32_t bits = high ? support::endian::read32le(high) : 0;
  for (int n = 0; n < 2; ++n)
    for (int m = 0; m < 16; ++m) {
      int k = 16 * n + m;
      take(k, getNibble(nibbles[m], n) + 16 * int(bits >> k & 1));
    }
}

static void decodeQ4_0(const uint8_t *block, float *values) {
  float d = readFloat16(block);
  forEachOf32(block + 2, nullptr, [&](int k, int q) { values[k] = d * (q - 8); });
}

static void decodeQ4_1(const uint8_t *block, float *values) {
  float d = readFloat16(block), least = readFloat16(block + 2);
  forEachOf32(block + 4, nullptr, [&](int k, int q) { values[k] = d * q + least; });
}

static void decodeQ5_0(const uint8_t *block, float *values) {
  float d = readFloat16(block);
  forEachOf32(block + 6, block + 2, [&](int k, int q) { values[k] = d * (q - 16); });
}

static void decodeQ5_1(const uint8_t *block, float *values) {
  float d = readFloat16(block), least = readFloat16(block + 2);
  forEachOf32(block + 8, block + 4, [&](int k, int q) { values[k] = d * q + least; });
}

static void decodeQ8_0(const uint8_t *block, float *values) {
  float d = readFloat16(block);
  for (int k = 0; k < 32; ++k)
    values[k] = d * int8_t(block[2 + k]);
}

/// What the codes of IQ4_NL and IQ4_XS stand for.
static constexpr int8_t kNonLinear[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                          1,    13,   25,  38,  53,  69,  89,  113};

static void decodeIQ4_NL(const uint8_t *block, float *values) {
  float d = readFloat16(block);
  forEachOf32(block + 2, nullptr, [&](int k, int q) { values[k] = d * kNonLinear[q]; });
}

//===----------------------------------------------------------------------===//
// Blocks of 256 weights
//===----------------------------------------------------------------------===//

/// Calls `take(k, group, byte, plane)` for each of 256 weights: group g of 16 weights is
/// 8 half + 2 plane + m / 16, its codes are bits 2 plane of byte 32 half + m.
template <typename TakeFn> static void forEachOf256(TakeFn take) {
  for (int half = 0; half < 2; ++half)
    for (int plane = 0; plane < 4; ++plane)
      for (int m = 0; m < 32; ++m)
        take(128 * half + 32 * plane + m, 8 * half + 2 * plane + m / 16, 32 * half + m, plane);
}

static void decodeQ2_K(const uint8_t *block, float *values) {
  const uint8_t *scales = block, *codes = block + 16;
  float d = readFloat16(block + 80), least = readFloat16(block + 82);
  forEachOf256([&](int k, int group, int byte, int plane) {
    float scale = d * getNibble(scales[group], 0), offset = least * getNibble(scales[group], 1);
    values[k] = scale * (codes[byte] >> 2 * plane & 3) - offset;
  });
}

static void decodeQ3_K(const uint8_t *block, float *values) {
  const uint8_t *high = block, *codes = block + 32, *scales = block + 96;
  float d = readFloat16(block + 108);
  forEachOf256([&](int k, int group, int byte, int plane) {
    int low = getNibble(scales[group % 8], group / 8);
    int scale = (low | (scales[8 + group % 4] >> 2 * (group / 4) & 3) << 4) - 32;
    int isHigh = high[byte % 32] >> k / 32 & 1;
    values[k] = d * scale * ((codes[byte] >> 2 * plane & 3) - (isHigh ? 0 : 4));
  });
}

namespace {
/// The scale and the offset of one of the eight parts of Q4_K and Q5_K, of 6 bits each.
struct ScaleAndOffset {
  ScaleAndOffset(const uint8_t *bytes, int part) {
    if (part < 4) {
      scale = bytes[part] & 63;
      offset = bytes[part + 4] & 63;
      return;
    }
    scale = (bytes[part + 4] & 15) | bytes[part - 4] >> 6 << 4;
    offset = bytes[part + 4] >> 4 | bytes[part] >> 6 << 4;
  }
  int scale, offset;
};
} // namespace

/// Q4_K, and Q5_K if there are bits above the nibbles.
static void decodeNibbles(const uint8_t *block, const uint8_t *high, const uint8_t *nibbles,
                          float *values) {
  float d = readFloat16(block), least = readFloat16(block + 2);
  for (int part = 0; part < 8; ++part) {
    ScaleAndOffset both(block + 4, part);
    float scale = d * both.scale, offset = least * both.offset;
    for (int m = 0; m < 32; ++m) {
      int q = getNibble(nibbles[32 * (part / 2) + m], part % 2);
      if (high)
        q += (high[m] >> part & 1) << 4;
      values[32 * part + m] = scale * q - offset;
    }
  }
}

static void decodeQ4_K(const uint8_t *block, float *values) {
  decodeNibbles(block, nullptr, block + 16, values);
}

static void decodeQ5_K(const uint8_t *block, float *values) {
  decodeNibbles(block, block + 16, block + 48, values);
}

static void decodeQ6_K(const uint8_t *block, float *values) {
  const uint8_t *low = block, *high = block + 128, *scales = block + 192;
  float d = readFloat16(block + 208);
  forEachOf256([&](int k, int group, int byte, int plane) {
    int q = getNibble(low[64 * (k / 128) + k % 64], plane / 2) | (high[byte] >> 2 * plane & 3) << 4;
    values[k] = d * int8_t(scales[group]) * (q - 32);
  });
}

static void decodeIQ4_XS(const uint8_t *block, float *values) {
  float d = readFloat16(block);
  uint16_t high = support::endian::read16le(block + 2);
  for (int part = 0; part < 8; ++part) {
    int scale = getNibble(block[4 + part / 2], part % 2) | (high >> 2 * part & 3) << 4;
    float factor = d * (scale - 32);
    forEachOf32(block + 8 + 16 * part, nullptr,
                [&](int k, int q) { values[32 * part + k] = factor * kNonLinear[q]; });
  }
}

//===----------------------------------------------------------------------===//
// Mostly trits
//===----------------------------------------------------------------------===//

/// Q2_0 and PQ2_0: neighbours in two bits, of which 3 stands for two times the scale.
template <int numWeights> static void decodeQ2(const uint8_t *block, float *values) {
  float d = readFloat16(block);
  for (int k = 0; k < numWeights; ++k)
    values[k] = d * ((block[2 + k / 4] >> 2 * (k % 4) & 3) - 1);
}

static void decodePTQ1_0(const uint8_t *block, float *values) {
  float d = readFloat16(block + 26);
  // Weights first + m + stride·n are digits n of bytes m.
  auto decode = [&](const uint8_t *bytes, int stride, int digits, float *output) {
    for (int m = 0; m < stride; ++m) {
      uint8_t rest = bytes[m];
      for (int n = 0; n < digits; ++n, rest *= 3)
        output[stride * n + m] = d * ((rest * 3 >> 8) - 1);
    }
  };
  decode(block, 16, 5, values);
  decode(block + 16, 8, 5, values + 80);
  decode(block + 24, 2, 4, values + 120);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

using DecodeFn = void (*)(const uint8_t *block, float *values);

static DecodeFn getDecodeFn(GGMLType type) {
  switch (type) {
  case GGMLType::Q4_0:
    return decodeQ4_0;
  case GGMLType::Q4_1:
    return decodeQ4_1;
  case GGMLType::Q5_0:
    return decodeQ5_0;
  case GGMLType::Q5_1:
    return decodeQ5_1;
  case GGMLType::Q8_0:
    return decodeQ8_0;
  case GGMLType::Q2_K:
    return decodeQ2_K;
  case GGMLType::Q3_K:
    return decodeQ3_K;
  case GGMLType::Q4_K:
    return decodeQ4_K;
  case GGMLType::Q5_K:
    return decodeQ5_K;
  case GGMLType::Q6_K:
    return decodeQ6_K;
  case GGMLType::IQ4_NL:
    return decodeIQ4_NL;
  case GGMLType::IQ4_XS:
    return decodeIQ4_XS;
  case GGMLType::Q2_0:
    return decodeQ2<64>;
  case GGMLType::PQ2_0:
    return decodeQ2<128>;
  case GGMLType::PTQ1_0:
    return decodePTQ1_0;
  default:
    return nullptr;
  }
}

bool ternary::isBlockFloat(GGMLType type) { return getDecodeFn(type); }

Expected<HostTensor> ternary::decodeFloats(GGMLType type, ArrayRef<uint8_t> data,
                                           ArrayRef<int64_t> shape) {
  DecodeFn decode = getDecodeFn(type);
  assert(decode && "expected blocks of floats");
  const GGMLTypeInfo &info = getGGMLTypeInfo(type);
  assert(int64_t(data.size()) == info.getBytes(shape) && "expected all bytes of a tensor");
  HostTensor result = HostTensor::allocate(DType::F32, shape);
  float *values = result.getMutableValues<float>().data();
  int64_t blocks = data.size() / info.blockBytes;
  std::atomic<int64_t> bad = blocks;
  parallelFor(0, blocks, [&](size_t b) {
    MutableArrayRef<float> output(values + b * info.blockWeights, info.blockWeights);
    decode(data.data() + b * info.blockBytes, output.data());
    // Products of f16 and codes are within f32.
    if (!all_of(output, [](float value) { return std::isfinite(value); }))
      keepMinimum(bad, b);
  });
  if (bad != blocks)
    return createStringError("expected finite scales, got another in block " + Twine(bad));
  return result;
}

/// Each float of `tensor` in 16 bits.
static Expected<HostTensor> roundFloats(const HostTensor &tensor, DType type) {
  HostTensor result = HostTensor::allocate(type, tensor.getShape());
  ArrayRef<float> input = tensor.getValues<float>();
  MutableArrayRef<uint16_t> output = result.getMutableValues<uint16_t>();
  auto *round = type == DType::F16 ? roundToFloat16 : roundToBFloat16;
  parallelFor(0, input.size(), [&](size_t i) { output[i] = round(input[i]); });
  if (Error error = checkFinite(result))
    return createStringError("as " + getName(type) + ": " + toString(std::move(error)));
  return result;
}

/// One block of Q8_0; whether its scale is finite in f16.
static bool encodeQ8(const float *values, uint8_t *block) {
  float largest = 0;
  for (int k = 0; k < 32; ++k)
    largest = std::max(largest, std::fabs(values[k]));
  float d = largest / 127.0f;
  float inverse = d != 0 ? 1.0f / d : 0.0f;
  for (int k = 0; k < 32; ++k)
    block[2 + k] = static_cast<int8_t>(std::round(values[k] * inverse));
  writeFloat16(block, d);
  return std::isfinite(readFloat16(block));
}

Expected<HostTensor> ternary::encodeFloats(GGMLType type, const HostTensor &tensor) {
  if (Error error = checkFinite(tensor))
    return error;
  std::optional<DType> target = getFloatType(type);
  if (target == tensor.getDType())
    return tensor;
  Expected<HostTensor> floats = convert(tensor, DType::F32);
  if (!floats || target == DType::F32)
    return floats;
  if (target)
    return roundFloats(*floats, *target);

  assert(type == GGMLType::Q8_0 && "expected a type of floats that is written");
  const GGMLTypeInfo &info = getGGMLTypeInfo(type);
  std::optional<int64_t> bytes = info.getBytes(tensor.getShape());
  if (!bytes)
    return createStringError("expected a multiple of " + Twine(info.blockWeights) +
                             " columns, got shape " + printShape(tensor.getShape()));
  HostTensor result = HostTensor::allocate(DType::I8, {*bytes});
  const float *values = floats->getValues<float>().data();
  uint8_t *output = result.getMutableBytes().data();
  int64_t blocks = *bytes / info.blockBytes;
  std::atomic<int64_t> bad = blocks;
  parallelFor(0, blocks, [&](size_t b) {
    if (!encodeQ8(values + b * info.blockWeights, output + b * info.blockBytes))
      keepMinimum(bad, b);
  });
  if (bad != blocks)
    return createStringError("expected values whose scale f16 holds, got larger ones in block " +
                             Twine(bad));
  return result;
}
