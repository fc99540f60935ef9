//===- Tool.h - How programs start and fail ------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_TOOL_H
#define TERNARY_SUPPORT_TOOL_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CommandLine.h"

namespace ternary {

/// A program whose errors are one line each, with status 1, also those of LLVM that it cannot go on
/// after. Lives as long as main.
class Tool {
public:
  Tool(llvm::StringRef name, llvm::StringRef version) : name(name), version(version) {}

  /// Parses the options of `category`. False if they are wrong, which has been reported.
  bool parse(int argc, char **argv, llvm::cl::OptionCategory &category, llvm::StringRef overview);

  /// Prints "NAME: error: MESSAGE" and returns 1.
  int fail(llvm::StringRef message) const;

private:
  void failOption(llvm::StringRef message, llvm::StringRef program) const;

  llvm::StringRef name, version;
};

} // namespace ternary

#endif // TERNARY_SUPPORT_TOOL_H
