//===- Passes.h - Our passes and pipelines for C --------------------*- C -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mlirCreateTernaryTransformsTernaryDecompose() makes `ternary-decompose` with default options;
// with others a pass comes from its text, by mlirParsePassPipeline once it is registered.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_C_PASSES_H
#define TERNARY_C_PASSES_H

#include "mlir-c/Support.h"

#include "ternary/Conversion/Passes.capi.h.inc"
#include "ternary/Dialect/Ternary/Transforms/Passes.capi.h.inc"
#include "ternary/Pipelines/Passes.capi.h.inc"

#ifdef __cplusplus
extern "C" {
#endif

/// Registers targets, all of our passes, and the pipelines `ternary-to-PHASE` and
/// `ternary-to-TARGET`. To be called once.
MLIR_CAPI_EXPORTED void ternaryRegisterPasses(void);

#ifdef __cplusplus
}
#endif

#endif // TERNARY_C_PASSES_H
