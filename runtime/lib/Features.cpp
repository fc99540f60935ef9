//===- Features.cpp - Does this machine have what a model uses? -----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/features.h"
#include "ternary/Runtime/Machine.h"

std::vector<std::string> ternary::runtime::missingFeatures(const char *features) {
  static const ternary_machine machine = ternary_ask_machine();
  std::vector<std::string> missing;
  size_t length = 0;
  while ((features = ternary_find_missing_feature(&machine, features, &length))) {
    missing.emplace_back(features, length);
    features += length;
  }
  return missing;
}
