//===- Export.h - What ternary-export does --------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_EXPORT_EXPORT_H
#define TERNARY_EXPORT_EXPORT_H

#include "ternary/Import/Model.h"

namespace ternary {

using WarnFn = llvm::function_ref<void(const llvm::Twine &)>;

/// How a GGUF file is written.
struct GGUFExportOptions {
  /// The type of ternary layers' weights; not given: TQ2_0 if their columns are multiples of 256,
  /// else IQ2_BN.
  std::optional<GGMLType> type;
  /// The type of other matrices; not given: the one that they have, F32 for what was quantised.
  std::optional<GGMLType> floatType;
  std::optional<I2SLayout> i2sLayout;
  /// general.architecture; not given: the first that the model may have.
  std::string architecture;
  /// Whether scales may be rounded where the type has them in f16.
  bool roundScales = false;
};

/// Writes a file that compiles to the same model. It appears whole or not at all.
llvm::Error writeGGUFModel(const Model &model, llvm::StringRef path,
                           const GGUFExportOptions &options, WarnFn warn);

/// Writes a directory in the Hugging Face layout that compiles to the same model: config.json,
/// model.safetensors with ternary weights packed, or latent for families that have no packed form,
/// the tokenizer and what else goes with the model. It appears whole or not at all, and nothing but
/// an empty directory is replaced.
llvm::Error writeHuggingFaceModel(const Model &model, llvm::StringRef directory);

enum class ExportFormat { GGUF, HuggingFace };

/// The command line of ternary-export.
struct ExportOptions {
  std::string input, output;
  std::optional<ExportFormat> format; ///< not given: GGUF for an output *.gguf
  GGUFExportOptions gguf;
};

/// Reads a model in either layout and writes it in either. Errors are one line, and nothing
/// half-written is left behind.
llvm::Error exportModel(const ExportOptions &options, WarnFn warn);

} // namespace ternary

#endif // TERNARY_EXPORT_EXPORT_H
