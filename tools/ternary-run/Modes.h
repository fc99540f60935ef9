//===- Modes.h - What ternary-run can do ------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYRUN_MODES_H
#define TERNARY_TOOLS_TERNARYRUN_MODES_H

#include "ternary/Runtime/Model.h"
#include "ternary/Runtime/Sampler.h"

#include <optional>
#include <string>
#include <vector>

namespace ternary::run {

struct Options {
  std::optional<std::string> prompt, promptFile, tokenizer, weights;
  bool plainPrompt = false;
  int64_t tokens = 256;
  runtime::SamplerOptions sampler;
  int64_t threads = 1;
  bool stats = false;

  bool selfTest = false;

  std::optional<std::string> inputIds, logits;
  bool step = false;

  std::optional<std::string> function;
  std::vector<std::string> inputs, outputs;
};

/// The text in a file, or if its name is "-", in the standard input, without the
/// end of its last line.
std::string readPrompt(const std::string &path);

/// Streams text. `loadSeconds` is for the statistics.
int generate(const runtime::Model &model, const Options &options, double loadSeconds);

/// Writes the logits for given ids to a file.
int writeLogits(const runtime::Model &model, const Options &options);

/// Checks that the model computes the same in every way that it can be asked
/// to.
int selfTest(const runtime::Model &model, const Options &options);

/// Calls a function of the shared object at `path`, or prints which there are if none is named and
/// no input given.
int callFunction(const std::string &path, const Options &options);

} // namespace ternary::run

#endif // TERNARY_TOOLS_TERNARYRUN_MODES_H
