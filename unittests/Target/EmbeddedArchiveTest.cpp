//===- EmbeddedArchiveTest.cpp - The weights inside an object -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../TestFiles.h"
#include "ternary/Target/Object.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Object/ObjectFile.h"
#include "gmock/gmock.h"

using namespace llvm;
using namespace ternary;
using testing::HasSubstr;

namespace {
class EmbeddedArchiveTest : public testing::Test {
protected:
  /// An object with nothing in it but `content`, in pieces of at most `pieceBytes`.
  void emit(StringRef triple, uint64_t pieceBytes) {
    directory.write("archive \"1\"", content);
    std::unique_ptr<TargetMachine> machine = cantFail(createTargetMachine(triple, "", ""));
    LLVMContext context;
    Module module("weights", context);
    module.setTargetTriple(machine->getTargetTriple());
    module.setDataLayout(machine->createDataLayout());
    embedArchive(module, directory.getPath("archive \"1\""), content.size(), "weights", pieceBytes);
    std::error_code error;
    raw_fd_ostream os(object, error);
    ASSERT_FALSE(error);
    ASSERT_FALSE(emitFile(module, *machine, FileKind::Object, os));
  }

  TestDirectory directory;
  std::string object = directory.getPath("weights.o");
  std::string content;
};
} // namespace

TEST_F(EmbeddedArchiveTest, IsWholeWhateverItsPieces) {
  for (size_t size : {0, 1, 4096, 3 * 4096, 3 * 4096 + 7}) {
    content.clear();
    for (size_t i = 0; i < size; ++i)
      content += static_cast<char>(i * 7 + i / 4096);
    for (uint64_t pieceBytes : {4096, 8192, 1 << 20}) {
      emit("x86_64-linux-gnu", pieceBytes);
      auto file = cantFail(object::ObjectFile::createObjectFile(object));
      std::string found;
      for (const object::SectionRef &section : file.getBinary()->sections())
        if (cantFail(section.getName()) == ".lrodata.ternary")
          found += cantFail(section.getContents());
      EXPECT_TRUE(found == content) << size << " in pieces of " << pieceBytes;
      EXPECT_FALSE(checkEmbeddedArchive(object, size));
    }
  }
}

TEST_F(EmbeddedArchiveTest, IsLargeDataWhereThereIsAny) {
  content = "weights";
  for (auto [triple, name, flags] :
       {std::tuple("x86_64-linux-gnu", ".lrodata.ternary", ELF::SHF_ALLOC | ELF::SHF_X86_64_LARGE),
        std::tuple("aarch64-linux-gnu", ".rodata.ternary", ELF::SHF_ALLOC + 0u),
        std::tuple("riscv64-linux-gnu", ".rodata.ternary", ELF::SHF_ALLOC + 0u)}) {
    emit(triple, 4096);
    auto file = cantFail(object::ObjectFile::createObjectFile(object));
    int found = 0;
    for (object::ELFSectionRef section : file.getBinary()->sections())
      if (cantFail(section.getName()) == name) {
        ++found;
        EXPECT_EQ(section.getFlags(), flags) << triple;
        EXPECT_EQ(section.getAlignment(), Align(4096)) << triple;
      }
    EXPECT_EQ(found, 1) << triple;
    EXPECT_FALSE(checkEmbeddedArchive(object, content.size()));
  }
}

TEST_F(EmbeddedArchiveTest, MissingBytesAreFound) {
  content = std::string(5000, 'w');
  emit("x86_64-linux-gnu", 4096);
  EXPECT_EQ(toString(checkEmbeddedArchive(object, 5000 + (uint64_t(1) << 32))),
            "cannot embed the weights: expected a section of 4294972296 bytes, got 5000; "
            "--weights=external avoids it");
  directory.write("no.o", "nothing");
  EXPECT_TRUE(errorToBool(checkEmbeddedArchive(directory.getPath("no.o"), 0)));
}

TEST(TargetMachineTest, NeedsPointersOf64Bits) {
  for (StringRef triple : {"x86_64-linux-gnux32", "i386-linux-gnu", "arm-linux-gnueabihf"})
    EXPECT_THAT(toString(createTargetMachine(triple, "", "").takeError()),
                HasSubstr("expected a target with pointers of 64 bits, got '"))
        << triple.str();
}

TEST(TargetMachineTest, NamesWhatIsRequired) {
  auto features = [](StringRef triple, StringRef cpu, StringRef attributes = "") {
    return getRequiredFeatures(*cantFail(createTargetMachine(triple, cpu, attributes)));
  };
  EXPECT_EQ(features("x86_64-linux-gnu", "x86-64"), "");
  EXPECT_EQ(features("x86_64-linux-gnu", "x86-64-v2"), "popcnt,sse3,sse4.1,sse4.2,ssse3");
  EXPECT_EQ(features("x86_64-linux-gnu", "x86-64-v3"),
            "avx,avx2,bmi,bmi2,f16c,fma,lzcnt,movbe,popcnt,sse3,sse4.1,sse4.2,ssse3");
  EXPECT_THAT(features("x86_64-linux-gnu", "x86-64-v4"), HasSubstr("avx512bw"));
  EXPECT_EQ(features("aarch64-linux-gnu", "generic"), "");
  EXPECT_EQ(features("aarch64-linux-gnu", "generic", "+dotprod"), "dotprod");
  EXPECT_THAT(features("aarch64-linux-gnu", "neoverse-n2"), HasSubstr("sve2"));
  EXPECT_EQ(features("riscv64-linux-gnu", ""), "");
  EXPECT_THAT(features("riscv64-linux-gnu", "generic-rv64", "+v,+m,+a,+f,+d,+c"), HasSubstr("v"));
  EXPECT_THAT(features("riscv64-linux-gnu", "", "+v,+zvl512b,+zba"),
              HasSubstr("v,zba,zvl256b,zvl512b"));
}

TEST(TargetMachineTest, HasTheBaseline) {
  EXPECT_EQ(toString(createTargetMachine("riscv64-linux-gnu", "generic-rv64", "+v").takeError()),
            "expected a machine with +m,+a,+c, as C libraries of riscv64 are compiled for, got "
            "'generic-rv64' with '+v'");
}
