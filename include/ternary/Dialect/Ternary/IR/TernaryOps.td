//===- TernaryOps.td - All ops of the dialect ---------------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_OPS_TD
#define TERNARY_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryCacheOps.td"
include "ternary/Dialect/Ternary/IR/TernaryGradientOps.td"
include "ternary/Dialect/Ternary/IR/TernaryKernelOps.td"
include "ternary/Dialect/Ternary/IR/TernaryModelOps.td"
include "ternary/Dialect/Ternary/IR/TernaryOptimizerOps.td"
include "ternary/Dialect/Ternary/IR/TernaryQuantizedOps.td"
include "ternary/Dialect/Ternary/IR/TernaryRWKVOps.td"
include "ternary/Dialect/Ternary/IR/TernaryTargets.td"
include "ternary/Dialect/Ternary/IR/TernaryTrainingKernelOps.td"
include "ternary/Dialect/Ternary/IR/TernaryTransformerOps.td"
include "ternary/Dialect/Ternary/IR/TernaryWeightOps.td"

#endif // TERNARY_OPS_TD
