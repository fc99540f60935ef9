//===- HostTarget.h - Targets whose code LLVM generates ---------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_TARGET_HOST_HOSTTARGET_H
#define TERNARY_LIB_TARGET_HOST_HOSTTARGET_H

#include "ternary/Target/Target.h"

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace ternary {

/// A target with the phases `pack`, `bufferize` and `lower`, to objects that the runtime loads.
class HostTarget : public Target {
public:
  llvm::ArrayRef<Phase> getPhases() const override;
  llvm::ArrayRef<OutputKind> getOutputKinds() const override;
  llvm::Error resolve(TargetRequest &request) const override;
  llvm::Error emit(const Emission &emission) const override;

  /// Adds the pass that turns kernels on memory into loops.
  virtual void lowerKernels(mlir::OpPassManager &pm) const = 0;

protected:
  /// Chooses kernels for the machine, or checks that it can run those that are requested.
  virtual llvm::Error resolveKernel(TargetRequest &request,
                                    const llvm::TargetMachine &machine) const = 0;
};

} // namespace ternary

#endif // TERNARY_LIB_TARGET_HOST_HOSTTARGET_H
