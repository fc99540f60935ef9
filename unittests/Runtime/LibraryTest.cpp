//===- LibraryTest.cpp - Is it a shared object, and all there? ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Library.h"
#include "ErrorOf.h"
#include "TempDir.h"

#include <cstring>
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace ternary::runtime;
using testing::HasSubstr;

namespace {

class SharedObjectTest : public testing::Test {
protected:
  SharedObjectTest() {
    std::ifstream stream(FAKE_MODEL, std::ios::binary);
    object.assign(std::istreambuf_iterator<char>(stream), {});
    load(header, 0);
  }

  template <typename T> void load(T &value, size_t offset) const {
    std::memcpy(&value, object.data() + offset, sizeof(T));
  }
  template <typename T> void store(const T &value, size_t offset = 0) {
    std::memcpy(object.data() + offset, &value, sizeof(T));
  }

  /// The error about the object, without the path.
  std::string error() const {
    std::string path = dir.write("m.so", object);
    std::string text = errorOf([&] { checkSharedObject(path); });
    return text == "none" ? text : text.substr(path.size() + 2);
  }

  TempDir dir;
  std::string object;
  Elf64_Ehdr header;
};

TEST_F(SharedObjectTest, AcceptsAWholeOne) { EXPECT_EQ(error(), "none"); }

TEST_F(SharedObjectTest, RefusesAnyTruncation) {
  const std::string whole = object;
  for (size_t bytes = 0; bytes < whole.size(); bytes += bytes < 5000 ? 7 : 997) {
    object = whole.substr(0, bytes);
    EXPECT_THAT(error(), HasSubstr(bytes < 4 ? "expected a shared object, found another kind"
                                             : "file is truncated: expected at least "));
  }
}

TEST_F(SharedObjectTest, RefusesOtherMachines) {
  header.e_machine = EM_S390;
  store(header);
  EXPECT_THAT(error(), HasSubstr("cannot load the model: expected a shared object for "));
  EXPECT_THAT(error(), HasSubstr(", found one for machine 22"));
  header.e_machine = EM_ARM;
  header.e_ident[EI_CLASS] = ELFCLASS32;
  store(header);
  EXPECT_THAT(error(), HasSubstr(", found one for arm"));
}

TEST_F(SharedObjectTest, RefusesOtherFormats) {
  const Elf64_Ehdr good = header;
  header.e_ident[EI_CLASS] = ELFCLASS32;
  store(header);
  EXPECT_THAT(error(), HasSubstr("expected a 64-bit shared object"));
  header = good;
  header.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
  store(header);
  EXPECT_THAT(error(), HasSubstr("byte order"));
  header = good;
  header.e_type = ET_REL;
  store(header);
  EXPECT_THAT(error(), HasSubstr("expected a shared object, found an object file"));
  header = good;
  header.e_phentsize = 8;
  store(header);
  EXPECT_THAT(error(), HasSubstr("expected program headers of 56 bytes, found 8"));
}

TEST_F(SharedObjectTest, RefusesPartsBeyondTheEnd) {
  const Elf64_Ehdr good = header;
  header.e_phoff = UINT64_MAX - 8;
  store(header);
  EXPECT_THAT(error(), HasSubstr("truncated"));
  header = good;
  header.e_shoff = object.size();
  store(header);
  EXPECT_THAT(error(), HasSubstr("truncated"));
  store(good);
  for (unsigned i = 0; i < good.e_phnum; ++i) {
    size_t at = good.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr segment, changed;
    load(segment, at);
    if (segment.p_type != PT_LOAD || segment.p_filesz == 0)
      continue;
    for (uint64_t huge : {uint64_t(object.size() + 1), uint64_t(1) << 63, UINT64_MAX}) {
      changed = segment;
      changed.p_filesz = huge;
      store(changed, at);
      EXPECT_THAT(error(), HasSubstr("truncated"));
      changed = segment;
      changed.p_offset = huge;
      store(changed, at);
      EXPECT_THAT(error(), HasSubstr("truncated"));
    }
    store(segment, at);
  }
  EXPECT_EQ(error(), "none");
}

TEST_F(SharedObjectTest, LoadsTheFileThatIsThereNow) {
  constexpr const char *kSymbol = "ternary_descriptor_instance";
  std::string path = dir.write("m.so", object);
  Library first(path, "model"), same(path, "model");
  EXPECT_EQ(first.find(kSymbol), same.find(kSymbol));
  for (int i = 0; i < 5; ++i) {
    std::filesystem::remove(path);
    dir.write("m.so", object);
    Library other(path, "model");
    EXPECT_NE(first.find(kSymbol), other.find(kSymbol));
  }
}

} // namespace
