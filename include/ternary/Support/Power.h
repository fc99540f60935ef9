//===- Power.h - Powers that are the same everywhere ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_POWER_H
#define TERNARY_SUPPORT_POWER_H

#include "llvm/ADT/SmallVector.h"

namespace ternary {

/// `base` to the power of `exponent`, for finite numbers and a base of at least 0. The bits of
/// std::pow depend on the C library, these on IEEE arithmetic alone; the relative error is below
/// 1e-14 as long as the result is from 1e-30 to 1e30.
double power(double base, double exponent);

/// By what a rotary embedding multiplies positions, for each pair of channels of a head, as PyTorch
/// computes it in f32: the power and the quotient are rounded each.
llvm::SmallVector<float> getRotaryFrequencies(int64_t headSize, double theta);

} // namespace ternary

#endif // TERNARY_SUPPORT_POWER_H
