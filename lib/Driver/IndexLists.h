//===- IndexLists.h - Lists of dimensions in text of a graph ----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_DRIVER_INDEXLISTS_H
#define TERNARY_LIB_DRIVER_INDEXLISTS_H

#include "llvm/ADT/StringRef.h"
#include <optional>

namespace ternary {

/// Where in `text` a list of dimensions of an op of linalg is none, such as `[0, 1]`: upstream's
/// parser goes on with what it has not read, and crashes. Lists stand behind operands, as in
/// `outs(%e : tensor<2x4xf32>) dimensions = [0]`.
std::optional<size_t> findBrokenIndexList(llvm::StringRef text);

} // namespace ternary

#endif // TERNARY_LIB_DRIVER_INDEXLISTS_H
