//===- TransformerConfigTest.cpp - Transformers as config.json has them ---===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../TestFiles.h"
#include "ternary/Import/HuggingFace.h"
#include "gmock/gmock.h"

using namespace llvm;
using namespace ternary;
using testing::ElementsAre;
using testing::IsEmpty;

static constexpr StringLiteral kSmallest =
    R"("model_type": "llama", "vocab_size": 97, "hidden_size": 64, "intermediate_size": 80,
       "num_hidden_layers": 3, "num_attention_heads": 4)";

namespace {
class TransformerConfigTest : public testing::Test {
protected:
  Expected<std::unique_ptr<ModelConfig>> parse(const Twine &members) {
    directory.write("config.json", ("{" + members + "}").str());
    return readModelConfig(directory.getPath());
  }
  TransformerConfig parseTransformer(const Twine &members) {
    auto config = parse(members);
    EXPECT_TRUE(bool(config));
    return static_cast<TransformerConfig &>(**config);
  }
  static SmallVector<int64_t, 2> findShape(ArrayRef<ParameterInfo> parameters, StringRef name) {
    for (const ParameterInfo &parameter : parameters)
      if (parameter.name == name)
        return parameter.shape;
    return {};
  }
  /// What is wrong with the smallest model and one more member.
  std::string getError(const Twine &member) {
    return getMessage(parse(kSmallest + ", " + member), directory);
  }

  TestDirectory directory;
};
} // namespace

TEST_F(TransformerConfigTest, HasTheDefaultsOfTransformers) {
  TransformerConfig config = parseTransformer(kSmallest);
  EXPECT_EQ(config.numKeyValueHeads, 4);
  EXPECT_EQ(config.headSize, 16);
  EXPECT_EQ(config.ropeTheta, 10000.0);
  EXPECT_EQ(config.rmsNormEps, 1e-6f);
  EXPECT_EQ(config.maxTokens, 2048);
  EXPECT_EQ(config.bosTokenId, 1);
  EXPECT_THAT(config.eosTokenIds, ElementsAre(2));
  EXPECT_FALSE(config.tieWordEmbeddings);
  EXPECT_EQ(config.matrixDeviation, 0.02f);
  EXPECT_EQ(config.gainDeviation, 0.0f);
}

TEST_F(TransformerConfigTest, ReadsBothPlacesOfTheta) {
  EXPECT_EQ(parseTransformer(kSmallest + R"(, "rope_theta": 5e5)").ropeTheta, 5e5);
  EXPECT_EQ(parseTransformer(kSmallest + R"(, "rope_theta": 7,
      "rope_parameters": {"rope_type": "default", "rope_theta": 5e5})")
                .ropeTheta,
            5e5);
}

TEST_F(TransformerConfigTest, ListsParameters) {
  TransformerConfig config =
      parseTransformer(kSmallest + R"(, "num_key_value_heads": 2, "head_dim": 20)");
  std::vector<ParameterInfo> parameters = config.getParameters();
  EXPECT_EQ(parameters.size(), 3 + 3 * 9u);
  auto getShape = [&](StringRef name) { return findShape(parameters, name); };
  EXPECT_THAT(getShape("model.embed_tokens.weight"), ElementsAre(97, 64));
  EXPECT_THAT(getShape("model.layers.2.self_attn.q_proj.weight"), ElementsAre(80, 64));
  EXPECT_THAT(getShape("model.layers.2.self_attn.k_proj.weight"), ElementsAre(40, 64));
  EXPECT_THAT(getShape("model.layers.0.self_attn.v_proj.weight"), ElementsAre(40, 64));
  EXPECT_THAT(getShape("model.layers.0.self_attn.o_proj.weight"), ElementsAre(64, 80));
  EXPECT_THAT(getShape("model.layers.1.mlp.up_proj.weight"), ElementsAre(80, 64));
  EXPECT_THAT(getShape("model.layers.1.mlp.down_proj.weight"), ElementsAre(64, 80));
  EXPECT_THAT(getShape("model.layers.1.post_attention_layernorm.weight"), ElementsAre(64));
  EXPECT_THAT(getShape("lm_head.weight"), ElementsAre(97, 64));
  config.tieWordEmbeddings = true;
  EXPECT_EQ(config.getParameters().size(), parameters.size() - 1);
}

TEST_F(TransformerConfigTest, RefusesVariantsThatAreNotSupported) {
  auto only = [&](StringRef key, StringRef supported, StringRef value) {
    EXPECT_EQ(getError("\"" + key + "\": " + value),
              ("config.json: expected " + key + " to be " + supported +
               ", all that is supported, got " + value)
                  .str());
  };
  only("attention_bias", "false", "true");
  only("mlp_bias", "false", "true");
  only("partial_rotary_factor", "1", "0.5");
  only("architectures", "[\"LlamaForCausalLM\"]", "[\"LlamaModel\"]");
  EXPECT_EQ(getError(R"("rope_parameters": {"rope_type": "llama3"})"),
            "config.json: expected rope_parameters.rope_type to be \"default\", all that is "
            "supported, got \"llama3\"");
  EXPECT_EQ(getError(R"("rope_scaling": {"type": "linear"})"),
            "config.json: expected rope_scaling.factor to be 1, all that is supported, got null");
  EXPECT_EQ(getError(R"("rope_scaling": {"type": "dynamic", "factor": 2.0})"),
            "config.json: expected rope_scaling.factor to be 1, all that is supported, got 2");
  EXPECT_EQ(
      getError(R"("rope_scaling": {"rope_type": "yarn", "type": "yarn", "factor": 4})"),
      "config.json: expected rope_scaling.rope_type to be \"default\", all that is supported, "
      "got \"yarn\"");
  EXPECT_EQ(getError(R"("hidden_act": "gelu")"),
            "config.json: expected hidden_act to be one of silu, swish, got \"gelu\"");
  EXPECT_EQ(getError(R"("layer_types": ["full_attention", "sliding_attention"])"),
            "config.json: expected layer_types to be of \"full_attention\" alone, all that is "
            "supported, got \"sliding_attention\"");
  EXPECT_EQ(getError(R"("quantization_config": {})"),
            "config.json: expected quantization_config.quant_method to be \"bitnet\", all that is "
            "supported, got null");
}

/// What producers write out although it says nothing.
TEST_F(TransformerConfigTest, TakesDefaultsThatAreWrittenOut) {
  TransformerConfig plain = parseTransformer(kSmallest);
  for (StringRef members : {
           R"("rope_scaling": null, "rope_theta": null, "head_dim": null,
              "num_key_value_heads": null, "tie_word_embeddings": null, "initializer_range": null)",
           R"("rope_scaling": {}, "rope_parameters": {})",
           R"("rope_scaling": {"type": "default"}, "partial_rotary_factor": 1.0)",
           R"("rope_scaling": {"rope_type": "linear", "type": "linear", "factor": 1.0})",
           R"("rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "factor": null,
              "partial_rotary_factor": 1.0}, "dtype": "bfloat16", "torch_dtype": null)",
           R"("attention_bias": false, "mlp_bias": false, "attention_dropout": 0, "use_cache": true,
              "pretraining_tp": 2, "hidden_act": "swish", "pad_token_id": null)",
           R"("attention_dropout": null, "pretraining_tp": null, "mlp_bias": null)",
           R"("sliding_window": null, "use_sliding_window": true, "max_window_layers": 0)",
           R"("sliding_window": 4, "use_sliding_window": false, "max_window_layers": 0)",
           R"("sliding_window": 4, "use_sliding_window": true, "max_window_layers": 3)",
           R"("sliding_window": 4096, "use_sliding_window": true, "max_window_layers": 0)",
           R"("layer_types": ["full_attention", "full_attention", "full_attention"])",
           R"("layer_types": null, "quantization_config": null, "architectures": null)",
           R"("bos_token_id": [1], "eos_token_id": [2])",
       })
    EXPECT_EQ(json::Value(parseTransformer(kSmallest + ", " + members).getMembers()),
              json::Value(plain.getMembers()))
        << members.str();
  EXPECT_EQ(
      getError(R"("sliding_window": 4, "use_sliding_window": true, "max_window_layers": 2)"),
      "config.json: expected use_sliding_window to be false, all that is supported, got true");
  // Training would drop parts of attention; text does not change.
  EXPECT_EQ(parseTransformer(kSmallest + R"(, "attention_dropout": 0.5)").dropout, 0.5);
}

TEST_F(TransformerConfigTest, TakesSeveralTokensThatEndAText) {
  EXPECT_THAT(parseTransformer(kSmallest + R"(, "eos_token_id": [5, 2, 5])").eosTokenIds,
              ElementsAre(5, 2));
  EXPECT_THAT(parseTransformer(kSmallest + R"(, "eos_token_id": [])").eosTokenIds, IsEmpty());
  EXPECT_THAT(parseTransformer(kSmallest + R"(, "eos_token_id": null)").eosTokenIds, IsEmpty());
  EXPECT_EQ(getError(R"("eos_token_id": [1, 97])"),
            "config.json: expected eos_token_id to be integers from 0 to 96, got [1,97]");
  EXPECT_EQ(getError(R"("eos_token_id": ["2"])"),
            "config.json: expected eos_token_id to be integers from 0 to 96, got [\"2\"]");
  EXPECT_EQ(getError(R"("bos_token_id": [1, 2])"),
            "config.json: expected bos_token_id to be one token, got 2");
}

TEST_F(TransformerConfigTest, RefusesNonsense) {
  EXPECT_EQ(getError(R"("num_key_value_heads": 3)"),
            "config.json: expected num_key_value_heads to divide the 4 attention heads, got 3");
  EXPECT_EQ(getError(R"("head_dim": 15)"),
            "config.json: expected heads of an even number of channels from 2 to 1024, got 15");
  EXPECT_EQ(getError(R"("head_dim": 2000)"),
            "config.json: expected head_dim to be an integer from 2 to 1024, got 2000");
  EXPECT_EQ(getError(R"("rope_parameters": 7)"),
            "config.json: expected rope_parameters to be an object, got 7");
  EXPECT_EQ(getError(R"("rope_theta": 0)"),
            "config.json: expected rope_theta to be a number between 0 and 1e+30, got 0");
  EXPECT_EQ(getError(R"("initializer_range": -1)"),
            "config.json: expected initializer_range to be a number between 0 and 1000, got -1");
  EXPECT_EQ(getError(R"("max_position_embeddings": 0)"),
            "config.json: expected max_position_embeddings to be an integer from 1 to 1048576, "
            "got 0");
  EXPECT_EQ(getMessage(parse(R"("model_type": "llama", "vocab_size": 97, "hidden_size": 64,
      "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 7)"),
                       directory),
            "config.json: expected num_attention_heads to divide the hidden_size of 64, got 7");
  EXPECT_EQ(getMessage(parse(R"("model_type": "llama", "vocab_size": 97, "hidden_size": 64,
      "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 514,
      "num_key_value_heads": 2, "head_dim": 2)"),
                       directory),
            "config.json: expected num_attention_heads of at most 256 times num_key_value_heads, "
            "got 514 and 2");
}

TEST_F(TransformerConfigTest, LlamaIsTernaryIfQuantized) {
  auto parseLlama = [&](StringRef quantization) {
    return parseTransformer(
        (kSmallest + R"(, "quantization_config": {"quant_method": "bitnet")" + quantization + "}")
            .str());
  };
  TransformerConfig config = parseLlama("");
  EXPECT_TRUE(config.isTernary);
  EXPECT_FALSE(config.hasSubNorms);
  EXPECT_EQ(config.packedScale, PackedScale::Divides);
  EXPECT_EQ(config.epsilonInLayers, std::nullopt);
  EXPECT_EQ(parseLlama(R"(, "linear_class": "autobitlinear")").packedScale,
            PackedScale::Multiplies);
  EXPECT_EQ(
      parseLlama(R"(, "linear_class": "autobitlinear", "quantization_mode": "online")").packedScale,
      PackedScale::None);

  EXPECT_TRUE(
      parseLlama(R"(, "modules_to_not_convert": ["lm_head", "model.embed_tokens"])").isTernary);

  config = parseLlama(R"(, "use_rms_norm": true, "modules_to_not_convert": null)");
  EXPECT_EQ(config.epsilonInLayers, 1e-6f);
  std::vector<ParameterInfo> parameters = config.getParameters();
  EXPECT_THAT(findShape(parameters, "model.layers.2.mlp.down_proj.rms_norm.weight"),
              ElementsAre(80));
  for (const ParameterInfo &parameter : parameters)
    EXPECT_EQ(parameter.isTernary, StringRef(parameter.name).ends_with("_proj.weight"))
        << parameter.name;
}

static constexpr StringLiteral kBitNet =
    R"("model_type": "bitnet", "vocab_size": 97, "hidden_size": 64, "intermediate_size": 80,
       "num_hidden_layers": 3, "num_attention_heads": 4)";
static constexpr StringLiteral kOnline =
    R"("quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear",
       "quantization_mode": "online"})";

TEST_F(TransformerConfigTest, BitNetHasTheDefaultsOfTransformers) {
  TransformerConfig config = parseTransformer(kBitNet + ", " + kOnline);
  EXPECT_TRUE(config.isTernary);
  EXPECT_TRUE(config.hasSubNorms);
  EXPECT_EQ(config.activation, Activation::SquaredRelu);
  EXPECT_EQ(config.ropeTheta, 500000.0);
  EXPECT_EQ(config.rmsNormEps, 1e-5f);
  EXPECT_FALSE(config.tieWordEmbeddings);
  // The tokens' defaults lie beyond this vocabulary.
  EXPECT_EQ(config.bosTokenId, -1);
  EXPECT_THAT(config.eosTokenIds, IsEmpty());
}

TEST_F(TransformerConfigTest, BitNetListsSubNorms) {
  TransformerConfig config = parseTransformer(kBitNet + ", " + kOnline);
  std::vector<ParameterInfo> parameters = config.getParameters();
  EXPECT_EQ(parameters.size(), 3 + 3 * 11u);
  auto getShape = [&](StringRef name) { return findShape(parameters, name); };
  EXPECT_THAT(getShape("model.layers.2.self_attn.attn_sub_norm.weight"), ElementsAre(64));
  EXPECT_THAT(getShape("model.layers.2.mlp.ffn_sub_norm.weight"), ElementsAre(80));
}

TEST_F(TransformerConfigTest, BitNetSaysHowItsWeightsAreTernary) {
  auto getError = [&](const Twine &members) {
    return getMessage(parse(kBitNet + members), directory);
  };
  EXPECT_EQ(getError(""), "config.json: expected quantization_config, which says how weights are "
                          "made ternary, got none");
  auto quantization = [&](const Twine &members) {
    return getError(R"(, "quantization_config": {)" + members + "}");
  };
  auto bitnet = [&](const Twine &members) {
    return quantization(R"("quant_method": "bitnet", )" + members);
  };
  EXPECT_EQ(bitnet(R"("quantization_mode": "online")"),
            "config.json: expected quantization_config.linear_class to be autobitlinear with "
            "quantization_config.quantization_mode online, got bitlinear");
  EXPECT_EQ(bitnet(R"("quantization_mode": "off")"),
            "config.json: expected quantization_config.quantization_mode to be one of online, "
            "offline, got \"off\"");
  EXPECT_EQ(bitnet(R"("linear_class": "lora")"),
            "config.json: expected quantization_config.linear_class to be one of autobitlinear, "
            "bitlinear, got \"lora\"");
  EXPECT_EQ(quantization(R"("quant_method": "gptq")"),
            "config.json: expected quantization_config.quant_method to be \"bitnet\", all that is "
            "supported, got \"gptq\"");
  EXPECT_EQ(bitnet(R"("use_rms_norm": true, "rms_norm_eps": 0)"),
            "config.json: expected quantization_config.rms_norm_eps to be a number between 1e-30 "
            "and 1, got 0");
  EXPECT_EQ(bitnet(R"("modules_to_not_convert": ["q_proj"])"),
            "config.json: expected quantization_config.modules_to_not_convert to be [\"lm_head\"], "
            "all that is supported, got [\"q_proj\"]");
  EXPECT_EQ(getMessage(parse(kBitNet + ", " + kOnline + R"(, "hidden_act": "gelu")"), directory),
            "config.json: expected hidden_act to be one of relu2, silu, swish, got \"gelu\"");
}
