//===- Module.cpp - From the LLVM dialect to an LLVM module ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Descriptor.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Target/EmbeddedRuntime.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using ternary::kDeclarationAttr;
using ternary::kSignatureAttr;

/// Has a function compiled for every machine of the architecture instead of the model's, so that it
/// may run before it is known which one this is.
static void restrictToBaseline(Function &function, const Triple &triple) {
  ternary::Baseline baseline = ternary::getBaseline(triple);
  function.addFnAttr("target-cpu", baseline.cpu);
  function.addFnAttr("target-features", baseline.features);
  function.removeFnAttr("tune-cpu");
}

/// Gives the names of runtime functions that start with `start` the model's prefix.
static void renameRuntime(Module &module, StringRef start, StringRef prefix) {
  constexpr StringLiteral ours = "ternary_";
  for (GlobalValue &value : module.global_values())
    if (value.getName().starts_with(start))
      value.setName(prefix + "_" + value.getName().drop_front(ours.size()));
}

/// Links a part of the runtime into the module. Only the session's functions are for others than
/// the object; whatever refers to those of another part is linked before it.
static Error linkPart(Module &module, StringRef part, StringRef prefix, TargetMachine &machine) {
  StringRef arch = Triple::getArchTypeName(machine.getTargetTriple().getArch());
  StringRef bitcode = ternary::getRuntimeBitcode(part, arch);
  if (bitcode.empty())
    return createStringError("expected an architecture with runtime functions (" +
                             StringRef(ternary::getRuntimeArchitectures()) + "), got '" + arch +
                             "'");
  Expected<std::unique_ptr<Module>> runtime =
      parseBitcodeFile(MemoryBufferRef(bitcode, part), module.getContext());
  if (!runtime)
    return runtime.takeError();
  (*runtime)->setTargetTriple(machine.getTargetTriple());
  (*runtime)->setDataLayout(machine.createDataLayout());
  renameRuntime(**runtime, "ternary_", prefix);
  SmallVector<std::string> defined;
  for (Function &function : **runtime) {
    restrictToBaseline(function, machine.getTargetTriple());
    if (!function.isDeclaration() && !function.hasLocalLinkage())
      defined.push_back(function.getName().str());
  }
  if (Linker::linkModules(module, std::move(*runtime)))
    return createStringError("cannot link the runtime functions");
  if (part != "session")
    for (StringRef name : defined)
      module.getFunction(name)->setLinkage(GlobalValue::InternalLinkage);
  return Error::success();
}

/// Links all of the runtime that the module needs: for a session, if it has one, on `device`; and
/// for functions that C calls.
static Error linkRuntime(Module &module, const ternary::ModelInfo &info, StringRef device,
                         StringRef prefix, bool hasSession, bool hasFunctions,
                         TargetMachine &machine) {
  SmallVector<StringRef> parts;
  if (hasSession)
    parts = {"session", device};
  if (hasFunctions)
    parts.push_back("function");
  if (hasSession || hasFunctions)
    parts.push_back("machine");
  if (hasSession || (info.training && info.threads))
    parts.push_back("team");
  renameRuntime(module, "ternary_team_", prefix);
  renameRuntime(module, "ternary_function_", prefix);
  for (StringRef part : parts)
    if (Error error = linkPart(module, part, prefix, machine))
      return error;
  return Error::success();
}

/// What is asked for ahead may lie beyond the end of its memory, where an address that is said to
/// be within it would be poison.
static void letPrefetchesLeaveMemory(Module &module) {
  for (Function &function : module)
    for (Instruction &instruction : instructions(function)) {
      auto *prefetch = dyn_cast<IntrinsicInst>(&instruction);
      if (!prefetch || prefetch->getIntrinsicID() != Intrinsic::prefetch)
        continue;
      auto *address = dyn_cast<GetElementPtrInst>(prefetch->getArgOperand(0));
      if (!address)
        continue;
      auto *loose = cast<GetElementPtrInst>(address->clone());
      loose->setNoWrapFlags(GEPNoWrapFlags::none());
      loose->insertBefore(prefetch->getIterator());
      prefetch->setArgOperand(0, loose);
    }
}

/// LLVM's code generator loses tiles that loops carry where it does not optimise at all.
static void raiseLevelForTiles(const Module &module, TargetMachine &machine) {
  bool hasTiles = any_of(
      module, [](const Function &callee) { return callee.getName().starts_with("llvm.x86.tile"); });
  if (hasTiles && machine.getOptLevel() == CodeGenOptLevel::None)
    machine.setOptLevel(CodeGenOptLevel::Less);
}

static void optimize(Module &module, TargetMachine &machine) {
  raiseLevelForTiles(module, machine);
  PassBuilder builder(&machine);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  ModulePassManager passes;
  switch (machine.getOptLevel()) {
  case CodeGenOptLevel::None:
    passes = builder.buildO0DefaultPipeline(OptimizationLevel::O0);
    break;
  case CodeGenOptLevel::Less:
    passes = builder.buildPerModuleDefaultPipeline(OptimizationLevel::O1);
    break;
  default:
    passes = builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2);
  }
  passes.run(module, modules);
}

Expected<std::unique_ptr<Module>> ternary::translateModel(mlir::ModuleOp source,
                                                          const ModelInfo &info, StringRef prefix,
                                                          StringRef device, TargetMachine &machine,
                                                          LLVMContext &context) {
  std::unique_ptr<Module> module = mlir::translateModuleToLLVMIR(source, context, info.name);
  if (!module)
    return createStringError(inconvertibleErrorCode(), "cannot translate the module to LLVM IR");
  module->setTargetTriple(machine.getTargetTriple());
  module->setDataLayout(machine.createDataLayout());
  letPrefetchesLeaveMemory(*module);
  auto getStep = [&](StringRef name) {
    return module->getFunction((prefix + "_step_" + name).str());
  };
  bool training = info.training.has_value();
  TrainingSteps steps = {getStep("gradient"), getStep("loss"), getStep("update")};
  bool hasSession = !training && getStep("prefill") && getStep("decode");
  SmallVector<Function *> functions;
  for (auto func : source.getOps<mlir::LLVM::LLVMFuncOp>())
    if (func->hasAttr(kDeclarationAttr))
      functions.push_back(module->getFunction(func.getName()));
  if (training ? !steps.gradient || !steps.loss || !steps.update
               : !hasSession && (functions.empty() || getStep("prefill") || getStep("decode")))
    return createStringError(
        Twine("expected a module with ") +
        (training ? "the steps 'gradient', 'loss' and 'update'"
                  : "the steps 'prefill' and 'decode', or public functions and no step"));
  for (Function &function : *module)
    if (!function.isDeclaration() && !is_contained(functions, &function))
      function.setLinkage(GlobalValue::InternalLinkage);
  if (GlobalVariable *constructors = module->getNamedGlobal("llvm.global_ctors"))
    for (Use &entry : cast<Constant>(constructors->getInitializer())->operands())
      if (auto *function = dyn_cast<Function>(cast<Constant>(entry)->getOperand(1)))
        restrictToBaseline(*function, machine.getTargetTriple());
  for (Function *function : functions)
    restrictToBaseline(*function, machine.getTargetTriple());
  for (auto func : source.getOps<mlir::LLVM::LLVMFuncOp>())
    if (auto signature = func->getAttrOfType<mlir::DictionaryAttr>(kSignatureAttr))
      for (StringRef name :
           {func.getName(), signature.getAs<mlir::StringAttr>("workspace").getValue()})
        restrictToBaseline(*module->getFunction(name), machine.getTargetTriple());
  if (training)
    addTrainingDescriptor(*module, info, (prefix + "_training_descriptor_instance").str(), steps);
  else if (hasSession)
    addDescriptor(*module, info, (prefix + "_descriptor_instance").str(),
                  (prefix + "_step_prefill").str(), (prefix + "_step_decode").str());
  if (!functions.empty()) {
    addFunctionConstants(*module, info, prefix.str());
    addFunctionList(*module, source, info, (prefix + "_functions_instance").str());
  }
  if (Error error =
          linkRuntime(*module, info, device, prefix, hasSession, !functions.empty(), machine))
    return error;
  std::string problem;
  raw_string_ostream os(problem);
  if (verifyModule(*module, &os))
    return createStringError(inconvertibleErrorCode(), "invalid LLVM IR: " + problem);
  optimize(*module, machine);
  return module;
}

Error ternary::emitFile(Module &module, TargetMachine &machine, FileKind kind,
                        raw_pwrite_stream &os) {
  if (kind == FileKind::LLVM) {
    module.print(os, nullptr);
    return Error::success();
  }
  // Errors of the code generator and the assembler, which would otherwise end the process.
  std::string problem;
  struct Handler : DiagnosticHandler {
    explicit Handler(std::string &problem) : problem(problem) {}
    bool handleDiagnostics(const DiagnosticInfo &info) override {
      if (info.getSeverity() != DS_Error)
        return false;
      if (problem.empty()) {
        raw_string_ostream os(problem);
        DiagnosticPrinterRawOStream printer(os);
        info.print(printer);
      }
      return true;
    }
    std::string &problem;
  };
  module.getContext().setDiagnosticHandler(std::make_unique<Handler>(problem));
  legacy::PassManager passes;
  auto type =
      kind == FileKind::Object ? CodeGenFileType::ObjectFile : CodeGenFileType::AssemblyFile;
  if (machine.addPassesToEmitFile(passes, os, nullptr, type))
    return createStringError(inconvertibleErrorCode(), "the target cannot emit this kind of file");
  passes.run(module);
  if (!problem.empty())
    return createStringError("cannot generate code: " +
                             StringRef(problem).take_until([](char c) { return c == '\n'; }));
  return Error::success();
}
