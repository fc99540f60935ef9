//===- PassBase.td - What passes have in common -------------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TRANSFORMS_PASSBASE_TD
#define TERNARY_TRANSFORMS_PASSBASE_TD

include "mlir/Pass/PassBase.td"

/// A pass that makes ops of the ternary dialect and of `dialects`: a module without an op of one of
/// them does not load it.
class TernaryPass<string argument, string operation = "", list<string> dialects = []>
    : Pass<argument, operation> {
  let dependentDialects = !listconcat(["::ternary::TernaryDialect"], dialects);
}

#endif // TERNARY_TRANSFORMS_PASSBASE_TD
