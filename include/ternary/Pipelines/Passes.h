//===- Passes.h - Targets and guards of phases ------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_PIPELINES_PASSES_H
#define TERNARY_PIPELINES_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace ternary {

#define GEN_PASS_DECL
#include "ternary/Pipelines/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ternary/Pipelines/Passes.h.inc"

} // namespace ternary

#endif // TERNARY_PIPELINES_PASSES_H
