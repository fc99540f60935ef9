//===- TrainingKernels.h - Kernels of gradients as scalar loops -----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_TRAININGKERNELS_H
#define TERNARY_CONVERSION_TRAININGKERNELS_H

#include "mlir/Transforms/DialectConversion.h"

namespace ternary {

/// Adds the scalar loops of all kernels that only training has; weights are bytes by
/// `converter` (see WeightStorage.h).
void populateTrainingKernelLoops(mlir::RewritePatternSet &patterns,
                                 const mlir::TypeConverter &converter,
                                 mlir::ConversionTarget &target);

/// Likewise for the kernels that only a float Transformer has.
void populateTransformerKernelLoops(mlir::RewritePatternSet &patterns,
                                    const mlir::TypeConverter &converter,
                                    mlir::ConversionTarget &target);

} // namespace ternary

#endif // TERNARY_CONVERSION_TRAININGKERNELS_H
