//===- Power.cpp - Powers that are the same everywhere --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Power.h"
#include <cmath>

/// ln 2 in two parts, of which multiples of the first by small integers are exact.
static constexpr double kLn2High = 0x1.62e42fefap-1, kLn2Low = 0x1.cf79abc9e3b3ap-40;

/// ln x = k ln 2 + 2 artanh s, where x = 2^k m, m is from √½ to √2 and s = (m - 1) / (m + 1).
static double computeLog(double x) {
  int k;
  double m = std::frexp(x, &k); // exact
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    --k;
  }
  double s = (m - 1) / (m + 1), square = s * s, sum = 0;
  for (int n = 23; n >= 1; n -= 2)
    sum = sum * square + 1.0 / n;
  return k * kLn2High + (k * kLn2Low + 2 * s * sum);
}

/// e^x = 2^n e^r, where n is the integer nearest to x / ln 2.
static double computeExp(double x) {
  double n = std::floor(x / (kLn2High + kLn2Low) + 0.5);
  double r = (x - n * kLn2High) - n * kLn2Low, sum = 1;
  for (int i = 15; i >= 1; --i)
    sum = 1 + sum * r / i;
  return std::ldexp(sum, static_cast<int>(n)); // exact
}

double ternary::power(double base, double exponent) {
  if (exponent == 0)
    return 1;
  if (base == 0)
    return 0;
  double x = exponent * computeLog(base);
  // Beyond these there is no number, and no need to count how far.
  if (x > 710)
    return INFINITY;
  return x < -746 ? 0 : computeExp(x);
}

llvm::SmallVector<float> ternary::getRotaryFrequencies(int64_t headSize, double theta) {
  llvm::SmallVector<float> frequencies;
  for (int64_t i = 0; i < headSize / 2; ++i) {
    float exponent = static_cast<float>(2 * i) / static_cast<float>(headSize);
    frequencies.push_back(1.0f / static_cast<float>(power(theta, exponent)));
  }
  return frequencies;
}
