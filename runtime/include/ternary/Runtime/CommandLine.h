//===- CommandLine.h - Options of the tools ---------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_COMMANDLINE_H
#define TERNARY_RUNTIME_COMMANDLINE_H

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace ternary::runtime {

/// The options of a tool: `--name`, `--name VALUE` or `--name=VALUE`, in any
/// order with the other arguments. Every tool has --help and --version as well.
class CommandLine {
public:
  /// `synopsis` and `description` introduce the help, `examples` end it.
  CommandLine(std::string tool, std::string synopsis, std::string description,
              std::string examples);

  /// Starts a group of options in the help.
  void group(std::string title);

  void flag(const char *name, bool &value, std::string help);
  void text(const char *name, const char *placeholder, std::optional<std::string> &value,
            std::string help);
  /// An option that may be given several times.
  void texts(const char *name, const char *placeholder, std::vector<std::string> &values,
             std::string help);
  void integer(const char *name, const char *placeholder, int64_t &value, int64_t least,
               int64_t most, std::string help);
  void integer(const char *name, const char *placeholder, std::optional<int64_t> &value,
               int64_t least, int64_t most, std::string help);
  void number(const char *name, const char *placeholder, double &value, double least, double most,
              std::string help);
  /// A number above 0, also as a float.
  void positive(const char *name, const char *placeholder, double &value, double most,
                std::string help);
  /// One of `choices`.
  void choice(const char *name, const char *placeholder, std::optional<std::string> &value,
              std::vector<std::string> choices, std::string help);
  /// A count, or the word `none`, which stands for -1.
  void integerOrNone(const char *name, const char *placeholder, std::optional<int64_t> &value,
                     int64_t least, int64_t most, std::string help);
  /// A list such as 1,2,4.
  void integers(const char *name, const char *placeholder, std::vector<int64_t> &value,
                int64_t least, int64_t most, std::string help);

  /// Parses the command line and returns the arguments that are no options.
  /// Empty when --help or --version was given and answered. Throws on a wrong
  /// one.
  std::optional<std::vector<std::string>> parse(int argc, char **argv);

private:
  struct Option {
    std::string name, placeholder, help;
    std::function<void(const char *)> set;
  };
  void option(const char *name, const char *placeholder, std::string help,
              std::function<void(const char *)> set);
  void printHelp() const;

  std::string tool, synopsis, description, examples;
  std::vector<Option> options; // one without a name is the title of a group
};

/// Runs a tool's `body` and turns an error into one line and the exit status 1.
int runTool(const char *tool, const std::function<int()> &body);

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_COMMANDLINE_H
