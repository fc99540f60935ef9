//===- ParameterSource.h - Where parameters come from -----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_PARAMETERSOURCE_H
#define TERNARY_IMPORT_PARAMETERSOURCE_H

#include "ternary/Support/HostTensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"

namespace ternary {

/// A tensor that a model needs from its checkpoint.
struct ParameterInfo {
  std::string name;
  llvm::SmallVector<int64_t, 2> shape;
};

/// The values of a model's parameters, one at a time.
class ParameterSource {
public:
  virtual ~ParameterSource();

  /// The tensor `name`, an error if it has another shape or a value that is not
  /// finite. Its memory goes with the last copy of the result: hold few.
  virtual llvm::Expected<HostTensor> read(llvm::StringRef name,
                                          llvm::ArrayRef<int64_t> shape) const = 0;

  /// The float type that all matrices have; f32 if they differ.
  virtual DType getMatrixType() const = 0;

  /// Whether all `parameters` are there, before any is read. Calls `warn` with
  /// a message if there are others as well.
  virtual llvm::Error check(llvm::ArrayRef<ParameterInfo> parameters,
                            llvm::function_ref<void(const llvm::Twine &)> warn) const = 0;
};

/// Made-up values for any parameter, the same for the same seed. Matrices are of bf16, as
/// those of published checkpoints.
class RandomParameters : public ParameterSource {
public:
  explicit RandomParameters(uint64_t seed, float matrixDeviation = 0.02f,
                            float gainDeviation = 0.02f)
      : seed(seed), matrixDeviation(matrixDeviation), gainDeviation(gainDeviation) {}

  llvm::Expected<HostTensor> read(llvm::StringRef name,
                                  llvm::ArrayRef<int64_t> shape) const override;
  DType getMatrixType() const override { return DType::BF16; }
  llvm::Error check(llvm::ArrayRef<ParameterInfo> parameters,
                    llvm::function_ref<void(const llvm::Twine &)> warn) const override;

private:
  uint64_t seed;
  float matrixDeviation, gainDeviation;
};

} // namespace ternary

#endif // TERNARY_IMPORT_PARAMETERSOURCE_H
