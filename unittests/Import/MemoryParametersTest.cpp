//===- MemoryParametersTest.cpp - Parameters that are in memory --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/ParameterSource.h"
#include "gtest/gtest.h"
#include <limits>

using namespace llvm;
using namespace ternary;

static HostTensor makeTensor(DType type, ArrayRef<int64_t> shape) {
  HostTensor tensor = HostTensor::allocate(type, shape);
  std::fill(tensor.getMutableBytes().begin(), tensor.getMutableBytes().end(), 0);
  return tensor;
}

static std::string getError(Error error) { return toString(std::move(error)); }

TEST(MemoryParametersTest, GivesWhatItHas) {
  HostTensor tensor = makeTensor(DType::F32, {2, 3});
  tensor.getMutableValues<float>()[4] = 1.5f;
  MemoryParameters parameters({{"w", tensor}});
  Expected<HostTensor> read = parameters.read("w", {2, 3});
  ASSERT_TRUE(bool(read));
  EXPECT_EQ(read->getValues<float>()[4], 1.5f);
  EXPECT_EQ(getError(parameters.read("w", {3, 2}).takeError()),
            "tensor 'w': expected shape [3, 2], got [2, 3]");
  EXPECT_EQ(getError(parameters.read("v", {2}).takeError()),
            "expected tensor 'v' of shape [2], got none");
}

TEST(MemoryParametersTest, RefusesWhatIsNotFinite) {
  HostTensor tensor = makeTensor(DType::F32, {4});
  tensor.getMutableValues<float>()[2] = std::numeric_limits<float>::quiet_NaN();
  MemoryParameters parameters({{"w", tensor}});
  std::string error = getError(parameters.read("w", {4}).takeError());
  EXPECT_EQ(error.rfind("tensor 'w': ", 0), 0u) << error;
}

TEST(MemoryParametersTest, KnowsTheTypeOfMatrices) {
  HostTensor half = makeTensor(DType::F16, {2, 2});
  MemoryParameters parameters({{"a", half}, {"b", makeTensor(DType::BF16, {2, 2})}});
  EXPECT_EQ(parameters.getMatrixType("a"), DType::F16);
  EXPECT_EQ(parameters.getMatrixType("b"), DType::BF16);
}

TEST(MemoryParametersTest, ChecksAllAtOnce) {
  MemoryParameters parameters(
      {{"a", makeTensor(DType::F32, {2})}, {"b", makeTensor(DType::F32, {2})}});
  std::string warning;
  auto warn = [&](const Twine &message) { warning = message.str(); };
  EXPECT_EQ(getError(parameters.check({{"a", {2}}}, warn)), "");
  EXPECT_EQ(warning, "ignoring tensors that the model does not have: 1");
  EXPECT_EQ(getError(parameters.check({{"c", {2}}}, warn)),
            "expected tensor 'c' of shape [2], got none");
}
