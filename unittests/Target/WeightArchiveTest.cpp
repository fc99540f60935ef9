//===- WeightArchiveTest.cpp - The file of a model's weights --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/WeightArchive.h"
#include "../TestFiles.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include "gmock/gmock.h"
#include <csignal>
#include <sys/resource.h>

using namespace llvm;
using namespace llvm::support;
using namespace ternary;
using testing::HasSubstr;

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
  std::string open(StringRef bytes) {
    directory.write("w", bytes);
    return getMessage(WeightArchive::open(directory.getPath("w")), directory);
  }
  /// A valid archive.
  std::string build() {
    EXPECT_EQ(write(directory.getPath("w")), "");
    return directory.read("w");
  }
  /// An archive with this header, its checksum made to fit.
  std::string buildWith(StringRef header) {
    std::string bytes = build();
    write32le(&bytes[12], crc32(asBytes(header)));
    write64le(&bytes[16], header.size());
    bytes.replace(64, header.size(), header.str());
    return bytes;
  }

  static void write32le(char *at, uint32_t value) { endian::write32le(at, value); }
  static void write64le(char *at, uint64_t value) { endian::write64le(at, value); }

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

TEST_F(WeightArchiveTest, ReadsWhatItWrites) {
  ASSERT_EQ(write(directory.getPath("w")), "");
  auto archive = WeightArchive::open(directory.getPath("w"));
  ASSERT_TRUE(bool(archive)) << toString(archive.takeError());
  EXPECT_EQ((*archive)->getHeaderCRC32(), layout.getHeaderCRC32());
  EXPECT_EQ((*archive)->getEntries().size(), 3u);
  EXPECT_EQ(*(*archive)->lookup("a"), asBytes("12345"));
  EXPECT_EQ((*archive)->lookup("none")->size(), 0u);
  EXPECT_EQ(*(*archive)->lookup("b"), asBytes(b));
  EXPECT_FALSE((*archive)->lookup("c"));
  EXPECT_FALSE((*archive)->verifyPayload());
}

TEST_F(WeightArchiveTest, MayBeEmpty) {
  auto writer = cantFail(WeightArchiveWriter::create(directory.getPath("w"), ArchiveLayout()));
  cantFail(writer->finish());
  EXPECT_EQ(writer->getFileBytes(), 4096u);
  cantFail(writer->keep());
  auto archive = cantFail(WeightArchive::open(directory.getPath("w")));
  EXPECT_TRUE(archive->getEntries().empty());
  EXPECT_FALSE(archive->verifyPayload());
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

TEST_F(WeightArchiveTest, RefusesDamage) {
  std::string whole = build();
  EXPECT_EQ(open(whole), "");
  EXPECT_EQ(open(""), "w: expected at least 64 bytes, got 0");
  EXPECT_EQ(open(std::string(64, 'x')), "w: expected a weight archive");
  for (size_t size : {64, 100, 4095, 4096, 4259})
    EXPECT_THAT(open(whole.substr(0, size)), HasSubstr("w: expected a "));
  EXPECT_EQ(open(whole + "x"), "w: expected a payload of 164 bytes, got 165");

  std::string version = whole, header = whole, offset = whole, length = whole;
  version[8] = 2;
  EXPECT_EQ(open(version), "w: expected version 1 of the archive format, got 2");
  header[70] ^= 1;
  EXPECT_EQ(open(header), "w: checksum of the header does not match");
  write64le(&offset[24], 4097);
  EXPECT_THAT(open(offset), HasSubstr("and a payload at 4097 within 4260"));
  write64le(&length[16], UINT64_MAX);
  EXPECT_THAT(open(length), HasSubstr("expected a header of 18446744073709551615 bytes"));

  std::string payload = whole;
  payload.back() ^= 1;
  directory.write("w", payload);
  auto archive = cantFail(WeightArchive::open(directory.getPath("w")));
  EXPECT_EQ(getMessage(archive->verifyPayload(), directory),
            "w: checksum of the payload does not match");
}

TEST_F(WeightArchiveTest, RefusesWrongHeaders) {
  auto openTensors = [&](StringRef tensors) {
    return open(buildWith(("{\"tensors\": [" + tensors + "]}").str()));
  };
  EXPECT_THAT(open(buildWith("{")), HasSubstr("w: invalid JSON"));
  EXPECT_EQ(open(buildWith("{}")), "w: expected an array tensors, got none");
  for (StringRef tensor : {"1", "{}", R"({"name": "a", "type": "t", "offset": 0})",
                           R"({"name": "a", "type": "t", "offset": 0.5, "bytes": 1})"})
    EXPECT_EQ(openTensors(tensor), "w: expected tensors with name, type, offset and bytes");
  auto describe = [](StringRef name, StringRef offset, StringRef bytes) {
    return ("{\"name\": \"" + name + "\", \"type\": \"t\", \"offset\": " + offset +
            ", \"bytes\": " + bytes + "}")
        .str();
  };
  EXPECT_EQ(openTensors(describe("a", "0", "164")), "");
  EXPECT_EQ(openTensors(describe("a", "0", "165")),
            "w: tensor 'a': expected it within 164 bytes, got 165 bytes at 0");
  EXPECT_EQ(openTensors(describe("a", "-64", "64")),
            "w: tensor 'a': expected it within 164 bytes, got 64 bytes at -64");
  EXPECT_EQ(openTensors(describe("a", "0", "-1")),
            "w: tensor 'a': expected it within 164 bytes, got -1 bytes at 0");
  EXPECT_EQ(openTensors(describe("a", "32", "1")),
            "w: tensor 'a': expected an offset that is a multiple of 64 and at "
            "least 0, got 32");
  EXPECT_EQ(openTensors(describe("a", "0", "65") + "," + describe("b", "64", "1")),
            "w: tensor 'b': expected an offset that is a multiple of 64 and at "
            "least 65, got 64");
  EXPECT_EQ(openTensors(describe("a", "0", "1") + "," + describe("a", "64", "1")),
            "w: tensor 'a': expected different names, got it twice");
}

TEST_F(WeightArchiveTest, StandsAnyName) {
  ArchiveLayout strange;
  strange.add("\xff\"\n", "t", 1);
  auto writer = cantFail(WeightArchiveWriter::create(directory.getPath("w"), strange));
  cantFail(writer->append(asBytes("x")));
  cantFail(writer->finish());
  cantFail(writer->keep());
  auto archive = cantFail(WeightArchive::open(directory.getPath("w")));
  EXPECT_EQ(archive->getEntries()[0].name, "\xef\xbf\xbd\"\n");
}
