//===- Object.h - From the LLVM dialect to object files ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_OBJECT_H
#define TERNARY_TARGET_OBJECT_H

#include "mlir/IR/BuiltinOps.h"
#include "ternary/Conversion/Microkernels.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include <optional>

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
};

/// What the runtime is told about a model, beyond what its functions say: the fields of
/// `ternary_descriptor` in abi.h.
struct ModelInfo {
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

/// The machine that `--mtriple`, `--mcpu` and `--mattr` name, as in llc; "native" and
/// empty strings mean this one.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(llvm::StringRef triple, llvm::StringRef cpu, llvm::StringRef attributes);

/// The best microkernel for a machine.
const Microkernel &selectMicrokernel(const llvm::TargetMachine &machine);

/// An error that names what the machine lacks for a microkernel.
llvm::Error checkMicrokernel(const Microkernel &microkernel, const llvm::TargetMachine &machine);

/// What every machine of an architecture has, in the words of LLVM.
struct Baseline {
  llvm::StringRef cpu, features;
};
Baseline getBaseline(const llvm::Triple &triple);

/// Instruction set extensions that code for the machine may use beyond the baseline, as LLVM names
/// them, separated by commas: those of features.h, which a machine can be asked for.
std::string getRequiredFeatures(const llvm::TargetMachine &machine);

/// Translates a module in the LLVM dialect and puts the descriptor, the session functions
/// and, if asked, the archive's bytes with it. Symbols start with `prefix`; the module's
/// entry points are `PREFIX_step_prefill` and `PREFIX_step_decode`, or, for training, which
/// has no sessions, `PREFIX_step_gradient`, `PREFIX_step_loss` and `PREFIX_step_update`. The
/// result is optimised. Whatever runs before a machine was asked for what the steps need, that is
/// the session functions and constructors, is code for the baseline.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateModel(mlir::ModuleOp module, const ModelInfo &info, llvm::StringRef prefix,
               llvm::TargetMachine &machine, llvm::LLVMContext &context);

/// Writes a module as LLVM IR, assembly or an object.
enum class FileKind { LLVM, Assembly, Object };
llvm::Error emitFile(llvm::Module &module, llvm::TargetMachine &machine, FileKind kind,
                     llvm::raw_pwrite_stream &os);

/// Puts the `bytes` bytes of the file at `path` into a section of their own and returns the symbol
/// at their start. The file is read when the module is assembled, in pieces of at most
/// `pieceBytes`.
llvm::Constant *embedArchive(llvm::Module &module, llvm::StringRef path, uint64_t bytes,
                             llvm::StringRef symbol, uint64_t pieceBytes = uint64_t(1) << 31);

/// Errors if the weights inside the object at `path` are not as many bytes as they should be.
llvm::Error checkEmbeddedArchive(llvm::StringRef path, uint64_t bytes);

/// Links an object into a shared library with the linker of the toolchain.
llvm::Error linkShared(llvm::StringRef object, llvm::StringRef output);

} // namespace ternary

#endif // TERNARY_TARGET_OBJECT_H
