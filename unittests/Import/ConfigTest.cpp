//===- ConfigTest.cpp - Models as config.json describes them --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../TestFiles.h"
#include "ternary/Import/HuggingFace.h"
#include "llvm/Support/FormatVariadic.h"
#include "gmock/gmock.h"

using namespace llvm;
using namespace ternary;
using testing::ElementsAre;
using testing::HasSubstr;

static constexpr StringLiteral kSmallest =
    R"("model_type": "hgrn_bit", "vocab_size": 97, "hidden_size": 64,
       "num_hidden_layers": 3)";

namespace {
class ConfigTest : public testing::Test {
protected:
  Expected<std::unique_ptr<ModelConfig>> parse(const Twine &members) {
    directory.write("config.json", ("{" + members + "}").str());
    return readModelConfig(directory.getPath());
  }
  /// What is wrong with the smallest model and one more member.
  std::string getError(const Twine &member) {
    return getMessage(parse(kSmallest + ", " + member), directory);
  }
  HGRNBitConfig parseHGRNBit(const Twine &members) {
    auto config = parse(members);
    EXPECT_TRUE(bool(config));
    return static_cast<HGRNBitConfig &>(**config);
  }

  TestDirectory directory;
};
} // namespace

/// Written out, a configuration with and without defaults is the same as before.
TEST_F(ConfigTest, HasMembersThatSayTheSame) {
  constexpr StringLiteral kLlama =
      R"("vocab_size": 97, "hidden_size": 64, "intermediate_size": 80, "num_hidden_layers": 3,
         "num_attention_heads": 4)";
  constexpr StringLiteral kRWKV = R"("model_type": "rwkv", "vocab_size": 97, "hidden_size": 64,
         "num_hidden_layers": 3)";
  for (const std::string &text :
       {kSmallest.str(), kSmallest.str() + R"(, "bos_token_id": null, "use_lower_bound": false,
            "rms_norm_eps": 1e-5, "intermediate_size": 77)",
        R"("model_type": "llama", )" + kLlama.str(),
        R"("model_type": "qwen3", "head_dim": 24, "num_key_value_heads": 2, "rope_theta": 0.1,
           "tie_word_embeddings": true, "max_position_embeddings": 7, )" +
            kLlama.str(),
        R"("model_type": "llama", "eos_token_id": [4, 2], )" + kLlama.str(), kRWKV.str(),
        kRWKV.str() + R"(, "attention_hidden_size": 48, "intermediate_size": 80, "eos_token_id": 5,
            "rescale_every": -1, "layer_norm_epsilon": 0.1, "tie_word_embeddings": true)"}) {
    json::Object members = cantFail(parse(text))->getMembers();
    std::string written = formatv("{0}", json::Value(json::Object(members))).str();
    json::Object again = cantFail(parse(StringRef(written).drop_front().drop_back()))->getMembers();
    EXPECT_EQ(json::Value(std::move(members)), json::Value(std::move(again))) << text;
  }
}

TEST_F(ConfigTest, HasDefaults) {
  HGRNBitConfig config = parseHGRNBit(kSmallest);
  EXPECT_EQ(config.modelType, "hgrn_bit");
  EXPECT_EQ(config.vocabSize, 97);
  EXPECT_EQ(config.hiddenSize, 64);
  EXPECT_EQ(config.numHiddenLayers, 3);
  EXPECT_EQ(config.intermediateSize, 256);
  EXPECT_EQ(config.rmsNormEps, 1e-6f);
  EXPECT_TRUE(config.useLowerBound);
  EXPECT_EQ(config.bosTokenId, 1);
  EXPECT_THAT(config.eosTokenIds, ElementsAre(2));
  EXPECT_EQ(config.maxTokens, 0);
}

TEST_F(ConfigTest, ReadsAllMembers) {
  HGRNBitConfig config =
      parseHGRNBit(kSmallest + R"(, "intermediate_size": 100, "rms_norm_eps": 1e-5,
      "use_lower_bound": false, "bos_token_id": null, "eos_token_id": 96,
      "num_heads": 1, "expand_ratio": 1, "use_short_conv": false,
      "tie_word_embeddings": false, "hidden_act": "silu", "hidden_ratio": 4,
      "torch_dtype": "bfloat16", "unknown": [1])");
  EXPECT_EQ(config.intermediateSize, 100);
  EXPECT_EQ(config.rmsNormEps, 1e-5f);
  EXPECT_FALSE(config.useLowerBound);
  EXPECT_EQ(config.bosTokenId, -1);
  EXPECT_THAT(config.eosTokenIds, ElementsAre(96));
}

TEST_F(ConfigTest, ComputesTheSizesOfThePaper) {
  for (auto [hidden, intermediate] : {std::pair<int, int>{1024, 2816},
                                      {2048, 5632},
                                      {2560, 6912},
                                      {64, 256},
                                      {96, 256},
                                      {97, 512}}) {
    HGRNBitConfig config = parseHGRNBit(
        R"("model_type": "hgrn_bit", "vocab_size": 9, "num_hidden_layers": 1,
           "intermediate_size": null, "hidden_size": )" +
        Twine(hidden));
    EXPECT_EQ(config.intermediateSize, intermediate);
  }
}

TEST_F(ConfigTest, ListsParameters) {
  HGRNBitConfig config = parseHGRNBit(kSmallest);
  std::vector<ParameterInfo> parameters = config.getParameters();
  EXPECT_EQ(parameters.size(), 5 + 3 * 15u);
  auto getShape = [&](StringRef name) -> SmallVector<int64_t, 2> {
    for (const ParameterInfo &parameter : parameters)
      if (parameter.name == name)
        return parameter.shape;
    return {};
  };
  EXPECT_THAT(getShape("model.embeddings.weight"), ElementsAre(97, 64));
  EXPECT_THAT(getShape("model.lower_bounds"), ElementsAre(3, 64));
  EXPECT_THAT(getShape("model.layers.2.attn.g_norm.weight"), ElementsAre(64));
  EXPECT_THAT(getShape("model.layers.0.mlp.gate_proj.weight"), ElementsAre(512, 64));
  EXPECT_THAT(getShape("model.layers.1.mlp.down_proj.weight"), ElementsAre(64, 256));
  EXPECT_THAT(getShape("model.layers.1.mlp.down_proj.norm.weight"), ElementsAre(256));
  EXPECT_THAT(getShape("lm_head.weight"), ElementsAre(97, 64));
  config.useLowerBound = false;
  EXPECT_EQ(config.getParameters().size(), parameters.size() - 1);
}

TEST_F(ConfigTest, RefusesUnknownModels) {
  EXPECT_EQ(
      getMessage(parse(R"("model_type": "mamba")"), directory),
      "config.json: expected model_type to be one of hgrn_bit, llama, qwen3, bitnet, rwkv, got "
      "'mamba'");
  EXPECT_EQ(getMessage(parse(""), directory), "config.json: expected model_type, got none");
  EXPECT_EQ(getMessage(parse(R"("model_type": 7)"), directory),
            "config.json: expected model_type to be a string, got 7");
  EXPECT_THAT(getSupportedModelTypes(),
              ElementsAre("hgrn_bit", "llama", "qwen3", "bitnet", "rwkv"));
}

TEST_F(ConfigTest, RefusesVariantsThatAreNotSupported) {
  EXPECT_EQ(getError(R"("num_heads": 4)"),
            "config.json: expected num_heads to be 1, all that is supported, "
            "got 4");
  EXPECT_EQ(getError(R"("expand_ratio": 2)"),
            "config.json: expected expand_ratio to be 1, all that is "
            "supported, got 2");
  EXPECT_EQ(getError(R"("use_short_conv": true)"),
            "config.json: expected use_short_conv to be false, all that is "
            "supported, got true");
  EXPECT_EQ(getError(R"("tie_word_embeddings": true)"),
            "config.json: expected tie_word_embeddings to be false, all that "
            "is supported, got true");
  EXPECT_EQ(getError(R"("hidden_act": "gelu")"),
            "config.json: expected hidden_act to be swish or silu, got 'gelu'");
}

TEST_F(ConfigTest, RefusesNonsense) {
  auto parseWith = [&](StringRef key, StringRef value) {
    std::string members;
    for (StringRef each : {"vocab_size", "hidden_size", "num_hidden_layers"})
      members += ", \"" + each.str() + "\": " + (each == key ? value : StringRef("8")).str();
    return getMessage(parse("\"model_type\": \"hgrn_bit\"" + members), directory);
  };
  EXPECT_EQ(parseWith("", ""), "");
  for (StringRef value : {"0", "-1", "1.5", "\"8\"", "1e30", "[8]", "123456789012345678901"})
    for (auto [key, max] : {std::pair<StringRef, StringRef>{"vocab_size", "16777216"},
                            {"hidden_size", "524287"},
                            {"num_hidden_layers", "4096"}})
      EXPECT_THAT(parseWith(key, value),
                  HasSubstr("config.json: expected " + key.str() + " to be an integer from 1 to " +
                            max.str() + ", got "));
  EXPECT_EQ(parseWith("hidden_size", "null"), "config.json: expected hidden_size, got none");
  EXPECT_EQ(getError(R"("intermediate_size": 0)"),
            "config.json: expected intermediate_size to be an integer from 1 "
            "to 524287, got 0");
  EXPECT_EQ(getError(R"("hidden_ratio": -4)"),
            "config.json: expected hidden_ratio to be a number between 0 and "
            "1024, got -4");
  EXPECT_THAT(getError(R"("hidden_ratio": 0.0001)"), HasSubstr("intermediate columns, got 0"));
  EXPECT_EQ(getError(R"("rms_norm_eps": 0)"),
            "config.json: expected rms_norm_eps to be a number between 1e-30 "
            "and 1, got 0");
  EXPECT_EQ(getError(R"("use_lower_bound": 1)"),
            "config.json: expected use_lower_bound to be true or false, got 1");
  EXPECT_EQ(getError(R"("eos_token_id": 97)"),
            "config.json: expected eos_token_id to be an integer from 0 to 96, "
            "got 97");
}

TEST_F(ConfigTest, RefusesWhatIsNoConfig) {
  EXPECT_EQ(getMessage(readModelConfig(directory.getPath()), directory),
            "config.json: No such file or directory");
  directory.write("config.json", "{");
  EXPECT_THAT(getMessage(readModelConfig(directory.getPath()), directory),
              HasSubstr("config.json: invalid JSON: "));
  // Long values are cut short in messages.
  std::string error = getError("\"use_lower_bound\": \"" + std::string(10'000, 'x') + "\"");
  EXPECT_LT(error.size(), 200u);
}
