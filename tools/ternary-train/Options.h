//===- Options.h - What ternary-train was asked for -------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_OPTIONS_H
#define TERNARY_TOOLS_TERNARYTRAIN_OPTIONS_H

#include "ternary/Runtime/Checkpoint.h"

#include <optional>
#include <string>
#include <vector>

namespace ternary::train {

struct Options {
  std::string object;
  std::optional<std::string> weights, init;
  int64_t threads = 1;

  // Data.
  std::optional<std::string> data, dataFormat, validData;
  double validFraction = 0;
  int64_t validSequences = 256;
  bool prependBos = false;
  std::optional<int64_t> sequenceLength;
  int64_t seed = 0;

  // Optimizer and schedule.
  int64_t steps = 1000, accumulate = 1;
  double learningRate = 4e-3, finalFraction = 0;
  std::optional<int64_t> warmup, halveAt;
  std::optional<std::string> schedule; // of a resumed run with another number of steps
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0.1, clip = 1;

  // Result.
  std::optional<std::string> out;
  int64_t validEvery = 100, saveEvery = 500, keep = 2, logEvery = 10;
  bool saveBest = false, resume = false;

  // One batch.
  std::optional<std::string> inputIds, gradients;

  /// Parses the command line; false if --help or --version was answered.
  bool parse(int argc, char **argv);

  bool trains() const { return !inputIds; }

  /// Fills in what depends on other options and on the object.
  void resolve(const runtime::TrainingObject &object);

  // After resolve():
  runtime::TokenFormat format(const std::string &path) const;
  /// That of a schedule which begins after `start` steps.
  ternary_optimizer optimizer(int64_t start) const;
  /// All that the result depends on, under the names of the options.
  std::vector<runtime::Setting> settings(const runtime::TrainingObject &object,
                                         int64_t start) const;
  /// Whether a setting is one of the schedule, which another number of steps changes.
  static bool isOfSchedule(const std::string &name);
  /// Whether another number of steps is a new schedule, with new moments.
  bool restarts() const { return schedule == "restart"; }

private:
  void check() const;
  int64_t getWarmup(int64_t start) const;
  int64_t getHalveAt(int64_t start) const;
};

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_OPTIONS_H
