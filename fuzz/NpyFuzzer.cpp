//===- NpyFuzzer.cpp - Arrays of ids of any bytes -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputFile.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Npy.h"

using namespace ternary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static InputFile input;
  input.write(data, size);
  std::string path = input.getPath();
  try {
    runtime::MappedFile file(path);
    runtime::NpyIds ids =
        runtime::viewIds(file, {"uint16", "int32", "uint32", "int64"}, /*rank=*/0);
    int64_t bytes = ids.itemBytes;
    for (int64_t extent : ids.shape)
      bytes *= extent;
    require(ids.data >= file.data() && ids.data + bytes == file.data() + file.size(),
            "the file to end with the ids");
  } catch (const runtime::Error &error) {
    checkMessage(error.what());
  }
  try {
    runtime::IdMatrix ids = runtime::readIds(path);
    require(ids.values.size() == static_cast<size_t>(ids.rows * ids.columns),
            "as many ids as the shape says");
    runtime::checkTokens(path, ids.values.data(), ids.rows, ids.columns, /*most=*/64,
                         /*vocab=*/1000);
  } catch (const runtime::Error &error) {
    checkMessage(error.what());
  }
  return 0;
}
