//===- Sampler.h - Choosing the next token ----------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_SAMPLER_H
#define TERNARY_RUNTIME_SAMPLER_H

#include <cstdint>
#include <utility>
#include <vector>

namespace ternary::runtime {

struct SamplerOptions {
  double temperature = 0; // 0: always the most likely token
  double topP = 1;        // the smallest set of tokens with this probability
  uint64_t seed = 0;
};

/// Draws tokens from logits. The same options and logits give the same tokens
/// on every machine: random numbers are those of SplitMix64 (Steele, Lea and
/// Flood, 2014), exp is made of additions and multiplications alone, and sums
/// run in the order of the ids.
class Sampler {
public:
  explicit Sampler(const SamplerOptions &options);

  /// A token for logits[vocab]. Of equal ones the first is the most likely.
  int32_t sample(const float *logits, int64_t vocab);

private:
  double nextUniform(); // in [0, 1)

  SamplerOptions options;
  uint64_t state;
  std::vector<std::pair<double, int32_t>> candidates; // probability, id
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_SAMPLER_H
