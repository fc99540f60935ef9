//===- ParameterSource.cpp - Where parameters come from -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/ParameterSource.h"

using namespace llvm;
using namespace ternary;

std::string ternary::getScaleName(StringRef weight) { return (weight + "_scale").str(); }

ParameterSource::~ParameterSource() = default;

std::optional<TritFormat> ParameterSource::getTritFormat(StringRef) const { return std::nullopt; }

Expected<HostTensor> RandomParameters::read(StringRef name, ArrayRef<int64_t> shape) const {
  bool isMatrix = shape.size() == 2;
  return makeRandomTensor(name, shape, isMatrix ? getMatrixType(name) : DType::F32, seed,
                          isMatrix ? matrixDeviation : gainDeviation);
}

Error RandomParameters::check(ArrayRef<ParameterInfo>, function_ref<void(const Twine &)>) const {
  return Error::success();
}
