//===- MachineTest.cpp - What this machine can run ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Machine.h"

#include <cstdlib>
#include <cstring>
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
