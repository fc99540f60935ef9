//===- TernaryTargets.td - What a module is compiled for ----*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The attribute of each target. What a target does is in lib/Target.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGETS_TD
#define TERNARY_TARGETS_TD

include "ternary/Dialect/Ternary/IR/TernaryDialect.td"
include "ternary/Dialect/Ternary/IR/TernaryInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Ternary_Threads : I32EnumAttr<"Threads", "how the loops of a step are shared among threads", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Team", 1, "team">]> {
  let cppNamespace = "::ternary";
  let genSpecializedAttr = 0;
}

def Ternary_CPUTargetAttr : AttrDef<Ternary_Dialect, "CPUTarget", [
    DeclareAttrInterfaceMethods<TargetAttrInterface>]> {
  let mnemonic = "cpu";
  let summary = "a processor with vectors";
  let description = [{
    `kernel` names the instruction set for which weights are packed and kernels are
    generated; `threads` says who shares the loops of a step.

    ```mlir
    module attributes {ternary.target = #ternary.cpu<kernel = "avx2", threads = team>} {
    }
    ```
  }];
  let parameters = (ins StringRefParameter<"instruction set of the kernels">:$kernel,
                        EnumParameter<Ternary_Threads>:$threads);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Ternary_ReferenceTargetAttr : AttrDef<Ternary_Dialect, "ReferenceTarget", [
    DeclareAttrInterfaceMethods<TargetAttrInterface>]> {
  let mnemonic = "reference";
  let summary = "scalar code, unfused, in specification order";
  let description = [{
    What every other target is compared with.

    ```mlir
    module attributes {ternary.target = #ternary.reference} {
    }
    ```
  }];
}

#endif // TERNARY_TARGETS_TD
