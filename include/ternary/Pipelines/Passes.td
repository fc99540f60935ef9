//===- Passes.td - Targets and guards of phases -------------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_PIPELINES_PASSES_TD
#define TERNARY_PIPELINES_PASSES_TD

include "ternary/Dialect/Ternary/Transforms/PassBase.td"

def TernarySetTarget : TernaryPass<"ternary-set-target", "::mlir::ModuleOp"> {
  let summary = "Say what a module is compiled for";
  let description = [{
    Gives the module its attribute `ternary.target`, from which later passes read layouts,
    kernels and threads. A module that has a target keeps it: options that differ from it are
    an error, since what was done for one target cannot go on for another.

    ```text
    module {...}
    ```
    ⇒ with `kernel=avx2 threads=none`
    ```text
    module attributes {ternary.target = #ternary.cpu<kernel = "avx2", threads = none>} {...}
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", /*default=*/"\"\"",
           "Name of the target; by default the module's, or cpu.">,
    Option<"kernel", "kernel", "std::string", /*default=*/"\"\"",
           "Microkernels; by default the module's, or portable.">,
    Option<"threads", "threads", "std::string", /*default=*/"\"\"",
           "How loops are shared, team or none; by default as the module has it, or team.">];
}

def TernaryCheckPhase : TernaryPass<"ternary-check-phase"> {
  let summary = "Fail if an op is left that the named phase should have replaced";
  let description = [{
    The guard at the end of a phase. It names the first op that should not be there, or puts the
    name of the phase into the module, as `ternary.phase`, for whoever goes on. The phases
    behind `fuse` are those of the module's target, which says what may remain; for `cpu` and
    `reference`:

    - `graph`, `differentiate`: any op is allowed that a graph may hold
    - `quantize`: no layers
    - `fuse`: of our ops nothing but kernels and bind-time ops, of upstream's nothing elementwise on
      tensors outside of linalg
    - `pack`: as `fuse`, and no parameter is a function argument any more
    - `bufferize`: no tensors, and in a decode step no copies
    - `lower`: only ops that translate to LLVM IR
  }];
  let options = [Option<"phase", "phase", "std::string", /*default=*/"\"\"",
                        "Name of the phase that has ended.">];
}

def TernaryStripAttributes : TernaryPass<"ternary-strip-attributes", "::mlir::ModuleOp"> {
  let summary = "Remove attributes that tools without the dialect cannot read";
  let description = [{
    Attributes of the dialect are for its own passes. What is lowered and goes to mlir-translate,
    mlir-runner or another compiler is to have none. A module with a weight archive is left as it
    is: only ternary-compile makes a program of that.

    ```text
    module attributes {ternary.target = #ternary.reference} {...}
    ```
    ⇒
    ```text
    module {...}
    ```
  }];
}

#endif // TERNARY_PIPELINES_PASSES_TD
