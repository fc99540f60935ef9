//===- TrainTool.h - Running ternary-train on a fake object -----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_UNITTESTS_TRAINTOOL_H
#define TERNARY_UNITTESTS_TRAINTOOL_H

#include "ToolTest.h"

#include <sstream>

class TrainToolTest : public ToolTest {
protected:
  /// 20,000 bytes of text with some structure.
  static std::string corpus() {
    static const char *const words[] = {"the ", "bird ", "sings ", "of ", "a ", "tree.\n"};
    std::string text;
    for (uint32_t state = 1; text.size() < 20000;) {
      state = state * 1664525u + 1013904223u;
      text += words[(state >> 16) % 6];
    }
    text.resize(20000);
    return text;
  }

  TrainToolTest() { dir.write("corpus.txt", corpus()); }

  static std::string command(const std::string &arguments,
                             const std::string &object = "FakeTraining.so") {
    return "'" TERNARY_TRAIN "' '" + kModels + object + "' " + arguments;
  }

  Result train(const std::string &arguments, const std::string &object = "FakeTraining.so") {
    return shell(command(arguments, object));
  }

  void expectError(const Result &result, const std::string &text) {
    ToolTest::expectError(result, text, "ternary-train");
  }

  bool exists(const std::string &name) const { return std::filesystem::exists(dir.file(name)); }

  /// The lines of a loss log, without the seconds.
  std::vector<std::string> losses(const std::string &folder) const {
    std::istringstream file(dir.read(folder + "/loss.csv"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
      lines.push_back(line.substr(0, line.rfind(',')));
    return lines;
  }

  /// The names in a folder, in order.
  std::vector<std::string> entries(const std::string &folder) const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(dir.file(folder)))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
};

/// A short run whose losses fall.
const std::string kRun = "--data corpus.txt --data-format bytes --sequence-length 16 --steps 30 "
                         "--learning-rate 0.03 --valid-fraction 0.1 --valid-every 7 "
                         "--save-every 10 ";

#endif // TERNARY_UNITTESTS_TRAINTOOL_H
