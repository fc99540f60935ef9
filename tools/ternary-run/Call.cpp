//===- Call.cpp - Calling a compiled function -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modes.h"
#include "ternary/Runtime/Functions.h"
#include "ternary/Runtime/Npy.h"
#include "ternary/half.h"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>

using namespace ternary;
using namespace ternary::run;

using runtime::FunctionArray;

namespace {
/// How .npy files and texts have numbers of a type of ternary_value.
struct NumberType {
  const char *name, *npy;
};
// NumPy has no bf16; its bits are those of an uint16.
constexpr NumberType kTypes[] = {{"f32", "<f4"}, {"f64", "<f8"},  {"f16", "<f2"}, {"bf16", "<u2"},
                                 {"i1", "|b1"},  {"i8", "|i1"},   {"i16", "<i2"}, {"i32", "<i4"},
                                 {"i64", "<i8"}, {"index", "<i8"}};

std::string getNpyType(const std::string &type) {
  for (const NumberType &known : kTypes)
    if (type == known.name)
      return known.npy;
  runtime::fail("expected numbers of a known type, found ", type);
}

template <typename T> T load(const void *from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

/// A number in memory, as text that reads back as the same.
std::string print(const std::string &type, const uint8_t *from) {
  char text[40];
  auto real = [&](double value, int digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, value);
    return std::string(text);
  };
  if (type == "f64")
    return real(load<double>(from), 17);
  if (type == "f32")
    return real(load<float>(from), 9);
  if (type == "f16")
    return real(ternary_float_of_f16(load<uint16_t>(from)), 5);
  if (type == "bf16")
    return real(ternary_float_of_bf16(load<uint16_t>(from)), 4);
  if (type == "i1" || type == "i8")
    return std::to_string(load<int8_t>(from));
  if (type == "i16")
    return std::to_string(load<int16_t>(from));
  return std::to_string(type == "i32" ? load<int32_t>(from) : load<int64_t>(from));
}
} // namespace

/// A number of the command line.
static FunctionArray parseNumber(const ternary_value &value, const std::string &text) {
  FunctionArray array(value, {});
  std::string type = value.type;
  char *end;
  bool isReal = type == "f32" || type == "f64";
  double real = std::strtod(text.c_str(), &end);
  long long integer = isReal ? 0 : std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end || type == "f16" || type == "bf16")
    runtime::fail("--input: expected ", runtime::describe(value),
                  type == "f16" || type == "bf16" ? " in a .npy file" : "", ", found '", text, "'");
  int64_t width = runtime::byteWidth(type);
  if (!isReal && width < 8 && (integer >> (8 * width - 1)) != 0 &&
      (integer >> (8 * width - 1)) != -1)
    runtime::fail("--input: expected ", runtime::describe(value), ", found '", text, "'");
  float narrow = static_cast<float>(real);
  const void *from = type == "f64" ? static_cast<const void *>(&real)
                     : isReal      ? static_cast<const void *>(&narrow)
                                   : static_cast<const void *>(&integer);
  std::memcpy(array.memory.data(), from, static_cast<size_t>(width)); // little-endian
  return array;
}

static FunctionArray readInput(const ternary_value &value, const std::string &text) {
  bool isFile = text.size() > 4 && text.compare(text.size() - 4, 4, ".npy") == 0;
  if (value.kind == TERNARY_NUMBER && !isFile)
    return parseNumber(value, text);
  runtime::MappedFile file(text);
  std::string type = getNpyType(value.type);
  runtime::NpyArray found =
      runtime::viewArray(file, [&](const std::string &foundType, const auto &) {
        if (foundType != type)
          runtime::fail(text, ": expected elements '", type, "' for ", runtime::describe(value),
                        ", found '", foundType, "'");
        return runtime::byteWidth(value.type);
      });
  FunctionArray array(value, found.shape);
  std::memcpy(array.memory.data(), found.data, array.memory.size());
  return array;
}

/// What NAME=VALUE arguments say for each of `count` values, in order where they have no name.
static std::vector<std::string> assign(const char *option,
                                       const std::vector<std::string> &arguments,
                                       const std::vector<std::string> &names) {
  std::vector<std::string> values(names.size());
  size_t next = 0;
  for (const std::string &argument : arguments) {
    size_t equals = argument.find('=');
    auto known = std::find(names.begin(), names.end(), argument.substr(0, equals));
    size_t index;
    if (equals != std::string::npos && known != names.end()) {
      index = static_cast<size_t>(known - names.begin());
    } else {
      while (next < names.size() && !values[next].empty())
        ++next;
      index = next;
    }
    if (index >= names.size() || !values[index].empty()) {
      std::string all;
      for (const std::string &name : names)
        all += (all.empty() ? "" : ", ") + name;
      runtime::fail("--", option, ": expected one for each of ", all.empty() ? "nothing" : all,
                    "; found '", argument, "' as well");
    }
    bool isNamed = equals != std::string::npos && known != names.end();
    values[index] = isNamed ? argument.substr(equals + 1) : argument;
  }
  return values;
}

static void printArray(const ternary_value &value, const FunctionArray &array) {
  std::cout << runtime::describe(value) << "\n";
  int64_t count = runtime::countElements(array.shape), width = runtime::byteWidth(value.type);
  int64_t columns = array.shape.empty() ? 1 : array.shape.back();
  for (int64_t i = 0; i < count; ++i)
    std::cout << print(value.type, array.memory.data() + i * width)
              << (columns == 0 || (i + 1) % columns == 0 ? '\n' : ' ');
}

int run::callFunction(const std::string &path, const Options &options) {
  runtime::Functions functions(path);
  const ternary_functions &info = functions.info();
  if (!options.function && (info.function_count != 1 || options.inputs.empty())) {
    for (uint64_t i = 0; i < info.function_count; ++i)
      std::cout << runtime::describe(info.functions[i]) << "\n";
    return 0;
  }
  const ternary_function &function =
      options.function ? functions.find(*options.function) : info.functions[0];

  std::vector<std::string> inputNames, outputNames;
  for (uint64_t i = 0; i < function.input_count; ++i)
    inputNames.push_back(function.inputs[i].name);
  for (uint64_t i = 0; i < function.result_count; ++i)
    outputNames.push_back(function.results[i].name);
  // What is updated can be written as well, by its name.
  for (uint64_t i = 0; i < function.input_count; ++i)
    if (function.inputs[i].kind == TERNARY_STATE)
      outputNames.push_back(function.inputs[i].name);
  std::vector<std::string> inputTexts = assign("input", options.inputs, inputNames);
  std::vector<std::string> outputPaths = assign("output", options.outputs, outputNames);

  std::vector<FunctionArray> inputs, results;
  std::vector<runtime::FunctionCall::Input> views;
  for (uint64_t i = 0; i < function.input_count; ++i) {
    if (inputTexts[i].empty())
      runtime::fail("expected --input for ", runtime::describe(function.inputs[i]), " of ",
                    function.name);
    inputs.push_back(readInput(function.inputs[i], inputTexts[i]));
    views.push_back({inputs.back().memory.data(), inputs.back().shape});
  }
  runtime::FunctionCall call(function, views);
  std::vector<void *> places;
  for (uint64_t i = 0; i < function.result_count; ++i) {
    results.emplace_back(function.results[i], call.resultShapes()[i]);
    places.push_back(results.back().memory.data());
  }
  runtime::AlignedBuffer<uint8_t> workspace(static_cast<uint64_t>(call.workspaceBytes()),
                                            "workspace");
  call.run(places, workspace.data());

  size_t output = 0;
  auto put = [&](const ternary_value &value, const FunctionArray &array, bool always) {
    const std::string &file = outputPaths[output++];
    if (!file.empty())
      runtime::writeArray(file, {getNpyType(value.type), array.shape, array.memory.data()},
                          runtime::byteWidth(value.type));
    else if (always)
      printArray(value, array);
  };
  for (uint64_t i = 0; i < function.result_count; ++i)
    put(function.results[i], results[i], /*always=*/true);
  for (uint64_t i = 0; i < function.input_count; ++i)
    if (function.inputs[i].kind == TERNARY_STATE)
      put(function.inputs[i], inputs[i], /*always=*/false);
  return 0;
}
