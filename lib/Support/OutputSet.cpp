//===- OutputSet.cpp - The files of a compilation -------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/OutputSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"

using namespace llvm;
using namespace ternary;

namespace {
/// What a file replaces, under a second name until it is known that the new one stays.
class Replaced {
public:
  static Expected<Replaced> save(StringRef path) {
    Replaced old(path.str());
    if (!sys::fs::is_regular_file(path))
      return old;
    uint64_t number = static_cast<uint64_t>(sys::Process::GetRandomNumber());
    std::string name = path.str() + "." + utohexstr(number, /*LowerCase=*/true) + ".old";
    // A link leaves the old file in place until the new one takes it; not all file systems have
    // them.
    std::error_code error = sys::fs::create_hard_link(path, name);
    if (error)
      error = sys::fs::rename(path, name);
    if (error)
      return createStringError(error, "cannot replace '" + path + "': " + error.message());
    old.saved = std::move(name);
    return old;
  }

  /// Puts back what was there; `isReplaced` says whether something else is there now.
  void restore(bool isReplaced) {
    if (saved.empty()) {
      if (isReplaced)
        sys::fs::remove(path);
      return;
    }
    sys::fs::rename(saved, path);
    drop(); // renaming does nothing if both are names of one file
  }

  void drop() {
    if (!saved.empty())
      sys::fs::remove(saved);
  }

private:
  explicit Replaced(std::string path) : path(std::move(path)) {}

  std::string path, saved;
};
} // namespace

OutputFile *OutputSet::add(OutputFile file, StringRef path) {
  OutputFile *added = &files.emplace_back(std::move(file));
  add(added->isStream() ? "" : path, [added] { return added->keep(); });
  return added;
}

void OutputSet::add(StringRef path, unique_function<Error()> keep) {
  entries.push_back({path.str(), std::move(keep)});
}

Expected<OutputFile *> OutputSet::create(StringRef path) {
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  return add(std::move(*file), path);
}

Expected<OutputFile *> OutputSet::createStream(StringRef path) {
  Expected<OutputFile> file = OutputFile::createStream(path);
  if (!file)
    return file.takeError();
  return add(std::move(*file), path);
}

Error OutputSet::keep() {
  // A full disk shows before anything is replaced.
  for (OutputFile &file : files)
    if (Error error = file.flush())
      return error;
  std::vector<Replaced> replaced;
  auto undo = [&](Error error) {
    for (Replaced &old : reverse(replaced))
      old.restore(/*isReplaced=*/true);
    return error;
  };
  for (Entry &entry : entries) {
    Expected<Replaced> old = Replaced::save(entry.path);
    if (!old)
      return undo(old.takeError());
    if (Error error = entry.keep()) {
      old->restore(/*isReplaced=*/false);
      return undo(std::move(error));
    }
    replaced.push_back(std::move(*old));
  }
  for (Replaced &old : replaced)
    old.drop();
  return Error::success();
}
