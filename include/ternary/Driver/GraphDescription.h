//===- GraphDescription.h - A graph as data --------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DRIVER_GRAPHDESCRIPTION_H
#define TERNARY_DRIVER_GRAPHDESCRIPTION_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace ternary {

/// The module in `text`, of any phase, for programs that do not use MLIR. An op is
///
///   {"name": "ternary.rms_norm", "operands": ["%0", ...],
///    "results": [{"name": "%1", "type": "tensor<...>"}, ...], "attributes": {...},
///    "regions": [[{"arguments": [{"name", "type"}, ...], "operations": [op, ...]}, ...], ...]}
///
/// with values named as in the text. Attributes are what JSON has for them, and text otherwise.
/// `name` says in errors where the text is from.
llvm::Expected<llvm::json::Value> describeGraph(llvm::StringRef text, llvm::StringRef name);

} // namespace ternary

#endif // TERNARY_DRIVER_GRAPHDESCRIPTION_H
