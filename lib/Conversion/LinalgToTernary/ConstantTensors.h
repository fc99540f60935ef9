//===- ConstantTensors.h - What ops compute from constants ------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_LINALGTOTERNARY_CONSTANTTENSORS_H
#define TERNARY_LIB_CONVERSION_LINALGTOTERNARY_CONSTANTTENSORS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>
#include <vector>

namespace ternary {

/// Carries out ops on constant tensors, dense or in resources, in the compiler: ops of linalg, with
/// ops of arith and math in them, and reshapes. Tensors are of f32, f16, bf16 or i8; every result
/// is rounded to its type, but sums are added in f64.
class ConstantTensors {
public:
  using Elements = std::vector<float>;

  /// The elements of a tensor, row by row; null if it is no constant or an op is not known.
  std::shared_ptr<const Elements> evaluate(mlir::Value tensor);

  /// Forgets what was computed.
  void clear() { known.clear(); }

private:
  std::shared_ptr<const Elements> compute(mlir::Value tensor);
  std::shared_ptr<const Elements> computeLinalg(mlir::OpResult result);

  llvm::DenseMap<mlir::Value, std::shared_ptr<const Elements>> known;
  int depth = 0;
};

} // namespace ternary

#endif // TERNARY_LIB_CONVERSION_LINALGTOTERNARY_CONSTANTTENSORS_H
