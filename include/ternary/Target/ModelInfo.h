//===- ModelInfo.h - What the runtime is told about a model -----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_MODELINFO_H
#define TERNARY_TARGET_MODELINFO_H

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ternary {

/// What the runtime is told about training beyond that: fields of
/// `ternary_training_descriptor` in training.h.
struct TrainingInfo {
  struct Parameter {
    std::string name;
    std::vector<int64_t> shape;
    uint64_t offset = 0; ///< in a block, in floats
    bool decays = false;
  };
  struct Workspace {
    int64_t fixedBytes = 0, bytesPerToken = 0;
  };
  std::vector<Parameter> parameters;
  uint64_t blockFloats = 0;
  Workspace gradient, loss;
  /// What the backward pass computes again, in words; empty if nothing.
  std::string recomputed;
  std::string configJSON;

  /// Adds a parameter behind the others, at a multiple of 64 bytes.
  void addParameter(Parameter parameter) {
    uint64_t count = 1;
    for (int64_t size : parameter.shape)
      count *= size;
    parameter.offset = blockFloats;
    blockFloats = (parameter.offset + count + 15) / 16 * 16;
    parameters.push_back(std::move(parameter));
  }
};

/// What the runtime is told about a model, beyond what its functions say: the fields of
/// `ternary_descriptor` in abi.h.
struct ModelInfo {
  /// Whether the module has steps; otherwise it is functions alone.
  bool hasSteps = false;
  std::string name, modelType, target, cpu, kernel, features;
  int64_t batch = 1, vocab = 0, hidden = 0, layers = 0, maxTokens = 0;
  int64_t bosId = -1;
  std::vector<int64_t> eosIds;
  /// The first of these, or -1.
  int64_t getEosId() const { return eosIds.empty() ? -1 : eosIds.front(); }
  int64_t stateBytes = 0, workspaceFixedBytes = 0, workspaceBytesPerToken = 0;
  /// Where in the state tokens are counted; -1: nowhere.
  int64_t positionOffset = -1;
  /// The types that the state is made of.
  std::string stateTypes;
  int64_t prefillChunk = 512;
  /// The file to embed, and the name under which the runtime looks for one.
  std::string archivePath, archiveFile;
  bool embedArchive = true;
  uint64_t archiveBytes = 0, payloadBytes = 0;
  uint32_t archiveHeaderCRC = 0;
  bool threads = true;
  int64_t packedWeightBytes = 0, weightBytesPerToken = 0, macsPerToken = 0, macsPerLogits = 0;
  /// Offset and size in the archive's payload of tables that are looked up.
  std::vector<std::pair<uint64_t, uint64_t>> lookupTables;
  /// Checksum of the logits of that many tokens of the self-test.
  uint32_t selfTestCRC = 0;
  int64_t selfTestTokens = 0;
  /// SentencePiece model and the text of each token; empty if there is no tokenizer.
  std::string tokenizer;
  std::vector<std::string> pieces;
  /// For objects that train a model instead of generating text with it.
  std::optional<TrainingInfo> training;
};

} // namespace ternary

#endif // TERNARY_TARGET_MODELINFO_H
