//===- SelfTest.h - What a compiled model should compute ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_SELFTEST_H
#define TERNARY_TARGET_SELFTEST_H

#include "mlir/IR/BuiltinOps.h"
#include "ternary/Target/ModelInfo.h"
#include "llvm/Support/Error.h"

namespace ternary {

/// For how many tokens of the self-test the reference computes logits in about a second,
/// eight at most.
int64_t getAffordableSelfTest(const ModelInfo &info);

/// Runs the decode step of `module`, which has been through the phase `bufferize`, in its
/// reference lowering on this machine: `info.selfTestTokens` tokens from ternary/selftest.h
/// with the weights in the archive file `archivePath`. Returns the crc32 of the logits,
/// token by token. Works for any layout of weights, so for any target of the model.
llvm::Expected<uint32_t> computeSelfTest(mlir::ModuleOp module, const ModelInfo &info,
                                         llvm::StringRef archivePath);

} // namespace ternary

#endif // TERNARY_TARGET_SELFTEST_H
