//===- RWKVConfigTest.cpp - RWKV-4 as config.json has it ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../TestFiles.h"
#include "ternary/Import/HuggingFace.h"
#include "gmock/gmock.h"
#include <cmath>

using namespace llvm;
using namespace ternary;
using testing::ElementsAre;

static constexpr StringLiteral kSmallest =
    R"("model_type": "rwkv", "vocab_size": 97, "hidden_size": 64, "num_hidden_layers": 3)";
static constexpr StringLiteral kOnline =
    R"("quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear",
       "quantization_mode": "online"})";

namespace {
class RWKVConfigTest : public testing::Test {
protected:
  Expected<std::unique_ptr<ModelConfig>> parse(const Twine &members) {
    directory.write("config.json", ("{" + members + "}").str());
    return readModelConfig(directory.getPath());
  }
  RWKVConfig parseRWKV(const Twine &members) {
    auto config = parse(members);
    EXPECT_TRUE(bool(config));
    return static_cast<RWKVConfig &>(**config);
  }
  /// What is wrong with the smallest model and more members.
  std::string getError(const Twine &members) {
    return getMessage(parse(kSmallest + ", " + members), directory);
  }

  TestDirectory directory;
};
} // namespace

TEST_F(RWKVConfigTest, HasTheDefaultsOfTransformers) {
  RWKVConfig config = parseRWKV(kSmallest);
  EXPECT_EQ(config.attentionHiddenSize, 64);
  EXPECT_EQ(config.intermediateSize, 256);
  EXPECT_EQ(config.layerNormEpsilon, 1e-5f);
  EXPECT_EQ(config.rescaleEvery, 6);
  EXPECT_EQ(config.bosTokenId, 0);
  EXPECT_THAT(config.eosTokenIds, ElementsAre(0));
  EXPECT_EQ(config.maxTokens, 0);
  EXPECT_FALSE(config.tieWordEmbeddings);
  EXPECT_FALSE(config.isTernary);
  EXPECT_TRUE(parseRWKV(kSmallest + ", " + kOnline).isTernary);
}

TEST_F(RWKVConfigTest, ListsParameters) {
  RWKVConfig config =
      parseRWKV(kSmallest + R"(, "attention_hidden_size": 48, "intermediate_size": 80)");
  std::vector<ParameterInfo> parameters = config.getParameters();
  // Table and head, first and last norm; two norms, WKV with 5 vectors and 4 weights, feed-forward
  // with 2 and 3.
  EXPECT_EQ(parameters.size(), 2 + 2 * 2 + 3 * (2 * 2 + 9 + 5u));
  auto getShape = [&](StringRef name) {
    for (const ParameterInfo &parameter : parameters)
      if (parameter.name == name)
        return parameter.shape;
    return SmallVector<int64_t, 2>();
  };
  EXPECT_THAT(getShape("rwkv.blocks.0.pre_ln.bias"), ElementsAre(64));
  EXPECT_THAT(getShape("rwkv.blocks.1.pre_ln.bias"), ElementsAre());
  EXPECT_THAT(getShape("rwkv.blocks.2.attention.time_decay"), ElementsAre(48));
  EXPECT_THAT(getShape("rwkv.blocks.2.attention.time_mix_value"), ElementsAre(1, 1, 64));
  EXPECT_THAT(getShape("rwkv.blocks.2.attention.receptance.weight"), ElementsAre(48, 64));
  EXPECT_THAT(getShape("rwkv.blocks.2.attention.output.weight"), ElementsAre(64, 48));
  EXPECT_THAT(getShape("rwkv.blocks.1.feed_forward.key.weight"), ElementsAre(80, 64));
  EXPECT_THAT(getShape("rwkv.blocks.1.feed_forward.receptance.weight"), ElementsAre(64, 64));
  EXPECT_THAT(getShape("rwkv.blocks.1.feed_forward.value.weight"), ElementsAre(64, 80));
  EXPECT_THAT(getShape("head.weight"), ElementsAre(97, 64));
  config.tieWordEmbeddings = true;
  EXPECT_EQ(config.getParameters().size(), parameters.size() - 1);
}

TEST_F(RWKVConfigTest, MakesInitialValues) {
  RWKVConfig config = parseRWKV(kSmallest);
  auto make = [&](StringRef name, ArrayRef<int64_t> shape) {
    HostTensor tensor = config.makeInitialValue(name, shape, /*seed=*/1);
    EXPECT_EQ(ArrayRef(tensor.getShape()), shape);
    return tensor;
  };
  HostTensor decay = make("rwkv.blocks.1.attention.time_decay", {5});
  for (auto [i, value] : enumerate(decay.getValues<float>()))
    EXPECT_FLOAT_EQ(value, -5 + 8 * std::pow(i / 4.0, 0.7 + 1.3 / 2));
  HostTensor mix = make("rwkv.blocks.1.attention.time_mix_value", {1, 1, 4});
  for (auto [i, value] : enumerate(mix.getValues<float>()))
    EXPECT_FLOAT_EQ(value, std::pow(i / 4.0, 2.0 / 3) + 0.15);
  EXPECT_THAT(make("rwkv.ln_out.bias", {2}).getValues<float>(), ElementsAre(0, 0));
  EXPECT_THAT(make("rwkv.ln_out.weight", {2}).getValues<float>(), ElementsAre(1, 1));
  EXPECT_THAT(make("rwkv.blocks.0.attention.time_first", {2}).getValues<float>(),
              ElementsAre(1, 1));
}

TEST_F(RWKVConfigTest, RefusesWhatIsNotSupported) {
  EXPECT_EQ(getError(R"("architectures": ["RwkvModel"])"),
            "config.json: expected architectures to be [\"RwkvForCausalLM\"], all that is "
            "supported, got [\"RwkvModel\"]");
  EXPECT_EQ(getError(R"("quantization_config": {"quant_method": "gptq"})"),
            "config.json: expected quantization_config.quant_method to be \"bitnet\", all that is "
            "supported, got \"gptq\"");
  EXPECT_EQ(getError(R"("quantization_config": {"quant_method": "bitnet",
                        "modules_to_not_convert": ["lm_head"]})"),
            "config.json: expected quantization_config.modules_to_not_convert to be [\"head\"], "
            "all that is supported, got [\"lm_head\"]");
}

TEST_F(RWKVConfigTest, RefusesNonsense) {
  EXPECT_EQ(getError(R"("attention_hidden_size": 0)"),
            "config.json: expected attention_hidden_size to be an integer from 1 to 524287, got 0");
  EXPECT_EQ(getError(R"("layer_norm_epsilon": 0)"),
            "config.json: expected layer_norm_epsilon to be a number between 1e-30 and 1, got 0");
  EXPECT_EQ(getMessage(parse(R"("model_type": "rwkv", "vocab_size": 97, "hidden_size": 200000,
      "num_hidden_layers": 3)"),
                       directory),
            "config.json: expected hidden_size of at most 131071 without an intermediate_size, got "
            "200000");
  EXPECT_EQ(getMessage(parse(R"("model_type": "rwkv", "vocab_size": 97, "hidden_size": 64,
      "num_hidden_layers": 100, "rescale_every": 3)"),
                       directory),
            "config.json: expected rescale_every to halve hidden states at most 32 times in 100 "
            "layers, got 3");
}
