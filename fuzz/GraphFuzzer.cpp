//===- GraphFuzzer.cpp - Text of graphs of any bytes ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/GraphContext.h"
#include "InputDirectory.h"

using namespace llvm;
using namespace ternary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // The parser looks at the NUL behind the text.
  std::string text(reinterpret_cast<const char *>(data), size);
  GraphContext context;
  checkMessage(context.parse(text, "graph.mlir").takeError());
  return 0;
}
