//===- Progress.cpp - How training gets on, on the standard error ---------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Progress.h"

#include <cmath>
#include <cstdio>
#include <unistd.h>

using namespace ternary::train;

std::string ternary::train::printDuration(double seconds) {
  long long whole = std::llround(std::fmin(seconds, 1e9));
  char text[48];
  if (whole >= 3600)
    std::snprintf(text, sizeof(text), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  else
    std::snprintf(text, sizeof(text), "%lld:%02lld", whole / 60, whole % 60);
  return text;
}

std::string ternary::train::printCount(int64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;)
    digits.insert(at -= 3, ",");
  return digits;
}

Progress::Progress(int64_t steps, int64_t every)
    : steps(steps), every(every), terminal(isatty(STDERR_FILENO)) {}

void Progress::step(const LossRow &row, double smoothedLoss, const Speed &speed) {
  auto now = std::chrono::steady_clock::now();
  bool last = row.step == steps;
  if (terminal ? !last && !row.validLoss && now - shown < std::chrono::milliseconds(100)
               : every == 0 || (row.step % every != 0 && !last && !row.validLoss))
    return;
  shown = now;
  char text[256], valid[40] = "";
  if (row.validLoss)
    std::snprintf(valid, sizeof(valid), "  validation %.4f", *row.validLoss);
  std::snprintf(text, sizeof(text),
                "step %lld/%lld  loss %.4f  smoothed %.4f%s  %.0f tokens/s  rate %.3g  norm %.3g  "
                "left %s",
                static_cast<long long>(row.step), static_cast<long long>(steps), row.loss,
                smoothedLoss, valid, speed.tokensPerSecond, row.learningRate, row.gradientNorm,
                printDuration(speed.secondsLeft).c_str());
  // A validation loss stays to be read.
  bool stays = !terminal || last || row.validLoss;
  std::fprintf(stderr, "%s%s%s", terminal ? "\r\x1b[K" : "", text, stays ? "\n" : "");
  pending = !stays;
}

void Progress::message(const std::string &text) {
  std::fprintf(stderr, "%s%s\n", pending ? "\r\x1b[K" : "", text.c_str());
  pending = false;
}
