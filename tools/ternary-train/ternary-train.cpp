//===- ternary-train.cpp - Train a model with a compiled object -----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Gradients.h"
#include "Options.h"
#include "Trainer.h"
#include "ternary/Runtime/CommandLine.h"

using namespace ternary;
using namespace ternary::train;

static int trainMain(int argc, char **argv) {
  Options options;
  if (!options.parse(argc, argv))
    return 0;
  runtime::TrainingObject object(options.object);
  if (!options.trains())
    return writeGradients(object, options);
  options.resolve(object);
  return train::train(object, options);
}

int main(int argc, char **argv) {
  return runtime::runTool("ternary-train", [&] { return trainMain(argc, argv); });
}
