//===- CPUTarget.cpp - The CPU as a target --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Host/HostTarget.h"
#include "ternary/Conversion/Microkernels.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Target/CPU.h"
#include "ternary/Target/Object.h"

using namespace llvm;
using namespace ternary;

namespace {
class CPUTarget : public HostTarget {
public:
  StringRef getName() const override { return CPUTargetAttr::getMnemonic(); }
  StringRef getDescription() const override { return "vectors of the processor's instruction set"; }

  Expected<TargetAttrInterface> getAttribute(mlir::MLIRContext *context,
                                             const TargetRequest &request,
                                             TargetAttrInterface known) const override {
    auto old = dyn_cast_or_null<CPUTargetAttr>(known);
    StringRef kernel = old ? old.getKernel() : getMicrokernels().back().name;
    if (!request.kernel.empty())
      kernel = request.kernel;
    if (!lookupMicrokernel(kernel))
      return createStringError("expected a microkernel of " + getMicrokernelNames() + ", got '" +
                               kernel + "'");
    Threads threads = old ? old.getThreads() : Threads::Team;
    if (request.threads)
      threads = *request.threads ? Threads::Team : Threads::None;
    return cast<TargetAttrInterface>(CPUTargetAttr::get(context, kernel, threads));
  }

  TargetRequest getRequest(TargetAttrInterface attribute) const override {
    TargetRequest request;
    request.kernel = attribute.getKernelName().str();
    request.threads = attribute.getLoopThreads() == Threads::Team;
    return request;
  }

  WeightLayouts getWeightLayouts(TargetAttrInterface attribute) const override {
    const Microkernel *kernel = lookupMicrokernel(attribute.getKernelName());
    if (!kernel)
      return {};
    mlir::MLIRContext *context = attribute.getContext();
    return {PackedAttr::get(context, kernel->lanes, kernel->depth, Microkernel::kPlanes,
                            kernel->vectors, /*halves=*/1),
            PanelsAttr::get(context, Microkernel::kPanelColumns)};
  }

  bool convertsF16(TargetAttrInterface attribute) const override {
    const Microkernel *kernel = lookupMicrokernel(attribute.getKernelName());
    return kernel && kernel->convertsF16();
  }

  void lowerKernels(mlir::OpPassManager &pm) const override { pm.addPass(createTernaryToVector()); }

protected:
  Error resolveKernel(TargetRequest &request, const TargetMachine &machine) const override {
    StringRef architecture = Triple::getArchTypeName(machine.getTargetTriple().getArch());
    if (request.kernel.empty()) {
      auto has = [&](StringRef feature) { return hasFeature(machine, feature); };
      request.kernel = selectMicrokernel(architecture, has).name.str();
      return Error::success();
    }
    const Microkernel &kernel = *lookupMicrokernel(request.kernel);
    if (!kernel.runsOn(architecture))
      return createStringError("expected a target of " + kernel.architecture + " for --kernel=" +
                               kernel.name + ", got '" + machine.getTargetTriple().str() + "'");
    for (StringRef feature : kernel.features)
      if (!hasFeature(machine, feature))
        return createStringError("expected a CPU with " + feature + " for --kernel=" + kernel.name +
                                 ", got '" + machine.getTargetCPU() + "'");
    return Error::success();
  }
};
} // namespace

void ternary::registerCPUTarget() { registerTarget(std::make_unique<CPUTarget>()); }
