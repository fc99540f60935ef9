//===- CheckpointTest.cpp - Directories with parameters -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../TestFiles.h"
#include "SafetensorsBuilder.h"
#include "ternary/Import/Safetensors.h"
#include <cmath>

using namespace llvm;
using namespace ternary;

static constexpr StringLiteral kIndex = "model.safetensors.index.json";

namespace {
class CheckpointTest : public testing::Test {
protected:
  std::string open() { return getMessage(Checkpoint::open(directory.getPath()), directory); }
  /// What is wrong with an index with this weight_map.
  std::string openIndex(StringRef weightMap) {
    directory.write(kIndex, ("{\"weight_map\": " + weightMap + "}").str());
    return open();
  }
  std::string read(StringRef name, ArrayRef<int64_t> shape) {
    auto checkpoint = cantFail(Checkpoint::open(directory.getPath()));
    return getMessage(checkpoint->read(name, shape), directory);
  }
  /// The error and the warnings of a check.
  std::string check(ArrayRef<ParameterInfo> parameters) {
    auto checkpoint = cantFail(Checkpoint::open(directory.getPath()));
    std::string warnings;
    std::string error = getMessage(
        checkpoint->check(parameters, [&](const Twine &message) { warnings += message.str(); }),
        directory);
    return error + StringRef(warnings).split(": ").second.str();
  }
  void writeShards() {
    directory.write("s1", SafetensorsBuilder().add("a", {2, 2}, 1).build());
    directory.write("s2", SafetensorsBuilder().add("b", {3}, 2).build());
  }

  TestDirectory directory;
};
} // namespace

TEST_F(CheckpointTest, ReadsOneFile) {
  directory.write("model.safetensors", SafetensorsBuilder().add("a", {2, 2}, 1.5f).build());
  auto checkpoint = cantFail(Checkpoint::open(directory.getPath()));
  HostTensor a = cantFail(checkpoint->read("a", {2, 2}));
  EXPECT_EQ(a.getValues<float>(), ArrayRef<float>({1.5f, 1.5f, 1.5f, 1.5f}));
}

TEST_F(CheckpointTest, ReadsShards) {
  writeShards();
  EXPECT_EQ(openIndex(R"({"a": "s1", "b": "s2"})"), "");
  auto checkpoint = cantFail(Checkpoint::open(directory.getPath()));
  EXPECT_EQ(cantFail(checkpoint->read("a", {2, 2})).getValues<float>()[0], 1.0f);
  EXPECT_EQ(cantFail(checkpoint->read("b", {3})).getValues<float>()[2], 2.0f);
}

TEST_F(CheckpointTest, RefusesADirectoryWithoutParameters) {
  EXPECT_EQ(toString(Checkpoint::open("/nowhere").takeError()),
            "/nowhere: expected model.safetensors or "
            "model.safetensors.index.json, got neither");
}

TEST_F(CheckpointTest, RefusesWrongIndexes) {
  writeShards();
  const std::string index = kIndex.str();
  directory.write(kIndex, "{}");
  EXPECT_EQ(open(), index + ": expected an object weight_map, got none");
  for (StringRef name : {"../s1", "/etc/passwd", "..", ".", "", "d/s1", "d\\\\s1", "s1\\u0000"})
    EXPECT_NE(openIndex("{\"a\": \"" + name.str() + "\"}")
                  .find("expected the name of a file in this directory, got '"),
              std::string::npos)
        << name.str();
  EXPECT_EQ(openIndex(R"({"a": 1})"), index + ": tensor 'a': expected the name of a file in this "
                                              "directory, got ''");
  EXPECT_EQ(openIndex(R"({"a": "s1", "b": "s3"})"),
            index + ": expected file 's3' in this directory, got none");
  EXPECT_EQ(openIndex(R"({"a": "s2", "b": "s2"})"),
            index + ": expected tensor 'a' in 's2', got none");
  EXPECT_EQ(openIndex(R"({"a": "s1", "b": "s1"})"),
            index + ": expected tensor 'b' in 's1', got none");
  EXPECT_EQ(openIndex(R"({"c": "s1", "b": "s2"})"),
            "s1: tensor 'a': expected " + index + " to list it");
  EXPECT_EQ(openIndex(R"({"a": "s2", "b": "s1"})"),
            "s1: tensor 'a': expected it in 's2', as " + index + " says");
}

TEST_F(CheckpointTest, RefusesWrongTensors) {
  std::string header = "{" + describe("i", "I32", "[2]", "[0, 8]") + ", " +
                       describe("w", "F32", "[1, 2]", "[8, 16]") + "}";
  float infinite[] = {1.0f, -INFINITY};
  std::string data(8, '\0');
  data.append(reinterpret_cast<char *>(infinite), 8);
  directory.write("model.safetensors", buildFile(header, data));
  EXPECT_EQ(read("w", {1, 2}), "model.safetensors: tensor 'w': expected finite "
                               "values, got -inf at [0, 1]");
  EXPECT_EQ(read("w", {2, 1}), "model.safetensors: tensor 'w': expected shape [2, 1] as "
                               "config.json says, got [1, 2]");
  EXPECT_EQ(read("i", {2}), "model.safetensors: tensor 'i': expected dtype "
                            "F32, F16 or BF16, got I32");
  EXPECT_EQ(read("v", {1}), directory.getPath() + ": expected tensor 'v' of shape [1], got none");
}

TEST_F(CheckpointTest, WarnsInOneLine) {
  SafetensorsBuilder builder;
  for (StringRef name : {"a", R"(b\nc)"})
    builder.add(name, {2});
  directory.write("model.safetensors", builder.build());
  EXPECT_EQ(check({{"a", {2}}}), R"(ignoring 1 tensors that the model does not have: 'b\x0ac')");
}

TEST_F(CheckpointTest, ChecksAllBeforeReadingAny) {
  SafetensorsBuilder builder;
  for (StringRef name : {"a", "b", "c", "d", "e"})
    builder.add(name, {2});
  directory.write("model.safetensors", builder.build());
  ParameterInfo a{"a", {2}}, b{"b", {2}}, c{"c", {2}}, d{"d", {2}}, e{"e", {2}};
  EXPECT_EQ(check({a, b, c, d, e}), "");
  EXPECT_EQ(check({b, d, e}), "ignoring 2 tensors that the model does not have: 'a', 'c'");
  EXPECT_EQ(check({d}), "ignoring 4 tensors that the model does not have: 'a', "
                        "'b', 'c', ...");
  EXPECT_EQ(check({a, {"z", {7, 2}}}),
            directory.getPath() + ": expected tensor 'z' of shape [7, 2], got none");
  EXPECT_EQ(check({{"a", {3}}}), "model.safetensors: tensor 'a': expected shape [3] as config.json "
                                 "says, got [2]");
}

TEST_F(CheckpointTest, ReadsTrits) {
  // Rows 0 to 3 lie one above the other in bits 0 to 7.
  directory.write("model.safetensors",
                  buildFile("{" + describe("w", "U8", "[1, 2]", "[0, 2]") + ", " +
                                describe("w_scale", "BF16", "[1]", "[2, 4]") + ", " +
                                describe("v", "U8", "[1, 2]", "[4, 6]") + ", " +
                                describe("v_scale", "BF16", "[1]", "[6, 8]") + "}",
                            StringRef("\x24\x89\x80\x40\x00\x30\x00\x00", 8)));
  auto readTrits = [&](PackedScale meaning) {
    auto checkpoint = cantFail(Checkpoint::open(directory.getPath(), meaning));
    EXPECT_EQ(checkpoint->getTritFormat("w")->granularity, ScaleGranularity::Tensor);
    HostTensor trits = cantFail(checkpoint->read("w", {4, 2}));
    EXPECT_EQ(trits.getDType(), DType::Trit);
    EXPECT_EQ(trits.getValues<int8_t>(), ArrayRef<int8_t>({-1, 0, 0, 1, 1, -1, -1, 1}));
    HostTensor scale = cantFail(convert(cantFail(checkpoint->read("w_scale", {1})), DType::F32));
    return scale.getValues<float>()[0];
  };
  EXPECT_EQ(readTrits(PackedScale::Multiplies), 4.0f);
  EXPECT_EQ(readTrits(PackedScale::Divides), 0.25f);

  auto checkpoint = cantFail(Checkpoint::open(directory.getPath(), PackedScale::Divides));
  auto getError = [&](Error error) { return getMessage(std::move(error), directory); };
  EXPECT_EQ(getError(checkpoint->read("v", {4, 2}).takeError()),
            "model.safetensors: tensor 'v': expected trits as codes 0, 1 and 2, got 3 in row 2");
  EXPECT_EQ(getError(checkpoint->read("v_scale", {1}).takeError()),
            "model.safetensors: tensor 'v_scale': expected a scale to divide by, got 0");
  auto check = [&](ParameterInfo parameter) {
    return getError(checkpoint->check({parameter}, [](const Twine &) {}));
  };
  EXPECT_EQ(check({"w", {4, 2}, true}), "");
  EXPECT_EQ(check({"w", {5, 2}, true}), "model.safetensors: tensor 'w': expected a multiple of 4 "
                                        "rows in packed form, got 5");
  EXPECT_EQ(check({"w", {8, 2}, true}), "model.safetensors: tensor 'w': expected shape [2, 2] as "
                                        "config.json says, got [1, 2]");
  EXPECT_EQ(check({"w_scale", {1}, true}),
            "model.safetensors: tensor 'w_scale': expected dtype U8 for weights that "
            "quantization_config calls offline, got BF16");
  EXPECT_FALSE(cantFail(Checkpoint::open(directory.getPath()))->getTritFormat("w").has_value());
  EXPECT_EQ(read("w", {4, 2}),
            "model.safetensors: tensor 'w': expected dtype F32, F16 or BF16, got U8");
}

TEST_F(CheckpointTest, FloatsMayHaveAScaleBesideThem) {
  directory.write("model.safetensors",
                  SafetensorsBuilder().add("w", {4, 2}, 1).add("w_scale", {1}, 2).build());
  auto checkpoint = cantFail(Checkpoint::open(directory.getPath(), PackedScale::Divides));
  EXPECT_FALSE(checkpoint->getTritFormat("w").has_value());
  EXPECT_EQ(cantFail(checkpoint->read("w", {4, 2})).getValues<float>()[0], 1.0f);
  EXPECT_EQ(cantFail(checkpoint->read("w_scale", {1})).getValues<float>()[0], 2.0f);
}

TEST_F(CheckpointTest, KnowsTheTypeOfMatrices) {
  auto getTypes = [&](StringRef first, StringRef second) {
    std::string header =
        "{" + describe("a", first, "[1, 2]", first == "F32" ? "[0, 8]" : "[0, 4]") + ", " +
        describe("b", second, "[1, 2]", first == "F32" ? "[8, 12]" : "[4, 8]") + ", " +
        describe("g", "F32", "[1]", first == "F32" ? "[12, 16]" : "[8, 12]") + "}";
    directory.write("model.safetensors",
                    buildFile(header, std::string(first == "F32" ? 16 : 12, '\0')));
    auto checkpoint = cantFail(Checkpoint::open(directory.getPath()));
    return std::pair(checkpoint->getMatrixType("a"), checkpoint->getMatrixType("b"));
  };
  EXPECT_EQ(getTypes("F16", "F16"), std::pair(DType::F16, DType::F16));
  EXPECT_EQ(getTypes("BF16", "F16"), std::pair(DType::BF16, DType::F16));
  EXPECT_EQ(getTypes("F32", "BF16"), std::pair(DType::F32, DType::BF16));
}

TEST(RandomParametersTest, HasEveryTensor) {
  RandomParameters parameters(3);
  EXPECT_FALSE(parameters.check({{"a", {2}}}, [](const Twine &) { FAIL(); }));
  HostTensor a = cantFail(parameters.read("a", {2, 5}));
  EXPECT_EQ(a.getDType(), parameters.getMatrixType("a"));
  EXPECT_EQ(a.getShape(), ArrayRef<int64_t>({2, 5}));
  EXPECT_EQ(a.getBytes(), cantFail(parameters.read("a", {2, 5})).getBytes());
}
