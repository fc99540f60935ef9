//===- MachineTest.cpp - What this machine can run ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Machine.h"
#include "TempDir.h"

#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

using namespace ternary::runtime;

namespace {

TEST(FeaturesTest, WhatCannotBeCheckedIsTakenToBeThere) {
  EXPECT_TRUE(missingFeatures(nullptr).empty());
  EXPECT_TRUE(missingFeatures("").empty());
  EXPECT_TRUE(missingFeatures("warp-drive,,fast-hops,").empty());
}

#if defined(__x86_64__)
/// The words after `key` in /proc/cpuinfo.
std::set<std::string> cpuinfo(const std::string &key) {
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string> words;
  for (std::string line; std::getline(file, line);)
    if (line.compare(0, key.size(), key) == 0) {
      std::istringstream rest(line.substr(line.find(':') + 1));
      for (std::string word; rest >> word;)
        words.insert(word);
      break;
    }
  return words;
}

TEST(FeaturesTest, AgreesWithTheSystem) {
  std::set<std::string> found = cpuinfo("flags");
  const char *const names[][2] = {
      {"sse3", "pni"},
      {"ssse3", "ssse3"},
      {"fma", "fma"},
      {"sse4.1", "sse4_1"},
      {"sse4.2", "sse4_2"},
      {"movbe", "movbe"},
      {"popcnt", "popcnt"},
      {"avx", "avx"},
      {"f16c", "f16c"},
      {"bmi", "bmi1"},
      {"avx2", "avx2"},
      {"bmi2", "bmi2"},
      {"avx512f", "avx512f"},
      {"avx512dq", "avx512dq"},
      {"adx", "adx"},
      {"avx512ifma", "avx512ifma"},
      {"avx512cd", "avx512cd"},
      {"avx512bw", "avx512bw"},
      {"avx512vl", "avx512vl"},
      {"avx512vbmi", "avx512vbmi"},
      {"avx512vbmi2", "avx512_vbmi2"},
      {"gfni", "gfni"},
      {"avx512vnni", "avx512_vnni"},
      {"avx512bitalg", "avx512_bitalg"},
      {"avx512vpopcntdq", "avx512_vpopcntdq"},
      {"avx512fp16", "avx512_fp16"},
      {"avxvnni", "avx_vnni"},
      {"avx512bf16", "avx512_bf16"},
      {"lzcnt", "abm"},
      {"sse4a", "sse4a"},
      {"xop", "xop"},
      {"fma4", "fma4"},
      {"tbm", "tbm"},
  };
  if (found.empty())
    GTEST_SKIP() << "/proc/cpuinfo lists no features";
  for (const auto &name : names)
    EXPECT_EQ(missingFeatures(name[0]).empty(), found.count(name[1]) > 0) << name[0];
}

TEST(FeaturesTest, NamesWhatIsMissing) {
  // AMD gave these up before it took to AVX-512, and nobody else had them.
  std::vector<std::string> missing = missingFeatures("xop,sse2,avx512f,fast-hops");
  EXPECT_FALSE(missing.empty());
  for (const std::string &name : missing)
    EXPECT_TRUE(name == "xop" || name == "avx512f") << name;
}
#endif

/// A system of files in a folder of its own.
class QuotaTest : public testing::Test {
protected:
  void write(const std::string &name, const std::string &content) {
    std::filesystem::create_directories(std::filesystem::path(dir.file(name)).parent_path());
    dir.write(name, content);
  }
  /// Says in which groups the process is, and what is mounted where.
  void place(const std::string &groups, const std::string &mounts) {
    write("proc/self/cgroup", groups);
    write("proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n" + mounts);
  }
  int quota() { return processorQuota(dir.file("")); }

  TempDir dir;
};

constexpr const char *kUnifiedMount =
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char *kProcessorMount =
    "31 22 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 22 0:28 / /sys/fs/cgroup/cpuset rw shared:10 - cgroup cgroup rw,cpuset\n";

TEST_F(QuotaTest, NoneWithoutControlGroups) { EXPECT_EQ(quota(), INT_MAX); }

TEST_F(QuotaTest, OfVersion2) {
  place("0::/a/b\n", kUnifiedMount);
  EXPECT_EQ(quota(), INT_MAX);
  write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), INT_MAX);
  write("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  EXPECT_EQ(quota(), 4);
  write("sys/fs/cgroup/a/cpu.max", "250000 100000\n"); // a group above
  EXPECT_EQ(quota(), 3);
  write("sys/fs/cgroup/cpu.max", "10000 100000\n"); // the root of a container
  EXPECT_EQ(quota(), 1);
}

TEST_F(QuotaTest, OfVersion1) {
  place("4:cpuset:/other\n3:cpu,cpuacct:/a/b\n0::/\n", kProcessorMount);
  const std::string root = "sys/fs/cgroup/cpu,cpuacct/";
  write(root + "a/b/cpu.cfs_period_us", "50000\n");
  write(root + "a/b/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(quota(), INT_MAX);
  write(root + "a/b/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(quota(), 2);
  write(root + "a/cpu.cfs_period_us", "100000\n");
  write(root + "a/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(quota(), 1);
}

TEST_F(QuotaTest, OfAContainerThatSeesItsOwnGroup) {
  // The group's path is that of the host, but its folder is what is mounted.
  place("3:cpu:/docker/123\n",
        "31 22 0:27 /docker/123 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(quota(), 2);
}

TEST_F(QuotaTest, OfBothVersions) {
  place("3:cpu,cpuacct:/a\n0::/b\n",
        std::string(kProcessorMount) + "33 22 0:29 / /unified rw - cgroup2 cgroup2 rw\n");
  write("unified/b/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota(), 3);
  write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "200000\n");
  EXPECT_EQ(quota(), 2);
}

TEST_F(QuotaTest, WhatIsNoQuotaIsNone) {
  place("0::/\nnonsense\n:\n", std::string("one two - \n\n") + kUnifiedMount);
  for (const char *text : {"", "max", "0 100000", "100000", "100000 0", "-1 100000", "x y"}) {
    write("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(quota(), INT_MAX) << text;
  }
}

TEST(ThreadsTest, NoMoreThanTheQuota) {
  EXPECT_GE(availableThreads(), 1);
  EXPECT_LE(availableThreads(), processorQuota());
}

TEST(MemoryTest, PeakStaysWhenMemoryIsGivenBack) {
  constexpr int64_t kBytes = 64 << 20;
  void *bytes = std::malloc(kBytes);
  // Not a call that a compiler may leave out with the allocation.
  void *(*volatile fill)(void *, int, size_t) = std::memset;
  fill(bytes, 1, kBytes);
  std::free(bytes);
  EXPECT_GE(peakResidentBytes(), kBytes);
  int64_t resident = residentBytes();
  EXPECT_GE(peakResidentBytes(), resident);
}

} // namespace
