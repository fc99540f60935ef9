//===- LossLog.h - The losses of a run as CSV -------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_LOSSLOG_H
#define TERNARY_TOOLS_TERNARYTRAIN_LOSSLOG_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ternary::train {

/// What one step gave. A step is counted when it is done, from 1.
struct LossRow {
  int64_t step, tokens; // the latter: targets learnt so far
  double loss;          // before the step's update
  std::optional<double> validLoss;
  double learningRate, gradientNorm, seconds;
};

/// loss.csv, to which every step adds a line.
class LossLog {
public:
  /// Starts a log, or goes on with the one at `path` after `step` steps: later
  /// lines are removed.
  LossLog(std::string path, int64_t step);
  ~LossLog();
  LossLog(const LossLog &) = delete;
  LossLog &operator=(const LossLog &) = delete;

  void append(const LossRow &row);

  /// Makes the lines so far last.
  void sync();

  const std::vector<LossRow> &rows() const { return all; }

private:
  std::string path;
  int file = -1;
  std::vector<LossRow> all;
};

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_LOSSLOG_H
