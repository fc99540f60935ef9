//===- StopSignal.cpp - Ending when the user asks to ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/StopSignal.h"

#include <csignal>

static volatile std::sig_atomic_t received = 0;

static void note(int number) {
  received = number;
  std::signal(SIGINT, SIG_DFL);
}

void ternary::runtime::catchStopSignals() {
  struct sigaction action = {}, previous;
  action.sa_handler = note;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  if (sigaction(SIGHUP, nullptr, &previous) == 0 && previous.sa_handler != SIG_IGN)
    sigaction(SIGHUP, &action, nullptr);
}

int ternary::runtime::stopSignal() { return received; }

const char *ternary::runtime::stopSignalName() {
  return received == SIGINT ? "SIGINT" : received == SIGTERM ? "SIGTERM" : "SIGHUP";
}

int ternary::runtime::stopStatus() { return received ? 128 + received : 0; }
