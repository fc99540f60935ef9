//===- Passes.cpp - Our passes and pipelines for C ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary-c/Passes.h"
#include "mlir/CAPI/Pass.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "ternary/InitAll.h"
#include "ternary/Pipelines/Passes.h"

using namespace ternary;

void ternaryRegisterPasses(void) { registerTernaryPasses(); }

#include "ternary/Conversion/Passes.capi.cpp.inc"
#include "ternary/Dialect/Ternary/Transforms/Passes.capi.cpp.inc"
#include "ternary/Pipelines/Passes.capi.cpp.inc"
