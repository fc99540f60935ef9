//===- CompileFuzzer.cpp - Graphs of any bytes, through all phases --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What parses goes through all phases or ends in an error of one line. The corpus is functions that
// do the former; the phases are those of the libraries as they are, without coverage.
//
//===----------------------------------------------------------------------===//

#include "InputDirectory.h"
#include "ternary/Driver/Compile.h"

using namespace llvm;
using namespace ternary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  CompileOptions options;
  options.compileTo = "lower";
  options.kernel = "portable";
  options.randomWeights = 1;
  ModelSource source;
  source.name = "graph";
  source.text.assign(reinterpret_cast<const char *>(data), size);
  checkMessage(lower(options, source).takeError());
  return 0;
}
