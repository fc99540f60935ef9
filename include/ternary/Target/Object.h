//===- Object.h - From the LLVM dialect to object files ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TARGET_OBJECT_H
#define TERNARY_TARGET_OBJECT_H

#include "mlir/IR/BuiltinOps.h"
#include "ternary/Target/ModelInfo.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

namespace ternary {
class OutputFile;

/// The machine that `--mtriple`, `--mcpu` and `--mattr` name, as in llc; "native" and
/// empty strings mean this one, and an empty CPU of another triple the baseline. Errors if it lacks
/// what is in the baseline. `level` is how much code for the machine is to be optimised.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(llvm::StringRef triple, llvm::StringRef cpu, llvm::StringRef attributes,
                    llvm::CodeGenOptLevel level = llvm::CodeGenOptLevel::Aggressive);

/// Whether the machine has a feature, as LLVM names it.
bool hasFeature(const llvm::TargetMachine &machine, llvm::StringRef feature);

/// What every machine of an architecture has, in the words of LLVM: what its C libraries are
/// compiled with, and what compilers for Linux take for granted.
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
/// has no sessions, `PREFIX_step_gradient`, `PREFIX_step_loss` and `PREFIX_step_update`. Sessions
/// reach their memory through `device`, a part of the runtime. Functions with a declaration for C
/// keep their names; a module that has these may have no steps. The result is optimised as the
/// machine says. Whatever runs before a machine was asked for what the rest needs, that is the
/// session functions, the callers of other functions and constructors, is code for the baseline.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateModel(mlir::ModuleOp module, const ModelInfo &info, llvm::StringRef prefix,
               llvm::StringRef device, llvm::TargetMachine &machine, llvm::LLVMContext &context);

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

/// Links an object for `triple` into a shared library with the linker of the toolchain. The library
/// asks for libm where it calls functions of that.
llvm::Error linkShared(llvm::StringRef object, const OutputFile &output,
                       const llvm::Triple &triple);

} // namespace ternary

#endif // TERNARY_TARGET_OBJECT_H
