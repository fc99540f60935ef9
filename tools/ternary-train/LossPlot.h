//===- LossPlot.h - The losses of a run as a picture ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_LOSSPLOT_H
#define TERNARY_TOOLS_TERNARYTRAIN_LOSSPLOT_H

#include "LossLog.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace ternary::train {

/// Follows the loss over about the last tenth of the steps, a hundred at most: early on,
/// where it falls fast, a longer memory would lag behind.
class SmoothedLoss {
public:
  double add(double loss) {
    double window = std::clamp(++count / 10.0, 1.0, 100.0);
    return value += (loss - value) / window;
  }

private:
  double value = 0;
  int64_t count = 0;
};

/// An SVG file with the loss of each step, smoothed, and the validation losses.
std::string plotLosses(const std::string &title, const std::vector<LossRow> &rows);

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_LOSSPLOT_H
