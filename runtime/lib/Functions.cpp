//===- Functions.cpp - Calling compiled functions -------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Functions.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Library.h"
#include "ternary/abi.h"

#include <utility>

using namespace ternary::runtime;

static constexpr const char *kListSymbol = "ternary_functions_instance";

bool Functions::areIn(const std::string &path) {
  Library library(path, "library");
  return library.find(kListSymbol) && !library.find("ternary_descriptor_instance");
}

Functions::Functions(const std::string &path) : name(path) {
  Library library(path, "library of functions");
  try {
    library.resolve(list, kListSymbol);
    if (list->abi_version != TERNARY_FUNCTIONS_ABI_VERSION)
      fail(path, ": expected functions with ABI version ", TERNARY_FUNCTIONS_ABI_VERSION,
           ", found version ", list->abi_version);
    if (list->bytes < sizeof(ternary_functions))
      fail(path, ": expected a list of functions of at least ", sizeof(ternary_functions),
           " bytes, found ", list->bytes);
    checkMachine(path, list->cpu, list->kernel, list->features);
  } catch (...) {
    library.unload();
    throw;
  }
}

const ternary_function &Functions::find(const std::string &function) const {
  std::string names;
  for (uint64_t i = 0; i < list->function_count; ++i) {
    if (function == list->functions[i].name)
      return list->functions[i];
    names += (i ? ", " : "") + std::string(list->functions[i].name);
  }
  fail(name, ": expected a function of ", names, "; found '", function, "'");
}

//===----------------------------------------------------------------------===//
// Types and shapes
//===----------------------------------------------------------------------===//

static std::string printShape(const int64_t *shape, uint64_t rank) {
  std::string text = "[";
  for (uint64_t i = 0; i < rank; ++i)
    text += (i ? ", " : "") + (shape[i] < 0 ? "?" : std::to_string(shape[i]));
  return text + "]";
}

std::string ternary::runtime::describe(const ternary_value &value) {
  std::string text = std::string(value.name) + ": " + value.type;
  return value.kind == TERNARY_NUMBER ? text : text + " " + printShape(value.shape, value.rank);
}

std::string ternary::runtime::describe(const ternary_function &function) {
  auto list = [](const ternary_value *values, uint64_t count) {
    std::string text = "(";
    for (uint64_t i = 0; i < count; ++i)
      text += (i ? ", " : "") + describe(values[i]);
    return text + ")";
  };
  return function.name + list(function.inputs, function.input_count) + " -> " +
         list(function.results, function.result_count);
}

int64_t ternary::runtime::byteWidth(const std::string &type) {
  if (type == "index")
    return 8;
  size_t digits = type.find_first_of("0123456789");
  int bits = digits == std::string::npos ? 0 : std::atoi(type.c_str() + digits);
  return (bits + 7) / 8;
}

int64_t ternary::runtime::countElements(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    if (__builtin_mul_overflow(count, size, &count))
      fail("out of memory: expected an array of shape ", printShape(shape.data(), shape.size()),
           " to be smaller");
  return count;
}

FunctionArray::FunctionArray(const ternary_value &value, std::vector<int64_t> sizes)
    : shape(std::move(sizes)), memory(static_cast<uint64_t>(countElements(shape)) *
                                          static_cast<uint64_t>(byteWidth(value.type)),
                                      value.name) {}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

FunctionCall::FunctionCall(const ternary_function &function, const std::vector<Input> &inputs)
    : function(function) {
  if (inputs.size() != function.input_count)
    fail(function.name, ": expected ", function.input_count,
         function.input_count == 1 ? " input" : " inputs", ", found ", inputs.size());
  for (uint64_t i = 0; i < function.input_count; ++i) {
    const ternary_value &value = function.inputs[i];
    const std::vector<int64_t> &shape = inputs[i].shape;
    bool fits = shape.size() == value.rank;
    for (uint64_t d = 0; fits && d < value.rank; ++d)
      fits = shape[d] == value.shape[d] || (value.shape[d] < 0 && shape[d] >= 0);
    if (!fits)
      fail(function.name, ": expected ", describe(value), ", found shape ",
           printShape(shape.data(), shape.size()));
    for (uint64_t d = 0; d < value.rank; ++d)
      if (value.shape[d] < 0)
        sizes.push_back(shape[d]);
    values.push_back(inputs[i].data);
  }

  std::vector<int64_t> all;
  for (uint64_t i = 0; i < function.result_count; ++i)
    all.resize(all.size() + function.results[i].rank);
  bytes = function.workspace(values.data(), sizes.data(), all.data());
  const int64_t *next = all.data();
  for (uint64_t i = 0; i < function.result_count; ++i) {
    const ternary_value &value = function.results[i];
    shapes.emplace_back(next, next + value.rank);
    next += value.rank;
    for (int64_t size : shapes.back())
      if (size < 0)
        fail(function.name, ": expected inputs of sizes that have a result, found ",
             describe(value), " of shape ", printShape(shapes.back().data(), value.rank));
  }
}

void FunctionCall::run(const std::vector<void *> &results, void *workspace) const {
  std::vector<void *> all = values;
  all.insert(all.end(), results.begin(), results.end());
  // Empty arrays may be nowhere; functions look at pointers before they look at sizes.
  for (void *&value : all)
    if (!value)
      value = workspace;
  int32_t status = function.call(all.data(), sizes.data(), workspace);
  if (status != TERNARY_OK)
    fail(function.name, ": the function refused its arguments, status ", status);
}
