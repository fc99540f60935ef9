//===- RunFolder.h - The folder of a run ------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_RUNFOLDER_H
#define TERNARY_TOOLS_TERNARYTRAIN_RUNFOLDER_H

#include <string>

namespace ternary::train {

/// The folder that --out names, for one process at a time.
class RunFolder {
public:
  /// Takes hold of the folder if it exists. Unless the run resumes, throws if
  /// there is anything of an earlier one in it, or a model.
  RunFolder(std::string path, bool resumes);
  ~RunFolder();
  RunFolder(const RunFolder &) = delete;
  RunFolder &operator=(const RunFolder &) = delete;

  std::string file(const std::string &name) const { return path + "/" + name; }

  /// Creates the folder if it does not exist, and removes what a killed run
  /// left half-written.
  void prepare();

private:
  void lock();
  void expectUnused() const;

  std::string path;
  int handle = -1;
};

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_RUNFOLDER_H
