//===- Sampler.cpp - Choosing the next token ------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Sampler.h"
#include "ternary/Runtime/Error.h"
#include "ternary/splitmix64.h"

#include <algorithm>
#include <cmath>

using namespace ternary::runtime;

/// exp(x) for x <= 0 to within a few units in the last place. Only operations
/// that IEEE 754 rounds in one way, unlike the C library's function.
static double portableExp(double x) {
  if (x < -700)
    return 0;
  double n = std::floor(x * 1.4426950408889634 + 0.5); // x / ln 2, rounded
  double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
  double sum = 1;
  for (int i = 14; i > 0; --i) // Taylor, |r| <= ln(2) / 2
    sum = 1 + sum * r / i;
  return std::ldexp(sum, static_cast<int>(n));
}

/// The id of the largest logit. NaNs are passed over.
static int32_t argmax(const float *logits, int64_t vocab) {
  int64_t best = -1;
  for (int64_t id = 0; id < vocab; ++id)
    if (!std::isnan(logits[id]) && (best < 0 || logits[id] > logits[best]))
      best = id;
  if (best < 0)
    fail("expected logits that are numbers, found only NaN");
  return static_cast<int32_t>(best);
}

Sampler::Sampler(const SamplerOptions &options) : options(options), state(options.seed) {}

double Sampler::nextUniform() {
  uint64_t z = ternary_splitmix64_mix(state += TERNARY_SPLITMIX64_GAMMA);
  return static_cast<double>(z >> 11) * 0x1p-53;
}

int32_t Sampler::sample(const float *logits, int64_t vocab) {
  int32_t best = argmax(logits, vocab);
  if (options.temperature == 0 || std::isinf(logits[best]))
    return best;

  double largest = logits[best], total = 0;
  candidates.clear();
  for (int64_t id = 0; id < vocab; ++id) {
    double p =
        std::isnan(logits[id]) ? 0 : portableExp((logits[id] - largest) / options.temperature);
    total += p;
    if (p > 0)
      candidates.emplace_back(p, static_cast<int32_t>(id));
  }

  if (options.topP < 1) {
    // Tokens less likely than this could not all together make up what is left
    // out, so none of them is in the set: most need no sorting.
    double cutoff = total * (1 - options.topP) / static_cast<double>(vocab);
    auto unlikely = [&](const auto &c) { return c.first < cutoff; };
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(), unlikely),
                     candidates.end());
    std::sort(candidates.begin(), candidates.end(), [](const auto &a, const auto &b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    double kept = 0;
    size_t count = 0;
    while (count < candidates.size() && (count == 0 || kept < total * options.topP))
      kept += candidates[count++].first;
    candidates.resize(count);
    total = kept;
  }

  double target = nextUniform() * total, sum = 0;
  for (const auto &[probability, id] : candidates)
    if ((sum += probability) > target)
      return id;
  return candidates.back().second; // rounding left the sum a little short
}
