//===- SessionFixture.h - A session of the fake model -----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_UNITTESTS_SESSIONFIXTURE_H
#define TERNARY_UNITTESTS_SESSIONFIXTURE_H

#include "FakeModel.h"
#include "ternary/session.h"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

using Floats = std::vector<float>;
using Ids = std::vector<int32_t>;

/// Restores the descriptor after each test.
class SessionTest : public testing::Test {
protected:
  void SetUp() override { fake_model_log = {}; }
  void TearDown() override {
    info = original;
    EXPECT_FALSE(fake_model_log.misaligned);
  }

  void openSession(int threads = 1) {
    ternary_model *opened;
    ASSERT_EQ(ternary_open(nullptr, &opened), TERNARY_OK);
    model.reset(opened);
    ternary_session *created;
    ASSERT_EQ(ternary_session_new(opened, threads, &created), TERNARY_OK);
    session.reset(created);
  }

  void setBatch(int64_t batch) {
    info.batch = batch;
    info.state_bytes = batch * 8;
  }

  /// Logits [batch, tokens, vocab] for ids [batch, tokens], by definition.
  Floats expectedLogits(const Ids &ids, int64_t tokens) {
    size_t bytes;
    const char *archive = static_cast<const char *>(fake_model_archive(&bytes));
    Floats logits;
    for (size_t b = 0; b < ids.size() / tokens; ++b) {
      uint64_t hash = 0;
      for (int64_t t = 0; t < tokens; ++t) {
        hash = fake_model_hash(hash, archive + bytes - 64, ids[b * tokens + t]);
        for (int64_t v = 0; v < info.vocab; ++v)
          logits.push_back(fake_model_logit(hash, v));
      }
    }
    return logits;
  }

  Ids someIds(int64_t tokens) {
    Ids ids(info.batch * tokens);
    for (size_t i = 0; i < ids.size(); ++i)
      ids[i] = static_cast<int32_t>((i * 7 + i / 5) % info.vocab);
    return ids;
  }

  Floats row(const Floats &logits, int64_t index) {
    return Floats(logits.begin() + index * info.vocab, logits.begin() + (index + 1) * info.vocab);
  }

  ternary_descriptor &info = *fake_model_descriptor();
  const ternary_descriptor original = info;
  std::unique_ptr<ternary_model, decltype(&ternary_close)> model{nullptr, ternary_close};
  std::unique_ptr<ternary_session, decltype(&ternary_session_free)> session{nullptr,
                                                                            ternary_session_free};
};

#endif // TERNARY_UNITTESTS_SESSIONFIXTURE_H
