//===- TeamTest.cpp - Threads that share loops ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <set>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {
using Team = std::unique_ptr<ternary_team, decltype(&ternary_team_free)>;

Team makeTeam(int threads) { return {ternary_team_new(threads), ternary_team_free}; }

using Body = std::function<void(int64_t from, int64_t to)>;

void share(const Team &team, int64_t count, Body body) {
  ternary_team_share(
      team.get(),
      [](void *context, int64_t from, int64_t to) { (*static_cast<Body *>(context))(from, to); },
      &body, count);
}

TEST(Team, RunsEachIterationOnce) {
  for (int threads : {1, 2, 3, 5, 7, 16}) {
    Team team = makeTeam(threads);
    ASSERT_NE(team, nullptr);
    for (int64_t count : {0, 1, 2, 3, 6, 7, 8, 63, 64, 65, 1000, 4097}) {
      // Not atomic: what iterations have written is seen when the loop has ended.
      std::vector<int> times(static_cast<size_t>(count));
      share(team, count, [&](int64_t from, int64_t to) {
        ASSERT_LE(0, from);
        ASSERT_LT(from, to);
        ASSERT_LE(to, count);
        for (int64_t i = from; i < to; ++i)
          ++times[static_cast<size_t>(i)];
      });
      EXPECT_EQ(times, std::vector<int>(static_cast<size_t>(count), 1)) << threads << " " << count;
    }
  }
}

TEST(Team, SeesWhatLoopsBeforeHaveWritten) {
  constexpr int64_t kCount = 37;
  Team team = makeTeam(3);
  std::vector<int64_t> from(kCount, 0), to(kCount);
  for (int round = 0; round < 20000; ++round) {
    share(team, kCount, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i)
        to[static_cast<size_t>(i)] = from[static_cast<size_t>(kCount - 1 - i)] + 1;
    });
    std::swap(from, to);
  }
  EXPECT_EQ(from, std::vector<int64_t>(kCount, 20000));
}

TEST(Team, WithoutOneTheCallerRunsAll) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  share({nullptr, ternary_team_free}, 100,
        [&](int64_t from, int64_t to) { ranges.emplace_back(from, to); });
  EXPECT_EQ(ranges, (std::vector<std::pair<int64_t, int64_t>>{{0, 100}}));
}

/// Shares loops whose iterations leave the processor to others, until `isEnough`, which has to come
/// true: it is up to the system which threads take part in a loop.
void shareUntil(const Team &team, int64_t count, const Body &body,
                const std::function<bool()> &isEnough) {
  while (!isEnough())
    share(team, count, [&](int64_t from, int64_t to) {
      usleep(100);
      body(from, to);
    });
}

TEST(Team, UsesItsThreads) {
  Team team = makeTeam(4);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  shareUntil(
      team, 16,
      [&](int64_t, int64_t) {
        std::lock_guard<std::mutex> lock(mutex);
        seen.insert(std::this_thread::get_id());
      },
      [&] { return seen.size() == 4; });
}

TEST(Team, TakesWorkOfThreadsThatAreLate) {
  constexpr int64_t kCount = 64;
  Team team = makeTeam(2);
  std::thread::id caller = std::this_thread::get_id();
  // The other thread ends its first part when all else has been run, half of which was to be its.
  std::atomic<int64_t> done{0};
  std::atomic<bool> taken{false};
  shareUntil(
      team, kCount,
      [&](int64_t from, int64_t to) {
        if (std::this_thread::get_id() != caller && !taken.exchange(true))
          while (done % kCount != kCount - (to - from))
            usleep(100);
        done += to - from;
      },
      [&] { return taken.load(); });
  EXPECT_EQ(done % kCount, 0);
}

TEST(Team, WakesThreadsThatSleep) {
  Team team = makeTeam(3);
  for (int round = 0; round < 5; ++round) {
    usleep(20000);
    std::atomic<int> count{0};
    share(team, 100, [&](int64_t from, int64_t to) { count += static_cast<int>(to - from); });
    EXPECT_EQ(count, 100);
  }
}

TEST(Team, LetsSignalsToTheProgram) {
  Team team = makeTeam(3);
  std::atomic<int> blocked{0}, open{0};
  std::thread::id caller = std::this_thread::get_id();
  auto isBlocked = [] {
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, nullptr, &set);
    return sigismember(&set, SIGINT) == 1;
  };
  shareUntil(
      team, 6,
      [&](int64_t, int64_t) {
        if (std::this_thread::get_id() != caller)
          ++(isBlocked() ? blocked : open);
      },
      [&] { return blocked + open > 0; });
  EXPECT_EQ(open, 0);
  EXPECT_FALSE(isBlocked());
}

TEST(Team, WorksInAChildThatHasNoneOfItsThreads) {
  Team team = makeTeam(2);
  std::atomic<int> count{0};
  auto add = [&](int64_t from, int64_t to) { count += static_cast<int>(to - from); };
  share(team, 100, add);
  pid_t child = fork();
  if (child == 0) {
    share(team, 100, add);
    team.reset();
    _exit(count == 200 ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Team, TeamsAreIndependent) {
  std::vector<std::thread> callers;
  std::atomic<int64_t> sum{0};
  for (int c = 0; c < 3; ++c)
    callers.emplace_back([&] {
      Team team = makeTeam(2);
      for (int round = 0; round < 500; ++round)
        share(team, 10, [&](int64_t from, int64_t to) { sum += to - from; });
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(sum, 3 * 500 * 10);
}

TEST(Team, CannotHaveAnyNumberOfThreads) {
  EXPECT_EQ(ternary_team_new(0), nullptr);
  EXPECT_EQ(ternary_team_new(-1), nullptr);
  EXPECT_EQ(ternary_team_new(1 << 20), nullptr);
  ternary_team_free(nullptr);
}
} // namespace
