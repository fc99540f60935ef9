//===- FunctionBench.cpp - How fast is a compiled function? ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionBench.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Functions.h"
#include "ternary/splitmix64.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace ternary;
using Clock = std::chrono::steady_clock;

using runtime::FunctionArray;

/// Sizes such as 4x64, as many as the value has dimensions.
static std::vector<int64_t> parseShape(const ternary_value &value, const std::string &text) {
  std::vector<int64_t> shape;
  std::istringstream list(text);
  for (std::string part; std::getline(list, part, 'x');) {
    char *end;
    long long size = std::strtoll(part.c_str(), &end, 10);
    if (part.empty() || *end || size < 0)
      runtime::fail("--shape: expected sizes such as 4x64 for ", runtime::describe(value),
                    ", found '", text, "'");
    shape.push_back(size);
  }
  return shape;
}

/// An input of numbers from -1 to 1; integers are 1, so that loops and indices stay small.
static FunctionArray makeInput(const ternary_value &value, std::vector<int64_t> shape) {
  FunctionArray array(value, std::move(shape));
  std::string type = value.type;
  int64_t width = runtime::byteWidth(type), count = array.memory.size() / width;
  for (int64_t i = 0; i < count; ++i) {
    float real =
        static_cast<float>(ternary_splitmix64(0, static_cast<uint64_t>(i)) >> 40) * 0x1p-23f - 1;
    double wide = real;
    uint32_t bits;
    std::memcpy(&bits, &real, sizeof(bits));
    uint16_t half = static_cast<uint16_t>(type == "bf16" ? bits >> 16 : 0x3800); // f16: 0.5
    int64_t one = 1;
    const void *from = type == "f32"                     ? static_cast<const void *>(&real)
                       : type == "f64"                   ? static_cast<const void *>(&wide)
                       : type == "f16" || type == "bf16" ? static_cast<const void *>(&half)
                                                         : static_cast<const void *>(&one);
    std::memcpy(array.memory.data() + i * width, from, static_cast<size_t>(width));
  }
  return array;
}

static FunctionArray makeInput(const ternary_value &value, const std::vector<std::string> &shapes) {
  std::vector<int64_t> shape(value.shape, value.shape + value.rank);
  std::string start = std::string(value.name) + "=";
  for (const std::string &given : shapes)
    if (given.compare(0, start.size(), start) == 0)
      shape = parseShape(value, given.substr(start.size()));
  for (int64_t size : shape)
    if (size < 0)
      runtime::fail("expected --shape ", start, "SIZES for ", runtime::describe(value));
  return makeInput(value, std::move(shape));
}

static void checkNames(const ternary_function &function, const std::vector<std::string> &shapes) {
  for (const std::string &given : shapes) {
    std::string name = given.substr(0, given.find('='));
    bool isKnown = false;
    for (uint64_t i = 0; i < function.input_count; ++i)
      isKnown |= name == function.inputs[i].name;
    if (!isKnown || name.size() == given.size())
      runtime::fail("--shape: expected NAME=SIZES of ", runtime::describe(function), ", found '",
                    given, "'");
  }
}

int bench::measureFunction(const std::string &path, const FunctionOptions &options) {
  runtime::Functions functions(path);
  const ternary_functions &info = functions.info();
  if (!options.function && info.function_count != 1)
    runtime::fail(path, ": expected --function, one of ", info.function_count);
  const ternary_function &function =
      options.function ? functions.find(*options.function) : info.functions[0];
  checkNames(function, options.shapes);

  std::vector<FunctionArray> inputs, results;
  std::vector<runtime::FunctionCall::Input> views;
  int64_t bytes = 0;
  for (uint64_t i = 0; i < function.input_count; ++i) {
    inputs.push_back(makeInput(function.inputs[i], options.shapes));
    views.push_back({inputs.back().memory.data(), inputs.back().shape});
    bytes += static_cast<int64_t>(inputs.back().memory.size());
  }
  runtime::FunctionCall call(function, views);
  std::vector<void *> places;
  for (uint64_t i = 0; i < function.result_count; ++i) {
    results.emplace_back(function.results[i], call.resultShapes()[i]);
    places.push_back(results.back().memory.data());
    bytes += static_cast<int64_t>(results.back().memory.size());
  }
  runtime::AlignedBuffer<uint8_t> workspace(static_cast<uint64_t>(call.workspaceBytes()),
                                            "workspace");
  auto measure = [&](int64_t calls) {
    auto start = Clock::now();
    for (int64_t i = 0; i < calls; ++i)
      call.run(places, workspace.data());
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  // As many calls at a time as take a twentieth of a second, which the clock can tell.
  int64_t calls = 1;
  while (measure(calls) < 0.05 && calls < (int64_t(1) << 40))
    calls *= 2;
  std::vector<double> seconds;
  for (int64_t repeat = 0; repeat < options.repeats; ++repeat)
    seconds.push_back(measure(calls) / static_cast<double>(calls));
  std::sort(seconds.begin(), seconds.end());
  double median = seconds[seconds.size() / 2];

  if (options.json) {
    nlohmann::ordered_json json;
    json["function"] = function.name;
    json["kernel"] = info.kernel;
    json["seconds_per_call"] = median;
    json["fastest_seconds_per_call"] = seconds.front();
    json["argument_bytes"] = bytes;
    json["workspace_bytes"] = call.workspaceBytes();
    std::cout << json.dump(2) << "\n";
    return 0;
  }
  std::printf("%s\n%s kernels, one thread\n\n", runtime::describe(function).c_str(), info.kernel);
  std::printf("%-28s %12.3f  us\n", "a call (median)", median * 1e6);
  std::printf("%-28s %12.3f  us\n", "  the fastest", seconds.front() * 1e6);
  std::printf("%-28s %12.1f  GB/s\n", "  arguments and results",
              static_cast<double>(bytes) / median * 1e-9);
  std::printf("%-28s %12.1f  KB\n", "workspace", static_cast<double>(call.workspaceBytes()) * 1e-3);
  return 0;
}
