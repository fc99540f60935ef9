//===- TernaryWeights.h - Weights of ternary layers as they are stored -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_EXPORT_TERNARYWEIGHTS_H
#define TERNARY_EXPORT_TERNARYWEIGHTS_H

#include "ternary/Import/ParameterSource.h"

namespace ternary {

/// The weight of a ternary layer as the compiler has it: what is stored, or what latent weights are
/// quantised to.
llvm::Expected<QuantizedWeights> readTernaryWeights(const ParameterSource &parameters,
                                                    const ParameterInfo &weight);

/// Latent weights in f32 that `quantizeWeights` gives `weights` for, to the bit: since the scale is
/// the mean magnitude, those that are not zero share rows · columns · scale. An error if there are
/// none such: with several scales, with one that is not positive or below 1e-5, which is the least.
llvm::Expected<HostTensor> makeLatentWeights(const QuantizedWeights &weights);

} // namespace ternary

#endif // TERNARY_EXPORT_TERNARYWEIGHTS_H
