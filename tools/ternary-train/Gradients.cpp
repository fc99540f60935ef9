//===- Gradients.cpp - Loss and gradients of one batch --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Gradients.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Npy.h"
#include "ternary/Runtime/Safetensors.h"

#include <algorithm>
#include <cstdio>

using namespace ternary;
using namespace ternary::train;

void train::readInitialValues(const runtime::TrainingObject &object, const Options &options,
                              runtime::Block &parameters) {
  if (!options.init) {
    object.readArchive(options.weights.value_or(""), parameters.data());
    return;
  }
  std::vector<std::string> unused = object.readCheckpoint(*options.init, parameters.data());
  if (!unused.empty())
    std::fprintf(
        stderr, "ternary-train: warning: %s: ignored %zu tensor%s without a parameter: %s%s\n",
        runtime::printable(*options.init).c_str(), unused.size(), unused.size() == 1 ? "" : "s",
        runtime::printable(unused.front()).c_str(), unused.size() == 1 ? "" : ", ...");
}

int train::writeGradients(const runtime::TrainingObject &object, const Options &options) {
  const ternary_training_descriptor &info = object.info();
  runtime::IdMatrix input = runtime::readIds(*options.inputIds);
  int64_t tokens = input.columns;
  runtime::checkTokens(*options.inputIds, input.values.data(), input.rows, tokens, info.max_tokens,
                       info.vocab);
  if (input.rows < 1 || tokens < 2)
    runtime::fail(*options.inputIds, ": expected at least one sequence of two tokens, found ",
                  input.rows, " x ", tokens);

  runtime::Block parameters = object.makeBlock("parameters");
  readInitialValues(object, options, parameters);
  runtime::Block gradients = object.makeBlock("gradients");
  auto workspace = object.makeWorkspace(info.gradient_workspace, tokens);

  std::vector<int32_t> ids(static_cast<size_t>(info.batch * tokens)), targets(ids.size());
  double loss = 0;
  for (int64_t from = 0; from < input.rows; from += info.batch) {
    // Rows that the last group lacks have no targets.
    std::fill(ids.begin(), ids.end(), 0);
    std::fill(targets.begin(), targets.end(), -1);
    int64_t rows = std::min(info.batch, input.rows - from);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t t = 0; t < tokens; ++t) {
        auto source = static_cast<size_t>((from + row) * tokens + t);
        auto to = static_cast<size_t>(row * tokens + t);
        ids[to] = static_cast<int32_t>(input.values[source]);
        if (t + 1 < tokens)
          targets[to] = static_cast<int32_t>(input.values[source + 1]);
      }
    // Every row has as many targets as any other.
    double share = static_cast<double>(rows) / static_cast<double>(input.rows);
    loss += share * info.gradient(parameters.data(), gradients.data(), workspace.data(), ids.data(),
                                  targets.data(), tokens, static_cast<float>(share),
                                  static_cast<int32_t>(options.threads));
  }

  std::vector<runtime::SafetensorsWriter::Tensor> tensors = {{"loss", {1}}};
  for (int64_t i = 0; i < info.parameter_count; ++i)
    tensors.push_back({info.parameters[i].name, runtime::shapeOf(info.parameters[i])});
  runtime::SafetensorsWriter writer(*options.gradients, tensors);
  float rounded = static_cast<float>(loss);
  writer.write(&rounded);
  for (int64_t i = 0; i < info.parameter_count; ++i)
    writer.write(gradients.data() + info.parameters[i].offset);
  writer.commit();
  return 0;
}
