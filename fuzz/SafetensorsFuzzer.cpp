//===- SafetensorsFuzzer.cpp - Safetensors files of any bytes -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputDirectory.h"
#include "ternary/Import/Safetensors.h"

using namespace llvm;
using namespace ternary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static InputFile input;
  input.write(data, size);
  auto file = SafetensorsFile::open(input.getPath());
  if (!file) {
    checkMessage(file.takeError());
    return 0;
  }
  for (const auto &[name, entry] : (*file)->getEntries()) {
    Expected<HostTensor> tensor = (*file)->read(name);
    checkMessage(tensor ? checkFinite(*tensor) : tensor.takeError());
  }
  return 0;
}
