//===- SessionFuzzer.cpp - Saved sessions of any bytes ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../unittests/Runtime/FakeModel.h"
#include "InputFile.h"
#include "ternary/archive_format.h"
#include "ternary/crc32.h"
#include "ternary/session.h"
#include <cstring>
#include <vector>

using namespace ternary;

using Bytes = std::vector<uint8_t>;

namespace {
/// A session of the fake model that has consumed some tokens.
class FakeSession {
public:
  FakeSession() {
    const int32_t ids[] = {1, 3, 5, 4, 2};
    require(ternary_open(nullptr, &model) == TERNARY_OK &&
                ternary_session_new(model, /*threads=*/1, &session) == TERNARY_OK &&
                ternary_prefill(session, ids, 5, nullptr) == TERNARY_OK,
            "the fake model to run");
  }
  ~FakeSession() {
    ternary_session_free(session);
    ternary_close(model);
  }

  Bytes save() const {
    Bytes saved(ternary_saved_bytes(session));
    require(ternary_save(session, saved.data(), saved.size()) == TERNARY_OK, "a saved session");
    return saved;
  }

  /// Restores `saved`, which does all that it says or nothing.
  void restore(const Bytes &saved) {
    Bytes before = save();
    int64_t position = -1;
    ternary_status peeked = ternary_saved_position(saved.data(), saved.size(), &position);
    require(peeked != TERNARY_OK || position >= 0, "a position that is a number of tokens");
    ternary_status status = ternary_restore(session, saved.data(), saved.size());
    if (status != TERNARY_OK) {
      require(save() == before, "a session that is as it was");
      return;
    }
    require(peeked == TERNARY_OK && ternary_position(session) == position,
            "the position that was saved");
    int64_t most = fake_model_descriptor()->max_tokens;
    require(most == 0 || position <= most, "no more tokens than the model can take");
    // What is saved again says the same: all but the reserved end of the header and the checksum.
    Bytes again = save();
    require(std::memcmp(again.data() + 16, saved.data() + 16, 40) == 0 &&
                std::memcmp(again.data() + 64, saved.data() + 64, saved.size() - 64) == 0,
            "the same session, saved again");
    const int32_t id = 1;
    float logits[6];
    bool isFull = position == (most ? most : INT64_MAX);
    require(ternary_decode(session, &id, logits) ==
                (isFull ? TERNARY_SEQUENCE_TOO_LONG : TERNARY_OK),
            "a session that goes on");
  }

private:
  ternary_model *model;
  ternary_session *session;
};
} // namespace

/// Makes the checksums what they have to be: no bytes that are tried at random would have them.
static void mendChecksums(Bytes &saved) {
  if (saved.size() < 64)
    return;
  static const ternary_crc32_tables tables = [] {
    ternary_crc32_tables built;
    ternary_crc32_build(&built);
    return built;
  }();
  uint32_t crc = ternary_crc32_update(&tables, 0, saved.data() + 16, saved.size() - 16);
  ternary_store_little_endian(saved.data() + 12, 4, crc);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes saved(data, data + size), mended = saved;
  mendChecksums(mended);
  ternary_descriptor &info = *fake_model_descriptor();
  info.state_bytes = 16; // a hash, and where other models have the position
  for (int64_t positionOffset : {-1, 8})
    for (int64_t maxTokens : {0, 20}) {
      info.position_offset = positionOffset;
      info.max_tokens = maxTokens;
      FakeSession().restore(saved);
      FakeSession().restore(mended);
    }
  return 0;
}
