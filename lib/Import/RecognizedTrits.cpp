//===- RecognizedTrits.cpp - Float weights that are ternary ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/RecognizedTrits.h"

using namespace llvm;
using namespace ternary;

RecognizedTrits::RecognizedTrits(std::shared_ptr<const ParameterSource> source,
                                 ArrayRef<ParameterInfo> parameters)
    : source(std::move(source)) {
  for (const ParameterInfo &parameter : parameters) {
    if (!parameter.isFloatWeight())
      continue;
    ++numFloat;
    Expected<HostTensor> floats = this->source->peek(parameter.name, parameter.shape);
    if (!floats) {
      // Whoever reads the weight gets the error.
      consumeError(floats.takeError());
      continue;
    }
    if (std::optional<TritFormat> format = recognizeTrits(*floats))
      recognized[parameter.name] = {parameter.shape, *format};
  }
}

Expected<HostTensor> RecognizedTrits::read(StringRef name, ArrayRef<int64_t> shape) const {
  StringRef weight = name;
  bool isScale = weight.consume_back(getScaleName("")) && recognized.contains(weight);
  auto it = recognized.find(isScale ? weight : name);
  if (it == recognized.end())
    return source->read(name, shape);
  Expected<HostTensor> floats = source->read(it->first(), it->second.shape);
  if (!floats)
    return floats;
  QuantizedWeights weights = extractTrits(*floats, it->second.format);
  return isScale ? weights.scale : weights.trits;
}

std::optional<TritFormat> RecognizedTrits::getTritFormat(StringRef name) const {
  auto it = recognized.find(name);
  return it == recognized.end() ? source->getTritFormat(name) : it->second.format;
}
