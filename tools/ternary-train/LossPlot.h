//===- LossPlot.h - The losses of a run as a picture ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_LOSSPLOT_H
#define TERNARY_TOOLS_TERNARYTRAIN_LOSSPLOT_H

#include "LossLog.h"

#include <string>

namespace ternary::train {

/// The smoothed loss after `row`, given that after the row before: the mean of
/// all losses so far with weights that fall by 2 % from step to step.
class SmoothedLoss {
public:
  double add(double loss) {
    sum = kDecay * sum + loss;
    weight = kDecay * weight + 1;
    return sum / weight;
  }

private:
  static constexpr double kDecay = 0.98;
  double sum = 0, weight = 0;
};

/// An SVG file with the loss of each step, smoothed, and the validation losses.
std::string plotLosses(const std::string &title, const std::vector<LossRow> &rows);

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_LOSSPLOT_H
