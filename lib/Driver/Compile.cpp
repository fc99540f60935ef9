//===- Compile.cpp - What ternary-compile does ----------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Driver/Compile.h"
#include "ArchiveEmitter.h"
#include "ModelSummary.h"
#include "OutputFile.h"
#include "SelfTest.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "ternary/Import/HuggingFace.h"
#include "ternary/Import/Safetensors.h"
#include "ternary/Import/Tokenizer.h"
#include "ternary/InitAll.h"
#include "ternary/Target/Object.h"
#include "ternary/Target/SessionBitcode.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"
#include <chrono>

using namespace llvm;
using namespace ternary;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

namespace {
class Compiler {
public:
  explicit Compiler(const CompileOptions &options) : options(options) {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
  }

  Error run();

private:
  Error checkOptions();
  Error import();
  Error importDirectory();
  Error runPhases(Phase last);
  Error runPhase(const PhaseInfo &info);
  Error dump(const PhaseInfo &info);
  Error writeMLIR();
  Error writeCode();
  Error writeHeader();
  void report(const Twine &what);

  const CompileOptions &options;
  EmitKind emit = EmitKind::MLIR;
  Phase last = Phase::Lower;
  std::string prefix;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// As it is after the phase `bufferize`, if a self-test is to be computed from it.
  mlir::OwningOpRef<mlir::ModuleOp> selfTestModule;
  std::unique_ptr<ParameterSource> parameters;
  std::unique_ptr<TargetMachine> machine;
  PipelineOptions pipeline;
  ModelInfo info;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};
} // namespace

/// The kind that a file's suffix stands for.
static std::optional<EmitKind> getKind(StringRef path) {
  return StringSwitch<std::optional<EmitKind>>(sys::path::extension(path))
      .Case(".mlir", EmitKind::MLIR)
      .Case(".ll", EmitKind::LLVM)
      .Case(".s", EmitKind::Assembly)
      .Case(".o", EmitKind::Object)
      .Case(".so", EmitKind::Shared)
      .Default(std::nullopt);
}

static mlir::Type getType(DType type, mlir::Builder &builder) {
  if (type == DType::F16)
    return builder.getF16Type();
  return type == DType::BF16 ? builder.getBF16Type() : builder.getF32Type();
}

/// A C identifier from a file's name.
static std::string toIdentifier(StringRef name) {
  std::string identifier;
  for (char c : name)
    identifier += isAlnum(c) ? c : '_';
  if (identifier.empty() || isDigit(identifier.front()))
    identifier.insert(0, "_");
  return identifier;
}

void Compiler::report(const Twine &what) {
  if (!options.progress)
    return;
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  errs() << format("%7.2f s  ", elapsed.count()) << what << "\n";
}

Error Compiler::checkOptions() {
  if (options.target != "cpu" && options.target != "reference")
    return makeError("expected --target cpu or reference, got '" + options.target + "'");
  if (options.function != "generate")
    return makeError("expected --function generate, got '" + options.function + "'");
  if (options.batch < 1 || options.batch > 1024)
    return makeError("expected --batch from 1 to 1024, got " + Twine(options.batch));
  if (options.epsilon && !(*options.epsilon > 0 && *options.epsilon < 1))
    return makeError("expected --epsilon between 0 and 1, got " +
                     Twine(formatv("{0}", *options.epsilon).str()));
  if (options.selfTestTokens && (*options.selfTestTokens < 0 || *options.selfTestTokens > 1024))
    return makeError("expected --self-test from 0 to 1024, got " + Twine(*options.selfTestTokens));
  if (options.output.empty() && !options.compileTo)
    return makeError("expected an output file, -o FILE");

  if (options.compileTo) {
    last = *options.compileTo;
    if (options.emit && *options.emit != EmitKind::MLIR)
      return makeError("expected --emit=mlir with --compile-to");
    emit = EmitKind::MLIR;
  } else if (options.emit) {
    emit = *options.emit;
  } else if (std::optional<EmitKind> kind = getKind(options.output)) {
    emit = *kind;
  } else {
    return makeError("expected --emit, or an output that ends in .mlir, .ll, .s, .o or .so, got '" +
                     options.output + "'");
  }
  bool isCode = emit != EmitKind::MLIR;
  if (isCode && options.output == "-" && (emit == EmitKind::Shared || emit == EmitKind::Object))
    return makeError("expected a file for an object or a shared library, got standard output");
  return Error::success();
}

/// A Hugging Face model directory: configuration, tokenizer, weights or random ones.
Error Compiler::importDirectory() {
  Expected<std::unique_ptr<ModelConfig>> config = readModelConfig(options.input);
  if (!config)
    return config.takeError();
  if (options.randomWeights) {
    parameters = std::make_unique<RandomParameters>(*options.randomWeights);
  } else {
    Expected<std::unique_ptr<Checkpoint>> checkpoint = Checkpoint::open(options.input);
    if (!checkpoint)
      return checkpoint.takeError();
    parameters = std::move(*checkpoint);
  }
  auto warn = [](const Twine &message) {
    WithColor::warning(errs(), "ternary-compile") << message << "\n";
  };
  if (Error error = parameters->check((*config)->getParameters(), warn))
    return error;
  Expected<TokenizerData> tokenizer = readTokenizer(options.input, (*config)->vocabSize);
  if (!tokenizer)
    return tokenizer.takeError();
  info.tokenizer = std::move(tokenizer->model);
  info.pieces = std::move(tokenizer->pieces);

  mlir::OpBuilder builder(&context);
  context.loadAllAvailableDialects();
  module = mlir::ModuleOp::create(builder.getUnknownLoc());
  SmallString<128> path(options.input);
  sys::fs::make_absolute(path);
  sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  auto number = [&](StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  (*module)->setAttr(
      kModelAttr,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("name", builder.getStringAttr(sys::path::filename(path))),
           builder.getNamedAttr("model_type", builder.getStringAttr((*config)->modelType)),
           number("batch", options.batch), number("vocab", (*config)->vocabSize),
           number("hidden", (*config)->hiddenSize), number("layers", (*config)->numHiddenLayers),
           number("max_tokens", (*config)->maxTokens), number("bos", (*config)->bosTokenId),
           number("eos", (*config)->eosTokenId)}));
  GraphOptions graph;
  graph.batch = options.batch;
  graph.epsilon = options.epsilon.value_or(graph.epsilon);
  graph.matrixType = getType(parameters->getMatrixType(), builder);
  (*config)->buildGraph(*module, graph);
  return Error::success();
}

Error Compiler::import() {
  report("importing '" + options.input + "'");
  if (sys::fs::is_directory(options.input)) {
    if (Error error = importDirectory())
      return error;
  } else if (sys::fs::exists(options.input)) {
    if (!StringRef(options.input).ends_with(".mlir"))
      return makeError("expected a model directory or a .mlir file, got '" + options.input + "'");
    module = mlir::parseSourceFile<mlir::ModuleOp>(options.input, &context);
    if (!module)
      return makeError("cannot read '" + options.input + "'");
    if (options.randomWeights)
      parameters = std::make_unique<RandomParameters>(*options.randomWeights);
  } else {
    return makeError("cannot read '" + options.input + "': no such file or directory");
  }
  readModelAttributes(*module, info);
  return Error::success();
}

Error Compiler::dump(const PhaseInfo &phase) {
  if (options.dumpPhases.empty())
    return Error::success();
  if (std::error_code error = sys::fs::create_directories(options.dumpPhases))
    return createStringError(error,
                             "cannot create '" + options.dumpPhases + "': " + error.message());
  std::string name = std::to_string(static_cast<int>(phase.phase)) + "-" + phase.name.str();
  SmallString<128> path(options.dumpPhases);
  sys::path::append(path, name + ".mlir");
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  module->print(file->os());
  return file->keep();
}

Error Compiler::runPhase(const PhaseInfo &phase) {
  report("phase " + phase.name + ": " + phase.description);
  mlir::PassManager manager(&context);
  mlir::DefaultTimingManager timing;
  mlir::TimingScope scope;
  if (options.timing) {
    timing.setEnabled(true);
    timing.setDisplayMode(mlir::DefaultTimingManager::DisplayMode::Tree);
    scope = timing.getRootScope();
    manager.enableTiming(scope);
  }
  buildPhasePipeline(manager, phase.phase, pipeline);
  if (mlir::failed(manager.run(*module)))
    return makeError("phase '" + phase.name + "' failed");
  return dump(phase);
}

Error Compiler::runPhases(Phase last) {
  for (const PhaseInfo &phase : getPhases().take_front(static_cast<size_t>(last) + 1)) {
    if (Error error = runPhase(phase))
      return error;
    if (phase.phase == Phase::Pack)
      countWeights(*module, info);
    if (phase.phase == Phase::Bufferize) {
      readMemorySizes(*module, info);
      if (emit != EmitKind::MLIR)
        info.selfTestTokens = options.selfTestTokens.value_or(getAffordableSelfTest(info));
      if (info.maxTokens > 0)
        info.selfTestTokens = std::min(info.selfTestTokens, info.maxTokens);
      if (info.selfTestTokens > 0)
        selfTestModule = module->clone();
    }
  }
  return Error::success();
}

Error Compiler::writeMLIR() {
  StringRef path = options.output.empty() ? "-" : StringRef(options.output);
  if (path == "-") {
    module->print(outs());
    return Error::success();
  }
  Expected<OutputFile> file = OutputFile::createStream(path);
  if (!file)
    return file.takeError();
  module->print(file->os());
  return file->keep();
}

Error Compiler::writeHeader() {
  SmallString<128> path(options.output);
  sys::path::replace_extension(path, "h");
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  std::string upper = StringRef(prefix).upper();
  raw_ostream &os = file->os();
  os << makeModelHeader(prefix);
  os << "\n/* The shapes of " << prefix << ". */\n"
     << "#define " << upper << "_BATCH " << info.batch << "\n"
     << "#define " << upper << "_VOCAB " << info.vocab << "\n"
     << "#define " << upper << "_MAX_TOKENS " << info.maxTokens << " /* 0: unbounded */\n"
     << "#define " << upper << "_BOS_ID " << info.bosId << "\n"
     << "#define " << upper << "_EOS_ID " << info.eosId << "\n";
  return file->keep();
}

Error Compiler::writeCode() {
  auto archives = module->getOps<ArchiveOp>();
  if (archives.empty())
    return makeError("expected a model with parameters, got none in '" + options.input + "'");
  if (!parameters)
    return makeError("expected weights for '" + options.input + "', or --random-weights");

  // The archive is a file either way: the assembler reads it when it is embedded.
  SmallString<128> archivePath(options.output);
  sys::path::replace_extension(archivePath, "weights");
  report("packing weights");
  Expected<EmittedArchive> emitted = emitArchive(*archives.begin(), *parameters, archivePath);
  if (!emitted)
    return emitted.takeError();
  info.archivePath = emitted->writer->getTemporaryPath().str();
  info.archiveFile = sys::path::filename(archivePath).str();
  info.embedArchive = options.embedWeights;
  info.archiveBytes = emitted->writer->getFileBytes();
  info.archiveHeaderCRC = emitted->headerCRC;
  info.target = options.target;
  info.cpu = machine->getTargetCPU().str();
  info.kernel = pipeline.reference ? "scalar" : pipeline.kernel.getValue();
  info.openmp = pipeline.openmp && !pipeline.reference;
  for (ArchiveOp archive : llvm::make_early_inc_range(archives))
    archive.erase();
  if (selfTestModule) {
    report("computing the self-test, " + Twine(info.selfTestTokens) + " tokens");
    Expected<uint32_t> crc = computeSelfTest(*selfTestModule, info, info.archivePath);
    if (!crc)
      return crc.takeError();
    info.selfTestCRC = *crc;
    selfTestModule = nullptr;
  }

  report("generating code for " + info.cpu + ", kernel " + info.kernel);
  LLVMContext llvmContext;
  Expected<std::unique_ptr<Module>> code =
      translateModel(*module, info, prefix, *machine, llvmContext);
  if (!code)
    return code.takeError();

  bool isShared = emit == EmitKind::Shared;
  Expected<OutputFile> file = OutputFile::create(options.output + (isShared ? ".o" : ""));
  if (!file)
    return file.takeError();
  FileKind kind = emit == EmitKind::LLVM       ? FileKind::LLVM
                  : emit == EmitKind::Assembly ? FileKind::Assembly
                                               : FileKind::Object;
  if (Error error = emitFile(**code, *machine, kind, file->os()))
    return error;
  if (Error error = file->flush())
    return error;
  if (isShared) {
    report("linking");
    Expected<OutputFile> library = OutputFile::create(options.output);
    if (!library)
      return library.takeError();
    if (Error error =
            linkShared(file->temporaryPath(), library->temporaryPath(), info.openmp, *machine))
      return error;
    if (Error error = library->keep())
      return error;
  } else {
    if (emit == EmitKind::Object)
      if (Error error = writeHeader())
        return error;
    if (Error error = file->keep())
      return error;
  }
  if (!options.embedWeights)
    if (Error error = emitted->writer->keep())
      return error;
  report("wrote '" + options.output + "'");
  return Error::success();
}

Error Compiler::run() {
  if (Error error = checkOptions())
    return error;
  Expected<std::unique_ptr<TargetMachine>> target =
      createTargetMachine(options.triple, options.cpu, options.attributes);
  if (!target)
    return target.takeError();
  machine = std::move(*target);

  pipeline.reference = options.target == "reference";
  pipeline.openmp = options.openmp;
  pipeline.fuse = options.fuse;
  pipeline.kernel =
      options.kernel.empty() ? selectMicrokernel(*machine).name.str() : options.kernel;
  if (!lookupMicrokernel(pipeline.kernel))
    return makeError("expected a microkernel of --help for --kernel, got '" + pipeline.kernel +
                     "'");
  prefix = options.symbolPrefix;
  if (prefix.empty())
    prefix = emit == EmitKind::Shared ? "ternary" : toIdentifier(sys::path::stem(options.output));
  pipeline.prefix = prefix + "_step";

  if (Error error = import())
    return error;
  if (info.name.empty())
    info.name = sys::path::stem(options.input).str();
  if (Error error = runPhases(last))
    return error;
  return emit == EmitKind::MLIR ? writeMLIR() : writeCode();
}

Error ternary::compile(const CompileOptions &options) { return Compiler(options).run(); }
