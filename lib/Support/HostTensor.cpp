//===- HostTensor.cpp - A tensor in the compiler's memory -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/HostTensor.h"
#include "ternary/half.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemAlloc.h"
#include "llvm/Support/Parallel.h"
#include <algorithm>
#include <atomic>
#include <cstring>

using namespace llvm;
using namespace ternary;

/// Elements that one parallel task works on.
static constexpr int64_t kChunk = 1 << 16;

StringRef ternary::getName(DType type) {
  switch (type) {
  case DType::F32:
    return "f32";
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::I8:
    return "i8";
  case DType::U8:
    return "u8";
  case DType::I32:
    return "i32";
  case DType::Trit:
    return "trit";
  }
  llvm_unreachable("every type is named");
}

int64_t ternary::getByteWidth(DType type) {
  switch (type) {
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::F16:
  case DType::BF16:
    return 2;
  case DType::I8:
  case DType::U8:
  case DType::Trit:
    return 1;
  }
  llvm_unreachable("every type has a size");
}

std::string ternary::printShape(ArrayRef<int64_t> shape) {
  auto sizes = map_range(shape, [](int64_t size) { return itostr(size); });
  return "[" + join(sizes, ", ") + "]";
}

std::string ternary::printFloat(double number) {
  std::string text;
  raw_string_ostream(text) << format("%.9g", number);
  return text;
}

static int64_t countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

HostTensor::HostTensor(DType type, ArrayRef<int64_t> shape, ArrayRef<uint8_t> bytes,
                       std::shared_ptr<const void> owner)
    : type(type), shape(shape), bytes(bytes), owner(std::move(owner)) {
  assert(int64_t(bytes.size()) == countElements(shape) * getByteWidth(type) &&
         "expected bytes for every element");
  assert(isAddrAligned(Align(getByteWidth(type)), bytes.data()) && "expected aligned elements");
}

HostTensor HostTensor::allocate(DType type, ArrayRef<int64_t> shape) {
  constexpr size_t alignment = 64;
  size_t size = countElements(shape) * getByteWidth(type);
  auto *data = static_cast<uint8_t *>(allocate_buffer(size, alignment));
  std::shared_ptr<const void> owner(data,
                                    [size](uint8_t *p) { deallocate_buffer(p, size, alignment); });
  HostTensor result(type, shape, {data, size}, std::move(owner));
  result.writable = true;
  return result;
}

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

void ternary::convertToFloat32(DType type, const void *input, float *output, int64_t count) {
  auto *halves = static_cast<const uint16_t *>(input);
  switch (type) {
  case DType::F32:
    std::memcpy(output, input, count * sizeof(float));
    return;
  case DType::F16:
    for (int64_t i = 0; i < count; ++i)
      output[i] = ternary_float_of_f16(halves[i]);
    return;
  case DType::BF16:
    for (int64_t i = 0; i < count; ++i)
      output[i] = ternary_float_of_bf16(halves[i]);
    return;
  default:
    llvm_unreachable("expected floats");
  }
}

uint16_t ternary::roundToFloat16(float value) {
  uint32_t bits = bit_cast<uint32_t>(value);
  uint16_t sign = bits >> 16 & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return sign | 0x7e00;
  if (magnitude >= 0x47800000) // 2^16
    return sign | 0x7c00;
  if (magnitude < 0x38800000) { // 2^-14: f16 is subnormal, a multiple of 2^-24
    // From 2^-1 to 1 floats are 2^-24 apart, so that the sum is rounded to them.
    float shifted = bit_cast<float>(magnitude) + 0.5f;
    return sign | (bit_cast<uint32_t>(shifted) - bit_cast<uint32_t>(0.5f));
  }
  uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return sign | ((rounded >> 13) - ((127 - 15) << 10));
}

uint16_t ternary::roundToBFloat16(float value) {
  uint32_t bits = bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return bits >> 16 | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/// Calls `work(begin, end)` for pieces of [0, count), in parallel.
static void forEachChunk(int64_t count, function_ref<void(int64_t, int64_t)> work) {
  parallelFor(0, divideCeil(count, kChunk), [&](size_t chunk) {
    int64_t begin = chunk * kChunk;
    work(begin, std::min(begin + kChunk, count));
  });
}

Expected<HostTensor> ternary::convert(const HostTensor &tensor, DType type) {
  if (tensor.getDType() == type)
    return tensor;
  if (type != DType::F32 || !isFloat(tensor.getDType()))
    return createStringError("cannot convert " + getName(tensor.getDType()) + " to " +
                             getName(type) + " exactly");
  HostTensor result = HostTensor::allocate(type, tensor.getShape());
  const uint16_t *input = tensor.getValues<uint16_t>().data();
  float *output = result.getMutableValues<float>().data();
  forEachChunk(tensor.getNumElements(), [&](int64_t begin, int64_t end) {
    convertToFloat32(tensor.getDType(), input + begin, output + begin, end - begin);
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Finite values
//===----------------------------------------------------------------------===//

/// Whether the exponent is all ones: NaN or infinity.
template <typename T> static bool isNonFinite(T bits, T exponent) {
  return (bits & exponent) == exponent;
}

/// The index of the first value that is not finite, or the number of values.
template <typename T> static int64_t findNonFinite(ArrayRef<T> values, T exponent) {
  std::atomic<int64_t> first = values.size();
  forEachChunk(values.size(), [&](int64_t begin, int64_t end) {
    ArrayRef<T> chunk = values.slice(begin, end - begin);
    // Counting has no early exit and hence becomes vector code.
    uint32_t bad = 0;
    for (T bits : chunk)
      bad += isNonFinite(bits, exponent);
    if (bad == 0)
      return;
    auto *found = find_if(chunk, [&](T bits) { return isNonFinite(bits, exponent); });
    int64_t index = begin + (found - chunk.begin());
    int64_t known = first;
    while (index < known && !first.compare_exchange_weak(known, index)) {
    }
  });
  return first;
}

/// Where element `index` is, as "[2, 3]".
static std::string printPosition(ArrayRef<int64_t> shape, int64_t index) {
  SmallVector<int64_t> position(shape.size());
  for (size_t i = shape.size(); i-- > 0; index /= shape[i])
    position[i] = index % shape[i];
  return printShape(position);
}

Error ternary::checkFinite(const HostTensor &tensor) {
  int64_t index = tensor.getNumElements();
  switch (tensor.getDType()) {
  case DType::F32:
    index = findNonFinite<uint32_t>(tensor.getValues<uint32_t>(), 0x7f800000);
    break;
  case DType::F16:
    index = findNonFinite<uint16_t>(tensor.getValues<uint16_t>(), 0x7c00);
    break;
  case DType::BF16:
    index = findNonFinite<uint16_t>(tensor.getValues<uint16_t>(), 0x7f80);
    break;
  default:
    break;
  }
  if (index == tensor.getNumElements())
    return Error::success();
  float value;
  convertToFloat32(tensor.getDType(),
                   tensor.getBytes().data() + index * getByteWidth(tensor.getDType()), &value, 1);
  const char *text = value != value ? "nan" : value < 0 ? "-inf" : "inf";
  return createStringError("expected finite values, got " + Twine(text) + " at " +
                           printPosition(tensor.getShape(), index));
}
