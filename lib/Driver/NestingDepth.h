//===- NestingDepth.h - How deep text of a graph nests --------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_NESTINGDEPTH_H
#define TERNARY_LIB_DRIVER_NESTINGDEPTH_H

#include "llvm/ADT/StringRef.h"

namespace ternary {

/// Whether the parser of MLIR, or whoever walks or prints what it makes of `text`, would call
/// itself more than `limit` times: for brackets in brackets, for an operator of an affine
/// expression, whose operand is an expression, and for an alias, which stands for all that its
/// definition holds. Text that is no MLIR has some answer.
bool nestsDeeperThan(llvm::StringRef text, int64_t limit);

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_NESTINGDEPTH_H
