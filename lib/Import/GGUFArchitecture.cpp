//===- GGUFArchitecture.cpp - What models are called in GGUF files -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/GGUFArchitecture.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace ternary;

using Kind = GGUFKey::Kind;

//===----------------------------------------------------------------------===//
// Transformers, as llama.cpp and bitnet.cpp have them
//===----------------------------------------------------------------------===//

static constexpr GGUFModule kTransformerModules[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

static constexpr GGUFModule kTransformerBlock[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"attn_sub_norm", "self_attn.attn_sub_norm"},
    {"attn_output", "self_attn.o_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_sub_norm", "mlp.ffn_sub_norm"},
    {"ffn_down", "mlp.down_proj"},
};

static constexpr GGUFKey kTransformerKeys[] = {
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads", Kind::Integer, /*isRequired=*/false},
    {"attention.key_length", "head_dim", Kind::Integer, /*isRequired=*/false},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", Kind::Float},
    {"rope.freq_base", "rope_theta", Kind::Float, /*isRequired=*/false},
};

static constexpr GGUFFamily makeTransformer(StringLiteral modelType, StringLiteral className) {
  return {modelType,           className,         "model.layers.",
          kTransformerModules, kTransformerBlock, kTransformerKeys};
}

static constexpr GGUFFamily kLlama = makeTransformer("llama", "LlamaForCausalLM");
static constexpr GGUFFamily kQwen3 = makeTransformer("qwen3", "Qwen3ForCausalLM");
static constexpr GGUFFamily kBitNet = makeTransformer("bitnet", "BitNetForCausalLM");

//===----------------------------------------------------------------------===//
// MatMul-free language models and RWKV-4, which no other program stores: see docs/gguf.md
//===----------------------------------------------------------------------===//

static constexpr GGUFModule kHGRNBitModules[] = {
    {"token_embd", "model.embeddings"},
    {"lower_bounds", "model.lower_bounds"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

static constexpr GGUFModule kHGRNBitBlock[] = {
    {"attn_norm", "attn_norm"}, {"attn_i", "attn.i_proj"},      {"attn_f", "attn.f_proj"},
    {"attn_g", "attn.g_proj"},  {"attn_g_norm", "attn.g_norm"}, {"attn_output", "attn.o_proj"},
    {"ffn_norm", "mlp_norm"},   {"ffn_gate", "mlp.gate_proj"},  {"ffn_down", "mlp.down_proj"},
};

static constexpr GGUFKey kHGRNBitKeys[] = {
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", Kind::Float},
};

static constexpr GGUFFlag kHGRNBitFlags[] = {{"lower_bounds", "use_lower_bound"}};

static constexpr GGUFFamily kHGRNBit = {
    "hgrn_bit",    "HGRNBitForCausalLM", "model.layers.", kHGRNBitModules,
    kHGRNBitBlock, kHGRNBitKeys,         kHGRNBitFlags,   /*statesQuantization=*/false};

static constexpr GGUFModule kRWKVModules[] = {
    {"token_embd", "rwkv.embeddings"},
    {"output_norm", "rwkv.ln_out"},
    {"output", "head"},
};

static constexpr GGUFModule kRWKVBlock[] = {
    {"token_norm", "pre_ln"},
    {"attn_norm", "ln1"},
    {"attn_norm_2", "ln2"},
    {"time_mix_decay", "attention.time_decay"},
    {"time_mix_first", "attention.time_first"},
    {"time_mix_lerp_k", "attention.time_mix_key"},
    {"time_mix_lerp_v", "attention.time_mix_value"},
    {"time_mix_lerp_r", "attention.time_mix_receptance"},
    {"time_mix_key", "attention.key"},
    {"time_mix_value", "attention.value"},
    {"time_mix_receptance", "attention.receptance"},
    {"time_mix_output", "attention.output"},
    {"channel_mix_lerp_k", "feed_forward.time_mix_key"},
    {"channel_mix_lerp_r", "feed_forward.time_mix_receptance"},
    {"channel_mix_key", "feed_forward.key"},
    {"channel_mix_receptance", "feed_forward.receptance"},
    {"channel_mix_value", "feed_forward.value"},
};

static constexpr GGUFKey kRWKVKeys[] = {
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.hidden_length", "attention_hidden_size"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon", Kind::Float},
    {"rescale_every_n_layers", "rescale_every"},
};

static constexpr GGUFFamily kRWKV = {"rwkv",       "RwkvForCausalLM", "rwkv.blocks.",
                                     kRWKVModules, kRWKVBlock,        kRWKVKeys};

//===----------------------------------------------------------------------===//

ArrayRef<GGUFArchitecture> ternary::getGGUFArchitectures() {
  static constexpr GGUFArchitecture architectures[] = {
      {"llama", &kLlama, "silu", /*isTernary=*/false, /*rotatesNeighbours=*/true},
      {"qwen3", &kQwen3, "silu"},
      {"bitnet", &kBitNet, "silu", /*isTernary=*/true},
      {"bitnet-b1.58", &kBitNet, "relu2", /*isTernary=*/true},
      {"bitnet-25", &kBitNet, "relu2", /*isTernary=*/true},
      {"hgrn_bit", &kHGRNBit, "swish", /*isTernary=*/true},
      {"rwkv", &kRWKV, ""},
  };
  return architectures;
}

const GGUFArchitecture *ternary::lookupGGUFArchitecture(StringRef name) {
  const auto *it = find_if(getGGUFArchitectures(), [&](const GGUFArchitecture &architecture) {
    return architecture.name == name;
  });
  return it == getGGUFArchitectures().end() ? nullptr : it;
}

std::optional<std::string> GGUFArchitecture::getTensorName(StringRef parameter) const {
  std::string prefix;
  ArrayRef<GGUFModule> modules = family->modules;
  unsigned layer;
  if (parameter.consume_front(family->blocks)) {
    if (parameter.consumeInteger(10, layer) || !parameter.consume_front("."))
      return std::nullopt;
    prefix = "blk." + std::to_string(layer) + ".";
    modules = family->modulesOfBlocks;
  }
  for (const GGUFModule &module : modules) {
    StringRef suffix = parameter;
    if (suffix.consume_front(module.huggingFace) && (suffix.empty() || suffix.front() == '.'))
      return prefix + module.name.str() + suffix.str();
  }
  return std::nullopt;
}

/// Heads whose rows lie in another order, of a parameter that has some; otherwise 0.
static int64_t getReorderedHeads(StringRef parameter, const TransformerConfig &config) {
  if (parameter.ends_with(".q_proj.weight"))
    return config.numHeads;
  return parameter.ends_with(".k_proj.weight") ? config.numKeyValueHeads : 0;
}

/// Of a head, row 2i + s is what is row D/2·s + i in the Hugging Face layout.
HostTensor GGUFArchitecture::reorderRows(StringRef parameter, const ModelConfig &config,
                                         HostTensor tensor, RowOrder target) const {
  int64_t heads = 0;
  if (rotatesNeighbours)
    heads = getReorderedHeads(parameter, static_cast<const TransformerConfig &>(config));
  if (heads == 0)
    return tensor;
  int64_t rows = tensor.getDim(0), half = rows / heads / 2;
  size_t bytesOfRow = tensor.getBytes().size() / rows;
  HostTensor result = HostTensor::allocate(tensor.getDType(), tensor.getShape());
  auto rowOf = [&](auto bytes, int64_t row) { return bytes.slice(row * bytesOfRow, bytesOfRow); };
  for (int64_t head = 0; head < heads; ++head)
    for (int64_t i = 0; i < half; ++i)
      for (int64_t side = 0; side < 2; ++side) {
        int64_t from = 2 * (head * half + i) + side, to = (2 * head + side) * half + i;
        if (target == RowOrder::GGUF)
          std::swap(from, to);
        llvm::copy(rowOf(tensor.getBytes(), from), rowOf(result.getMutableBytes(), to).begin());
      }
  return result;
}
