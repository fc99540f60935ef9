//===- Tool.cpp - How programs start and fail -----------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/Tool.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/WithColor.h"
#include <csignal>
#include <unistd.h>

using namespace llvm;
using namespace ternary;

/// One line, whatever file names and messages hold: control characters could end it or
/// change the terminal.
int Tool::fail(StringRef message) const {
  constexpr size_t kLongest = 1000;
  std::string line;
  raw_string_ostream os(line);
  for (unsigned char c : message.take_front(kLongest)) {
    if (c < ' ' || c == 0x7f)
      os << format("\\x%02x", c);
    else
      os << c;
  }
  if (message.size() > kLongest)
    os << "...";
  WithColor::error(errs(), name) << line << "\n";
  return 1;
}

/// The command line library's own errors, in our form: "program: what is wrong!" and more
/// lines. What is wrong with a value it has printed already.
void Tool::failOption(StringRef message, StringRef program) const {
  if (message.empty())
    return;
  message = message.take_until([](char c) { return c == '\n'; });
  message.consume_front(sys::path::filename(program));
  message = message.split(".  Try").first.ltrim(": ").rtrim("!. ");
  std::string text = message.str();
  text[0] = toLower(text[0]);
  fail(text + "; see --help");
}

/// What LLVM cannot go on after: it would print a backtrace and leave temporary files.
static void failAtOnce(void *tool, const char *reason, bool) {
  sys::RunInterruptHandlers();
  _exit(static_cast<const Tool *>(tool)->fail(StringRef(reason).rtrim("!.\n")));
}

bool Tool::parse(int argc, char **argv, cl::OptionCategory &category, StringRef overview) {
  install_fatal_error_handler(failAtOnce, this);
  install_bad_alloc_error_handler(failAtOnce, this);
#ifdef SIGXFSZ
  std::signal(SIGXFSZ, SIG_IGN); // a write that goes beyond the limit fails instead
#endif
  cl::HideUnrelatedOptions(category);
  cl::AddExtraVersionPrinter([this](raw_ostream &os) { os << "Ternary " << version << "\n"; });
  std::string problem;
  raw_string_ostream problems(problem);
  if (cl::ParseCommandLineOptions(argc, argv, overview, &problems))
    return true;
  failOption(problem, argv[0]);
  return false;
}
