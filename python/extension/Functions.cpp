//===- Functions.cpp - Compiled functions, for Python -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Functions.h"
#include "Extension.h"
#include "ternary/Runtime/Error.h"

#include <pybind11/stl.h>

namespace py = pybind11;
using namespace ternary;
using namespace ternary::python;

static py::list describeValues(const ternary_value *values, uint64_t count) {
  py::list list;
  for (uint64_t i = 0; i < count; ++i) {
    const ternary_value &value = values[i];
    py::dict item;
    item["name"] = value.name;
    item["type"] = value.type;
    item["shape"] = std::vector<int64_t>(value.shape, value.shape + value.rank);
    item["number"] = value.kind == TERNARY_NUMBER;
    item["state"] = value.kind == TERNARY_STATE;
    list.append(item);
  }
  return list;
}

static py::dict describeAll(const runtime::Functions &functions) {
  const ternary_functions &info = functions.info();
  py::list list;
  for (uint64_t i = 0; i < info.function_count; ++i) {
    const ternary_function &function = info.functions[i];
    py::dict item;
    item["name"] = function.name;
    item["signature"] = runtime::describe(function);
    item["inputs"] = describeValues(function.inputs, function.input_count);
    item["results"] = describeValues(function.results, function.result_count);
    list.append(item);
  }
  py::dict result;
  result["name"] = info.name;
  result["target"] = info.target;
  result["triple"] = info.triple;
  result["cpu"] = info.cpu;
  result["kernel"] = info.kernel;
  result["functions"] = list;
  return result;
}

/// The memory of an array that a function reads or, if `isWritten`, writes.
static py::buffer_info view(const py::buffer &array, const ternary_value &value, bool isWritten) {
  py::buffer_info info = array.request(isWritten);
  if (info.itemsize != runtime::byteWidth(value.type) || !isContiguous(info))
    runtime::fail("expected a contiguous array of elements of ", runtime::byteWidth(value.type),
                  " bytes for ", runtime::describe(value));
  return info;
}

/// Calls a function. `allocate` gets the shapes of results and the bytes of the workspace, and
/// gives arrays for all of them, the workspace last.
static void call(const runtime::Functions &functions, const std::string &name,
                 const std::vector<py::buffer> &inputs, const py::function &allocate) {
  const ternary_function &function = functions.find(name);
  std::vector<py::buffer_info> memory;
  std::vector<runtime::FunctionCall::Input> views;
  for (size_t i = 0; i < inputs.size() && i < function.input_count; ++i) {
    const ternary_value &value = function.inputs[i];
    memory.push_back(view(inputs[i], value, value.kind == TERNARY_STATE));
    views.push_back({memory.back().ptr,
                     std::vector<int64_t>(memory.back().shape.begin(), memory.back().shape.end())});
  }
  runtime::FunctionCall prepared(function, views);
  auto arrays = py::cast<std::vector<py::buffer>>(
      allocate(prepared.resultShapes(), prepared.workspaceBytes()));
  std::vector<void *> results;
  for (uint64_t i = 0; i < function.result_count; ++i) {
    memory.push_back(view(arrays[i], function.results[i], /*isWritten=*/true));
    results.push_back(memory.back().ptr);
  }
  py::buffer_info workspace = arrays.back().request(/*writable=*/true);
  py::gil_scoped_release release;
  prepared.run(results, workspace.ptr);
}

void ternary::python::bindFunctions(py::module_ &module) {
  py::class_<runtime::Functions>(module, "CompiledFunctions")
      .def(py::init<const std::string &>(), py::arg("path"),
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("path", &runtime::Functions::path)
      .def("info", &describeAll)
      .def("call", &call, py::arg("name"), py::arg("inputs"), py::arg("allocate"));
}
