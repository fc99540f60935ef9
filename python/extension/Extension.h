//===- Extension.h - The parts of the Python extension --------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_PYTHON_EXTENSION_H
#define TERNARY_PYTHON_EXTENSION_H

#include <pybind11/pybind11.h>

namespace ternary::python {

/// Whether elements lie one after the other, the last dimension fastest.
inline bool isContiguous(const pybind11::buffer_info &info) {
  pybind11::ssize_t stride = info.itemsize;
  for (size_t i = info.shape.size(); i-- > 0; stride *= info.shape[i])
    if (info.shape[i] > 1 && info.strides[i] != stride)
      return false;
  return true;
}

/// Graphs and their compilation.
void bindCompiler(pybind11::module_ &module);

/// Compiled functions.
void bindFunctions(pybind11::module_ &module);

/// Compiled models, sessions, sampling and SentencePiece.
void bindRuntime(pybind11::module_ &module);

} // namespace ternary::python

#endif // TERNARY_PYTHON_EXTENSION_H
