//===- Module.cpp - The Python extension ------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the package `ternary` is made of, not its interface: that is written in
// Python, in python/ternary, which also declares the types of what is here.
//
//===----------------------------------------------------------------------===//

#include "Extension.h"
#include "ternary/Runtime/Error.h"

PYBIND11_MODULE(_ternary, module) {
  auto &error =
      pybind11::register_exception<ternary::runtime::Error>(module, "Error", PyExc_RuntimeError);
  error.attr("__module__") = "ternary";
  error.doc() = "What was wrong with a model, a graph, an argument or a file, in one line.";
  module.attr("__version__") = TERNARY_VERSION;
  ternary::python::bindCompiler(module);
  ternary::python::bindFunctions(module);
  ternary::python::bindRuntime(module);
}
