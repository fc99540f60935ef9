//===- ModelHeaderTest.cpp - What the compiler writes next to an object ---===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/EmbeddedRuntime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using testing::HasSubstr;
using testing::Not;

TEST(ModelHeaderTest, TakesTheModelsName) {
  std::string header = ternary::makeModelHeader("bard");
  for (const char *text : {"bard_status bard_open(", "bard_status bard_decode(", "BARD_ABI_VERSION",
                           "typedef struct bard_descriptor", "BARD_OK = 0", "BARD_TOKEN_BLOCK",
                           "#include <stdint.h>", "#include <stddef.h>"})
    EXPECT_THAT(header, HasSubstr(text));
  for (const char *text : {"ternary_", "TERNARY_", "#include \""})
    EXPECT_THAT(header, Not(HasSubstr(text)));
}

TEST(EmbeddedRuntimeTest, EveryArchitectureHasIt) {
  EXPECT_EQ(ternary::getRuntimeArchitectures(), "x86_64, aarch64, riscv64");
  for (const char *arch : {"x86_64", "aarch64", "riscv64"}) {
    for (const char *part : {"session", "host_device", "machine", "team", "function"}) {
      std::string_view bitcode = ternary::getRuntimeBitcode(part, arch);
      ASSERT_GT(bitcode.size(), 1000u);
      EXPECT_EQ(bitcode.substr(0, 4), "BC\xc0\xde");
      EXPECT_EQ(bitcode.size() % 4, 0u);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(bitcode.data()) % 4, 0u);
    }
  }
  EXPECT_TRUE(ternary::getRuntimeBitcode("session", "sparc").empty());
  EXPECT_TRUE(ternary::getRuntimeBitcode("sessions", "x86_64").empty());
}
