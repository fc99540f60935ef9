//===- OutputSet.h - The files of a compilation -----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_OUTPUTSET_H
#define TERNARY_SUPPORT_OUTPUTSET_H

#include "ternary/Support/OutputFile.h"
#include "llvm/ADT/FunctionExtras.h"
#include <deque>
#include <vector>

namespace ternary {

/// Files that belong together, such as an object and its weights. They are written under
/// temporary names and get their own together; if one cannot, all is as it was.
class OutputSet {
public:
  /// Opens a file that is kept with the others. It lives as long as the set.
  llvm::Expected<OutputFile *> create(llvm::StringRef path);
  /// The same, or a stream, of which nothing can be taken back.
  llvm::Expected<OutputFile *> createStream(llvm::StringRef path);
  /// Adds a file that `keep` gives its name, `path`.
  void add(llvm::StringRef path, llvm::unique_function<llvm::Error()> keep);

  /// Gives the files their names in the order in which they were added, so that what others
  /// depend on is there before them.
  llvm::Error keep();

private:
  OutputFile *add(OutputFile file, llvm::StringRef path);

  struct Entry {
    std::string path; ///< empty for a stream
    llvm::unique_function<llvm::Error()> keep;
  };
  std::deque<OutputFile> files;
  std::vector<Entry> entries;
};

} // namespace ternary

#endif // TERNARY_SUPPORT_OUTPUTSET_H
