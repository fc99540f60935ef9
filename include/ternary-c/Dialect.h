//===- Dialect.h - The ternary dialect for C ------------------------*- C -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_C_DIALECT_H
#define TERNARY_C_DIALECT_H

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The dialect alone. For what pipelines ask of its ops besides: ternaryRegisterAllDialects.
MLIR_DECLARE_CAPI_DIALECT_REGISTRATION(Ternary, ternary);

/// Adds our dialect and those of MLIR, with the interfaces that lowering needs.
MLIR_CAPI_EXPORTED void ternaryRegisterAllDialects(MlirDialectRegistry registry);

//===----------------------------------------------------------------------===//
// !ternary.trit
//===----------------------------------------------------------------------===//

MLIR_CAPI_EXPORTED bool ternaryTypeIsATrit(MlirType type);
MLIR_CAPI_EXPORTED MlirType ternaryTritTypeGet(MlirContext context);

//===----------------------------------------------------------------------===//
// #ternary.packed and #ternary.panels: how weights lie in memory
//===----------------------------------------------------------------------===//

MLIR_CAPI_EXPORTED bool ternaryAttributeIsAPacked(MlirAttribute attribute);
/// Null, with an error at `location`, where there is no such layout.
MLIR_CAPI_EXPORTED MlirAttribute ternaryPackedAttrGetChecked(MlirLocation location, int64_t lanes,
                                                             int64_t depth, int64_t planes,
                                                             int64_t vectors, int64_t halves);
MLIR_CAPI_EXPORTED int64_t ternaryPackedAttrGetLanes(MlirAttribute packed);
MLIR_CAPI_EXPORTED int64_t ternaryPackedAttrGetDepth(MlirAttribute packed);
MLIR_CAPI_EXPORTED int64_t ternaryPackedAttrGetPlanes(MlirAttribute packed);
MLIR_CAPI_EXPORTED int64_t ternaryPackedAttrGetVectors(MlirAttribute packed);
MLIR_CAPI_EXPORTED int64_t ternaryPackedAttrGetHalves(MlirAttribute packed);

MLIR_CAPI_EXPORTED bool ternaryAttributeIsAPanels(MlirAttribute attribute);
/// Null, with an error at `location`, if `rows` is not positive.
MLIR_CAPI_EXPORTED MlirAttribute ternaryPanelsAttrGetChecked(MlirLocation location, int64_t rows);
MLIR_CAPI_EXPORTED int64_t ternaryPanelsAttrGetRows(MlirAttribute panels);

//===----------------------------------------------------------------------===//
// #ternary.cpu and #ternary.reference: `ternary.target` of a module
//===----------------------------------------------------------------------===//

MLIR_CAPI_EXPORTED bool ternaryAttributeIsACPUTarget(MlirAttribute attribute);
/// `kernel` is the name of an instruction set; with `threads`, loops are shared among a team.
MLIR_CAPI_EXPORTED MlirAttribute ternaryCPUTargetAttrGet(MlirContext context, MlirStringRef kernel,
                                                         bool threads);
MLIR_CAPI_EXPORTED MlirStringRef ternaryCPUTargetAttrGetKernel(MlirAttribute target);
MLIR_CAPI_EXPORTED bool ternaryCPUTargetAttrGetThreads(MlirAttribute target);

MLIR_CAPI_EXPORTED bool ternaryAttributeIsAReferenceTarget(MlirAttribute attribute);
MLIR_CAPI_EXPORTED MlirAttribute ternaryReferenceTargetAttrGet(MlirContext context);

#ifdef __cplusplus
}
#endif

#endif // TERNARY_C_DIALECT_H
