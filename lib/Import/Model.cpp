//===- Model.cpp - A model and all that came with it --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelOpeners.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace ternary;

const std::string *Model::findFile(StringRef name) const {
  auto it = find_if(files, [&](const NamedFile &file) { return file.first == name; });
  return it == files.end() ? nullptr : &it->second;
}

bool ternary::isModel(StringRef path) {
  return sys::fs::is_directory(path) || (sys::fs::exists(path) && path.ends_with(".gguf"));
}

Expected<Model> ternary::openModel(StringRef path, std::optional<uint64_t> randomWeights,
                                   std::optional<I2SLayout> layout,
                                   function_ref<void(const Twine &)> warn) {
  return sys::fs::is_directory(path) ? openModelDirectory(path, randomWeights, warn)
                                     : openGGUFModel(path, layout, warn);
}
