//===- Dialect.cpp - The ternary dialect for C ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary-c/Dialect.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Registration.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/InitAll.h"

using namespace mlir;
using namespace ternary;

MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Ternary, ternary, TernaryDialect)

void ternaryRegisterAllDialects(MlirDialectRegistry registry) {
  ternary::registerAllDialects(*unwrap(registry));
}

bool ternaryTypeIsATrit(MlirType type) { return isa<TritType>(unwrap(type)); }

MlirType ternaryTritTypeGet(MlirContext context) { return wrap(TritType::get(unwrap(context))); }

//===----------------------------------------------------------------------===//
// Layouts of weights
//===----------------------------------------------------------------------===//

bool ternaryAttributeIsAPacked(MlirAttribute attribute) {
  return isa<PackedAttr>(unwrap(attribute));
}

MlirAttribute ternaryPackedAttrGetChecked(MlirLocation location, int64_t lanes, int64_t depth,
                                          int64_t planes, int64_t vectors, int64_t halves) {
  Location loc = unwrap(location);
  return wrap(PackedAttr::getChecked([&] { return emitError(loc); }, loc.getContext(), lanes, depth,
                                     planes, vectors, halves));
}

int64_t ternaryPackedAttrGetLanes(MlirAttribute packed) {
  return cast<PackedAttr>(unwrap(packed)).getLanes();
}

int64_t ternaryPackedAttrGetDepth(MlirAttribute packed) {
  return cast<PackedAttr>(unwrap(packed)).getDepth();
}

int64_t ternaryPackedAttrGetPlanes(MlirAttribute packed) {
  return cast<PackedAttr>(unwrap(packed)).getPlanes();
}

int64_t ternaryPackedAttrGetVectors(MlirAttribute packed) {
  return cast<PackedAttr>(unwrap(packed)).getVectors();
}

int64_t ternaryPackedAttrGetHalves(MlirAttribute packed) {
  return cast<PackedAttr>(unwrap(packed)).getHalves();
}

bool ternaryAttributeIsAPanels(MlirAttribute attribute) {
  return isa<PanelsAttr>(unwrap(attribute));
}

MlirAttribute ternaryPanelsAttrGetChecked(MlirLocation location, int64_t rows) {
  Location loc = unwrap(location);
  return wrap(PanelsAttr::getChecked([&] { return emitError(loc); }, loc.getContext(), rows));
}

int64_t ternaryPanelsAttrGetRows(MlirAttribute panels) {
  return cast<PanelsAttr>(unwrap(panels)).getRows();
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

bool ternaryAttributeIsACPUTarget(MlirAttribute attribute) {
  return isa<CPUTargetAttr>(unwrap(attribute));
}

MlirAttribute ternaryCPUTargetAttrGet(MlirContext context, MlirStringRef kernel, bool threads) {
  return wrap(
      CPUTargetAttr::get(unwrap(context), unwrap(kernel), threads ? Threads::Team : Threads::None));
}

MlirStringRef ternaryCPUTargetAttrGetKernel(MlirAttribute target) {
  return wrap(cast<CPUTargetAttr>(unwrap(target)).getKernel());
}

bool ternaryCPUTargetAttrGetThreads(MlirAttribute target) {
  return cast<CPUTargetAttr>(unwrap(target)).getThreads() == Threads::Team;
}

bool ternaryAttributeIsAReferenceTarget(MlirAttribute attribute) {
  return isa<ReferenceTargetAttr>(unwrap(attribute));
}

MlirAttribute ternaryReferenceTargetAttrGet(MlirContext context) {
  return wrap(ReferenceTargetAttr::get(unwrap(context)));
}
