//===- GGUFTest.cpp - Files that are not trusted --------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/GGUF.h"
#include "../TestFiles.h"
#include "GGUFBuilder.h"
#include "ternary/Import/Safetensors.h"
#include "llvm/ADT/StringExtras.h"
#include "gmock/gmock.h"
#include <random>

using namespace llvm;
using namespace ternary;
using testing::ElementsAre;
using testing::HasSubstr;

static const std::string kGoldens = TERNARY_TEST_SOURCE_DIR "/integration/data/gguf/";

/// Numbers of types.
enum : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64
};

namespace {
class GGUFTest : public testing::Test {
protected:
  /// What is wrong with a file of these bytes.
  std::string open(StringRef bytes) {
    return getMessage(GGUFFile::open(directory.write("f", bytes)), directory);
  }
  std::string openKey(uint32_t type, StringRef value) {
    return open(GGUFBuilder().key("k", type, value).build());
  }
  /// What is wrong with tensor 't' of a file with 64 bytes of data.
  std::string openTensor(ArrayRef<uint64_t> sizes, uint32_t type, uint64_t offset = 0) {
    return open(GGUFBuilder().tensor("t", sizes, type, offset).build(std::string(64, '\0')));
  }
  std::unique_ptr<GGUFFile> openGood(const GGUFBuilder &builder, StringRef data = "") {
    return cantFail(GGUFFile::open(directory.write("f", builder.build(data))));
  }

  TestDirectory directory;
};
} // namespace

//===----------------------------------------------------------------------===//
// Files of other writers
//===----------------------------------------------------------------------===//

TEST_F(GGUFTest, ReadsKeysOfAllTypes) {
  auto model = cantFail(GGUFFile::open(kGoldens + "types.gguf"));
  EXPECT_EQ(cantFail(model->getString("general.architecture")), "test");
  constexpr int64_t min = INT64_MIN, max = INT64_MAX;
  for (auto [key, value] : {std::pair("test.u8", int64_t(200)),
                            {"test.i8", -100},
                            {"test.u16", 60000},
                            {"test.i16", -30000},
                            {"test.u32", 4000000000},
                            {"test.i32", -2000000000},
                            {"test.u64", int64_t(1) << 62},
                            {"test.i64", -(int64_t(1) << 62)}})
    EXPECT_EQ(cantFail(model->getInteger(key, min, max)), value);
  EXPECT_EQ(cantFail(model->getFloat("test.f32")), 1.5);
  EXPECT_EQ(cantFail(model->getFloat("test.f64")), 0.1);
  EXPECT_EQ(cantFail(model->getBool("test.bool")), true);
  EXPECT_EQ(cantFail(model->getString("test.string")), "trits: −1, 0, +1");
  EXPECT_THAT(cantFail(model->getIntegers("test.integers", min, max)), ElementsAre(3, -1, 4));
  EXPECT_THAT(cantFail(model->getIntegers("test.u64s", min, max)),
              ElementsAre(int64_t(1) << 62, 2));
  EXPECT_THAT(cantFail(model->getFloats("test.floats")), ElementsAre(0.5, -0.25));
  EXPECT_THAT(cantFail(model->getStrings("test.strings")), ElementsAre("a", "", "ccc"));
  auto nested = *model->getMetadata().at("test.nested").getAsArray();
  ASSERT_EQ(nested.size(), 2u);
  EXPECT_EQ((*nested[0].getAsArray())[1].getAsInteger(), 2);
  EXPECT_EQ((*nested[1].getAsArray())[0].getAsInteger(), 3);
  EXPECT_TRUE(model->has("test.u8"));
  EXPECT_FALSE(model->has("test.u9"));
}

TEST_F(GGUFTest, ReadsTensorsOfAllTypes) {
  auto expected = cantFail(SafetensorsFile::open(kGoldens + "types.safetensors"));
  auto readExpected = [&](StringRef name) { return cantFail(expected->read(name)); };
  int seen = 0;
  for (I2SLayout layout : {I2SLayout::Blocks128, I2SLayout::Blocks64}) {
    auto model = cantFail(GGUFFile::open(kGoldens + "types.gguf", layout));
    for (const GGUFTensor &tensor : model->getTensors()) {
      SCOPED_TRACE(tensor.name);
      if (!isTernary(tensor.type)) {
        HostTensor floats = cantFail(convert(cantFail(model->readFloats(tensor.name)), DType::F32));
        EXPECT_EQ(floats.getShape(), readExpected(tensor.name).getShape());
        EXPECT_EQ(floats.getValues<float>(), readExpected(tensor.name).getValues<float>());
        ++seen;
        continue;
      }
      if (tensor.name == (layout == I2SLayout::Blocks128 ? "i2_s_64" : "i2_s_128"))
        continue;
      QuantizedWeights weights = cantFail(model->readTernary(tensor.name));
      HostTensor scale = readExpected(tensor.name + ".scale");
      EXPECT_EQ(weights.trits.getShape(), ArrayRef<int64_t>({5, 512}));
      EXPECT_EQ(weights.trits.getBytes(), readExpected(tensor.name + ".trits").getBytes());
      EXPECT_EQ(weights.scale.getShape(), scale.getShape());
      EXPECT_EQ(weights.scale.getBytes(), scale.getBytes());
      ++seen;
    }
  }
  EXPECT_EQ(seen, 2 * (5 + 5));
}

/// What other programs write of the same values, we write as well.
TEST_F(GGUFTest, EncodesAsOthersDo) {
  auto expected = cantFail(SafetensorsFile::open(kGoldens + "types.safetensors"));
  auto readExpected = [&](StringRef name) { return cantFail(expected->read(name)); };
  auto model = cantFail(GGUFFile::open(kGoldens + "types.gguf"));
  std::string file =
      cantFail(errorOrToExpected(MemoryBuffer::getFile(model->getPath())))->getBuffer().str();
  for (const GGUFTensor &tensor : model->getTensors()) {
    SCOPED_TRACE(tensor.name);
    if (tensor.type == GGMLType::Q6_K)
      continue;
    StringRef bytes = StringRef(file).substr(tensor.begin, tensor.bytes);
    HostTensor encoded;
    if (isTernary(tensor.type)) {
      HostTensor trits = readExpected(tensor.name + ".trits");
      HostTensor scale = readExpected(tensor.name + ".scale");
      encoded = cantFail(
          encodeTernary(tensor.type, {trits, scale},
                        tensor.name == "i2_s_64" ? I2SLayout::Blocks64 : I2SLayout::Blocks128));
    } else {
      encoded = cantFail(
          encodeFloats(tensor.type, readExpected(tensor.name == "f32" ? "f32" : "floats")));
    }
    // Behind the scale of I2_S, anything may be.
    size_t count = tensor.type == GGMLType::I2_S ? tensor.bytes - 28 : tensor.bytes;
    EXPECT_TRUE(toStringRef(encoded.getBytes()).take_front(count) == bytes.take_front(count));
  }
}

/// Models that llama.cpp has quantised.
TEST_F(GGUFTest, ReadsModels) {
  for (StringRef name : {"llama-tq2", "bitnet-tq1"}) {
    auto model = cantFail(GGUFFile::open((kGoldens + name + ".gguf").str()));
    std::string architecture = cantFail(model->getString("general.architecture")).str();
    EXPECT_EQ(architecture, name.split('-').first);
    EXPECT_EQ(cantFail(model->getInteger(architecture + ".embedding_length", 1, 1000)), 256);
    EXPECT_EQ(cantFail(model->getStrings("tokenizer.ggml.tokens")).size(), 288u);
    int matrices = 0;
    for (const GGUFTensor &tensor : model->getTensors()) {
      SCOPED_TRACE(tensor.name);
      if (!isTernary(tensor.type)) {
        EXPECT_FALSE(checkFinite(cantFail(model->readFloats(tensor.name))));
        continue;
      }
      QuantizedWeights weights = mergeScales(cantFail(model->readTernary(tensor.name)));
      EXPECT_EQ(weights.trits.getShape(), ArrayRef(tensor.shape));
      EXPECT_EQ(weights.scale.getShape(), ArrayRef<int64_t>({1}));
      ++matrices;
    }
    EXPECT_EQ(matrices, 2 * 7);
  }
}

TEST_F(GGUFTest, ReadsSplitModels) {
  auto model = cantFail(GGUFFile::open(kGoldens + "split-00001-of-00003.gguf"));
  EXPECT_EQ(cantFail(model->getString("general.architecture")), "test");
  ASSERT_EQ(model->getTensors().size(), 5u);
  for (int i = 0; i < 5; ++i) {
    HostTensor tensor = cantFail(model->readFloats("t" + std::to_string(i)));
    EXPECT_EQ(tensor.getValues<float>().vec(), std::vector<float>(3 + i, i));
  }
}

//===----------------------------------------------------------------------===//
// Headers
//===----------------------------------------------------------------------===//

TEST_F(GGUFTest, RefusesWrongHeaders) {
  EXPECT_EQ(open(""), "f: expected 4 bytes from byte 0 on, got 0");
  EXPECT_EQ(open("GGML...."), "f: expected a file that begins with GGUF, got another");
  EXPECT_EQ(open("GGUF\1\0"), "f: expected 4 bytes from byte 4 on, got 1");
  EXPECT_EQ(open(StringRef("GGUF\0\0\0\3", 8)),
            "f: expected a little-endian file, got a big-endian one");
  GGUFBuilder builder;
  for (uint32_t version : {0u, 1u, 4u}) {
    builder.version = version;
    EXPECT_EQ(open(builder.build()),
              "f: expected version 2 or 3 of GGUF, got " + std::to_string(version));
  }
  for (uint32_t version : {2u, 3u}) {
    builder.version = version;
    EXPECT_EQ(open(builder.build()), "");
  }
  builder.numKeys = ~uint64_t(0);
  EXPECT_EQ(open(builder.build()),
            "f: key 0 of 18446744073709551615: expected a name of 1 to 255 bytes before byte 32, "
            "got 0");
}

TEST_F(GGUFTest, RefusesWrongKeys) {
  EXPECT_EQ(openKey(13, ""), "f: key 'k': expected the type of a value, up to 12, got 13");
  EXPECT_EQ(openKey(kBool, "\2"), "f: key 'k': expected a bool of 0 or 1, got 2");
  EXPECT_EQ(openKey(kString, number<uint64_t>(~0ull)),
            "f: key 'k': expected 18446744073709551615 bytes from byte 45 on, got 19");
  auto array = [](uint32_t type, uint64_t count, StringRef elements) {
    return number(type) + number(count) + elements.str();
  };
  EXPECT_EQ(openKey(kArray, array(kU64, uint64_t(1) << 61, "")),
            "f: key 'k': expected 2305843009213693952 elements from byte 49 on, got 15 bytes");
  EXPECT_EQ(openKey(kArray, array(kString, 6, text("") + text(""))),
            "f: key 'k': expected 6 elements from byte 49 on, got 47 bytes");
  EXPECT_EQ(openKey(kArray, array(kBool, 2, StringRef("\1\3", 2))),
            "f: key 'k': expected a bool of 0 or 1, got 3");
  EXPECT_EQ(openKey(kArray, array(14, 2, "")),
            "f: key 'k': expected the type of a value, up to 12, got 14");
  std::string deep;
  for (int i = 0; i < 8; ++i)
    deep += array(kArray, 1, "");
  EXPECT_EQ(openKey(kArray, deep + array(kU8, 0, "")),
            "f: key 'k': expected arrays of at most 8 levels, got more");
  EXPECT_EQ(open(GGUFBuilder().integer("k", 1).integer("k", 2).build()),
            "f: key 'k': expected different keys, got this one twice");
  EXPECT_EQ(open(GGUFBuilder().integer("", 1).build()),
            "f: key 0 of 1: expected a name of 1 to 255 bytes before byte 32, got 0");
  EXPECT_EQ(open(GGUFBuilder().integer(std::string(256, 'k'), 1).build()),
            "f: key 0 of 1: expected a name of 1 to 255 bytes before byte 288, got 256");
  for (StringRef name : {"a\nb", "\x7f", "\xff", "\xc3"})
    EXPECT_THAT(open(GGUFBuilder().integer(name, 1).build()),
                HasSubstr("expected a name of printable UTF-8 before byte "));
}

TEST_F(GGUFTest, ChecksWhatItIsAskedFor) {
  auto model =
      openGood(GGUFBuilder()
                   .integer("i", 7)
                   .key("s", kString, text("x"))
                   .key("inf", kF32, number<uint32_t>(0x7f800000))
                   .key("u64", kU64, number<uint64_t>(~0ull))
                   .key("b", kBool, "\1")
                   .key("a", kArray, number(kI32) + number<uint64_t>(2) + number(5) + number(-5)));
  auto message = [&](auto value) { return getMessage(std::move(value), directory); };
  EXPECT_EQ(message(model->getInteger("i", 0, 7)), "");
  EXPECT_EQ(message(model->getInteger("i", 0, 6)),
            "f: key 'i': expected an integer from 0 to 6, got u32 7");
  EXPECT_EQ(message(model->getInteger("j", 0, 6)),
            "f: key 'j': expected an integer from 0 to 6, got none");
  EXPECT_EQ(message(model->getInteger("s", 0, 6)),
            "f: key 's': expected an integer from 0 to 6, got string");
  EXPECT_EQ(message(model->getInteger("u64", 0, INT64_MAX)),
            "f: key 'u64': expected an integer from 0 to 9223372036854775807, got u64");
  EXPECT_EQ(message(model->getString("i")), "f: key 'i': expected a string, got u32 7");
  EXPECT_EQ(message(model->getFloat("inf")), "f: key 'inf': expected a finite f32 or f64, got f32");
  EXPECT_EQ(message(model->getFloat("i")), "f: key 'i': expected a finite f32 or f64, got u32 7");
  EXPECT_EQ(message(model->getBool("i")), "f: key 'i': expected a bool, got u32 7");
  EXPECT_EQ(message(model->getStrings("a")),
            "f: key 'a': expected an array of strings, got i32 5 as element 0");
  EXPECT_EQ(message(model->getStrings("s")),
            "f: key 's': expected an array of strings, got string");
  EXPECT_EQ(message(model->getIntegers("a", 0, 9)),
            "f: key 'a': expected an array of integers from 0 to 9, got i32 -5 as element 1");
  EXPECT_EQ(message(model->getFloats("a")),
            "f: key 'a': expected an array of finite floats, got i32 5 as element 0");
  EXPECT_EQ(message(model->getInteger("a", 0, 9)),
            "f: key 'a': expected an integer from 0 to 9, got array of i32");
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

TEST_F(GGUFTest, RefusesWrongTensors) {
  EXPECT_EQ(openTensor({16}, 0), "");
  EXPECT_EQ(openTensor({4, 2, 2}, 0), "");
  EXPECT_EQ(openTensor({1, 1, 1, 1, 1}, 0), "f: tensor 't': expected at most 4 sizes, got 5");
  EXPECT_EQ(openTensor({0}, 0), "f: tensor 't': expected sizes from 1 to 2^63 - 1, got 0");
  EXPECT_EQ(openTensor({uint64_t(1) << 63}, 0),
            "f: tensor 't': expected sizes from 1 to 2^63 - 1, got 9223372036854775808");
  EXPECT_EQ(openTensor({uint64_t(1) << 31, uint64_t(1) << 31}, 0),
            "f: tensor 't': expected a size below 2^63 bytes, got F32 [2147483648, 2147483648]");
  EXPECT_EQ(openTensor({100, 2}, 35),
            "f: tensor 't': expected a multiple of 256 columns of TQ2_0, got shape [2, 100]");
  EXPECT_EQ(openTensor({16}, 39), "f: tensor 't': expected a type that means one thing, got 39, "
                                  "which is MXFP4 or TL2");
  EXPECT_EQ(openTensor({16}, 1000), "f: tensor 't': expected the number of a known type, got 1000");
  EXPECT_EQ(openTensor({16}, 0, 1),
            "f: tensor 't': expected an offset that is a multiple of 32, the alignment, got 1");
  EXPECT_EQ(open(GGUFBuilder().tensor("", {1}, 0, 0).build()),
            "f: tensor 0 of 1: expected a name of 1 to 255 bytes before byte 32, got 0");
  GGUFBuilder builder;
  builder.numTensors = 2;
  EXPECT_EQ(open(builder.build()),
            "f: tensor 0 of 2: expected a name of 1 to 255 bytes before byte 32, got 0");
}

TEST_F(GGUFTest, RefusesWrongPlaces) {
  EXPECT_EQ(openTensor({17}, 0), "f: tensor 't': expected 68 bytes of F32 [17] from byte 0 of the "
                                 "data on, got 64 bytes of data");
  EXPECT_EQ(openTensor({8}, 0), "f: expected 32 bytes of data, got 64");
  EXPECT_EQ(openTensor({8}, 0, 32), "f: tensor 't': expected data from byte 0 on, where the "
                                    "previous tensor ends, got 32 (hole)");
  auto openTwo = [&](uint64_t first, uint64_t second) {
    return open(GGUFBuilder()
                    .tensor("a", {9}, 0, first)
                    .tensor("b", {9}, 0, second)
                    .build(std::string(128, '\0')));
  };
  EXPECT_EQ(openTwo(0, 64), "");
  EXPECT_EQ(openTwo(64, 0), "");
  EXPECT_EQ(openTwo(0, 32), "f: tensor 'b': expected data from byte 64 on, where the previous "
                            "tensor ends, got 32 (overlap)");
  EXPECT_EQ(openTwo(0, 0), "f: tensor 'b': expected data from byte 64 on, where the previous "
                           "tensor ends, got 0 (overlap)");
  EXPECT_EQ(openTwo(0, 96), "f: tensor 'b': expected data from byte 64 on, where the previous "
                            "tensor ends, got 96 (hole)");
  EXPECT_EQ(openTwo(0, uint64_t(0) - 32), "f: tensor 'b': expected data from byte 64 on, where "
                                          "the previous tensor ends, got 18446744073709551584 "
                                          "(hole)");
  // The padding of the last tensor may be missing, and all of the data as well.
  GGUFBuilder last = GGUFBuilder().tensor("t", {1}, 0, 0);
  EXPECT_EQ(open(last.build("1234")), "");
  EXPECT_EQ(open(last.build("123")), "f: tensor 't': expected 4 bytes of F32 [1] from byte 0 of "
                                     "the data on, got 3 bytes of data");
  EXPECT_EQ(open(last.build("", 1)), "f: expected data from byte 64 on, got 57 bytes");
  EXPECT_EQ(open(GGUFBuilder()
                     .tensor("t", {1}, 0, 0)
                     .tensor("t", {1}, 0, 32)
                     .build(std::string(64, '\0'))),
            "f: tensor 't': expected different names, got this one twice");
}

/// The sizes of all tensors say which of two types number 42 is. Here 4 x 512 weights take 576
/// bytes in blocks of 64 and 544 in blocks of 128, then 128 weights take 36 and 34.
TEST_F(GGUFTest, TellsBlocksOf64From128) {
  auto openTwo = [&](uint64_t second) {
    return GGUFFile::open(directory.write("f", GGUFBuilder()
                                                   .tensor("a", {512, 4}, 42, 0)
                                                   .tensor("b", {128}, 42, second)
                                                   .build(std::string(second + 64, '\0'))));
  };
  for (auto [second, type, bytes] :
       {std::tuple(576u, GGMLType::Q2_0, 36u), std::tuple(544u, GGMLType::PQ2_0, 34u)}) {
    auto model = cantFail(openTwo(second));
    for (const GGUFTensor &tensor : model->getTensors())
      EXPECT_EQ(tensor.type, type);
    EXPECT_EQ(model->getTensors()[1].bytes, bytes);
  }
  EXPECT_EQ(getMessage(openTwo(608), directory),
            "f: tensor 'b': expected data from byte 576 on, where the previous tensor ends, got "
            "608 (hole); blocks of 128 weights of Q2_0 do not fit either");
  // Padding hides what so few weights take.
  EXPECT_EQ(openTensor({128}, 42), "f: expected tensors of Q2_0 whose sizes tell blocks of 64 "
                                   "weights from blocks of 128, got some that both fit");
  EXPECT_EQ(openTensor({64}, 42), "f: expected 32 bytes of data, got 64");
}

TEST_F(GGUFTest, ReadsTensorsAtAnyPlace) {
  std::vector<float> values(100'000);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i;
  std::string data(reinterpret_cast<char *>(values.data()), 400'000);
  for (uint32_t alignment : {1u, 2u, 64u, 1u << 16}) {
    GGUFBuilder builder =
        GGUFBuilder().integer("general.alignment", alignment).tensor("t", {100'000}, 0, 0);
    auto model = cantFail(GGUFFile::open(directory.write("f", builder.build(data, alignment))));
    HostTensor tensor = cantFail(model->readFloats("t"));
    model.reset(); // the tensor needs the file no longer
    EXPECT_EQ(tensor.getValues<float>(), ArrayRef(values));
  }
  for (uint32_t alignment : {0u, 3u, 24u})
    EXPECT_EQ(open(GGUFBuilder().integer("general.alignment", alignment).build()),
              "f: key 'general.alignment': expected a power of two of 32 bits, got " +
                  std::to_string(alignment));
  EXPECT_EQ(open(GGUFBuilder().key("general.alignment", kString, text("32")).build()),
            "f: key 'general.alignment': expected a power of two of 32 bits, got string");
}

TEST_F(GGUFTest, RefusesToReadWhatItCannot) {
  auto model = openGood(GGUFBuilder()
                            .tensor("iq2", {256}, 22, 0)
                            .tensor("f", {2}, 0, 96)
                            .tensor("v", {256}, 35, 128)
                            .tensor("s", {64, 1}, 36, 224)
                            .tensor("c", {256, 1}, 35, 288),
                        std::string(288, '\0') + std::string(66, '\xff'));
  auto message = [&](auto value) { return getMessage(std::move(value), directory); };
  EXPECT_EQ(message(model->readFloats("x")), "f: tensor 'x': expected it to be there, got none");
  EXPECT_EQ(message(model->readFloats("iq2")),
            "f: tensor 'iq2': expected a type that can be read as floats, got IQ2_S");
  EXPECT_EQ(message(model->readFloats("c")),
            "f: tensor 'c': expected a type that can be read as floats, got TQ2_0");
  EXPECT_EQ(message(model->readTernary("f")),
            "f: tensor 'f': expected type TQ1_0, TQ2_0, I2_S, IQ1_BN or IQ2_BN, got F32");
  EXPECT_EQ(message(model->readTernary("v")), "f: tensor 'v': expected a matrix, got shape [256]");
  EXPECT_THAT(message(model->readTernary("s")),
              HasSubstr("f: tensor 's': expected to be told the layout of I2_S"));
  EXPECT_EQ(message(model->readTernary("c")),
            "f: tensor 'c': expected codes of trits, got another at [0, 0]");
}

//===----------------------------------------------------------------------===//
// Split models
//===----------------------------------------------------------------------===//

/// A file of a split model of two, with one tensor.
static GGUFBuilder buildSplit(StringRef tensor, uint16_t number, uint16_t count = 2,
                              int32_t tensors = 2) {
  return GGUFBuilder()
      .key("split.no", kU16, ternary::number(number))
      .key("split.count", kU16, ternary::number(count))
      .key("split.tensors.count", kI32, ternary::number(tensors))
      .tensor(tensor, {1}, 0, 0);
}

TEST_F(GGUFTest, RefusesWrongSplits) {
  auto openSplit = [&](const GGUFBuilder &first, const GGUFBuilder &second) {
    std::string path = directory.write("m-00001-of-00002.gguf", first.build("1234"));
    directory.write("m-00002-of-00002.gguf", second.build("5678"));
    return getMessage(GGUFFile::open(path), directory);
  };
  EXPECT_EQ(openSplit(buildSplit("a", 0), buildSplit("b", 1)), "");
  EXPECT_EQ(getMessage(GGUFFile::open(directory.getPath("m-00002-of-00002.gguf")), directory),
            "m-00002-of-00002.gguf: expected the first file of a split model, "
            "m-00001-of-00002.gguf");
  EXPECT_EQ(openSplit(buildSplit("a", 0), buildSplit("a", 1)),
            "m-00002-of-00002.gguf: tensor 'a': expected different names, got this one twice");
  EXPECT_EQ(openSplit(buildSplit("a", 0), buildSplit("b", 0)),
            "m-00002-of-00002.gguf: key 'split.no': expected 1, got 0");
  EXPECT_EQ(openSplit(buildSplit("a", 0), buildSplit("b", 1, 3)),
            "m-00002-of-00002.gguf: key 'split.count': expected 2, got 3");
  EXPECT_EQ(openSplit(buildSplit("a", 0), GGUFBuilder().tensor("b", {1}, 0, 0)),
            "m-00002-of-00002.gguf: key 'split.no': expected 1, got no integer");
  EXPECT_EQ(openSplit(buildSplit("a", 0, 2, 3), buildSplit("b", 1)),
            "m-00001-of-00002.gguf: expected 3 tensors in 2 files, as split.tensors.count says, "
            "got 2");
  EXPECT_EQ(openSplit(buildSplit("a", 2), buildSplit("b", 1)),
            "m-00001-of-00002.gguf: key 'split.no': expected an integer from 0 to 1, got u16 2");
  EXPECT_EQ(openSplit(buildSplit("a", 0, 0), buildSplit("b", 1)),
            "m-00001-of-00002.gguf: key 'split.count': expected an integer from 1 to 99999, got "
            "u16 0");
  EXPECT_EQ(open(buildSplit("a", 0).build("1234")),
            "f: expected a name that ends in -00001-of-00002.gguf, as split.no and split.count "
            "say");
  EXPECT_EQ(open(buildSplit("a", 0, 1).build("1234")), "");
  directory.write("n-00001-of-00002.gguf", buildSplit("a", 0).build("1234"));
  EXPECT_EQ(getMessage(GGUFFile::open(directory.getPath("n-00001-of-00002.gguf")), directory),
            "n-00002-of-00002.gguf: No such file or directory");
}

TEST_F(GGUFTest, RefusesFilesThatItCannotRead) {
  EXPECT_EQ(getMessage(GGUFFile::open(directory.getPath("g")), directory),
            "g: No such file or directory");
  EXPECT_EQ(getMessage(GGUFFile::open("/dev/zero"), directory),
            "/dev/zero: expected a regular file");
  EXPECT_EQ(open("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
            "f: expected the file itself, got a pointer of Git LFS, in whose place 'git lfs pull' "
            "puts the file");
}

/// Any damage is either refused or harmless; sanitizers watch.
TEST_F(GGUFTest, SurvivesDamage) {
  auto buffer = cantFail(errorOrToExpected(MemoryBuffer::getFile(kGoldens + "types.gguf")));
  StringRef whole = buffer->getBuffer();
  std::mt19937 generator(1);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole.str();
    for (unsigned edits = 1 + generator() % 3; edits > 0; --edits)
      damaged[generator() % (i % 2 ? 1600 : damaged.size())] ^= 1 << generator() % 8;
    if (i % 4 == 0)
      damaged.resize(generator() % damaged.size());
    auto model = GGUFFile::open(directory.write("f", damaged), I2SLayout::Blocks64);
    if (!model) {
      EXPECT_EQ(toString(model.takeError()).find('\n'), std::string::npos);
      continue;
    }
    for (const GGUFTensor &tensor : (*model)->getTensors()) {
      consumeError((*model)->readFloats(tensor.name).takeError());
      consumeError((*model)->readTernary(tensor.name).takeError());
    }
  }
}
