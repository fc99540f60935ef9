//===- StopSignalTest.cpp - Ending when the user asks to ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/StopSignal.h"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <initializer_list>

using namespace ternary::runtime;
using testing::ExitedWithCode;
using testing::KilledBySignal;

namespace {

/// Gets these signals in a process that catches them, and exits with its status.
[[noreturn]] void raiseAll(std::initializer_list<int> signals) {
  catchStopSignals();
  for (int number : signals)
    std::raise(number);
  std::exit(stopStatus());
}

TEST(StopSignalDeathTest, TheFirstLeavesANote) {
  EXPECT_EXIT(raiseAll({}), ExitedWithCode(0), "");
  for (int number : {SIGINT, SIGTERM, SIGHUP})
    EXPECT_EXIT(raiseAll({number}), ExitedWithCode(128 + number), "");
  EXPECT_EXIT(raiseAll({SIGTERM, SIGHUP}), ExitedWithCode(128 + SIGHUP), "");
}

TEST(StopSignalDeathTest, TheSameAgainEndsAtOnce) {
  for (int number : {SIGINT, SIGTERM, SIGHUP})
    EXPECT_EXIT(raiseAll({number, number}), KilledBySignal(number), "");
  EXPECT_EXIT(raiseAll({SIGTERM, SIGINT}), KilledBySignal(SIGINT), "");
  EXPECT_EXIT(raiseAll({SIGHUP, SIGINT}), KilledBySignal(SIGINT), "");
}

TEST(StopSignalDeathTest, NohupIsRespected) {
  auto ignoreAndRaise = [](int ignored) {
    std::signal(ignored, SIG_IGN);
    raiseAll({ignored});
  };
  EXPECT_EXIT(ignoreAndRaise(SIGHUP), ExitedWithCode(0), "");
  // Shells start what runs in the background with SIGINT ignored.
  EXPECT_EXIT(ignoreAndRaise(SIGINT), ExitedWithCode(130), "");
}

} // namespace
