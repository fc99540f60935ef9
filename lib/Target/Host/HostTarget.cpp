//===- HostTarget.cpp - From the LLVM dialect to files --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostTarget.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Support/OutputSet.h"
#include "ternary/Target/ArchiveEmitter.h"
#include "ternary/Target/EmbeddedRuntime.h"
#include "ternary/Target/Object.h"
#include "ternary/Target/SelfTest.h"
#include "ternary/abi.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

namespace {
enum Kind : unsigned { LLVMIR, Assembly, Object, Shared };

/// One emission, step by step.
class Emitter {
public:
  explicit Emitter(const Emission &emission)
      : emission(emission), info(emission.info), kind(static_cast<Kind>(emission.kind.id)),
        isStream(emission.output == "-"), embed(emission.embedWeights && kind != LLVMIR) {}

  Error run();

private:
  Error writeArchive();
  Error computeSelfTest();
  Error writeCode(Module &code);
  Error link(Module &code);
  Error checkObject(OutputFile &object);
  Error writeHeader();
  void writeDeclarations(raw_ostream &os, StringRef upper);

  const Emission &emission;
  ModelInfo &info;
  Kind kind;
  bool isStream, embed;
  std::unique_ptr<TargetMachine> machine;
  /// Shared with the set of outputs if the archive is one of them.
  std::shared_ptr<WeightArchiveWriter> archive;
};
} // namespace

ArrayRef<OutputKind> HostTarget::getOutputKinds() const {
  static const OutputKind kinds[] = {
      {LLVMIR, "llvm", ".ll", "LLVM IR", /*isText=*/true},
      {Assembly, "asm", ".s", "assembly", /*isText=*/true},
      {Object, "obj", ".o", "object file, and a C header beside it", /*isText=*/false},
      {Shared, "shared", ".so", "shared library for ternary-run", /*isText=*/false, "ternary"},
  };
  return kinds;
}

Error HostTarget::resolve(TargetRequest &request) const {
  auto machine = createTargetMachine(request.triple, request.cpu, request.attributes);
  return machine ? resolveKernel(request, **machine) : machine.takeError();
}

static CodeGenOptLevel getCodeGenLevel(OptLevel level) {
  switch (level) {
  case OptLevel::O0:
    return CodeGenOptLevel::None;
  case OptLevel::O1:
    return CodeGenOptLevel::Less;
  case OptLevel::O2:
    return CodeGenOptLevel::Aggressive;
  }
  llvm_unreachable("not a level");
}

/// The archive is a file either way: the assembler reads it when it is embedded. LLVM IR can
/// only name one.
Error Emitter::writeArchive() {
  mlir::ModuleOp module = emission.module;
  auto archives = module.getOps<ArchiveOp>();
  if (archives.empty())
    return Error::success();
  if (!emission.parameters)
    return makeError("expected weights for '" + emission.input + "', or --random-weights");
  if (!embed && module.lookupSymbol(kWeightsSymbol))
    return makeError("expected no --weights=external and no LLVM IR for functions with parameters, "
                     "whose weights are in the object");
  if (isStream && !emission.embedWeights)
    return makeError("expected a file for a model with --weights=external, got standard output");
  SmallString<128> path(emission.output);
  if (isStream) {
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
    sys::path::append(path, "ternary");
  }
  if (isStream || embed)
    path += ".archive";
  else
    sys::path::replace_extension(path, "weights");
  emission.report(info.training ? "writing initial values" : "packing weights");
  Expected<EmittedArchive> emitted = emitArchive(*archives.begin(), *emission.parameters, path);
  if (!emitted)
    return emitted.takeError();
  archive = std::move(emitted->writer);
  info.archivePath = archive->getTemporaryPath().str();
  info.archiveFile = sys::path::stem(emission.output).str() + ".weights";
  info.embedArchive = embed;
  info.archiveBytes = archive->getFileBytes();
  info.payloadBytes = archive->getPayloadBytes();
  info.archiveHeaderCRC = emitted->headerCRC;
  for (ArchiveOp op : make_early_inc_range(archives))
    op.erase();
  if (!embed && !isStream)
    emission.outputs.add(path, [writer = archive] { return writer->keep(); });
  return Error::success();
}

Error Emitter::computeSelfTest() {
  if (!emission.planned)
    return Error::success();
  emission.report("computing the self-test, " + Twine(info.selfTestTokens) + " tokens");
  Expected<uint32_t> crc = ternary::computeSelfTest(emission.planned, info, info.archivePath);
  if (!crc)
    return crc.takeError();
  info.selfTestCRC = *crc;
  return Error::success();
}

Error Emitter::writeCode(Module &code) {
  Expected<OutputFile *> file = isStream ? emission.outputs.createStream(emission.output)
                                         : emission.outputs.create(emission.output);
  if (!file)
    return file.takeError();
  FileKind written = kind == LLVMIR     ? FileKind::LLVM
                     : kind == Assembly ? FileKind::Assembly
                                        : FileKind::Object;
  if (Error error = emitFile(code, *machine, written, (*file)->os()))
    return error;
  if (isStream || written != FileKind::Object)
    return Error::success();
  return checkObject(**file);
}

/// What is embedded has to be in the object whole.
Error Emitter::checkObject(OutputFile &object) {
  if (Error error = object.flush())
    return error;
  return embed ? checkEmbeddedArchive(object.temporaryPath(), info.archiveBytes) : Error::success();
}

Error Emitter::link(Module &code) {
  // Not an output: it goes when it is linked.
  Expected<OutputFile> object = OutputFile::create(emission.output + ".o");
  if (!object)
    return object.takeError();
  Expected<OutputFile *> library = emission.outputs.create(emission.output);
  if (!library)
    return library.takeError();
  if (Error error = emitFile(code, *machine, FileKind::Object, object->os()))
    return error;
  if (Error error = checkObject(*object))
    return error;
  emission.report("linking");
  return linkShared(object->temporaryPath(), **library, machine->getTargetTriple());
}

Error Emitter::writeHeader() {
  SmallString<128> path(emission.output);
  sys::path::replace_extension(path, "h");
  Expected<OutputFile *> file = emission.outputs.create(path);
  if (!file)
    return file.takeError();
  raw_ostream &os = (*file)->os();
  const std::string &prefix = emission.prefix;
  std::string upper = StringRef(prefix).upper();
  if (info.training) {
    os << makeTrainingHeader(prefix);
  } else if (info.hasSteps) {
    os << makeModelHeader(prefix);
    os << "\n/* The shapes of " << prefix << ". */\n"
       << "#define " << upper << "_BATCH " << info.batch << "\n"
       << "#define " << upper << "_VOCAB " << info.vocab << "\n"
       << "#define " << upper << "_MAX_TOKENS " << info.maxTokens << " /* 0: unbounded */\n"
       << "#define " << upper << "_BOS_ID " << info.bosId << "\n"
       << "#define " << upper << "_EOS_ID " << info.getEosId()
       << " /* the first of eos_ids; -1: none */\n";
  }
  writeDeclarations(os, upper);
  return Error::success();
}

/// Declares the functions that are no steps.
void Emitter::writeDeclarations(raw_ostream &os, StringRef upper) {
  SmallVector<StringRef> declarations;
  mlir::ModuleOp module = emission.module;
  for (auto func : module.getOps<mlir::LLVM::LLVMFuncOp>())
    if (auto text = func->getAttrOfType<mlir::StringAttr>(kDeclarationAttr))
      declarations.push_back(text);
  if (declarations.empty())
    return;
  os << "#ifndef " << upper << "_FUNCTIONS_H\n#define " << upper << "_FUNCTIONS_H\n\n"
     << R"(#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tensors are row by row. A size X_dI is that of dimension I of argument X, written ? in its shape;
 * sizes that have to agree are not compared.
 * Functions return 0; )"
     << TERNARY_BAD_ARGUMENT << " if a pointer is null or a size negative; "
     << TERNARY_KERNEL_REFUSED << " or " << TERNARY_MACHINE_UNSUPPORTED
     << R"( if this machine cannot
 * run them. They allocate nothing and may be called by several threads, each with a workspace. */

)";
  for (StringRef text : declarations)
    os << text << "\n\n";
  os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << upper << "_FUNCTIONS_H */\n";
}

/// The object or library comes last: it is there only when all that it needs is.
Error Emitter::run() {
  const TargetRequest &request = emission.request;
  auto created = createTargetMachine(request.triple, request.cpu, request.attributes,
                                     getCodeGenLevel(request.optimize));
  if (!created)
    return created.takeError();
  machine = std::move(*created);
  TargetAttrInterface target = getTargetOf(emission.module);
  info.target = target.getTargetName().str();
  info.cpu = machine->getTargetCPU().str();
  info.features = getRequiredFeatures(*machine);
  info.kernel = target.getKernelName().str();
  info.threads = target.getLoopThreads() == Threads::Team;
  if (Error error = writeArchive())
    return error;
  if (Error error = computeSelfTest())
    return error;

  emission.report("generating code for " + info.cpu + ", kernel " + info.kernel);
  LLVMContext context;
  Expected<std::unique_ptr<Module>> code =
      translateModel(emission.module, info, emission.prefix, "host_device", *machine, context);
  if (!code)
    return code.takeError();
  if (kind == Object)
    if (Error error = writeHeader())
      return error;
  return kind == Shared ? link(**code) : writeCode(**code);
}

Error HostTarget::emit(const Emission &emission) const { return Emitter(emission).run(); }
