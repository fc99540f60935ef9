//===- Generate.cpp - Streaming text --------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modes.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"
#include "ternary/Runtime/Machine.h"
#include "ternary/Runtime/StopSignal.h"
#include "ternary/Runtime/Tokenizer.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <unistd.h>
#include <utility>

using namespace ternary;
using namespace ternary::run;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string run::readPrompt(const std::string &path) {
  constexpr int64_t kMost = int64_t(1) << 26;
  std::string text;
  if (path != "-") {
    text = runtime::InputFile(path, "cannot read the prompt").readAll("a prompt", kMost);
  } else {
    char part[1 << 16];
    for (ssize_t count; (count = read(STDIN_FILENO, part, sizeof(part))) != 0;) {
      if (count < 0 && errno != EINTR)
        runtime::fail("standard input: cannot read the prompt: ", std::strerror(errno));
      if (count > 0)
        text.append(part, static_cast<size_t>(count));
      if (static_cast<int64_t>(text.size()) > kMost)
        runtime::fail("standard input: expected a prompt of at most ", kMost, " bytes, found more");
    }
  }
  if (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

static std::unique_ptr<runtime::Tokenizer> openTokenizer(const runtime::Model &model,
                                                         const Options &options) {
  const ternary_descriptor &info = model.info();
  std::unique_ptr<runtime::Tokenizer> tokenizer;
  if (options.tokenizer)
    tokenizer = runtime::Tokenizer::load(*options.tokenizer);
  else if (info.tokenizer)
    tokenizer = std::make_unique<runtime::Tokenizer>(
        std::string_view(static_cast<const char *>(info.tokenizer), info.tokenizer_bytes),
        model.path());
  else
    runtime::fail(model.path(),
                  ": expected a SentencePiece tokenizer in the model, found none; see --tokenizer "
                  "and --input-ids, and for tokenizer.json python -m ternary chat ",
                  model.path(), " --tokenizer MODEL");
  if (tokenizer->size() > info.vocab)
    runtime::fail(options.tokenizer.value_or(model.path()), ": expected a tokenizer of at most ",
                  info.vocab, " pieces, found ", tokenizer->size());
  return tokenizer;
}

static std::vector<int32_t> encodePrompt(const runtime::Model &model,
                                         const runtime::Tokenizer &tokenizer,
                                         const std::string &prompt, bool special) {
  std::vector<int32_t> ids = tokenizer.encode(prompt, special);
  int32_t start = static_cast<int32_t>(model.info().bos_id);
  if (start >= 0 && (ids.empty() || ids.front() != start))
    ids.insert(ids.begin(), start);
  model.checkIds("prompt", std::vector<int64_t>(ids.begin(), ids.end()).data(), 1,
                 static_cast<int64_t>(ids.size()));
  return ids;
}

namespace {
struct Statistics {
  double loadSeconds = 0, promptSeconds = 0, generateSeconds = 0;
  int64_t promptTokens = 0, generatedTokens = 0;

  void print(const ternary_descriptor &info, int64_t threads) const {
    auto line = [](const char *what, int64_t tokens, double seconds) {
      std::fprintf(stderr,
                   "%-10s %6lld tokens in %8.3f s, %9.2f tokens/s, %8.3f "
                   "ms/token\n",
                   what, static_cast<long long>(tokens), seconds,
                   tokens > 0 ? tokens / seconds : 0.0, tokens > 0 ? 1e3 * seconds / tokens : 0.0);
    };
    std::fprintf(stderr, "model      %s, %s kernels, %lld thread%s\n", info.name, info.kernel,
                 static_cast<long long>(threads), threads == 1 ? "" : "s");
    std::fprintf(stderr, "load       %.3f s\n", loadSeconds);
    line("prompt", promptTokens, promptSeconds);
    line("generation", generatedTokens, generateSeconds);
    std::fprintf(stderr, "memory     %.1f MB resident, %.1f MB packed weights\n",
                 runtime::residentBytes() / 1e6, info.packed_weight_bytes / 1e6);
  }
};
} // namespace

static void show(const std::string &text) {
  std::cout << text << std::flush;
  if (!std::cout)
    runtime::fail("cannot write to the standard output");
}

int run::generate(const runtime::Model &model, const Options &options, double loadSeconds) {
  const ternary_descriptor &info = model.info();
  if (info.batch != 1)
    runtime::fail(model.path(),
                  ": expected a model with batch 1 to generate "
                  "text, found batch ",
                  info.batch, "; see --input-ids");
  auto start = Clock::now();
  auto tokenizer = openTokenizer(model, options);
  std::string prompt = options.prompt.value_or("");
  std::vector<int32_t> ids = encodePrompt(model, *tokenizer, prompt, !options.plainPrompt);
  runtime::Session session(model, static_cast<int>(options.threads));
  runtime::Sampler sampler(options.sampler);
  std::vector<float> logits(static_cast<size_t>(info.vocab));

  Statistics statistics;
  statistics.loadSeconds = loadSeconds + secondsSince(start);
  show(prompt);

  // In parts, to be able to stop within a long prompt.
  start = Clock::now();
  int64_t total = static_cast<int64_t>(ids.size());
  int64_t part = std::max<int64_t>(info.prefill_chunk, 1);
  for (int64_t from = 0; from < total && !runtime::stopSignal(); from += part) {
    int64_t count = std::min(part, total - from);
    session.prefill(ids.data() + from, count, logits.data());
    statistics.promptTokens += count;
  }
  statistics.promptSeconds = secondsSince(start);

  // The first space is not part of the text if the tokenizer always adds one.
  bool dropSpace = prompt.empty() && tokenizer->addsPrefixSpace();
  runtime::TextStream stream;
  std::string shown = prompt;
  start = Clock::now();
  // Each token but the last is fed back; its logits are those of the next one.
  for (int64_t n = 0; n < options.tokens && !runtime::stopSignal(); ++n) {
    int32_t token = sampler.sample(logits.data(), info.vocab);
    if (ternary_ends_text(&info, token))
      break;
    std::string text = tokenizer->text(token);
    if (std::exchange(dropSpace, false) && text.compare(0, 1, " ") == 0)
      text.erase(0, 1);
    if (text = stream.feed(text); !text.empty())
      show(shown = text);
    if (info.max_tokens > 0 && session.position() == info.max_tokens)
      break;
    if (n + 1 == options.tokens)
      break;
    session.decode(&token, logits.data());
    ++statistics.generatedTokens;
  }
  statistics.generateSeconds = secondsSince(start);

  if (std::string rest = stream.finish(); !rest.empty())
    show(shown = rest);
  if (!shown.empty() && shown.back() != '\n')
    show("\n");
  if (options.stats)
    statistics.print(info, options.threads);
  return runtime::stopStatus();
}
