//===- HuggingFace.h - Models in the Hugging Face layout --------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model family is a subclass of ModelConfig, with a reader of its own, and a
// line in the table of HuggingFaceConfig.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_HUGGINGFACE_H
#define TERNARY_IMPORT_HUGGINGFACE_H

#include "mlir/IR/BuiltinOps.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Import/Safetensors.h"

namespace ternary {

/// What a graph depends on besides the model.
struct GraphOptions {
  int64_t batch = 1;
  /// ε of the norms inside BitLinear, which no checkpoint states.
  float epsilon = 1e-6f;
  /// Build the loss of a batch, of parameters in f32, instead of the steps that generate text.
  bool training = false;
  /// How matrices are stored.
  const ParameterSource *parameters = nullptr;
  /// What keys and values of attention are kept in: f32, f16 or, as codes with a scale for each
  /// head of each token, i8.
  DType cacheType = DType::F32;
};

/// A model as its config.json describes it: what all families have.
class ModelConfig {
public:
  virtual ~ModelConfig();

  /// Every tensor that the model needs.
  virtual std::vector<ParameterInfo> getParameters() const = 0;

  /// The layers that embed tokens and give logits; each has a `.weight` [V, H].
  virtual llvm::StringRef getTableName() const = 0;
  virtual llvm::StringRef getHeadName() const { return "lm_head"; }
  /// The layer whose weight is the head's.
  std::string getHeadWeight() const {
    return (tieWordEmbeddings ? getTableName() : getHeadName()).str();
  }

  /// Whether `name` is the weight of a ternary layer.
  bool hasTernaryWeight(llvm::StringRef name) const;

  /// Adds the model's step functions to `module`.
  virtual void buildGraph(mlir::ModuleOp module, const GraphOptions &options) const = 0;

  /// Members of config.json that say the same, with nothing left to a default.
  virtual llvm::json::Object getMembers() const;

  /// What a parameter is before training.
  virtual HostTensor makeInitialValue(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                                      uint64_t seed) const;

  /// Whether sessions keep keys and values.
  virtual bool hasCache() const { return false; }

  /// Whether there are norms whose ε no checkpoint states (see GraphOptions).
  virtual bool hasNormsInLayers() const { return true; }

  std::string modelType;
  /// Whether the layers of blocks are ternary.
  bool isTernary = false;
  /// ε of the norm that each ternary layer starts with, `NAME.rms_norm`, if they do.
  std::optional<float> epsilonInLayers;
  /// Whether weights of ternary layers come as trits.
  PackedScale packedScale = PackedScale::None;
  int64_t vocabSize = 0;
  int64_t hiddenSize = 0;
  int64_t numHiddenLayers = 0;
  int64_t maxTokens = 0;   ///< 0: unbounded
  int64_t bosTokenId = -1; ///< -1: none
  /// Tokens any of which ends a text.
  llvm::SmallVector<int64_t, 2> eosTokenIds;
  /// Whether the embedding table is the head's weight.
  bool tieWordEmbeddings = false;
  /// The part of attention that training of the original drops; it changes no text.
  double dropout = 0;
  /// Standard deviations of made-up matrices, around 0, and vectors, around 1.
  float matrixDeviation = 0.02f, gainDeviation = 0.02f;
};

/// Reads config.json of a model directory. Errors name the file, the member,
/// and what was expected.
llvm::Expected<std::unique_ptr<ModelConfig>> readModelConfig(llvm::StringRef directory);

/// The values of `model_type` that readModelConfig knows.
llvm::SmallVector<llvm::StringRef> getSupportedModelTypes();

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

/// The MatMul-free language model of arXiv 2406.02528, `hgrn_bit`: one head, no
/// expansion of the state, no short convolution, a head of its own.
class HGRNBitConfig : public ModelConfig {
public:
  llvm::StringRef getTableName() const override { return "model.embeddings"; }
  std::vector<ParameterInfo> getParameters() const override;
  llvm::json::Object getMembers() const override;
  void buildGraph(mlir::ModuleOp module, const GraphOptions &options) const override;

  /// As stated, or 256·ceil(int(hidden_size·hidden_ratio·2/3) / 256).
  int64_t intermediateSize = 0;
  bool useLowerBound = true;
  float rmsNormEps = 1e-6f;
};

void buildHGRNBit(mlir::ModuleOp module, const HGRNBitConfig &config, const GraphOptions &options);

/// A Transformer: RMSNorm, rotary attention with heads that may share keys and values, a gated
/// MLP, no biases. `llama` (LlamaForCausalLM) and `qwen3` (Qwen3ForCausalLM) have float layers, to
/// compare with, or ternary ones if there is a quantization_config; BitNet b1.58, `bitnet`
/// (BitNetForCausalLM), has ternary ones and norms before the last layer of each branch.
class TransformerConfig : public ModelConfig {
public:
  llvm::StringRef getTableName() const override { return "model.embed_tokens"; }
  std::vector<ParameterInfo> getParameters() const override;
  llvm::json::Object getMembers() const override;
  void buildGraph(mlir::ModuleOp module, const GraphOptions &options) const override;
  bool hasCache() const override { return true; }
  bool hasNormsInLayers() const override { return false; }

  /// Whether there are `attn_sub_norm` and `ffn_sub_norm`.
  bool hasSubNorms = false;
  /// Whether queries and keys are normed, each head by itself: `q_norm` and `k_norm`.
  bool hasHeadNorms = false;
  Activation activation = Activation::Silu;
  int64_t intermediateSize = 0;
  int64_t numHeads = 0, numKeyValueHeads = 0;
  int64_t headSize = 0;
  double ropeTheta = 10000.0;
  float rmsNormEps = 1e-6f;
};

void buildTransformer(mlir::ModuleOp module, const TransformerConfig &config,
                      const GraphOptions &options);

/// RWKV-4, `rwkv` (RwkvForCausalLM): with float layers as published, or with ternary ones in
/// blocks, as its quantization_config says.
class RWKVConfig : public ModelConfig {
public:
  llvm::StringRef getTableName() const override { return "rwkv.embeddings"; }
  llvm::StringRef getHeadName() const override { return "head"; }
  std::vector<ParameterInfo> getParameters() const override;
  llvm::json::Object getMembers() const override;
  void buildGraph(mlir::ModuleOp module, const GraphOptions &options) const override;
  HostTensor makeInitialValue(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                              uint64_t seed) const override;
  bool hasNormsInLayers() const override { return false; }

  /// ε of `ln_out`, which no configuration changes.
  static constexpr float kEpsilonOfLastNorm = 1e-5f;

  /// Channels of WKV.
  int64_t attentionHiddenSize = 0;
  int64_t intermediateSize = 0;
  float layerNormEpsilon = 1e-5f;
  /// After how many blocks Transformers halves hidden states to generate text; not positive: never.
  int64_t rescaleEvery = 6;
};

void buildRWKV(mlir::ModuleOp module, const RWKVConfig &config, const GraphOptions &options);

} // namespace ternary

#endif // TERNARY_IMPORT_HUGGINGFACE_H
