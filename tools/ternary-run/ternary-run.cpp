//===- ternary-run.cpp - Generate text with a compiled model --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modes.h"
#include "ternary/Runtime/CommandLine.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Functions.h"
#include "ternary/Runtime/Machine.h"
#include "ternary/Runtime/StopSignal.h"

#include <chrono>

using namespace ternary;
using namespace ternary::run;

static bool isForFunctions(const Options &options) {
  return options.function || !options.inputs.empty() || !options.outputs.empty();
}

/// Options that do not go together, or not alone.
static void checkOptions(const Options &options) {
  if (options.inputIds.has_value() != options.logits.has_value())
    runtime::fail("--input-ids and --logits: expected both or neither");
  if (options.step && !options.inputIds)
    runtime::fail("--step: expected --input-ids and --logits with it");
  if (options.prompt && options.promptFile)
    runtime::fail("--prompt and --prompt-file: expected one of them, found both");
  bool prompt = options.prompt || options.promptFile;
  if (options.inputIds && (prompt || options.selfTest))
    runtime::fail("--input-ids: expected neither a prompt nor --self-test");
  if (options.selfTest && prompt)
    runtime::fail("--self-test: expected no prompt");
  if (isForFunctions(options) && (prompt || options.selfTest || options.inputIds))
    runtime::fail("--function, --input and --output: expected neither a prompt nor --self-test nor "
                  "--input-ids");
}

static int runMain(int argc, char **argv) {
  Options options;
  options.threads = runtime::availableThreads();

  runtime::CommandLine commandLine(
      "ternary-run", "MODEL.so [options]",
      "Streams text from a model that ternary-compile made.\n"
      "The text alone goes to the standard output.\n\n"
      "Of functions that it made, calls one; without options, says which there are.",
      "examples:\n"
      "  ternary-run model.so --prompt 'ROMEO:' --temperature 0.8 "
      "--top-p 0.95\n"
      "  ternary-run model.so --prompt 'ROMEO:' --tokens 100 --stats\n"
      "  ternary-run model.so --self-test\n"
      "  ternary-run model.so --input-ids ids.npy --logits logits.npy\n"
      "  ternary-run functions.so --function classify --input x=x.npy --output y.npy\n");
  int64_t seed = 0;
  commandLine.group("text");
  commandLine.text("prompt", "TEXT", options.prompt, "what to continue (default: nothing)");
  commandLine.text("prompt-file", "FILE", options.promptFile,
                   "the same from a file, without its last line end; -: standard input");
  commandLine.flag("plain-prompt", options.plainPrompt,
                   "read names of special tokens in it, such as </s>, as plain text");
  commandLine.integer("tokens", "N", options.tokens, 0, std::numeric_limits<int32_t>::max(),
                      "how many tokens to generate at most (default: 256)");
  commandLine.number("temperature", "T", options.sampler.temperature, 0, 1000,
                     "0: always the most likely token (the default); 1: as "
                     "the model says");
  commandLine.number("top-p", "P", options.sampler.topP, 0, 1,
                     "draw from the most likely tokens with this total "
                     "probability (default: 1)");
  commandLine.integer("seed", "S", seed, 0, std::numeric_limits<int64_t>::max(),
                      "of the random numbers (default: 0)");
  commandLine.text("tokenizer", "FILE", options.tokenizer,
                   "a SentencePiece model instead of the one in the model");
  commandLine.group("running");
  commandLine.text("weights", "FILE", options.weights,
                   "the weight archive, if not where the model expects it");
  commandLine.integer("threads", "N", options.threads, 1, 4096,
                      "how many threads to use (default: all)");
  commandLine.flag("stats", options.stats, "speed and memory, on the standard error");
  commandLine.group("checking");
  commandLine.flag("self-test", options.selfTest,
                   "check the weights and that prompt, pieces of it and single "
                   "tokens give equal bits");
  commandLine.text("input-ids", "IDS.npy", options.inputIds,
                   "int32 or int64 ids [batch, tokens] instead of text");
  commandLine.text("logits", "OUT.npy", options.logits,
                   "where to write their float32 logits [batch, tokens, vocab]");
  commandLine.flag("step", options.step, "feed these ids one token at a time");

  commandLine.group("functions");
  commandLine.text("function", "NAME", options.function, "which one to call, if there are several");
  commandLine.texts("input", "[NAME=]X.npy", options.inputs,
                    "an input, or a number itself; by its name or in order");
  commandLine.texts("output", "[NAME=]Y.npy", options.outputs,
                    "where to write a result (default: the standard output, as text)");

  auto arguments = commandLine.parse(argc, argv);
  if (!arguments)
    return 0;
  if (arguments->size() != 1)
    runtime::fail("expected one model, found ", arguments->size(), " arguments; see --help");
  checkOptions(options);
  options.sampler.seed = static_cast<uint64_t>(seed);
  if (options.promptFile)
    options.prompt = readPrompt(*options.promptFile);

  if (isForFunctions(options) || runtime::Functions::areIn(arguments->front()))
    return callFunction(arguments->front(), options);
  auto start = std::chrono::steady_clock::now();
  auto model = runtime::Model::load(arguments->front(), options.weights.value_or(""));
  std::chrono::duration<double> loadSeconds = std::chrono::steady_clock::now() - start;

  runtime::catchStopSignals();
  if (options.selfTest)
    return selfTest(model, options);
  if (options.inputIds)
    return writeLogits(model, options);
  return generate(model, options, loadSeconds.count());
}

int main(int argc, char **argv) {
  return runtime::runTool("ternary-run", [&] { return runMain(argc, argv); });
}
