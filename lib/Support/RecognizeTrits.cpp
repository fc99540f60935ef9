//===- RecognizeTrits.cpp - Floats that are trits with scales --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Numerics.h"

using namespace llvm;
using namespace ternary;

/// Columns that may share a scale where those of a row do not, from the most on.
static constexpr int64_t kGroupSizes[] = {256, 128, 64};

namespace {
/// Floats as unsigned integers, of which neighbours in a row share a scale.
template <typename Bits> class Runs {
public:
  static constexpr Bits kMagnitude = static_cast<Bits>(-1) >> 1;

  Runs(const HostTensor &weight, int64_t size)
      : type(weight.getDType()), values(weight.getValues<Bits>()), size(size) {
    float infinity = std::numeric_limits<float>::infinity();
    limit = type == DType::F32   ? static_cast<Bits>(bit_cast<uint32_t>(infinity))
            : type == DType::F16 ? static_cast<Bits>(roundToFloat16(infinity))
                                 : static_cast<Bits>(roundToBFloat16(infinity));
  }

  int64_t count() const { return values.size() / size; }
  ArrayRef<Bits> operator[](int64_t run) const { return values.slice(run * size, size); }

  /// The bits of the largest magnitude of a run.
  Bits getMagnitude(int64_t run) const {
    Bits largest = 0;
    for (Bits value : (*this)[run])
      largest = std::max<Bits>(largest, value & kMagnitude);
    return largest;
  }

  /// Whether `magnitude` is a number and the only one of the run beside 0. Without a way out of the
  /// loop, which is short, it takes vectors.
  bool isOnly(int64_t run, Bits magnitude) const {
    bool others = magnitude >= limit;
    for (Bits value : (*this)[run])
      others |= (value & kMagnitude) != 0 && (value & kMagnitude) != magnitude;
    return !others;
  }

  /// What all magnitudes are, 0 if they differ; nothing if there is a run with several.
  std::optional<Bits> findCommon() const {
    Bits common = 0;
    bool differ = false;
    for (int64_t run = 0; run < count(); ++run) {
      Bits magnitude = getMagnitude(run);
      if (!isOnly(run, magnitude))
        return std::nullopt;
      if (common == 0)
        common = magnitude;
      differ |= magnitude != 0 && magnitude != common;
    }
    // Of zeros alone nothing is known.
    if (common == 0)
      return std::nullopt;
    return differ ? Bits(0) : common;
  }

  float toFloat(Bits magnitude) const {
    float result;
    convertToFloat32(type, &magnitude, &result, 1);
    return result;
  }

private:
  DType type;
  ArrayRef<Bits> values;
  int64_t size;
  Bits limit;
};
} // namespace

template <typename Bits> static std::optional<TritFormat> recognize(const HostTensor &weight) {
  int64_t columns = weight.getDim(1);
  if (std::optional<Bits> common = Runs<Bits>(weight, columns).findCommon())
    return TritFormat{*common ? ScaleGranularity::Tensor : ScaleGranularity::Row, 0};
  for (int64_t size : kGroupSizes)
    if (size < columns && columns % size == 0 && Runs<Bits>(weight, size).findCommon())
      return TritFormat{ScaleGranularity::Group, size};
  return std::nullopt;
}

template <typename Bits>
static QuantizedWeights extract(const HostTensor &weight, const TritFormat &format) {
  int64_t rows = weight.getDim(0), columns = weight.getDim(1);
  bool isGrouped = format.granularity == ScaleGranularity::Group;
  Runs<Bits> runs(weight, isGrouped ? format.groupSize : columns);
  SmallVector<int64_t, 2> shape = {1};
  if (isGrouped)
    shape = {rows, columns / format.groupSize};
  else if (format.granularity == ScaleGranularity::Row)
    shape = {rows};
  QuantizedWeights result{HostTensor::allocate(DType::Trit, weight.getShape()),
                          HostTensor::allocate(DType::F32, shape)};
  MutableArrayRef<float> scales = result.scale.getMutableValues<float>();
  if (format.granularity == ScaleGranularity::Tensor)
    scales[0] = runs.toFloat(*runs.findCommon());
  else
    for (auto [run, scale] : enumerate(scales))
      scale = runs.toFloat(runs.getMagnitude(run));
  for (auto [trit, value] :
       zip_equal(result.trits.getMutableValues<int8_t>(), weight.getValues<Bits>())) {
    bool isNegative = value > Runs<Bits>::kMagnitude;
    trit = (value & Runs<Bits>::kMagnitude) == 0 ? 0 : isNegative ? -1 : 1;
  }
  return result;
}

std::optional<TritFormat> ternary::recognizeTrits(const HostTensor &weight) {
  if (weight.getNumElements() == 0)
    return std::nullopt;
  if (weight.getDType() == DType::F32)
    return recognize<uint32_t>(weight);
  return recognize<uint16_t>(weight);
}

QuantizedWeights ternary::extractTrits(const HostTensor &weight, const TritFormat &format) {
  if (weight.getDType() == DType::F32)
    return extract<uint32_t>(weight, format);
  return extract<uint16_t>(weight, format);
}
