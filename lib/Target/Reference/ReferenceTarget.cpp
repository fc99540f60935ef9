//===- ReferenceTarget.cpp - The reference as a target --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Host/HostTarget.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Target/Reference.h"

using namespace llvm;
using namespace ternary;

namespace {
class ReferenceTarget : public HostTarget {
public:
  StringRef getName() const override { return ReferenceTargetAttr::getMnemonic(); }
  StringRef getDescription() const override { return "scalar, unfused, in specification order"; }
  bool fuses() const override { return false; }

  Expected<TargetAttrInterface> getAttribute(mlir::MLIRContext *context,
                                             const TargetRequest &request,
                                             TargetAttrInterface) const override {
    if (!request.kernel.empty() || request.threads.value_or(false))
      return createStringError("expected no microkernel and no threads for target reference, which "
                               "is scalar and sequential");
    return cast<TargetAttrInterface>(ReferenceTargetAttr::get(context));
  }

  WeightLayouts getWeightLayouts(TargetAttrInterface attribute) const override {
    return {PackedAttr::getPlain(attribute.getContext()), nullptr};
  }

  void lowerKernels(mlir::OpPassManager &pm) const override { pm.addPass(createTernaryToLoops()); }

protected:
  Error resolveKernel(TargetRequest &, const TargetMachine &) const override {
    return Error::success();
  }
};
} // namespace

void ternary::registerReferenceTarget() { registerTarget(std::make_unique<ReferenceTarget>()); }
