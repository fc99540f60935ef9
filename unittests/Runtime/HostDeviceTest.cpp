//===- HostDeviceTest.cpp - Sessions on the processor that calls them -----===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SessionFixture.h"

namespace {

using HostDeviceTest = SessionTest;

//===----------------------------------------------------------------------===//
// Lookup tables
//===----------------------------------------------------------------------===//

TEST_F(HostDeviceTest, PagesOfNoFileAreKept) {
  // An archive that was copied to memory: dropping its pages would leave zeros.
  constexpr size_t kBytes = 8 << 20, kPayload = 4096;
  size_t bytes;
  const void *original = fake_model_archive(&bytes);
  std::vector<uint8_t> memory(kBytes + kPayload, 0x5a);
  uint8_t *archive =
      memory.data() + kPayload - reinterpret_cast<uintptr_t>(memory.data()) % kPayload;
  std::memcpy(archive, original, bytes);
  uint64_t payload = kBytes - kPayload;
  std::memcpy(archive + 32, &payload, sizeof(payload));
  const ternary_range table = {64, payload - 64};
  info.archive = archive;
  info.archive_bytes = kBytes;
  info.payload_bytes = payload;
  info.lookup_tables = &table;
  info.lookup_table_count = 1;

  openSession();
  Ids ids = someIds(40);
  Floats logits(40 * info.vocab);
  ASSERT_EQ(ternary_prefill_all(session.get(), ids.data(), 40, logits.data()), TERNARY_OK);
  for (size_t i = bytes; i < kBytes; ++i)
    ASSERT_EQ(archive[i], 0x5a) << i;
}

//===----------------------------------------------------------------------===//
// Machines
//===----------------------------------------------------------------------===//

#if defined(__x86_64__)
TEST_F(HostDeviceTest, MachinesThatLackWhatTheModelUses) {
  // No processor has all of these.
  info.features = "sse2,avx512f,fma4,tbm,egpr";
  ternary_model *opened;
  EXPECT_EQ(ternary_open(nullptr, &opened), TERNARY_MACHINE_UNSUPPORTED);
  EXPECT_EQ(opened, nullptr);
  for (const char *features : {"", "sse2", "sse3", "fast-hops,sse3,warp-drive"}) {
    SCOPED_TRACE(features);
    info.features = features; // SSE3 came in 2004
    openSession();
  }
}
#endif

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

TEST_F(HostDeviceTest, StepsHaveATeamIfThereIsMoreThanOneThread) {
  for (int threads : {1, 2, 3}) {
    fake_model_log = {};
    openSession(threads);
    int32_t id = 1;
    ASSERT_EQ(ternary_decode(session.get(), &id, nullptr), TERNARY_OK);
    ASSERT_EQ(ternary_prefill(session.get(), &id, 1, nullptr), TERNARY_OK);
    EXPECT_EQ(fake_model_log.teams, threads == 1 ? 0 : 2);
  }
}

TEST_F(HostDeviceTest, AModelWithoutThreadsStartsNone) {
  info.threads = 0;
  openSession(1 << 20);
  int32_t id = 1;
  ASSERT_EQ(ternary_decode(session.get(), &id, nullptr), TERNARY_OK);
  EXPECT_EQ(fake_model_log.teams, 0);
}

TEST_F(HostDeviceTest, ThreadsThatCannotBeStartedAreAnError) {
  openSession();
  ternary_session *created = session.get();
  EXPECT_EQ(ternary_session_new(model.get(), 1 << 20, &created), TERNARY_NO_THREADS);
  EXPECT_EQ(created, nullptr);
  EXPECT_STREQ(ternary_error_string(TERNARY_NO_THREADS), "cannot start the threads");
}

} // namespace
