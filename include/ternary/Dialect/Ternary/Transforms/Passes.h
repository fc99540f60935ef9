//===- Passes.h - Passes on the ternary dialect ------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DIALECT_TERNARY_TRANSFORMS_PASSES_H
#define TERNARY_DIALECT_TERNARY_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/CommandLine.h"

namespace ternary {

/// What the backward pass computes again instead of having it kept.
enum class Recompute { None, Rows, Blocks };

/// The names of these, for options.
inline llvm::cl::ValuesClass getRecomputeValues() {
  return llvm::cl::values(
      clEnumValN(Recompute::None, "none", "nothing"),
      clEnumValN(Recompute::Rows, "rows", "norms, gates, activations, quantised inputs"),
      clEnumValN(Recompute::Blocks, "blocks", "whole blocks, from their input"));
}

/// What the activations that live from the forward to the backward pass are kept in.
enum class ActivationType { F32, BF16 };

/// The names of these, for options.
inline llvm::cl::ValuesClass getActivationTypeValues() {
  return llvm::cl::values(clEnumValN(ActivationType::F32, "f32", "32 bits, as they are computed"),
                          clEnumValN(ActivationType::BF16, "bf16",
                                     "16 bits; with the exponents of f32, so that no "
                                     "loss scaling is needed"));
}

/// What gradients are rounded to in the products of linear layers.
enum class GradientPrecision { High, Int8 };

/// The names of these, for options.
inline llvm::cl::ValuesClass getGradientPrecisionValues() {
  return llvm::cl::values(
      clEnumValN(GradientPrecision::High, "high",
                 "23 bits on the way to earlier layers, 16 for weights"),
      clEnumValN(GradientPrecision::Int8, "int8", "8 bits but for the last layer's, in less time"));
}

#define GEN_PASS_DECL
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"

/// Backward rules of ops of arith and math.
void registerDifferentiableMath(mlir::DialectRegistry &registry);

/// Backward rules of ops of tensor and linalg.
void registerDifferentiableTensors(mlir::DialectRegistry &registry);

/// Backward rules of scf.for and scf.if.
void registerDifferentiableControlFlow(mlir::DialectRegistry &registry);

/// Lets one-shot bufferization put kernel ops on memrefs.
void registerBufferizableOpInterfaceExternalModels(mlir::DialectRegistry &registry);

} // namespace ternary

#endif // TERNARY_DIALECT_TERNARY_TRANSFORMS_PASSES_H
