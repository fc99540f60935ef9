//===- HostTypes.h - Types of tensors on the host ---------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DIALECT_TERNARY_IR_HOSTTYPES_H
#define TERNARY_DIALECT_TERNARY_IR_HOSTTYPES_H

#include "mlir/IR/Types.h"
#include "ternary/Support/HostTensor.h"
#include <optional>

namespace ternary {

/// What the elements of a host tensor are for `type`, an element type; none if it has no such ones.
std::optional<DType> getDType(mlir::Type type);

} // namespace ternary

#endif // TERNARY_DIALECT_TERNARY_IR_HOSTTYPES_H
