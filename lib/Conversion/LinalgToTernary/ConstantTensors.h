//===- ConstantTensors.h - What ops compute from constants ------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_LINALGTOTERNARY_CONSTANTTENSORS_H
#define TERNARY_LIB_CONVERSION_LINALGTOTERNARY_CONSTANTTENSORS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>
#include <optional>
#include <vector>

namespace ternary {

/// Carries out ops on constant tensors of floats, dense or in resources, in the compiler: ops of
/// linalg, and of arith and math in them, reshapes. Every f32 is rounded, but sums are of f64.
class ConstantTensors {
public:
  using Elements = std::vector<double>;

  /// The elements of a tensor, row by row; null if it is no constant or an op is not known.
  std::shared_ptr<const Elements> evaluate(mlir::Value tensor);

private:
  std::shared_ptr<const Elements> compute(mlir::Value tensor);
  std::shared_ptr<const Elements> computeLinalg(mlir::OpResult result);
  std::optional<Elements> gather(mlir::Value operand, mlir::AffineMap map,
                                 llvm::ArrayRef<int64_t> loops);

  llvm::DenseMap<mlir::Value, std::shared_ptr<const Elements>> known;
  int depth = 0;
};

} // namespace ternary

#endif // TERNARY_LIB_CONVERSION_LINALGTOTERNARY_CONSTANTTENSORS_H
