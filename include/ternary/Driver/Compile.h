//===- Compile.h - What ternary-compile does ------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DRIVER_COMPILE_H
#define TERNARY_DRIVER_COMPILE_H

#include "ternary/Import/ParameterSource.h"
#include "ternary/Import/Tokenizer.h"
#include "ternary/Pipelines/PipelineOptions.h"
#include "ternary/Support/GGMLBlocks.h"
#include "ternary/Target/Target.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>

namespace ternary {

/// The command line of ternary-compile.
struct CompileOptions : TargetRequest {
  std::string input, output;
  std::string target = "cpu";
  /// Name of a kind of output: "mlir", or one of the target's. Empty: by the output's suffix.
  std::string emit;
  /// "generate", "train" or "gradient".
  std::string function = "generate";
  /// For gradients: the function to differentiate, which may be empty if there is only one, and by
  /// which of its arguments; none: by all of floats.
  std::string differentiate;
  std::vector<std::string> withRespectTo;
  std::optional<int64_t> batch; // 1
  std::optional<bool> fuse;     // true
  bool raiseLinalg = true;
  bool embedWeights = true;
  /// In training, what gradients are rounded to in the products of linear layers.
  GradientPrecision gradientPrecision = GradientPrecision::High;
  /// In training, what is computed again for the backward pass; not given: rows, or no more
  /// than it takes to stay within a budget.
  std::optional<Recompute> recompute;
  /// In training, what activations are kept in for the backward pass; not given: f32.
  std::optional<ActivationType> activations;
  /// Bytes that training may take: parameters, gradients, moments and the workspace of a step.
  std::optional<int64_t> memoryBudget;
  /// Tokens of a sequence that memory is reported and the budget is meant for; not given: as
  /// many as ternary-train takes by default.
  std::optional<int64_t> sequenceLength;
  std::optional<double> epsilon;
  std::optional<uint64_t> randomWeights;
  /// Where the parameters of a graph come from: a model as `input` can be one, or a .safetensors
  /// file. Empty: nowhere, or from `randomWeights`.
  std::string parameters;
  /// Whether float weights that hold no other values than 0, s and -s are ternary; not given: true.
  std::optional<bool> recognizeTernary;
  /// The layout of I2_S tensors, which GGUF files do not tell.
  std::optional<I2SLayout> i2sLayout;
  /// What keys and values are kept in; not given: f32.
  std::optional<DType> cacheType;
  /// Tokens that a session can take, fewer than the model's.
  std::optional<int64_t> maxTokens;
  /// For how many tokens the object holds the checksum of the reference's logits; not
  /// given: as many as take about a second.
  std::optional<int64_t> selfTestTokens;
  /// Name of the phase to stop after, with MLIR as output. Empty: none.
  std::string compileTo;
  std::string dumpPhases;
  std::string symbolPrefix;
  bool timing = false;
  bool progress = false;
};

/// Compiles a model. Diagnostics of the compiler go to standard error as they come; the
/// error returned says what was wrong with the input or where a file cannot be
/// written. Nothing half-written is left behind.
llvm::Error compile(const CompileOptions &options);

/// A model in memory. The graph is text, so that every compilation has a context of its own and
/// any number of them can go on at a time.
struct ModelSource {
  std::string name;
  std::string text;
  std::shared_ptr<const ParameterSource> parameters; ///< may be null: nothing can be emitted
  TokenizerData tokenizer;
  std::string configJSON; ///< in training, the checkpoint's configuration
};

/// The same for a model in memory instead of `options.input`.
llvm::Error compile(const CompileOptions &options, const ModelSource &source);

/// Imports a model and runs its phases up to and with `options.compileTo`, which is given. The
/// result's text is the IR after that phase.
llvm::Expected<ModelSource> lower(const CompileOptions &options);
llvm::Expected<ModelSource> lower(const CompileOptions &options, const ModelSource &source);

} // namespace ternary

#endif // TERNARY_DRIVER_COMPILE_H
