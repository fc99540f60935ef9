//===- RecognizedTritsTest.cpp - Float weights that are ternary -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/RecognizedTrits.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace ternary;

static HostTensor makeTensor(ArrayRef<int64_t> shape, ArrayRef<float> values) {
  HostTensor tensor = HostTensor::allocate(DType::F32, shape);
  copy(values, tensor.getMutableValues<float>().begin());
  return tensor;
}

TEST(RecognizedTritsTest, TakesFloatWeightsAlone) {
  MemoryParameters::Tensors tensors;
  for (StringRef name : {"a.weight", "layer.weight", "bounds"})
    tensors[name.str()] = makeTensor({2, 2}, {0.5f, -0.5f, 0.0f, 2.0f});
  tensors["b.weight"] = makeTensor({2, 2}, {0.5f, -0.25f, 0.0f, 2.0f});
  tensors["norm.weight"] = makeTensor({2}, {1.0f, 1.0f});
  auto source = std::make_shared<MemoryParameters>(std::move(tensors));
  const ParameterInfo parameters[] = {
      {"a.weight", {2, 2}}, {"b.weight", {2, 2}}, {"layer.weight", {2, 2}, /*isTernary=*/true},
      {"bounds", {2, 2}},   {"norm.weight", {2}}, {"missing.weight", {2, 2}}};
  RecognizedTrits recognized(source, parameters);
  EXPECT_EQ(recognized.getNumFloat(), 3u);
  EXPECT_EQ(recognized.getNumRecognized(), 1u);

  ASSERT_TRUE(recognized.getTritFormat("a.weight"));
  EXPECT_EQ(recognized.getTritFormat("a.weight")->granularity, ScaleGranularity::Row);
  EXPECT_EQ(cantFail(recognized.read("a.weight", {2, 2})).getValues<int8_t>(),
            ArrayRef<int8_t>({1, -1, 0, 1}));
  EXPECT_EQ(cantFail(recognized.read("a.weight_scale", {2})).getValues<float>(),
            ArrayRef<float>({0.5f, 2.0f}));
  for (StringRef name : {"b.weight", "layer.weight", "bounds"}) {
    EXPECT_FALSE(recognized.getTritFormat(name)) << name.str();
    EXPECT_EQ(cantFail(recognized.read(name, {2, 2})).getDType(), DType::F32) << name.str();
  }
  EXPECT_EQ(toString(recognized.read("missing.weight", {2, 2}).takeError()),
            "expected tensor 'missing.weight' of shape [2, 2], got none");
}
