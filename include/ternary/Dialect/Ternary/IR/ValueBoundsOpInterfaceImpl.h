//===- ValueBoundsOpInterfaceImpl.h - Sizes of results --------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DIALECT_TERNARY_IR_VALUEBOUNDSOPINTERFACEIMPL_H
#define TERNARY_DIALECT_TERNARY_IR_VALUEBOUNDSOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ternary {

/// Tells upstream's analysis of sizes which of our ops' sizes are the same.
void registerValueBoundsOpInterfaceExternalModels(mlir::DialectRegistry &registry);

} // namespace ternary

#endif // TERNARY_DIALECT_TERNARY_IR_VALUEBOUNDSOPINTERFACEIMPL_H
