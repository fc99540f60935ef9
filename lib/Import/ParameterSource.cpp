//===- ParameterSource.cpp - Where parameters come from -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/ParameterSource.h"
#include <unistd.h>

using namespace llvm;
using namespace ternary;

std::string ternary::getScaleName(StringRef weight) { return (weight + "_scale").str(); }

ParameterSource::~ParameterSource() = default;

std::optional<TritFormat> ParameterSource::getTritFormat(StringRef) const { return std::nullopt; }

HostTensor ternary::makeRandomParameter(StringRef name, ArrayRef<int64_t> shape, uint64_t seed,
                                        float matrixDeviation, float gainDeviation) {
  bool isMatrix = shape.size() == 2;
  return makeRandomTensor(name, shape, isMatrix ? DType::BF16 : DType::F32, seed,
                          isMatrix ? matrixDeviation : gainDeviation);
}

Expected<HostTensor> RandomParameters::read(StringRef name, ArrayRef<int64_t> shape) const {
  // A configuration may ask for any sizes, and a failed allocation would end the process.
  int64_t most = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE), bytes = sizeof(float);
  for (int64_t size : shape)
    bytes *= size;
  if (bytes > most)
    return createStringError("tensor '" + name + "': expected f32 " + printShape(shape) +
                             " within the memory of this machine, " + Twine(most) + " bytes");
  return make(name, shape);
}

Error RandomParameters::check(ArrayRef<ParameterInfo>, function_ref<void(const Twine &)>) const {
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Tensors in memory
//===----------------------------------------------------------------------===//

Expected<HostTensor> MemoryParameters::locate(StringRef name, ArrayRef<int64_t> shape) const {
  auto it = tensors.find(name);
  if (it == tensors.end())
    return createStringError("expected tensor '" + name + "' of shape " + printShape(shape) +
                             ", got none");
  if (it->second.getShape() != shape)
    return createStringError("tensor '" + name + "': expected shape " + printShape(shape) +
                             ", got " + printShape(it->second.getShape()));
  return it->second;
}

Expected<HostTensor> MemoryParameters::read(StringRef name, ArrayRef<int64_t> shape) const {
  Expected<HostTensor> tensor = locate(name, shape);
  if (!tensor || !isFloat(tensor->getDType()))
    return tensor;
  if (Error error = checkFinite(*tensor))
    return createStringError("tensor '" + name + "': " + toString(std::move(error)));
  return tensor;
}

DType MemoryParameters::getMatrixType(StringRef name) const {
  auto it = tensors.find(name);
  return it != tensors.end() && isFloat(it->second.getDType()) ? it->second.getDType() : DType::F32;
}

Error MemoryParameters::check(ArrayRef<ParameterInfo> parameters,
                              function_ref<void(const Twine &)> warn) const {
  size_t found = 0;
  for (const ParameterInfo &parameter : parameters) {
    if (Error error = locate(parameter.name, parameter.shape).takeError())
      return error;
    ++found;
  }
  if (found < tensors.size())
    warn("ignoring tensors that the model does not have: " + Twine(tensors.size() - found));
  return Error::success();
}
