//===- ParameterSource.h - Where parameters come from -----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_PARAMETERSOURCE_H
#define TERNARY_IMPORT_PARAMETERSOURCE_H

#include "ternary/Support/Numerics.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace ternary {

/// A tensor that a model needs from its checkpoint.
struct ParameterInfo {
  std::string name;
  llvm::SmallVector<int64_t, 2> shape;
  /// Whether it is the weight [N, K] of a ternary layer, for which trits will do as well.
  bool isTernary = false;

  /// Whether it is the weight of a float layer or a table, for which trits will do if it holds no
  /// other values.
  bool isFloatWeight() const {
    return !isTernary && shape.size() == 2 && llvm::StringRef(name).ends_with(".weight");
  }
};

/// The same in the dialect, which says what shape scales have (`getScaleShape`).
enum class Granularity : uint32_t;
Granularity getGranularity(const TritFormat &format);

/// The name of the scales, which multiply, of a weight that is stored as trits.
std::string getScaleName(llvm::StringRef weight);

/// The values of a model's parameters, one at a time.
class ParameterSource {
public:
  virtual ~ParameterSource();

  /// The tensor `name`, an error if it has another shape or a value that is not
  /// finite: floats, or trits where getTritFormat says so. Its memory goes with the last copy
  /// of the result: hold few.
  virtual llvm::Expected<HostTensor> read(llvm::StringRef name,
                                          llvm::ArrayRef<int64_t> shape) const = 0;

  /// The floats of matrix `name` to look at some of them: they may be other than finite, and rows
  /// may be in another order.
  virtual llvm::Expected<HostTensor> peek(llvm::StringRef name,
                                          llvm::ArrayRef<int64_t> shape) const {
    return read(name, shape);
  }

  /// The float type of matrix `name`.
  virtual DType getMatrixType(llvm::StringRef name) const = 0;

  /// The format of a layer's weight or a table `name` if it is trits, which come with a parameter
  /// getScaleName(name).
  virtual std::optional<TritFormat> getTritFormat(llvm::StringRef name) const;

  /// Whether all `parameters` are there, before any is read. Calls `warn` with
  /// a message if there are others as well.
  virtual llvm::Error check(llvm::ArrayRef<ParameterInfo> parameters,
                            llvm::function_ref<void(const llvm::Twine &)> warn) const = 0;
};

/// A made-up parameter, the same for the same seed. Matrices are of bf16, as those of published
/// checkpoints.
HostTensor makeRandomParameter(llvm::StringRef name, llvm::ArrayRef<int64_t> shape, uint64_t seed,
                               float matrixDeviation = 0.02f, float gainDeviation = 0.02f);

/// Made-up values for any parameter.
class RandomParameters : public ParameterSource {
public:
  using MakeFn = std::function<HostTensor(llvm::StringRef name, llvm::ArrayRef<int64_t> shape)>;

  explicit RandomParameters(uint64_t seed)
      : RandomParameters([seed](llvm::StringRef name, llvm::ArrayRef<int64_t> shape) {
          return makeRandomParameter(name, shape, seed);
        }) {}
  /// Those that `make` returns.
  explicit RandomParameters(MakeFn make) : make(std::move(make)) {}

  llvm::Expected<HostTensor> read(llvm::StringRef name,
                                  llvm::ArrayRef<int64_t> shape) const override;
  DType getMatrixType(llvm::StringRef) const override { return DType::BF16; }
  llvm::Error check(llvm::ArrayRef<ParameterInfo> parameters,
                    llvm::function_ref<void(const llvm::Twine &)> warn) const override;

private:
  MakeFn make;
};

/// Tensors in memory, by the name of their parameter.
class MemoryParameters : public ParameterSource {
public:
  using Tensors = std::map<std::string, HostTensor, std::less<>>;
  explicit MemoryParameters(Tensors tensors) : tensors(std::move(tensors)) {}

  llvm::Expected<HostTensor> read(llvm::StringRef name,
                                  llvm::ArrayRef<int64_t> shape) const override;
  DType getMatrixType(llvm::StringRef name) const override;
  llvm::Error check(llvm::ArrayRef<ParameterInfo> parameters,
                    llvm::function_ref<void(const llvm::Twine &)> warn) const override;

private:
  llvm::Expected<HostTensor> locate(llvm::StringRef name, llvm::ArrayRef<int64_t> shape) const;

  Tensors tensors;
};

} // namespace ternary

#endif // TERNARY_IMPORT_PARAMETERSOURCE_H
