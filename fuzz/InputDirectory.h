//===- InputDirectory.h - The bytes that are tried, in a folder ------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_FUZZ_INPUTDIRECTORY_H
#define TERNARY_FUZZ_INPUTDIRECTORY_H

#include "InputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

namespace ternary {

/// A folder in which the input has a name.
class InputDirectory {
public:
  explicit InputDirectory(llvm::StringRef name) {
    if (llvm::sys::fs::createUniqueDirectory("ternary-fuzz", path) ||
        llvm::sys::fs::create_link(input.getPath(), getPath(name)))
      std::abort();
  }
  ~InputDirectory() { llvm::sys::fs::remove_directories(path); }

  std::string getPath() const { return path.str().str(); }
  std::string getPath(llvm::StringRef name) const {
    llvm::SmallString<128> result(path);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  InputFile input;

private:
  llvm::SmallString<128> path;
};

/// The same for an error, unless there is none.
inline void checkMessage(llvm::Error error) {
  if (error)
    checkMessage(llvm::toString(std::move(error)));
}

} // namespace ternary

#endif // TERNARY_FUZZ_INPUTDIRECTORY_H
