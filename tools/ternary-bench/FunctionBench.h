//===- FunctionBench.h - How fast is a compiled function? -------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYBENCH_FUNCTIONBENCH_H
#define TERNARY_TOOLS_TERNARYBENCH_FUNCTIONBENCH_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ternary::bench {

struct FunctionOptions {
  std::optional<std::string> function; ///< may be left out if there is one
  std::vector<std::string> shapes;     ///< NAME=SIZES for inputs with dynamic sizes
  int64_t repeats = 3;
  bool json = false;
};

/// Measures calls of a function in the shared object at `path`, with inputs that are made up, and
/// prints what was measured.
int measureFunction(const std::string &path, const FunctionOptions &options);

} // namespace ternary::bench

#endif // TERNARY_TOOLS_TERNARYBENCH_FUNCTIONBENCH_H
