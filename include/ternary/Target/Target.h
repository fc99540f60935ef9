//===- Target.h - What models are compiled for ------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_TARGET_H
#define TERNARY_TARGET_TARGET_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>

namespace ternary {

class OutputSet;
class ParameterSource;
class Target;
struct ModelInfo;
struct PipelineOptions;

/// What drivers ask of a phase besides its passes.
enum class PhaseRole {
  Other,
  Differentiates, ///< is left out unless there is something to differentiate
  BindsWeights,   ///< leaves weights in the archive: they can be counted
  PlansMemory,    ///< leaves the sizes of state and workspace
};

/// A part of the way of a module through the compiler. Its name drives `--compile-to`,
/// `--dump-phases` and the pipelines of ternary-opt; a guard ends it.
struct Phase {
  llvm::StringLiteral name, description;
  /// Adds the passes that lead here from the phase before.
  void (*build)(mlir::OpPassManager &pm, const Target &target, const PipelineOptions &options);
  /// What there may be when the phase has ended, in words, and whether an op is of that kind.
  llvm::StringLiteral allowed;
  bool (*isAllowed)(mlir::Operation *op);
  /// Reports what else the phase forbids; null: nothing.
  llvm::LogicalResult (*check)(mlir::Operation *op, llvm::StringRef phase) = nullptr;
  PhaseRole role = PhaseRole::Other;
};

/// A kind of file that a target writes.
struct OutputKind {
  /// By this number the target knows it.
  unsigned id;
  /// The value of `--emit`, and what a file's name ends in.
  llvm::StringLiteral name, suffix, description;
  bool isText;
  /// What C functions start with; empty: with the file's name.
  llvm::StringLiteral prefix = "";
};

/// How much a compiler behind ours optimises the code of kernels. They are vectorised and fused at
/// any level, with the same results.
enum class OptLevel { O0, O1, O2 };

/// The words of a command line that say what code is for. A target refuses those that mean nothing
/// to it.
struct TargetRequest {
  std::string triple, cpu, attributes; ///< as in llc
  std::string kernel;                  ///< empty: the target chooses
  std::optional<bool> threads;         ///< not given: the target chooses
  OptLevel optimize = OptLevel::O2;
};

/// How the weights of kernels lie in memory.
struct WeightLayouts {
  /// Of ternary weights; with halves where both operands of a gated linear unit are in one.
  WeightLayoutAttrInterface trits;
  /// Of the weights of float products; null: they stay as they are.
  WeightLayoutAttrInterface floats;
};

/// A module after the last phase, and what is to become of it.
struct Emission {
  mlir::ModuleOp module;
  /// As it was after the phase that plans memory, or null: what a self-test is computed from.
  mlir::ModuleOp planned;
  ModelInfo &info;
  /// The values of parameters; null if there are none.
  const ParameterSource *parameters;
  const TargetRequest &request;
  const OutputKind &kind;
  /// The file to write, "-" for standard output, and the name of what was compiled.
  std::string output, input;
  std::string prefix;
  bool embedWeights;
  /// Where all files go: they get their names together.
  OutputSet &outputs;
  llvm::function_ref<void(const llvm::Twine &)> report;
};

/// What models are compiled for. Phases behind the common ones, layouts, kinds of output and their
/// emission belong to a target; nothing else knows one by name.
class Target {
public:
  virtual ~Target();

  /// The value of `--target`, and the mnemonic of the attribute.
  virtual llvm::StringRef getName() const = 0;
  virtual llvm::StringRef getDescription() const = 0;

  /// The phases behind the common ones, in order.
  virtual llvm::ArrayRef<Phase> getPhases() const = 0;
  /// Whether ops are merged and values computed again; otherwise each op is a kernel.
  virtual bool fuses() const { return true; }

  /// The attribute for modules; what is not requested is as in `known`, which may be null. Whatever
  /// machine this is; an error for what names nothing.
  virtual llvm::Expected<TargetAttrInterface> getAttribute(mlir::MLIRContext *context,
                                                           const TargetRequest &request,
                                                           TargetAttrInterface known) const = 0;
  /// The words for what a module's `attribute` says, as far as the target takes any.
  virtual TargetRequest getRequest(TargetAttrInterface attribute) const { return {}; }
  /// Chooses what is not requested by the machine that is. An error if it cannot run what is.
  virtual llvm::Error resolve(TargetRequest &request) const = 0;

  /// The layouts of a module with this target's `attribute`.
  virtual WeightLayouts getWeightLayouts(TargetAttrInterface attribute) const = 0;

  /// Whether machines of a module with this target's `attribute` convert between f16 and f32.
  virtual bool convertsF16(TargetAttrInterface attribute) const { return false; }

  /// What the target writes besides MLIR.
  virtual llvm::ArrayRef<OutputKind> getOutputKinds() const = 0;
  /// Adds the files of an emission to its outputs.
  virtual llvm::Error emit(const Emission &emission) const = 0;
};

/// Makes a target known. Called by registerAllTargets (ternary/InitAll.h) alone.
void registerTarget(std::unique_ptr<const Target> target);

/// All targets, in the order in which they were registered.
llvm::ArrayRef<std::unique_ptr<const Target>> getTargets();

/// The target of that name, or null.
const Target *lookupTarget(llvm::StringRef name);

/// The target of the module that `op` is in or is, or null.
const Target *lookupTargetOf(mlir::Operation *op);

/// The names of all targets, for error messages: "cpu, reference".
std::string getTargetNames();

} // namespace ternary

#endif // TERNARY_TARGET_TARGET_H
