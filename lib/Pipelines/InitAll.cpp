//===- InitAll.cpp - Everything our tools register ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/InitAll.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/IR/ValueBoundsOpInterfaceImpl.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "ternary/Pipelines/Passes.h"
#include "ternary/Pipelines/Pipelines.h"
#include "ternary/Target/CPU.h"
#include "ternary/Target/Reference.h"
#include <mutex>

void ternary::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registerTernaryDialect(registry);
}

void ternary::registerTernaryDialect(mlir::DialectRegistry &registry) {
  registry.insert<TernaryDialect>();
  registerBufferizableOpInterfaceExternalModels(registry);
  registerDifferentiableMath(registry);
  registerDifferentiableTensors(registry);
  registerDifferentiableControlFlow(registry);
  registerValueBoundsOpInterfaceExternalModels(registry);
}

void ternary::registerAllTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    registerCPUTarget();
    registerReferenceTarget();
  });
}

void ternary::registerAllPasses() {
  mlir::registerAllPasses();
  registerTernaryPasses();
}

void ternary::registerTernaryPasses() {
  registerAllTargets();
  registerTernaryTransformsPasses();
  registerTernaryConversionPasses();
  registerTernaryPipelinesPasses();
  registerPipelines();
}
