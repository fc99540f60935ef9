//===- CommandLine.cpp - Options of the tools -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/CommandLine.h"
#include "ternary/Runtime/Error.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <iostream>

using namespace ternary::runtime;

CommandLine::CommandLine(std::string tool, std::string synopsis, std::string description,
                         std::string examples)
    : tool(std::move(tool)), synopsis(std::move(synopsis)), description(std::move(description)),
      examples(std::move(examples)) {}

void CommandLine::group(std::string title) {
  options.push_back({"", "", std::move(title), nullptr});
}

void CommandLine::option(const char *name, const char *placeholder, std::string help,
                         std::function<void(const char *)> set) {
  options.push_back({name, placeholder, std::move(help), std::move(set)});
}

void CommandLine::flag(const char *name, bool &value, std::string help) {
  option(name, "", std::move(help), [&value](const char *) { value = true; });
}

void CommandLine::text(const char *name, const char *placeholder, std::optional<std::string> &value,
                       std::string help) {
  option(name, placeholder, std::move(help), [&value](const char *argument) { value = argument; });
}

void CommandLine::texts(const char *name, const char *placeholder, std::vector<std::string> &values,
                        std::string help) {
  option(name, placeholder, std::move(help),
         [&values](const char *argument) { values.push_back(argument); });
}

static int64_t parseInteger(const char *name, const std::string &argument, int64_t least,
                            int64_t most) {
  char *end;
  errno = 0;
  long long value = std::strtoll(argument.c_str(), &end, 10);
  if (argument.empty() || *end || errno || value < least || value > most) {
    if (most == std::numeric_limits<int64_t>::max())
      fail("--", name, ": expected an integer of at least ", least, ", found '", argument, "'");
    fail("--", name, ": expected an integer from ", least, " to ", most, ", found '", argument,
         "'");
  }
  return value;
}

void CommandLine::integer(const char *name, const char *placeholder, int64_t &value, int64_t least,
                          int64_t most, std::string help) {
  option(name, placeholder, std::move(help),
         [=, &value](const char *argument) { value = parseInteger(name, argument, least, most); });
}

void CommandLine::integer(const char *name, const char *placeholder, std::optional<int64_t> &value,
                          int64_t least, int64_t most, std::string help) {
  option(name, placeholder, std::move(help),
         [=, &value](const char *argument) { value = parseInteger(name, argument, least, most); });
}

void CommandLine::integers(const char *name, const char *placeholder, std::vector<int64_t> &value,
                           int64_t least, int64_t most, std::string help) {
  option(name, placeholder, std::move(help), [=, &value](const char *argument) {
    std::istringstream list(std::string(argument) + ",");
    value.clear();
    for (std::string part; std::getline(list, part, ',');)
      value.push_back(parseInteger(name, part, least, most));
  });
}

void CommandLine::number(const char *name, const char *placeholder, double &value, double least,
                         double most, std::string help) {
  option(name, placeholder, std::move(help), [=, &value](const char *argument) {
    char *end;
    double parsed = std::strtod(argument, &end);
    // Written so that NaN fails, too.
    if (!*argument || *end || !(parsed >= least && parsed <= most))
      fail("--", name, ": expected a number from ", least, " to ", most, ", found '", argument,
           "'");
    value = parsed;
  });
}

void CommandLine::positive(const char *name, const char *placeholder, double &value, double most,
                           std::string help) {
  option(name, placeholder, std::move(help), [=, &value](const char *argument) {
    char *end;
    double parsed = std::strtod(argument, &end);
    if (!*argument || *end || !(static_cast<float>(parsed) > 0 && parsed <= most))
      fail("--", name, ": expected a number above 0 and at most ", most, ", found '", argument,
           "'");
    value = parsed;
  });
}

void CommandLine::choice(const char *name, const char *placeholder,
                         std::optional<std::string> &value, std::vector<std::string> choices,
                         std::string help) {
  option(name, placeholder, std::move(help),
         [name, &value, choices = std::move(choices)](const char *argument) {
           value = argument;
           if (std::find(choices.begin(), choices.end(), *value) != choices.end())
             return;
           std::string all;
           for (const std::string &word : choices)
             all += (all.empty() ? "" : &word == &choices.back() ? " or " : ", ") + word;
           fail("--", name, ": expected ", all, ", found '", argument, "'");
         });
}

void CommandLine::integerOrNone(const char *name, const char *placeholder,
                                std::optional<int64_t> &value, int64_t least, int64_t most,
                                std::string help) {
  option(name, placeholder, std::move(help), [=, &value](const char *argument) {
    value = argument == std::string_view("none") ? -1 : parseInteger(name, argument, least, most);
  });
}

void CommandLine::printHelp() const {
  std::cout << "usage: " << tool << " " << synopsis << "\n\n" << description << "\n";
  for (const Option &option : options) {
    if (option.name.empty()) {
      std::cout << "\n" << option.help << ":\n";
      continue;
    }
    std::string left = "  --" + option.name;
    if (!option.placeholder.empty())
      left += " " + option.placeholder;
    left.resize(std::max<size_t>(left.size() + 2, 26), ' ');
    std::cout << left;
    for (char c : option.help)
      std::cout << (c == '\n' ? "\n" + std::string(left.size(), ' ') : std::string(1, c));
    std::cout << "\n";
  }
  std::cout << "\n  --help                  show this text and exit\n"
               "  --version               show the version and exit\n"
            << "\n"
            << examples;
}

std::optional<std::vector<std::string>> CommandLine::parse(int argc, char **argv) {
  enum { kHelp = 1000, kVersion, kFirst };
  std::vector<::option> table = {{"help", no_argument, nullptr, kHelp},
                                 {"version", no_argument, nullptr, kVersion}};
  for (size_t i = 0; i < options.size(); ++i)
    if (!options[i].name.empty())
      table.push_back({options[i].name.c_str(),
                       options[i].placeholder.empty() ? no_argument : required_argument, nullptr,
                       static_cast<int>(kFirst + i)});
  table.push_back({nullptr, 0, nullptr, 0});

  opterr = 0; // the messages are ours
  optind = 0; // start afresh
  for (;;) {
    // ':' first: tell a missing value from an unknown option.
    int found = getopt_long(argc, argv, ":", table.data(), nullptr);
    if (found == -1)
      break;
    if (found == kHelp) {
      printHelp();
      return std::nullopt;
    }
    if (found == kVersion) {
      std::cout << tool << " " << TERNARY_VERSION << "\n";
      return std::nullopt;
    }
    if (found == ':')
      fail("option ", argv[optind - 1], " needs a value; see --help");
    if (found == '?' && optopt >= kHelp)
      fail("option ", argv[optind - 1], " takes no value; see --help");
    if (found == '?' && optopt != 0)
      fail("unknown option -", static_cast<char>(optopt), "; see --help");
    if (found == '?')
      fail("unknown option ", argv[optind - 1], "; see --help");
    options[static_cast<size_t>(found - kFirst)].set(optarg);
  }
  return std::vector<std::string>(argv + optind, argv + argc);
}

int ternary::runtime::runTool(const char *tool, const std::function<int()> &body) {
  // Beyond the limit on a file's size, writing shall fail instead of ending the
  // tool.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    int status = body();
    if (!std::cout.flush() || std::fflush(stdout) != 0)
      fail("cannot write to the standard output");
    return status;
  } catch (const Error &error) {
    std::cerr << tool << ": error: " << error.what() << "\n";
  } catch (const std::bad_alloc &) {
    std::cerr << tool << ": error: out of memory\n";
  } catch (const std::length_error &) { // more than there could ever be
    std::cerr << tool << ": error: out of memory\n";
  } catch (const std::exception &error) {
    std::cerr << tool << ": error: " << printable(error.what()) << "\n";
  }
  return EXIT_FAILURE;
}
