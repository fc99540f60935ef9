//===- ternary-bench.cpp - How fast is a compiled model? ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionBench.h"
#include "MachineLimits.h"
#include "ternary/Runtime/CommandLine.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Functions.h"
#include "ternary/Runtime/Machine.h"
#include "ternary/Runtime/Model.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

using namespace ternary;
using Clock = std::chrono::steady_clock;

namespace {

struct Options {
  std::optional<std::string> weights, expectKernel;
  std::vector<int64_t> threads;
  int64_t promptTokens = 512, generateTokens = 64, repeats = 3;
  bool json = false, allowFallback = false;
};

/// What was measured with one number of threads.
struct Run {
  int threads;
  double memory, int8Peak; // GB/s and GMAC/s of the machine
  double prompt, generate; // tokens/s
  double promptRate;       // GMAC/s
  double generateRate;     // GB/s
  int64_t residentBytes;

  double shareOfInt8() const { return promptRate / int8Peak; }
  double shareOfMemory() const { return generateRate / memory; }
};

} // namespace

static double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

static double timed(const std::function<void()> &body) {
  auto start = Clock::now();
  body();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A benchmark of a slow path would be one of something else.
static void checkKernel(const runtime::Model &model, const Options &options) {
  std::string kernel = model.info().kernel;
  if (options.expectKernel) {
    if (kernel != *options.expectKernel)
      runtime::fail(model.path(), ": expected ", *options.expectKernel, " kernels, found ", kernel);
  } else if (kernel != runtime::bestKernel().name && !options.allowFallback) {
    runtime::fail(model.path(), ": expected the best kernels for this machine, ",
                  runtime::bestKernel().name, ", found ", kernel, "; see --allow-fallback");
  }
}

static Run measure(const runtime::Model &model, const Options &options, int threads) {
  const ternary_descriptor &info = model.info();
  Run run = {};
  run.threads = threads;
  // Memory speed drifts, all the more on virtual machines: measured before and
  // after.
  run.memory = bench::measureMemoryRead(threads);
  run.int8Peak = bench::measureInt8Peak(threads);

  // Which ids does not matter, except that their embeddings are read as well.
  std::vector<int32_t> ids(static_cast<size_t>(info.batch * options.promptTokens));
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<int32_t>(i * 7919 % static_cast<size_t>(info.vocab));
  std::vector<float> logits(static_cast<size_t>(info.batch * info.vocab));
  runtime::Session session(model, threads);
  session.prefill(ids.data(), options.promptTokens, logits.data()); // warm up

  std::vector<double> promptSeconds, generateSeconds;
  for (int64_t repeat = 0; repeat < options.repeats; ++repeat) {
    session.reset();
    promptSeconds.push_back(
        timed([&] { session.prefill(ids.data(), options.promptTokens, logits.data()); }));
    generateSeconds.push_back(timed([&] {
      for (int64_t t = 0; t < options.generateTokens; ++t) {
        int64_t from = t % options.promptTokens;
        session.decode(ids.data() + from * info.batch, logits.data());
      }
    }));
  }
  run.residentBytes = runtime::residentBytes();

  double batch = static_cast<double>(info.batch);
  double promptTokens = batch * static_cast<double>(options.promptTokens);
  double steps = static_cast<double>(options.generateTokens);
  // Only the last token of a prompt needs logits.
  double promptMacs = promptTokens * static_cast<double>(info.macs_per_token) -
                      (promptTokens - batch) * static_cast<double>(info.macs_per_logits);
  double prompt = median(promptSeconds), generate = median(generateSeconds);
  run.prompt = promptTokens / prompt;
  run.promptRate = promptMacs / prompt * 1e-9;
  run.generate = batch * steps / generate;
  run.generateRate = steps * static_cast<double>(info.weight_bytes_per_token) / generate * 1e-9;
  run.memory = std::max(run.memory, bench::measureMemoryRead(threads));
  return run;
}

static void addFigures(nlohmann::ordered_json &json, const Run &run) {
  json["threads"] = run.threads;
  json["memory_read_gb_per_s"] = run.memory;
  json["int8_peak_gmac_per_s"] = run.int8Peak;
  json["generate_tokens_per_s"] = run.generate;
  json["generate_gb_per_s"] = run.generateRate;
  json["generate_share_of_memory"] = run.shareOfMemory();
  json["prompt_tokens_per_s"] = run.prompt;
  json["prompt_gmac_per_s"] = run.promptRate;
  json["prompt_share_of_int8"] = run.shareOfInt8();
  json["resident_bytes"] = run.residentBytes;
}

static void printJson(const ternary_descriptor &info, const Options &options,
                      const std::vector<Run> &runs) {
  auto most = std::max_element(runs.begin(), runs.end(),
                               [](const Run &a, const Run &b) { return a.threads < b.threads; });
  nlohmann::ordered_json json;
  json["model"] = info.name;
  json["kernel"] = info.kernel;
  json["best_kernel"] = runtime::bestKernel().name;
  json["batch"] = info.batch;
  json["prompt_tokens"] = options.promptTokens;
  json["generate_tokens"] = options.generateTokens;
  addFigures(json, *most);
  json["packed_weight_bytes"] = info.packed_weight_bytes;
  json["weight_bytes_per_token"] = info.weight_bytes_per_token;
  json["macs_per_token"] = info.macs_per_token;
  for (const Run &run : runs)
    addFigures(json["runs"].emplace_back(), run);
  // A name may be any bytes; a figure that is not finite becomes null.
  std::cout << json.dump(2, ' ', /*ensure_ascii=*/false,
                         nlohmann::ordered_json::error_handler_t::replace)
            << "\n";
}

static void printTable(const ternary_descriptor &info, const Options &options,
                       const std::vector<Run> &runs) {
  std::printf("%s: %s kernels, %.1f MB packed weights, %.1f MB read and %.1f "
              "million products per token\n\n",
              info.name, info.kernel, info.packed_weight_bytes * 1e-6,
              info.weight_bytes_per_token * 1e-6, info.macs_per_token * 1e-6);
  auto row = [&](const std::string &name, const char *unit, int digits,
                 double (*value)(const Run &)) {
    std::printf("%-28s", name.c_str());
    for (const Run &run : runs)
      std::printf(" %10.*f", digits, value(run));
    std::printf("  %s\n", unit);
  };
  row("threads", "", 0, [](const Run &r) { return double(r.threads); });
  row("machine: memory read", "GB/s", 1, [](const Run &r) { return r.memory; });
  row("machine: int8 products", "GMAC/s", 1, [](const Run &r) { return r.int8Peak; });
  row("generate " + std::to_string(options.generateTokens) + " tokens", "tokens/s", 2,
      [](const Run &r) { return r.generate; });
  row("  weights read", "GB/s", 1, [](const Run &r) { return r.generateRate; });
  row("  share of memory read", "%", 1, [](const Run &r) { return 100 * r.shareOfMemory(); });
  row("prompt of " + std::to_string(options.promptTokens) + " tokens", "tokens/s", 2,
      [](const Run &r) { return r.prompt; });
  row("  products", "GMAC/s", 1, [](const Run &r) { return r.promptRate; });
  row("  share of int8 products", "%", 1, [](const Run &r) { return 100 * r.shareOfInt8(); });
  row("resident memory", "MB", 1, [](const Run &r) { return r.residentBytes * 1e-6; });
}

static int runMain(int argc, char **argv) {
  Options options;
  runtime::CommandLine commandLine(
      "ternary-bench", "MODEL.so [options]",
      "Measures how fast a compiled model reads a prompt and generates text, "
      "and "
      "how\nclose this comes to what the machine can do, measured in the same "
      "run.",
      "Generation is bound by how fast memory can be read, prompts by how fast "
      "small\nintegers can be multiplied. The figures of the model are "
      "medians.\n\n"
      "examples:\n"
      "  ternary-bench model.so\n"
      "  ternary-bench model.so --json --threads 1,2,4\n"
      "  ternary-bench functions.so --function classify --shape x=32x64\n");
  commandLine.group("measuring");
  commandLine.integers("threads", "LIST", options.threads, 1, 4096,
                       "numbers of threads (default: one and all)");
  commandLine.integer("prompt-tokens", "N", options.promptTokens, 1, 1 << 20,
                      "length of the prompt (default: 512)");
  commandLine.integer("generate-tokens", "N", options.generateTokens, 1, 1 << 20,
                      "how many tokens to generate (default: 64)");
  commandLine.integer("repeats", "N", options.repeats, 1, 1000,
                      "how often to measure (default: 3)");
  commandLine.text("weights", "FILE", options.weights,
                   "the weight archive, if not where the model expects it");
  bench::FunctionOptions function;
  commandLine.group("functions");
  commandLine.text("function", "NAME", function.function,
                   "which one to call, if there are several");
  commandLine.texts("shape", "NAME=SIZES", function.shapes,
                    "sizes of an input that has dynamic ones, such as x=32x64");
  commandLine.group("result");
  commandLine.flag("json", options.json, "print one JSON object");
  commandLine.text("expect-kernel", "NAME", options.expectKernel,
                   "fail unless the model has these kernels");
  commandLine.flag("allow-fallback", options.allowFallback,
                   "measure even if the machine supports better kernels");

  auto arguments = commandLine.parse(argc, argv);
  if (!arguments)
    return 0;
  if (arguments->size() != 1)
    runtime::fail("expected one model, found ", arguments->size(), " arguments; see --help");
  if (function.function || !function.shapes.empty() ||
      runtime::Functions::areIn(arguments->front())) {
    function.repeats = options.repeats;
    function.json = options.json;
    return bench::measureFunction(arguments->front(), function);
  }
  if (options.threads.empty()) {
    options.threads = {1};
    if (runtime::availableThreads() > 1)
      options.threads.push_back(runtime::availableThreads());
  }

  auto model = runtime::Model::load(arguments->front(), options.weights.value_or(""));
  const ternary_descriptor &info = model.info();
  checkKernel(model, options);
  int64_t tokens = options.promptTokens + options.generateTokens;
  if (info.max_tokens > 0 && tokens > info.max_tokens)
    runtime::fail(model.path(), ": expected at most ", info.max_tokens,
                  " tokens of prompt and generation, found ", tokens, "; see --prompt-tokens");

  std::vector<Run> runs;
  for (int64_t threads : options.threads)
    runs.push_back(measure(model, options, static_cast<int>(threads)));
  if (options.json)
    printJson(info, options, runs);
  else
    printTable(info, options, runs);
  return 0;
}

int main(int argc, char **argv) {
  return runtime::runTool("ternary-bench", [&] { return runMain(argc, argv); });
}
