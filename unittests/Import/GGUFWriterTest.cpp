//===- GGUFWriterTest.cpp - Files that we write ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/GGUFWriter.h"
#include "../TestFiles.h"
#include "gmock/gmock.h"

using namespace llvm;
using namespace ternary;
using testing::ElementsAre;

namespace {
class GGUFWriterTest : public testing::Test {
protected:
  std::unique_ptr<GGUFFile> writeAndOpen(const GGUFWriter &writer) {
    cantFail(writer.write(directory.getPath("f")));
    return cantFail(GGUFFile::open(directory.getPath("f"), I2SLayout::Blocks128));
  }
  std::string write(const GGUFWriter &writer) {
    return getMessage(writer.write(directory.getPath("f")), directory);
  }

  TestDirectory directory;
};
} // namespace

static HostTensor makeFloats(ArrayRef<int64_t> shape, float value) {
  HostTensor tensor = HostTensor::allocate(DType::F32, shape);
  llvm::fill(tensor.getMutableValues<float>(), value);
  return tensor;
}

TEST_F(GGUFWriterTest, WritesKeys) {
  GGUFWriter writer;
  writer.setUInt32("u32", 1u << 31);
  writer.setInt32("i32", -3);
  writer.setFloat32("f32", 0.75f);
  writer.setBool("bool", true);
  writer.setString("string", "text");
  writer.setStrings("strings", {"a", "", "b"});
  writer.setInt32s("integers", {1, -2});
  writer.setFloat32s("floats", {0.5f});
  auto model = writeAndOpen(writer);
  for (auto [key, value] : {std::pair("u32", int64_t(1) << 31), {"i32", -3}})
    EXPECT_EQ(cantFail(model->getInteger(key, INT64_MIN, INT64_MAX)), value);
  EXPECT_EQ(model->getMetadata().at("u32").getTypeName(), "u32");
  EXPECT_EQ(model->getMetadata().at("i32").getTypeName(), "i32");
  EXPECT_EQ(cantFail(model->getFloat("f32")), 0.75);
  EXPECT_EQ(cantFail(model->getBool("bool")), true);
  EXPECT_EQ(cantFail(model->getString("string")), "text");
  EXPECT_THAT(cantFail(model->getStrings("strings")), ElementsAre("a", "", "b"));
  EXPECT_THAT(cantFail(model->getIntegers("integers", -9, 9)), ElementsAre(1, -2));
  EXPECT_THAT(cantFail(model->getFloats("floats")), ElementsAre(0.5));
  EXPECT_TRUE(model->getTensors().empty());
}

TEST_F(GGUFWriterTest, WritesTensors) {
  QuantizedWeights weights{HostTensor::allocate(DType::Trit, {3, 256}), makeFloats({1}, 0.5f)};
  for (auto [i, trit] : enumerate(weights.trits.getMutableValues<int8_t>()))
    trit = int(i * i % 3) - 1;
  HostTensor odd = makeFloats({3}, 2);
  for (uint32_t alignment : {32u, 8u, 4096u}) {
    GGUFWriter writer;
    writer.setAlignment(alignment);
    writer.addTensor("odd", GGMLType::F16, {3}, [&] { return encodeFloats(GGMLType::F16, odd); });
    for (GGMLType type :
         {GGMLType::TQ1_0, GGMLType::TQ2_0, GGMLType::I2_S, GGMLType::IQ1_BN, GGMLType::IQ2_BN})
      writer.addTensor(getGGMLTypeInfo(type).name, type, {3, 256}, [&weights, type] {
        return encodeTernary(type, weights, I2SLayout::Blocks128);
      });
    writer.addTensor("last", GGMLType::F32, {3}, [&] { return odd; });
    auto model = writeAndOpen(writer);
    ASSERT_EQ(model->getTensors().size(), 7u);
    EXPECT_EQ(cantFail(model->readFloats("odd")).getDType(), DType::F16);
    EXPECT_EQ(cantFail(model->readFloats("last")).getBytes(), odd.getBytes());
    for (const GGUFTensor &tensor : model->getTensors().drop_front().drop_back()) {
      EXPECT_EQ(tensor.begin % alignment, 0u);
      QuantizedWeights read = mergeScales(cantFail(model->readTernary(tensor.name)));
      EXPECT_EQ(read.trits.getBytes(), weights.trits.getBytes());
      EXPECT_EQ(read.scale.getBytes(), weights.scale.getBytes());
    }
  }
}

TEST_F(GGUFWriterTest, LeavesNothingBehind) {
  GGUFWriter writer;
  writer.addTensor("good", GGMLType::F32, {4}, [] { return makeFloats({4}, 1); });
  GGUFWriter failing = writer;
  failing.addTensor("bad", GGMLType::F32, {4},
                    []() -> Expected<HostTensor> { return createStringError("no values"); });
  EXPECT_EQ(write(failing), "f: tensor 'bad': no values");
  GGUFWriter wrong = writer;
  wrong.addTensor("bad", GGMLType::F32, {4}, [] { return makeFloats({3}, 1); });
  EXPECT_EQ(write(wrong), "f: tensor 'bad': expected 16 bytes, got 12");
  GGUFWriter odd = writer;
  odd.addTensor("bad", GGMLType::Q8_0, {4}, [] { return makeFloats({3}, 1); });
  EXPECT_EQ(write(odd), "f: tensor 'bad': expected rows of whole blocks of Q8_0, got shape [4]");
  EXPECT_EQ(directory.countFiles(), 0);
  EXPECT_EQ(write(writer), "");
  EXPECT_EQ(directory.countFiles(), 1);
  EXPECT_EQ(getMessage(writer.write(directory.getPath("none/f")), directory),
            "cannot write 'none/f': No such file or directory");
}
