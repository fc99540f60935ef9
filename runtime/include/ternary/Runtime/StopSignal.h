//===- StopSignal.h - Ending when the user asks to --------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_STOPSIGNAL_H
#define TERNARY_RUNTIME_STOPSIGNAL_H

namespace ternary::runtime {

/// From now on, SIGINT (Ctrl-C), SIGTERM and SIGHUP only leave a note; SIGHUP
/// not if it is ignored, as under nohup. After that, the same signal again, or
/// SIGINT, ends the process at once.
void catchStopSignals();

/// The signal that came last, or 0.
int stopSignal();

/// "SIGINT" and so on.
const char *stopSignalName();

/// The exit status of a program that ended because of that signal, as of others;
/// 0 if none came.
int stopStatus();

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_STOPSIGNAL_H
