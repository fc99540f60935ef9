//===- GGUFArchitecture.h - What models are called in GGUF files -----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A GGUF file has other names for what config.json and a checkpoint in the Hugging Face layout say.
// These tables are the only place that knows both.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_GGUFARCHITECTURE_H
#define TERNARY_IMPORT_GGUFARCHITECTURE_H

#include "ternary/Import/HuggingFace.h"

namespace ternary {

/// A key `ARCHITECTURE.NAME` and the member of config.json that says the same.
struct GGUFKey {
  enum class Kind { Integer, Float };
  llvm::StringLiteral name, member;
  Kind kind = Kind::Integer;
  bool isRequired = true;
};

/// A tensor and the member of config.json that says whether it is there.
struct GGUFFlag {
  llvm::StringLiteral tensor, member;
};

/// A module, of which parameters are `.weight`, `.bias` and the like, in both layouts.
struct GGUFModule {
  llvm::StringLiteral name;        ///< of GGUF; in a block behind `blk.N.`
  llvm::StringLiteral huggingFace; ///< in a block behind the family's prefix and `N.`
};

/// Whose order of rows a weight has.
enum class RowOrder { HuggingFace, GGUF };

/// The modules and keys of a family.
struct GGUFFamily {
  llvm::StringLiteral modelType, className; ///< of config.json
  llvm::StringLiteral blocks;               ///< "model.layers."
  llvm::ArrayRef<GGUFModule> modules, modulesOfBlocks;
  llvm::ArrayRef<GGUFKey> keys;
  llvm::ArrayRef<GGUFFlag> flags = {};
  /// Whether config.json states in a quantization_config that layers are ternary.
  bool statesQuantization = true;
};

/// A value of general.architecture.
struct GGUFArchitecture {
  llvm::StringLiteral name;
  const GGUFFamily *family;
  /// The member hidden_act of config.json; empty if there is none.
  llvm::StringLiteral activation;
  /// Whether layers are ternary even if their weights come as floats.
  bool isTernary = false;
  /// Whether rotations turn channels 2i and 2i + 1 instead of i and i + D/2, so that rows of
  /// attn_q and attn_k lie in another order.
  bool rotatesNeighbours = false;

  /// The name in a GGUF file of a parameter of the Hugging Face layout; nothing if none is known.
  std::optional<std::string> getTensorName(llvm::StringRef parameter) const;

  /// `tensor`, which belongs to the weight `parameter` and has its rows, in the order of `target`
  /// instead of the other one.
  HostTensor reorderRows(llvm::StringRef parameter, const ModelConfig &config, HostTensor tensor,
                         RowOrder target) const;
};

/// All of them; several may be of one family.
llvm::ArrayRef<GGUFArchitecture> getGGUFArchitectures();

/// The architecture of that name, or null.
const GGUFArchitecture *lookupGGUFArchitecture(llvm::StringRef name);

} // namespace ternary

#endif // TERNARY_IMPORT_GGUFARCHITECTURE_H
