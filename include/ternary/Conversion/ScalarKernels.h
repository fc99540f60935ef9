//===- ScalarKernels.h - Kernels that are scalar loops everywhere ---*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_SCALARKERNELS_H
#define TERNARY_CONVERSION_SCALARKERNELS_H

#include "mlir/Transforms/DialectConversion.h"

namespace ternary {

/// Adds the scalar loops of kernels that have no vector code, or not for all shapes; weights are
/// bytes by `converter` (see WeightStorage.h).
void populateScalarKernelLoops(mlir::RewritePatternSet &patterns,
                               const mlir::TypeConverter &converter,
                               mlir::ConversionTarget &target);

} // namespace ternary

#endif // TERNARY_CONVERSION_SCALARKERNELS_H
