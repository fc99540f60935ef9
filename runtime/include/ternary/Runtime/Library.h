//===- Library.h - Loading what the compiler made ---------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_LIBRARY_H
#define TERNARY_RUNTIME_LIBRARY_H

#include "ternary/Runtime/Error.h"

#include <string>

namespace ternary::runtime {

/// A shared object. It stays loaded, even when this goes: what it exports is used on.
class Library {
public:
  /// Loads `path`, which should be `what`; see checkSharedObject.
  Library(const std::string &path, const char *what);

  /// The address of a symbol, or null.
  void *find(const char *name) const;

  /// The address of a symbol that every `what` has.
  template <typename T> void resolve(T *&symbol, const char *name) const {
    symbol = reinterpret_cast<T *>(find(name));
    if (!symbol)
      fail(path, ": expected a ", what, ", found no symbol ", name);
  }

  /// For one that turned out to be something else.
  void unload();

private:
  std::string path, what;
  void *handle;
};

/// Throws unless `path` is a shared object for this architecture that is all
/// there. The dynamic loader takes the sizes in a file at their word and
/// crashes if they are not true.
void checkSharedObject(const std::string &path);

/// Throws unless this machine has what the object at `path` was compiled for:
/// `kernel`, and of `cpu` all `features`, a list as in ternary_descriptor, which
/// may be null.
void checkMachine(const std::string &path, const char *cpu, const char *kernel,
                  const char *features);

/// Where a file lies that an object at `path` names.
std::string besideObject(const std::string &path, const std::string &file);

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_LIBRARY_H
