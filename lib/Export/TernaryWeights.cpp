//===- TernaryWeights.cpp - Weights of ternary layers as they are stored -------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Export/TernaryWeights.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace llvm;
using namespace ternary;

Expected<QuantizedWeights> ternary::readTernaryWeights(const ParameterSource &parameters,
                                                       const ParameterInfo &weight) {
  std::optional<TritFormat> format = parameters.getTritFormat(weight.name);
  Expected<HostTensor> values = parameters.read(weight.name, weight.shape);
  if (!values)
    return values.takeError();
  if (!format)
    return quantizeWeights(*values);
  Expected<HostTensor> scale =
      parameters.read(getScaleName(weight.name),
                      getScaleShape(getGranularity(*format), format->groupSize, weight.shape));
  if (!scale)
    return scale.takeError();
  scale = convert(*scale, DType::F32);
  if (!scale)
    return scale.takeError();
  return QuantizedWeights{std::move(*values), std::move(*scale)};
}

Expected<HostTensor> ternary::makeLatentWeights(const QuantizedWeights &weights) {
  if (weights.scale.getNumElements() != 1)
    return createStringError("expected one scale, as latent weights have it, got " +
                             printShape(weights.scale.getShape()));
  float scale = weights.scale.getValues<float>()[0];
  ArrayRef<int8_t> trits = weights.trits.getValues<int8_t>();
  int64_t others = trits.size() - llvm::count(trits, 0);
  HostTensor latent = HostTensor::allocate(DType::F32, weights.trits.getShape());
  MutableArrayRef<float> values = latent.getMutableValues<float>();
  if (others == 0) { // of no scale, then
    llvm::fill(values, 0.0f);
    return latent;
  }
  // Sums of these floats are exact in f64. To meet the total, some are the next larger float.
  double total = static_cast<double>(scale) * trits.size();
  auto magnitude = static_cast<float>(total / others);
  if (magnitude > total / others)
    magnitude = std::nextafter(magnitude, 0.0f);
  float larger = std::nextafter(magnitude, INFINITY);
  double step = static_cast<double>(larger) - magnitude;
  auto numLarger = static_cast<int64_t>(std::round((total - others * double(magnitude)) / step));
  for (auto [trit, value] : zip_equal(trits, values))
    value = trit == 0 ? 0.0f : trit * (numLarger-- > 0 ? larger : magnitude);

  Expected<QuantizedWeights> check = quantizeWeights(latent);
  if (!check)
    return check.takeError();
  if (check->scale.getValues<float>()[0] != scale || check->trits.getValues<int8_t>() != trits)
    return createStringError(std::errc::invalid_argument,
                             "expected a scale that is the mean magnitude of some latent weights, "
                             "got %.9g",
                             double(scale));
  return latent;
}
