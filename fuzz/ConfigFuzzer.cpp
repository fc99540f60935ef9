//===- ConfigFuzzer.cpp - config.json of any bytes ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputDirectory.h"
#include "ternary/Import/HuggingFace.h"

using namespace llvm;
using namespace ternary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static InputDirectory directory("config.json");
  directory.input.write(data, size);
  auto config = readModelConfig(directory.getPath());
  if (!config) {
    checkMessage(config.takeError());
    return 0;
  }
  // As many parameters as layers ask for.
  if ((*config)->numHiddenLayers < 100)
    (*config)->getParameters();
  return 0;
}
