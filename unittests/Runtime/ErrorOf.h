//===- ErrorOf.h - What is thrown -------------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_UNITTESTS_ERROROF_H
#define TERNARY_UNITTESTS_ERROROF_H

#include "ternary/Runtime/Error.h"

#include <functional>
#include <string>

/// The error that `body` throws, "none" if it does not.
inline std::string errorOf(const std::function<void()> &body) {
  try {
    body();
  } catch (const ternary::runtime::Error &error) {
    return error.what();
  }
  return "none";
}

#endif // TERNARY_UNITTESTS_ERROROF_H
