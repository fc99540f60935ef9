//===- IndexFuzzer.cpp - Indices of checkpoints of any bytes --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputDirectory.h"
#include "ternary/Import/Safetensors.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace ternary;

namespace {
/// A checkpoint of two files, "a" and "b", with a tensor "x" and "y" in each.
class ShardedCheckpoint : public InputDirectory {
public:
  ShardedCheckpoint() : InputDirectory("model.safetensors.index.json") {
    write("a", "x");
    write("b", "y");
  }

private:
  void write(StringRef name, StringRef tensor) {
    std::string header =
        ("{\"" + tensor + "\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}")
            .str();
    char size[8];
    support::endian::write64le(size, header.size());
    std::error_code error;
    raw_fd_ostream stream(getPath(name), error);
    if (error)
      std::abort();
    stream << StringRef(size, 8) << header << StringRef("\0\0\0\0", 4);
  }
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ShardedCheckpoint directory;
  directory.input.write(data, size);
  auto checkpoint = Checkpoint::open(directory.getPath());
  if (!checkpoint) {
    checkMessage(checkpoint.takeError());
    return 0;
  }
  ParameterInfo parameters[] = {{"x", {1}}, {"y", {1}}};
  checkMessage((*checkpoint)->check(parameters, [](const Twine &message) {
    checkMessage(createStringError(message));
  }));
  return 0;
}
