//===- Tensor.h - Float arrays that any library can take ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_PYTHON_TENSOR_H
#define TERNARY_PYTHON_TENSOR_H

#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <pybind11/pybind11.h>
#include <utility>
#include <vector>

namespace ternary::python {

/// A dense f32 tensor in this machine's memory, handed over by DLPack without a copy
/// (https://dmlc.github.io/dlpack).
class Tensor {
public:
  explicit Tensor(std::vector<int64_t> shape)
      : shape(std::move(shape)), values(new float[static_cast<size_t>(count())]) {}

  float *data() const { return values.get(); }
  const std::vector<int64_t> &getShape() const { return shape; }
  int64_t count() const {
    return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
  }

  /// A capsule that shares the memory: of DLPack 1 if the consumer knows that, otherwise of the
  /// version before.
  pybind11::capsule toDLPack(std::optional<std::pair<int, int>> maxVersion) const;

private:
  std::vector<int64_t> shape;
  std::shared_ptr<float[]> values;
};

/// The kind and number of the device that tensors are on, as DLPack has them: this CPU.
constexpr std::pair<int, int> kTensorDevice = {1, 0};

} // namespace ternary::python

#endif // TERNARY_PYTHON_TENSOR_H
