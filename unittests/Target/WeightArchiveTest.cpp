//===- WeightArchiveTest.cpp - The file of a model's weights --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/WeightArchive.h"
#include "../TestFiles.h"
#include "ternary/archive_format.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include "gtest/gtest.h"
#include <csignal>
#include <sys/resource.h>

using namespace llvm;
using namespace llvm::support;
using namespace ternary;

static ArrayRef<uint8_t> asBytes(StringRef text) { return arrayRefFromStringRef(text); }

namespace {
class WeightArchiveTest : public testing::Test {
protected:
  WeightArchiveTest() {
    layout.add("a", "tensor<5xi8>", 5);
    layout.add("none", "tensor<0xf32>", 0);
    layout.add("b", "tensor<100xi8>", b.size());
  }

  std::string write(StringRef path) {
    auto writer = WeightArchiveWriter::create(path, layout);
    if (!writer)
      return getMessage(writer.takeError(), directory);
    for (StringRef data : {StringRef("12345"), StringRef(), StringRef(b)})
      if (Error error = (*writer)->append(asBytes(data)))
        return getMessage(std::move(error), directory);
    if (Error error = (*writer)->finish())
      return getMessage(std::move(error), directory);
    return getMessage((*writer)->keep(), directory);
  }
  /// A valid archive.
  std::string build() {
    EXPECT_EQ(write(directory.getPath("w")), "");
    return directory.read("w");
  }
  TestDirectory directory;
  ArchiveLayout layout;
  std::string b = std::string(100, 'b');
};
} // namespace

TEST_F(WeightArchiveTest, PlansOffsets) {
  ArrayRef<ArchiveEntry> entries = layout.getEntries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].offset, 0u);
  EXPECT_EQ(entries[1].offset, 64u);
  EXPECT_EQ(entries[2].offset, 64u);
  EXPECT_EQ(layout.getPayloadBytes(), 164u);
  EXPECT_EQ(layout.add("c", "t", 1), 192u);
  EXPECT_EQ(ArchiveLayout().getPayloadBytes(), 0u);
}

TEST_F(WeightArchiveTest, HasTheSpecifiedFormat) {
  std::string bytes = build();
  std::string header = layout.getHeader();
  ASSERT_EQ(bytes.size(), 4096u + 164u);
  EXPECT_EQ(bytes.substr(0, 8), "TERNARYW");
  EXPECT_EQ(endian::read32le(&bytes[8]), 1u);
  EXPECT_EQ(endian::read32le(&bytes[12]), layout.getHeaderCRC32());
  EXPECT_EQ(endian::read64le(&bytes[16]), header.size());
  EXPECT_EQ(endian::read64le(&bytes[24]), 4096u);
  EXPECT_EQ(endian::read64le(&bytes[32]), 164u);
  EXPECT_EQ(bytes.substr(44, 20), std::string(20, '\0'));
  EXPECT_EQ(bytes.substr(64, header.size()), header);
  EXPECT_EQ(header, R"({"tensors":[{"name":"a","type":"tensor<5xi8>","offset":0,"bytes":5},)"
                    R"({"name":"none","type":"tensor<0xf32>","offset":64,"bytes":0},)"
                    R"({"name":"b","type":"tensor<100xi8>","offset":64,"bytes":100}]})");
  std::string payload = "12345" + std::string(59, '\0') + b;
  EXPECT_EQ(bytes.substr(4096), payload);
  EXPECT_EQ(endian::read32le(&bytes[40]), crc32(asBytes(payload)));
}

TEST_F(WeightArchiveTest, IsWhatTheRuntimeChecks) {
  std::string bytes = build();
  ternary_archive_prefix prefix;
  auto check = [&](uint64_t size, uint32_t crc, uint64_t expected) {
    return ternary_check_archive_prefix(reinterpret_cast<const uint8_t *>(bytes.data()),
                                        bytes.size(), size, crc, expected, &prefix);
  };
  uint32_t crc = layout.getHeaderCRC32();
  EXPECT_EQ(check(bytes.size(), crc, bytes.size()), TERNARY_OK);
  EXPECT_EQ(prefix.payload_offset, 4096u);
  EXPECT_EQ(prefix.payload_bytes, 164u);
  EXPECT_EQ(check(bytes.size(), crc ^ 1, bytes.size()), TERNARY_ARCHIVE_MISMATCH);
  EXPECT_EQ(check(bytes.size(), crc, bytes.size() + 64), TERNARY_ARCHIVE_DAMAGED);
  EXPECT_EQ(check(bytes.size() - 1, crc, bytes.size() - 1), TERNARY_ARCHIVE_DAMAGED);
}

TEST_F(WeightArchiveTest, MayBeEmpty) {
  auto writer = cantFail(WeightArchiveWriter::create(directory.getPath("w"), ArchiveLayout()));
  cantFail(writer->finish());
  EXPECT_EQ(writer->getFileBytes(), 4096u);
  cantFail(writer->keep());
  EXPECT_EQ(directory.read("w").size(), 4096u);
}

TEST_F(WeightArchiveTest, AppearsWholeOrNotAtAll) {
  directory.write("w", "old");
  {
    auto writer = cantFail(WeightArchiveWriter::create(directory.getPath("w"), layout));
    EXPECT_TRUE(sys::fs::exists(writer->getTemporaryPath()));
    EXPECT_EQ(sys::path::parent_path(writer->getTemporaryPath()), directory.getPath());
    cantFail(writer->append(asBytes("12345")));
    EXPECT_EQ(toString(writer->finish()), "expected 3 archive entries, got 1");
    EXPECT_EQ(directory.read("w"), "old");
  }
  EXPECT_EQ(directory.countFiles(), 1);
  EXPECT_EQ(write(directory.getPath("w")), "");
  EXPECT_EQ(directory.countFiles(), 1);
}

TEST_F(WeightArchiveTest, RefusesOtherDataThanPlanned) {
  auto writer = cantFail(WeightArchiveWriter::create(directory.getPath("w"), layout));
  EXPECT_EQ(toString(writer->append(asBytes("1234"))),
            "expected 5 bytes of archive entry 'a', got 4");
  writer = cantFail(WeightArchiveWriter::create(directory.getPath("w"), ArchiveLayout()));
  EXPECT_EQ(toString(writer->append({})), "expected 0 archive entries, got more");
}

TEST_F(WeightArchiveTest, ReportsWhereItCannotWrite) {
  EXPECT_EQ(write(directory.getPath("d/w")), "cannot write 'd/w': No such file or directory");
  EXPECT_EQ(write("/dev/full"), "cannot write '/dev/full': expected a regular file");
  EXPECT_TRUE(sys::fs::exists("/dev/full"));
}

/// A limit on the size of files stands in for a disk that is full.
TEST_F(WeightArchiveTest, LeavesNothingOnAFullDisk) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  for (rlim_t limit : {0, 100, 4096, 4096 + 10}) {
    rlimit small = before;
    small.rlim_cur = limit;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string message = write(directory.getPath("w"));
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(message, "cannot write 'w': File too large");
    EXPECT_EQ(directory.countFiles(), 0);
  }
  std::signal(SIGXFSZ, handler);
}

TEST_F(WeightArchiveTest, StandsAnyName) {
  ArchiveLayout strange;
  strange.add("\xff\"\n", "t", 1);
  EXPECT_EQ(strange.getHeader(), "{\"tensors\":[{\"name\":\"\xef\xbf\xbd\\\"\\n\",\"type\":\"t\","
                                 "\"offset\":0,\"bytes\":1}]}");
}
