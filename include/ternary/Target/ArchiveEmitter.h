//===- ArchiveEmitter.h - From an archive op to a file ----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_ARCHIVEEMITTER_H
#define TERNARY_TARGET_ARCHIVEEMITTER_H

#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Import/ParameterSource.h"
#include "ternary/Target/WeightArchive.h"

namespace ternary {

/// A complete archive under a temporary name.
struct EmittedArchive {
  std::unique_ptr<WeightArchiveWriter> writer;
  uint32_t headerCRC = 0;
};

/// Carries out the ops of an archive on the parameters of `source` and writes its
/// entries, to be kept at `path`. Parameters are read one at a time.
llvm::Expected<EmittedArchive> emitArchive(ArchiveOp archive, const ParameterSource &source,
                                           llvm::StringRef path);

} // namespace ternary

#endif // TERNARY_TARGET_ARCHIVEEMITTER_H
