//===- GGUFFuzzer.cpp - GGUF files of any bytes ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputDirectory.h"
#include "ternary/Import/GGUFTokenizer.h"
#include <cstring>

using namespace llvm;
using namespace ternary;

/// Asks for a value as everything that it may be, and so for what it contains.
static void ask(const GGUFValue &value) {
  value.getTypeName();
  value.getAsString();
  value.getAsInteger();
  value.getAsFloat();
  value.getAsBool();
  if (auto elements = value.getAsArray())
    for (const GGUFValue &element : *elements)
      ask(element);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static InputFile input;
  input.write(data, size);
  for (I2SLayout layout : {I2SLayout::Blocks128, I2SLayout::Blocks64}) {
    auto model = GGUFFile::open(input.getPath(), layout);
    if (!model) {
      checkMessage(model.takeError());
      return 0;
    }
    for (const auto &[key, value] : (*model)->getMetadata()) {
      ask(value);
      checkMessage((*model)->getString(key).takeError());
      checkMessage((*model)->getInteger(key, -1, 1).takeError());
      checkMessage((*model)->getStrings(key).takeError());
      checkMessage((*model)->getFloats(key).takeError());
    }
    auto warn = [](const Twine &message) { checkMessage(createStringError(message)); };
    checkMessage(readGGUFTokenizer(**model, warn).takeError());
    for (const GGUFTensor &tensor : (*model)->getTensors()) {
      if (!isTernary(tensor.type)) {
        checkMessage((*model)->readFloats(tensor.name).takeError());
        continue;
      }
      auto weights = (*model)->readTernary(tensor.name);
      if (!weights) {
        checkMessage(weights.takeError());
        continue;
      }
      // What was read is written as it was, save what follows the scale of I2_S.
      HostTensor bytes = cantFail(encodeTernary(tensor.type, *weights, layout));
      size_t count = tensor.type == GGMLType::I2_S ? tensor.bytes - 28 : tensor.bytes;
      if (bytes.getBytes().size() != tensor.bytes ||
          std::memcmp(bytes.getBytes().data(), data + tensor.begin, count) != 0)
        std::abort();
      mergeScales(*weights);
    }
  }
  return 0;
}
