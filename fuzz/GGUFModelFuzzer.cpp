//===- GGUFModelFuzzer.cpp - Models in GGUF files of any bytes ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputDirectory.h"
#include "ternary/Import/Model.h"

using namespace llvm;
using namespace ternary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static InputFile input;
  input.write(data, size);
  auto warn = [](const Twine &message) { checkMessage(message.str()); };
  Expected<Model> model =
      openModel(input.getPath(), /*randomWeights=*/std::nullopt, I2SLayout::Blocks128, warn);
  if (!model) {
    checkMessage(model.takeError());
    return 0;
  }
  // Whatever the graph of such a model asks for.
  for (const ParameterInfo &parameter : model->config->getParameters()) {
    model->parameters->getMatrixType(parameter.name);
    model->parameters->getTritFormat(parameter.name);
    checkMessage(model->parameters->peek(parameter.name, parameter.shape).takeError());
    Expected<HostTensor> tensor = model->parameters->read(parameter.name, parameter.shape);
    if (!tensor)
      checkMessage(tensor.takeError());
    else
      require(tensor->getShape() == ArrayRef(parameter.shape), "the shape that was asked for");
  }
  return 0;
}
