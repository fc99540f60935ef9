//===- SessionTest.cpp - The session code against a model made by hand ----===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On any device: one program runs these tests with the memory of the host, another with a device
// whose memory the host cannot touch.
//
//===----------------------------------------------------------------------===//

#include "SessionFixture.h"
#include "TempDir.h"
#include "ternary/crc32.h"

#include <sys/stat.h>

namespace {

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

TEST_F(SessionTest, PrefillGivesTheLastLogits) {
  openSession();
  for (int64_t tokens : {1, 2, 15, 16, 17, 32, 50}) {
    Ids ids = someIds(tokens);
    Floats logits(info.vocab);
    ternary_reset(session.get());
    ASSERT_EQ(ternary_prefill(session.get(), ids.data(), tokens, logits.data()), TERNARY_OK);
    EXPECT_EQ(logits, row(expectedLogits(ids, tokens), tokens - 1)) << tokens;
    EXPECT_EQ(ternary_position(session.get()), tokens);
  }
  EXPECT_EQ(fake_model_log.longest, 16);
}

TEST_F(SessionTest, PrefillWithoutLogitsComputesNone) {
  openSession();
  ASSERT_EQ(ternary_prefill(session.get(), someIds(40).data(), 40, nullptr), TERNARY_OK);
  EXPECT_EQ(fake_model_log.logits_rows, 0);
  EXPECT_EQ(fake_model_log.prefills, 3);
}

TEST_F(SessionTest, PrefillAllGivesAllLogits) {
  for (int64_t batch : {1, 3})
    for (int64_t tokens : {1, 7, 16, 17, 50}) {
      setBatch(batch);
      openSession();
      Ids ids = someIds(tokens);
      Floats logits(batch * tokens * info.vocab);
      ASSERT_EQ(ternary_prefill_all(session.get(), ids.data(), tokens, logits.data()), TERNARY_OK);
      EXPECT_EQ(logits, expectedLogits(ids, tokens)) << batch << " " << tokens;
    }
}

TEST_F(SessionTest, BatchPrefillGathersParts) {
  setBatch(3);
  openSession();
  Ids ids = someIds(37);
  Floats logits(3 * info.vocab), expected = expectedLogits(ids, 37);
  ASSERT_EQ(ternary_prefill(session.get(), ids.data(), 37, logits.data()), TERNARY_OK);
  for (int64_t b = 0; b < 3; ++b)
    EXPECT_EQ(row(logits, b), row(expected, b * 37 + 36));
}

TEST_F(SessionTest, DecodeContinuesPrefill) {
  openSession();
  Ids ids = someIds(30);
  Floats expected = expectedLogits(ids, 30), logits(info.vocab);
  ASSERT_EQ(ternary_prefill(session.get(), ids.data(), 20, nullptr), TERNARY_OK);
  for (int64_t t = 20; t < 30; ++t) {
    ASSERT_EQ(ternary_decode(session.get(), &ids[t], logits.data()), TERNARY_OK);
    EXPECT_EQ(logits, row(expected, t));
  }
  EXPECT_EQ(fake_model_log.decodes, 10);
  EXPECT_EQ(ternary_decode(session.get(), &ids[0], nullptr), TERNARY_OK);
  EXPECT_EQ(ternary_position(session.get()), 31);
}

TEST_F(SessionTest, ResetForgets) {
  openSession();
  Ids ids = someIds(5);
  Floats first(info.vocab), second(info.vocab);
  ternary_prefill(session.get(), ids.data(), 5, first.data());
  ternary_reset(session.get());
  EXPECT_EQ(ternary_position(session.get()), 0);
  ternary_prefill(session.get(), ids.data(), 5, second.data());
  EXPECT_EQ(first, second);
}

TEST_F(SessionTest, SessionsAreIndependent) {
  openSession();
  ternary_session *other;
  ASSERT_EQ(ternary_session_new(model.get(), 2, &other), TERNARY_OK);
  Ids ids = someIds(4), otherIds = {3, 3, 3, 3};
  Floats logits(info.vocab), otherLogits(info.vocab);
  for (int t = 0; t < 4; ++t) {
    ternary_decode(session.get(), &ids[t], logits.data());
    ternary_decode(other, &otherIds[t], otherLogits.data());
  }
  EXPECT_EQ(logits, row(expectedLogits(ids, 4), 3));
  EXPECT_EQ(otherLogits, row(expectedLogits(otherIds, 4), 3));
  ternary_session_free(other);
}

//===----------------------------------------------------------------------===//
// Saved sessions
//===----------------------------------------------------------------------===//

class SavedSessionTest : public SessionTest {
protected:
  std::string save() {
    std::string saved(ternary_saved_bytes(session.get()), '\0');
    EXPECT_EQ(ternary_save(session.get(), saved.data(), saved.size()), TERNARY_OK);
    return saved;
  }

  ternary_status restore(const std::string &saved) {
    return ternary_restore(session.get(), saved.data(), saved.size());
  }

  /// Consumes `count` tokens from `from` on and returns the logits after the last.
  Floats consume(const Ids &ids, int64_t from, int64_t count) {
    Floats logits(info.vocab);
    EXPECT_EQ(ternary_prefill(session.get(), &ids[from], count, logits.data()), TERNARY_OK);
    return logits;
  }
};

TEST_F(SavedSessionTest, GoesOnInAnotherSession) {
  Ids ids = someIds(30);
  openSession();
  consume(ids, 0, 20);
  std::string saved = save();
  EXPECT_EQ(consume(ids, 20, 10), row(expectedLogits(ids, 30), 29));

  ternary_reset(session.get());
  EXPECT_EQ(restore(saved), TERNARY_OK);
  EXPECT_EQ(ternary_position(session.get()), 20);
  EXPECT_EQ(consume(ids, 20, 10), row(expectedLogits(ids, 30), 29));

  openSession(2);
  EXPECT_EQ(restore(saved), TERNARY_OK);
  EXPECT_EQ(save(), saved);
  EXPECT_EQ(consume(ids, 20, 10), row(expectedLogits(ids, 30), 29));
}

TEST_F(SavedSessionTest, DamageIsFound) {
  openSession();
  consume(someIds(5), 0, 5);
  const std::string saved = save();
  consume(someIds(3), 0, 3);
  const std::string before = save();
  for (size_t bytes = 0; bytes < saved.size(); ++bytes)
    EXPECT_EQ(restore(saved.substr(0, bytes)),
              bytes < 8 ? TERNARY_NOT_A_SESSION : TERNARY_SESSION_DAMAGED)
        << bytes;
  EXPECT_EQ(restore(saved + "x"), TERNARY_SESSION_DAMAGED);
  for (size_t at = 0; at < saved.size(); ++at) {
    std::string damaged = saved;
    damaged[at] ^= 0x10;
    EXPECT_EQ(restore(damaged), at < 12 ? TERNARY_NOT_A_SESSION : TERNARY_SESSION_DAMAGED) << at;
  }
  EXPECT_EQ(save(), before);
}

TEST_F(SavedSessionTest, OfAnotherModel) {
  openSession();
  consume(someIds(5), 0, 5);
  const std::string saved = save();
  info.archive_header_crc32 ^= 1;
  EXPECT_EQ(restore(saved), TERNARY_SESSION_MISMATCH);
  info.archive_header_crc32 ^= 1;
  info.max_tokens = 4;
  EXPECT_EQ(restore(saved), TERNARY_SESSION_MISMATCH);
  info.max_tokens = 5;
  EXPECT_EQ(restore(saved), TERNARY_OK);
  info.state_layout ^= 1;
  EXPECT_EQ(restore(saved), TERNARY_SESSION_MISMATCH);
  info.state_layout ^= 1;
  setBatch(2);
  openSession();
  EXPECT_EQ(restore(saved), TERNARY_SESSION_MISMATCH);
}

TEST_F(SavedSessionTest, CountsAsItsStateDoes) {
  openSession();
  consume(someIds(5), 0, 5);
  std::string saved = save();
  uint32_t counted;
  memcpy(&counted, saved.data() + 64, sizeof(counted));
  ASSERT_NE(counted, 5u);
  EXPECT_EQ(restore(saved), TERNARY_OK);
  info.position_offset = 0;
  EXPECT_EQ(restore(saved), TERNARY_SESSION_DAMAGED);
  info.position_offset = -1;
}

TEST_F(SavedSessionTest, SaysItsPosition) {
  openSession();
  consume(someIds(5), 0, 5);
  std::string saved = save();
  int64_t position = 99;
  EXPECT_EQ(ternary_saved_position(saved.data(), saved.size(), &position), TERNARY_OK);
  EXPECT_EQ(position, 5);
  info.archive_header_crc32 ^= 1; // of any model
  EXPECT_EQ(ternary_saved_position(saved.data(), saved.size(), &position), TERNARY_OK);
  EXPECT_EQ(ternary_saved_position("TERNARY", 7, &position), TERNARY_NOT_A_SESSION);
  EXPECT_EQ(ternary_saved_position(saved.data(), 64, &position), TERNARY_SESSION_DAMAGED);
  EXPECT_EQ(ternary_saved_position(nullptr, 0, &position), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_saved_position(saved.data(), saved.size(), nullptr), TERNARY_BAD_ARGUMENT);
}

TEST_F(SavedSessionTest, CountsNoFurtherThanItCan) {
  openSession();
  std::string saved = save();
  auto put = [&](size_t offset, uint64_t value) {
    std::memcpy(&saved[offset], &value, sizeof(value));
    ternary_crc32_tables tables;
    ternary_crc32_build(&tables);
    uint32_t crc = ternary_crc32_update(&tables, 0, saved.data() + 16, saved.size() - 16);
    std::memcpy(&saved[12], &crc, sizeof(crc));
  };
  put(32, uint64_t(INT64_MAX) + 1);
  EXPECT_EQ(restore(saved), TERNARY_SESSION_DAMAGED);
  put(32, INT64_MAX);
  ASSERT_EQ(restore(saved), TERNARY_OK);
  Ids ids = someIds(1);
  EXPECT_EQ(ternary_decode(session.get(), ids.data(), nullptr), TERNARY_SEQUENCE_TOO_LONG);
  EXPECT_EQ(ternary_position(session.get()), INT64_MAX);
}

TEST_F(SavedSessionTest, RefusesNothing) {
  openSession();
  std::string saved = save();
  EXPECT_EQ(ternary_save(nullptr, saved.data(), saved.size()), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_save(session.get(), nullptr, saved.size()), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_save(session.get(), saved.data(), saved.size() - 1), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_restore(nullptr, saved.data(), saved.size()), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_restore(session.get(), nullptr, saved.size()), TERNARY_BAD_ARGUMENT);
}

//===----------------------------------------------------------------------===//
// Wrong arguments
//===----------------------------------------------------------------------===//

TEST_F(SessionTest, RefusesIdsOutsideTheVocabulary) {
  openSession();
  for (int32_t bad : {-1, static_cast<int32_t>(info.vocab), INT32_MIN, INT32_MAX}) {
    Ids ids = someIds(40);
    ids.back() = bad;
    EXPECT_EQ(ternary_prefill(session.get(), ids.data(), 40, nullptr), TERNARY_BAD_TOKEN);
    EXPECT_EQ(ternary_decode(session.get(), &bad, nullptr), TERNARY_BAD_TOKEN);
  }
  EXPECT_EQ(ternary_position(session.get()), 0);
  EXPECT_EQ(fake_model_log.prefills, 0);
}

TEST_F(SessionTest, RefusesNothing) {
  openSession();
  Ids ids = someIds(1);
  EXPECT_EQ(ternary_prefill(session.get(), ids.data(), 0, nullptr), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_prefill(session.get(), ids.data(), -1, nullptr), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_prefill(session.get(), nullptr, 1, nullptr), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_prefill(nullptr, ids.data(), 1, nullptr), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_prefill_all(session.get(), ids.data(), 1, nullptr), TERNARY_BAD_ARGUMENT);
  ternary_session *none;
  EXPECT_EQ(ternary_session_new(model.get(), 0, &none), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(ternary_session_new(nullptr, 1, &none), TERNARY_BAD_ARGUMENT);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(ternary_open(nullptr, nullptr), TERNARY_BAD_ARGUMENT);
  ternary_close(nullptr);
  ternary_session_free(nullptr);
}

TEST_F(SessionTest, RefusesTooLongSequences) {
  info.max_tokens = 10;
  openSession();
  Ids ids = someIds(11);
  EXPECT_EQ(ternary_prefill(session.get(), ids.data(), 11, nullptr), TERNARY_SEQUENCE_TOO_LONG);
  EXPECT_EQ(ternary_prefill(session.get(), ids.data(), INT64_MAX, nullptr),
            TERNARY_SEQUENCE_TOO_LONG);
  EXPECT_EQ(ternary_prefill(session.get(), ids.data(), 10, nullptr), TERNARY_OK);
  EXPECT_EQ(ternary_decode(session.get(), ids.data(), nullptr), TERNARY_SEQUENCE_TOO_LONG);
  EXPECT_EQ(ternary_position(session.get()), 10);
  ternary_reset(session.get());
  EXPECT_EQ(ternary_decode(session.get(), ids.data(), nullptr), TERNARY_OK);
}

TEST_F(SessionTest, RefusesMoreTokensThanCanBeCounted) {
  setBatch(3);
  openSession();
  Ids ids = someIds(1);
  EXPECT_EQ(ternary_prefill(session.get(), ids.data(), INT64_MAX / 2, nullptr),
            TERNARY_SEQUENCE_TOO_LONG);
  EXPECT_EQ(ternary_position(session.get()), 0);
}

TEST_F(SessionTest, NoSession) {
  ternary_reset(nullptr);
  ternary_session_free(nullptr);
  ternary_close(nullptr);
  EXPECT_EQ(ternary_position(nullptr), 0);
  int32_t id = 0;
  EXPECT_EQ(ternary_decode(nullptr, &id, nullptr), TERNARY_BAD_ARGUMENT);
}

//===----------------------------------------------------------------------===//
// Archives
//===----------------------------------------------------------------------===//

class ArchiveTest : public SessionTest {
protected:
  ArchiveTest() {
    size_t bytes;
    const char *data = static_cast<const char *>(fake_model_archive(&bytes));
    archive.assign(data, bytes);
  }

  ternary_status openFile() { return open(dir.write("weights", archive).c_str()); }

  ternary_status open(const char *path) {
    ternary_model *opened;
    ternary_status status = ternary_open(path, &opened);
    EXPECT_EQ(opened != nullptr, status == TERNARY_OK);
    model.reset(opened);
    return status;
  }

  /// Overwrites a field of the archive's fixed part.
  void put(size_t offset, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      archive[offset + i] = static_cast<char>(value >> 8 * i);
  }

  TempDir dir;
  std::string archive;
};

TEST_F(ArchiveTest, OpensAFile) {
  info.archive = nullptr;
  ASSERT_EQ(openFile(), TERNARY_OK);
  EXPECT_EQ(ternary_verify(model.get()), TERNARY_OK);
  ternary_session *created;
  ASSERT_EQ(ternary_session_new(model.get(), 1, &created), TERNARY_OK);
  session.reset(created);
  Ids ids = someIds(3);
  Floats logits(info.vocab);
  ternary_prefill(created, ids.data(), 3, logits.data());
  EXPECT_EQ(logits, row(expectedLogits(ids, 3), 2));
}

TEST_F(ArchiveTest, TakesTheDefaultFile) {
  info.archive = nullptr;
  std::string path = dir.write("weights", archive);
  info.archive_file = path.c_str();
  EXPECT_EQ(open(nullptr), TERNARY_OK);
  info.archive_file = nullptr;
  EXPECT_EQ(open(nullptr), TERNARY_ARCHIVE_UNREADABLE);
}

TEST_F(ArchiveTest, UnreadableFiles) {
  EXPECT_EQ(open("/no/such/file"), TERNARY_ARCHIVE_UNREADABLE);
  EXPECT_EQ(open(dir.file(".").c_str()), TERNARY_ARCHIVE_UNREADABLE);
  ASSERT_EQ(mkfifo(dir.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(open(dir.file("pipe").c_str()), TERNARY_ARCHIVE_UNREADABLE);
  EXPECT_EQ(open("/dev/zero"), TERNARY_NOT_AN_ARCHIVE);
}

TEST_F(ArchiveTest, OtherFiles) {
  archive = "";
  EXPECT_EQ(openFile(), TERNARY_NOT_AN_ARCHIVE);
  archive = "TERNARY";
  EXPECT_EQ(openFile(), TERNARY_NOT_AN_ARCHIVE);
  archive = std::string(10000, 'x');
  EXPECT_EQ(openFile(), TERNARY_NOT_AN_ARCHIVE);
}

TEST_F(ArchiveTest, TruncatedAtEveryLength) {
  for (size_t bytes = 8; bytes < archive.size(); bytes += 13) {
    std::string whole = archive;
    archive.resize(bytes);
    EXPECT_EQ(openFile(), TERNARY_ARCHIVE_DAMAGED) << bytes;
    archive = whole;
  }
  archive += 'x';
  EXPECT_EQ(openFile(), TERNARY_ARCHIVE_DAMAGED);
}

TEST_F(ArchiveTest, ConsistentButOfAnotherSize) {
  // The prefix and its checksums fit the file, which holds less than the code reads, or more.
  const std::string whole = archive;
  for (size_t payload : {0, 1, 63, 65, 128}) {
    archive = whole.substr(0, 4096) + std::string(payload, 'w');
    put(32, payload, 8);
    ternary_crc32_tables tables;
    ternary_crc32_build(&tables);
    put(40, ternary_crc32_update(&tables, 0, archive.data() + 4096, payload), 4);
    EXPECT_EQ(openFile(), TERNARY_ARCHIVE_DAMAGED) << payload;
    info.archive_bytes = archive.size();
    EXPECT_EQ(openFile(), TERNARY_ARCHIVE_DAMAGED) << payload;
    info.payload_bytes = payload;
    EXPECT_EQ(openFile(), TERNARY_OK) << payload;
    info.archive_bytes = whole.size();
    info.payload_bytes = original.payload_bytes;
  }
}

TEST_F(ArchiveTest, FlippedBits) {
  size_t header = 64 + archive.substr(64, 4032).find('\0') - 64;
  for (size_t at = 0; at < archive.size(); ++at) {
    bool reserved = at >= 44 && at < 64;
    bool gap = at >= 64 + header && at < archive.size() - 64;
    if (reserved || gap)
      continue;
    archive[at] ^= 0x10;
    ternary_status expected = at < 8    ? TERNARY_NOT_AN_ARCHIVE
                              : at < 16 ? TERNARY_ARCHIVE_MISMATCH
                                        : TERNARY_ARCHIVE_DAMAGED;
    EXPECT_EQ(openFile(), expected) << at;
    archive[at] ^= 0x10;
  }
}

TEST_F(ArchiveTest, HostileSizes) {
  const std::string good = archive;
  for (uint64_t huge :
       {uint64_t(1) << 32, uint64_t(1) << 63, UINT64_MAX, UINT64_MAX - 63, UINT64_MAX - 4095})
    for (size_t field : {16, 24, 32}) {
      archive = good;
      put(field, huge, 8);
      EXPECT_EQ(openFile(), TERNARY_ARCHIVE_DAMAGED) << field << " " << huge;
    }
  archive = good;
  put(24, 0, 8); // the payload over the header
  put(32, archive.size(), 8);
  EXPECT_EQ(openFile(), TERNARY_ARCHIVE_DAMAGED);
}

TEST_F(ArchiveTest, WeightsOfAnotherModel) {
  info.archive_header_crc32 ^= 1;
  EXPECT_EQ(openFile(), TERNARY_ARCHIVE_MISMATCH);
  EXPECT_EQ(open(nullptr), TERNARY_ARCHIVE_MISMATCH);
}

TEST_F(ArchiveTest, DamageInsideTheObject) {
  info.archive = archive.data();
  EXPECT_EQ(open(nullptr), TERNARY_OK);
  archive[70] ^= 1; // in the header
  EXPECT_EQ(open(nullptr), TERNARY_ARCHIVE_DAMAGED);
  archive[70] ^= 1;
  archive.back() ^= 1; // in the payload, which takes a second call to check
  EXPECT_EQ(open(nullptr), TERNARY_OK);
  EXPECT_EQ(ternary_verify(model.get()), TERNARY_ARCHIVE_DAMAGED);
  info.archive_bytes = 100;
  EXPECT_EQ(open(nullptr), TERNARY_ARCHIVE_DAMAGED);
}

TEST_F(ArchiveTest, OtherVersionsOfTheInterface) {
  info.abi_version = TERNARY_ABI_VERSION + 1;
  EXPECT_EQ(open(nullptr), TERNARY_ABI_MISMATCH);
  info.abi_version = TERNARY_ABI_VERSION;
  info.descriptor_bytes = 8;
  EXPECT_EQ(open(nullptr), TERNARY_ABI_MISMATCH);
  info.descriptor_bytes = sizeof(ternary_descriptor) + 8;
  EXPECT_EQ(open(nullptr), TERNARY_OK);
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

TEST_F(SessionTest, TextsOfTokens) {
  auto text = [](int64_t id) -> std::string {
    size_t length = 99;
    const char *start = ternary_token_text(id, &length);
    return start ? std::string(start, length) : "none";
  };
  EXPECT_EQ(text(0), "");
  EXPECT_EQ(text(2), "a");
  EXPECT_EQ(text(3), "\xc3\xa4");
  EXPECT_EQ(text(5), "c");
  EXPECT_EQ(text(6), "none");
  EXPECT_EQ(text(-1), "none");
  info.piece_text = nullptr;
  EXPECT_EQ(text(2), "none");
}

TEST_F(SessionTest, TextsOfErrors) {
  EXPECT_STREQ(ternary_error_string(TERNARY_OK), "no error");
  EXPECT_STREQ(ternary_error_string(TERNARY_ARCHIVE_DAMAGED), "weight archive is damaged");
  EXPECT_STREQ(ternary_error_string(static_cast<ternary_status>(99)), "unknown error");
  EXPECT_STREQ(ternary_error_string(static_cast<ternary_status>(-1)), "unknown error");
}

} // namespace
