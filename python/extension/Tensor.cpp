//===- Tensor.cpp - Float arrays that any library can take ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tensor.h"

using namespace ternary::python;

// The binary interface of DLPack: the names are ours, the layouts are not.
namespace {
struct DLTensor {
  void *data;
  int32_t deviceKind, deviceNumber;
  int32_t rank;
  uint8_t typeCode, typeBits;
  uint16_t typeLanes;
  int64_t *shape, *strides;
  uint64_t byteOffset;
};

constexpr uint8_t kFloat = 2;

struct Unversioned {
  static constexpr const char *kName = "dltensor";
  DLTensor tensor;
  void *owner;
  void (*destroy)(Unversioned *);
};

struct Versioned {
  static constexpr const char *kName = "dltensor_versioned";
  uint32_t major, minor;
  void *owner;
  void (*destroy)(Versioned *);
  uint64_t flags;
  DLTensor tensor;
};

/// What a capsule keeps alive.
template <typename Managed> struct Export {
  explicit Export(const Tensor &tensor)
      : source(tensor), shape(tensor.getShape()), strides(shape.size(), 1) {
    for (size_t i = shape.size(); i-- > 1;)
      strides[i - 1] = strides[i] * shape[i];
    managed.tensor = {source.data(),
                      kTensorDevice.first,
                      kTensorDevice.second,
                      static_cast<int32_t>(shape.size()),
                      kFloat,
                      32,
                      1,
                      shape.data(),
                      strides.data(),
                      0};
    managed.owner = this;
    managed.destroy = [](Managed *managed) { delete static_cast<Export *>(managed->owner); };
  }

  Tensor source;
  std::vector<int64_t> shape, strides;
  Managed managed = {};
};
} // namespace

/// Whoever takes the tensor renames the capsule and calls `destroy`; otherwise the capsule does.
template <typename Managed> static pybind11::capsule makeCapsule(const Tensor &tensor) {
  auto exported = std::make_unique<Export<Managed>>(tensor);
  if constexpr (std::is_same_v<Managed, Versioned>)
    exported->managed.major = 1;
  PyObject *capsule = PyCapsule_New(&exported->managed, Managed::kName, [](PyObject *capsule) {
    if (!PyCapsule_IsValid(capsule, Managed::kName))
      return;
    auto *managed = static_cast<Managed *>(PyCapsule_GetPointer(capsule, Managed::kName));
    managed->destroy(managed);
  });
  if (!capsule)
    throw pybind11::error_already_set();
  exported.release();
  return pybind11::reinterpret_steal<pybind11::capsule>(capsule);
}

pybind11::capsule Tensor::toDLPack(std::optional<std::pair<int, int>> maxVersion) const {
  if (maxVersion && maxVersion->first >= 1)
    return makeCapsule<Versioned>(*this);
  return makeCapsule<Unversioned>(*this);
}
