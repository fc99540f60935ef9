//===- RunFolder.cpp - The folder of a run --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunFolder.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>

using namespace ternary;
using namespace ternary::train;
namespace fs = std::filesystem;

RunFolder::RunFolder(std::string path, bool resumes) : path(std::move(path)) {
  if (access(this->path.c_str(), F_OK) != 0)
    return;
  lock();
  if (!resumes)
    expectUnused();
}

RunFolder::~RunFolder() {
  if (handle >= 0)
    close(handle);
}

void RunFolder::lock() {
  handle = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0)
    runtime::fail("--out ", path, ": cannot use the folder: ", std::strerror(errno));
  // A lock needs no file that a killed process could leave behind. File systems
  // without locks have to do without.
  if (flock(handle, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    runtime::fail("--out ", path,
                  ": expected a folder of its own, found another ternary-train "
                  "that is using it");
}

/// Calls visit(path) for everything in a folder.
template <typename Visit> static void visitEntries(const std::string &folder, Visit visit) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    visit(it->path());
}

/// The files that a run writes next to its checkpoints.
static bool isOurs(const std::string &name) {
  return name == "loss.csv" || name == "loss.svg" || name == "config.json" ||
         name == "model.safetensors" || name == "tokenizer.model";
}

void RunFolder::expectUnused() const {
  visitEntries(path, [&](const fs::path &entry) {
    std::string name = entry.filename();
    if (name.rfind("checkpoint-", 0) == 0 || isOurs(name))
      runtime::fail("--out ", path, ": expected a new folder or --resume, found ", name, " in it");
  });
}

void RunFolder::prepare() {
  if (handle < 0) {
    runtime::createDirectories(path);
    lock();
  }
  // Temporary names, as OutputFile makes them: "model.safetensors.Ab12Cd".
  for (const std::string &folder : {path, file("best")})
    visitEntries(folder, [](const fs::path &entry) {
      std::error_code ignored;
      if (entry.extension().string().size() == 7 && isOurs(entry.stem()))
        fs::remove(entry, ignored);
    });
}
