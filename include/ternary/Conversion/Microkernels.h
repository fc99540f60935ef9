//===- Microkernels.h - Instruction sets of the CPU backend -------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_MICROKERNELS_H
#define TERNARY_CONVERSION_MICROKERNELS_H

#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"

namespace ternary {

/// What the generator of linear kernels has to know about an instruction set. A new
/// instruction set is a row of `ternary/kernels.h`, and what that is made of in Microkernels.cpp.
struct Microkernel {
  /// Value of the lowering's option and of the compiled model's `kernel` field.
  llvm::StringRef name;
  /// LLVM's name of the architecture; empty if any will do.
  llvm::StringRef architecture;
  /// LLVM target features it needs, all of them; none for the fallback.
  llvm::SmallVector<llvm::StringRef> features;
  /// Lanes of i32 in a vector register, and products that each adds at a time.
  int64_t lanes = 0, depth = 4;
  /// Vectors in a tile of a packed weight; lanes · vectors is 32, the columns of one
  /// block of square sums.
  int64_t vectors = 0;
  /// Tokens of a prompt that share an unpacked weight.
  int64_t tokenBlock = 0;
  /// How many accumulators fit into the registers beside operands.
  int64_t accumulators = 0;
  /// Vectors of a block of a product in registers, beside which there are rows.
  int64_t getProductVectors() const { return accumulators >= 24 ? 4 : 2; }
  /// acc[lane] + Σ_j codes[lane, j] · activations[lane, j]: i32, u8 and i8 vectors, where
  /// |Σ codes · activations| of two neighbours stays within i16.
  mlir::Value (*dot)(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value acc,
                     mlir::Value codes, mlir::Value activations) = nullptr;
  /// Whether `dot` is exact for all bytes, however large their products.
  bool takesAllBytes = true;
  /// acc[lane] + a[2 lane] · c[2 lane] + a[2 lane + 1] · c[2 lane + 1]: i32 and twice as many
  /// i16.
  mlir::Value (*dotPairs)(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value acc,
                          mlir::Value a, mlir::Value c) = nullptr;
  /// Whether there are registers of matrices as well, which the products of many tokens use;
  /// lanes are 16 and the depth is 4 then.
  bool hasTiles = false;
  /// The floats t of lanes of i32 whose lowest two bits are t + 1; null: by arithmetic.
  mlir::Value (*decodeTrits)(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value codes) = nullptr;

  /// Whether it is made for processors of an architecture, by LLVM's name.
  bool runsOn(llvm::StringRef machine) const {
    return architecture.empty() || architecture == machine;
  }

  /// Whether processors with its features have instructions that convert between f16 and f32.
  bool convertsF16() const { return llvm::is_contained(features, "f16c"); }

  static constexpr int64_t kPlanes = 4;
  /// Columns of a float matrix that lie side by side for all of its rows.
  static constexpr int64_t kPanelColumns = 64;
};

/// All of them, best first; the last one runs everywhere.
llvm::ArrayRef<Microkernel> getMicrokernels();

/// The microkernel of that name, or null.
const Microkernel *lookupMicrokernel(llvm::StringRef name);

/// The names of all, quoted, for error messages.
std::string getMicrokernelNames();

/// The best one for an architecture: `hasFeature` says whether the target has an LLVM feature.
const Microkernel &selectMicrokernel(llvm::StringRef architecture,
                                     llvm::function_ref<bool(llvm::StringRef)> hasFeature);

} // namespace ternary

#endif // TERNARY_CONVERSION_MICROKERNELS_H
