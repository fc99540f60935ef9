//===- Progress.h - How training gets on, on the standard error -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_PROGRESS_H
#define TERNARY_TOOLS_TERNARYTRAIN_PROGRESS_H

#include "LossLog.h"

#include <chrono>
#include <string>

namespace ternary::train {

/// On a terminal one line that is rewritten; elsewhere whole lines, now and then.
class Progress {
public:
  /// `every` steps between lines elsewhere, 0: none.
  Progress(int64_t steps, int64_t every);

  struct Speed {
    double tokensPerSecond, secondsLeft;
  };

  void step(const LossRow &row, double smoothedLoss, const Speed &speed);

  /// A line that stays.
  void message(const std::string &text);

private:
  int64_t steps, every;
  bool terminal;
  bool pending = false; // a line without an end
  std::chrono::steady_clock::time_point shown;
};

/// "1:02:03" or "2:03".
std::string printDuration(double seconds);

/// "12,345".
std::string printCount(int64_t count);

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_PROGRESS_H
