//===- ConcurrencyTest.cpp - Compilations beside each other ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Runtime/TempDir.h"
#include "ternary/Driver/Compile.h"
#include "llvm/Support/Parallel.h"
#include <gtest/gtest.h>
#include <thread>

using namespace llvm;
using namespace ternary;

namespace {

/// Compiles a model to an object file; returns the error, or nothing.
std::string compileTo(const std::string &output, StringRef model, uint64_t seed) {
  CompileOptions options;
  options.input = (TERNARY_TEST_SOURCE_DIR "/integration/data/" + model).str();
  options.output = output;
  options.randomWeights = seed;
  options.selfTestTokens = 0;
  return toString(compile(options));
}

#if __has_feature(thread_sanitizer)
/// What LLVM's own threads have done is waited for inside of its library, where ThreadSanitizer
/// does not look.
class WithoutThreadsOfLLVM : public testing::Environment {
  void SetUp() override { parallel::strategy = hardware_concurrency(1); }
};
const testing::Environment *const environment =
    testing::AddGlobalTestEnvironment(new WithoutThreadsOfLLVM);
#endif

TEST(ConcurrencyTest, CompilationsBesideEachOtherGiveWhatEachGivesAlone) {
  constexpr StringLiteral models[] = {"rwkv-odd", "llama-tied", "rwkv-odd"};
  TempDir alone, together;
  std::vector<std::string> errors(std::size(models));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::size(models); ++i)
    threads.emplace_back(
        [&, i] { errors[i] = compileTo(together.file(std::to_string(i) + ".o"), models[i], i); });
  for (std::thread &thread : threads)
    thread.join();
  for (size_t i = 0; i < std::size(models); ++i) {
    std::string name = std::to_string(i) + ".o";
    EXPECT_EQ(errors[i], "");
    ASSERT_EQ(compileTo(alone.file(name), models[i], i), "");
    EXPECT_FALSE(alone.read(name).empty());
    EXPECT_TRUE(alone.read(name) == together.read(name)) << models[i].str();
  }
}

TEST(ConcurrencyTest, AnErrorStaysInItsCompilation) {
  TempDir dir;
  std::string failed, compiled;
  std::thread wrong([&] { failed = compileTo(dir.file("wrong.o"), "no-such-model", 0); });
  compiled = compileTo(dir.file("right.o"), "rwkv-odd", 0);
  wrong.join();
  EXPECT_NE(failed, "");
  EXPECT_EQ(compiled, "");
}

} // namespace
