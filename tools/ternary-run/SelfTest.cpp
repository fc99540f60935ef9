//===- SelfTest.cpp - Does the model compute what it should? --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/selftest.h"
#include "Modes.h"
#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/StopSignal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

using namespace ternary;
using namespace ternary::run;

/// A way to feed a sequence: the lengths of its parts, the last one repeated.
/// Zero stands for all that is left.
struct Way {
  const char *name;
  std::vector<int64_t> parts;
};

static constexpr int64_t kTokens = 40;

static std::vector<int32_t> testIds(const ternary_descriptor &info, int64_t tokens) {
  std::vector<int32_t> ids;
  for (int64_t b = 0; b < info.batch; ++b)
    for (int64_t t = 0; t < tokens; ++t)
      ids.push_back(ternary_self_test_id(info.batch, info.vocab, b, t));
  return ids;
}

/// Logits [batch, tokens, vocab] for ids [batch, tokens], fed in parts.
static std::vector<float> feed(const runtime::Model &model, int threads,
                               const std::vector<int32_t> &ids, int64_t tokens, const Way &way) {
  const ternary_descriptor &info = model.info();
  std::vector<float> all(ids.size() * static_cast<size_t>(info.vocab));
  std::vector<float> part(all.size());
  std::vector<int32_t> partIds(ids.size());
  runtime::Session session(model, threads);
  size_t next = 0;
  for (int64_t from = 0, count; from < tokens; from += count) {
    count = way.parts[std::min(next++, way.parts.size() - 1)];
    count = count == 0 ? tokens - from : std::min(count, tokens - from);
    for (int64_t b = 0; b < info.batch; ++b)
      std::copy_n(&ids[static_cast<size_t>(b * tokens + from)], count,
                  &partIds[static_cast<size_t>(b * count)]);
    session.prefillAll(partIds.data(), count, part.data());
    for (int64_t b = 0; b < info.batch; ++b)
      std::copy_n(&part[static_cast<size_t>(b * count * info.vocab)], count * info.vocab,
                  &all[static_cast<size_t>((b * tokens + from) * info.vocab)]);
  }
  return all;
}

static uint32_t bits(float value) {
  uint32_t result;
  std::memcpy(&result, &value, sizeof(result));
  return result;
}

static void compare(const ternary_descriptor &info, int64_t tokens, const std::string &name,
                    const std::vector<float> &expected, const std::vector<float> &found) {
  for (size_t i = 0; i < expected.size(); ++i) {
    if (bits(expected[i]) == bits(found[i]))
      continue;
    int64_t row = static_cast<int64_t>(i) / info.vocab;
    char text[160];
    std::snprintf(text, sizeof(text),
                  "logits[%lld, %lld, %lld]: expected %.9g (0x%08x), found "
                  "%.9g (0x%08x)",
                  static_cast<long long>(row / tokens), static_cast<long long>(row % tokens),
                  static_cast<long long>(static_cast<int64_t>(i) % info.vocab), expected[i],
                  bits(expected[i]), found[i], bits(found[i]));
    runtime::fail("self-test failed: ", name, ": ", text);
  }
}

/// Compares the logits [batch, tokens, vocab] with what the compiler put down.
static void compareWithReference(const ternary_descriptor &info, int64_t tokens,
                                 const std::vector<float> &logits) {
  uint32_t crc = 0;
  for (int64_t t = 0; t < info.self_test_tokens; ++t)
    for (int64_t b = 0; b < info.batch; ++b)
      crc = runtime::crc32(crc, &logits[static_cast<size_t>((b * tokens + t) * info.vocab)],
                           static_cast<size_t>(info.vocab) * sizeof(float));
  if (crc == info.self_test_crc32)
    return;
  char text[120];
  std::snprintf(text, sizeof(text),
                "expected checksum %08x of the reference's logits of %u tokens, found %08x",
                info.self_test_crc32, info.self_test_tokens, crc);
  runtime::fail("self-test failed: ", text);
}

int run::selfTest(const runtime::Model &model, const Options &options) {
  const ternary_descriptor &info = model.info();
  model.verify();

  int64_t tokens = std::max<int64_t>(kTokens, info.self_test_tokens);
  if (info.max_tokens > 0)
    tokens = std::min(tokens, info.max_tokens);
  std::vector<int32_t> ids = testIds(info, tokens);
  const Way ways[] = {
      {"whole", {0}}, {"in odd parts", {3, 1, 7, 16, 5, 2}}, {"token by token", {1}}};
  std::vector<int> threadCounts = {1};
  if (options.threads > 1 && info.threads)
    threadCounts.push_back(static_cast<int>(options.threads));

  std::vector<float> expected;
  for (int threads : threadCounts)
    for (const Way &way : ways) {
      if (runtime::stopSignal())
        return runtime::stopStatus();
      std::vector<float> found = feed(model, threads, ids, tokens, way);
      if (expected.empty())
        expected = std::move(found);
      else
        compare(info, tokens,
                std::string(way.name) + " with " + std::to_string(threads) + " thread" +
                    (threads == 1 ? "" : "s"),
                expected, found);
    }
  for (float logit : expected)
    if (!std::isfinite(logit))
      runtime::fail("self-test failed: expected finite logits, found ", logit);

  if (info.self_test_tokens > 0)
    compareWithReference(info, tokens, expected);

  std::printf("self-test passed: checksum %08x (%s, %s kernels, %lld tokens, "
              "%d thread%s)\n",
              runtime::crc32(0, expected.data(), expected.size() * sizeof(float)), info.name,
              info.kernel, static_cast<long long>(tokens), threadCounts.back(),
              threadCounts.back() == 1 ? "" : "s");
  if (info.self_test_tokens > 0)
    std::printf("the first %u tokens agree with the reference\n", info.self_test_tokens);
  else
    std::printf("the model holds no checksum of the reference; see ternary-compile --self-test\n");
  return 0;
}
