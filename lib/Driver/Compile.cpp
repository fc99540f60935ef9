//===- Compile.cpp - What ternary-compile does ----------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Driver/Compile.h"
#include "ArchiveEmitter.h"
#include "GraphContext.h"
#include "ModelSummary.h"
#include "OutputFile.h"
#include "SelfTest.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "ternary/Import/Model.h"
#include "ternary/Import/RecognizedTrits.h"
#include "ternary/Support/ClassicLocale.h"
#include "ternary/Support/JSONFile.h"
#include "ternary/Target/EmbeddedRuntime.h"
#include "ternary/Target/Object.h"
#include "ternary/abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"
#include "llvm/TargetParser/Host.h"
#include <chrono>

using namespace llvm;
using namespace ternary;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

namespace {
class Compiler {
public:
  explicit Compiler(const CompileOptions &options, const ModelSource *source = nullptr)
      : options(options), source(source) {}

  /// Imports the model and runs the phases.
  Error lower();
  Error write();
  /// The module as it is, and what it was imported with.
  ModelSource takeSource();

private:
  Error checkOptions();
  Error import();
  Error importSource();
  Error importModel();
  Error limitTokens(ModelConfig &config);
  void recognizeTernary(const ModelConfig &config);
  Error parseGraph();
  Error parse(StringRef text, StringRef name);
  Error runPhases(Phase last);
  Error fitMemoryBudget();
  Error runPhase(const PhaseInfo &info);
  Error dump(const PhaseInfo &info);
  Error writeMLIR();
  Error writeCode();
  Error writeHeader();
  void report(const Twine &what);

  const CompileOptions &options;
  /// What to compile instead of the input that the options name.
  const ModelSource *source;
  EmitKind emit = EmitKind::MLIR;
  Phase last = Phase::Lower;
  std::string prefix;
  GraphContext graphContext;
  mlir::MLIRContext &context = graphContext.get();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// As it is after the phase `bufferize`, if a self-test is to be computed from it.
  mlir::OwningOpRef<mlir::ModuleOp> selfTestModule;
  std::shared_ptr<const ParameterSource> parameters;
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
  if (options.function != "generate" && options.function != "train")
    return makeError("expected --function generate or train, got '" + options.function + "'");
  pipeline.training = options.function == "train";
  if (options.batch && (*options.batch < 1 || *options.batch > 1024))
    return makeError("expected --batch from 1 to 1024, got " + Twine(*options.batch));
  if (options.epsilon && !(static_cast<float>(*options.epsilon) > 0 && *options.epsilon < 1))
    return makeError("expected --epsilon between 0 and 1 in f32, got " +
                     Twine(formatv("{0:e}", *options.epsilon).str()));
  bool isReference = options.target == "reference";
  if (!pipeline.training &&
      (options.recompute || options.activations || options.memoryBudget || options.sequenceLength ||
       options.gradientPrecision != GradientPrecision::High))
    return makeError("expected --function=train with --recompute, --activations, "
                     "--gradient-precision, --memory-budget and --sequence-length");
  if (options.recompute && options.memoryBudget)
    return makeError("expected --recompute or --memory-budget, got both");
  if (isReference &&
      (options.recompute.value_or(Recompute::None) != Recompute::None || options.memoryBudget))
    return makeError("expected no --recompute and no --memory-budget with --target=reference, "
                     "which keeps all values");
  if (options.sequenceLength && (*options.sequenceLength < 1 || *options.sequenceLength > 1 << 30))
    return makeError("expected --sequence-length from 1 to 1073741824, got " +
                     Twine(*options.sequenceLength));
  if (isReference &&
      (!options.kernel.empty() || options.fuse.value_or(false) || options.threads.value_or(false)))
    return makeError("expected no --kernel, --fuse and --parallel=threads with --target=reference, "
                     "which is scalar, unfused and sequential");
  if (!options.symbolPrefix.empty() && toIdentifier(options.symbolPrefix) != options.symbolPrefix)
    return makeError("expected --symbol-prefix to be a C identifier, got '" + options.symbolPrefix +
                     "'");
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

/// Errors if a layer's weight is ternary already: there is nothing behind it that could learn. So
/// does what training of the original does and ours does not.
static Error checkTrainable(const Model &model) {
  if (model.config->dropout != 0)
    return makeError("expected attention_dropout to be 0 to train, got " +
                     printFloat(model.config->dropout));
  for (const ParameterInfo &parameter : model.config->getParameters())
    if (parameter.isTernary && model.parameters->getTritFormat(parameter.name))
      return makeError("expected latent weights to train, got trits for '" + parameter.name + "'");
  return Error::success();
}

Error Compiler::limitTokens(ModelConfig &config) {
  if (!options.maxTokens)
    return Error::success();
  int64_t most = config.maxTokens > 0 ? config.maxTokens : 1 << 30;
  if (*options.maxTokens < 1 || *options.maxTokens > most)
    return makeError("expected --max-tokens from 1 to " + Twine(most) + ", got " +
                     Twine(*options.maxTokens));
  config.maxTokens = *options.maxTokens;
  return Error::success();
}

/// Lets float weights that are ternary be so.
void Compiler::recognizeTernary(const ModelConfig &config) {
  auto recognized = std::make_shared<RecognizedTrits>(parameters, config.getParameters());
  report("recognised " + Twine(recognized->getNumRecognized()) + " of " +
         Twine(recognized->getNumFloat()) + " float weights as ternary");
  parameters = std::move(recognized);
}

/// One token as a number, none as -1.
static mlir::Attribute getEndTokens(mlir::Builder &builder, ArrayRef<int64_t> ids) {
  if (ids.size() > 1)
    return builder.getDenseI64ArrayAttr(ids);
  return builder.getI64IntegerAttr(ids.empty() ? -1 : ids.front());
}

/// A model directory or a GGUF file: configuration, tokenizer, weights or random ones.
Error Compiler::importModel() {
  auto warn = [](const Twine &message) {
    WithColor::warning(errs(), "ternary-compile") << message << "\n";
  };
  bool isDirectory = sys::fs::is_directory(options.input);
  if (isDirectory && options.i2sLayout)
    return makeError("expected no --i2s-blocks with a model directory");
  if (!isDirectory && options.randomWeights)
    return makeError("expected no --random-weights with a GGUF file, which has weights");
  Expected<Model> model = openModel(options.input, options.randomWeights, options.i2sLayout, warn);
  if (!model)
    return model.takeError();
  ModelConfig &config = *model->config;
  if (Error error = limitTokens(config))
    return error;
  if (options.epsilon && !config.hasNormsInLayers())
    return makeError("expected no --epsilon for model_type " + config.modelType +
                     ", whose configuration states the epsilon of its norms");
  if (options.gradientPrecision != GradientPrecision::High && !config.isTernary)
    return makeError("expected no --gradient-precision for model_type " + config.modelType +
                     ", which has no ternary layers");
  if (options.recognizeTernary && pipeline.training)
    return makeError("expected no --recognize-ternary for training, which needs floats");
  if (options.cacheType && (pipeline.training || !config.hasCache()))
    return makeError("expected no --kv-cache for " +
                     (pipeline.training ? "training" : "model_type " + config.modelType) +
                     ", which keeps no keys and values");
  if (pipeline.training)
    if (Error error = checkTrainable(*model))
      return error;
  parameters = std::move(model->parameters);
  if (options.recognizeTernary.value_or(true) && !pipeline.training && !options.randomWeights)
    recognizeTernary(config);
  info.tokenizer = std::move(model->tokenizer.model);
  info.pieces = std::move(model->tokenizer.pieces);
  if (pipeline.training)
    info.training.emplace().configJSON = std::move(model->configJSON);

  mlir::OpBuilder builder(&context);
  context.loadAllAvailableDialects();
  module = mlir::ModuleOp::create(builder.getUnknownLoc());
  SmallString<128> path(options.input);
  sys::fs::make_absolute(path);
  sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  StringRef name = sys::path::filename(path);
  (void)name.consume_back(".gguf");
  auto number = [&](StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  (*module)->setAttr(
      kModelAttr,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("name", builder.getStringAttr(name)),
           builder.getNamedAttr("model_type", builder.getStringAttr(config.modelType)),
           number("batch", options.batch.value_or(1)), number("vocab", config.vocabSize),
           number("hidden", config.hiddenSize), number("layers", config.numHiddenLayers),
           number("max_tokens", config.maxTokens), number("bos", config.bosTokenId),
           builder.getNamedAttr("eos", getEndTokens(builder, config.eosTokenIds))}));
  GraphOptions graph;
  graph.batch = options.batch.value_or(1);
  graph.epsilon = options.epsilon.value_or(graph.epsilon);
  graph.training = pipeline.training;
  graph.parameters = parameters.get();
  graph.cacheType = options.cacheType.value_or(graph.cacheType);
  config.buildGraph(*module, graph);
  return Error::success();
}

Error Compiler::parse(StringRef text, StringRef name) {
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> parsed = graphContext.parse(text, name);
  if (!parsed)
    return parsed.takeError();
  module = std::move(*parsed);
  return Error::success();
}

Error Compiler::parseGraph() {
  Expected<uint64_t> size = getRegularFileSize(options.input);
  if (!size)
    return size.takeError();
  auto buffer = MemoryBuffer::getFile(options.input);
  if (!buffer)
    return makeError("cannot read '" + options.input + "': " + buffer.getError().message());
  return parse((*buffer)->getBuffer(), options.input);
}

Error Compiler::importSource() {
  if (Error error = parse(source->text, source->name))
    return error;
  parameters = source->parameters;
  info.name = source->name;
  info.tokenizer = source->tokenizer.model;
  info.pieces = source->tokenizer.pieces;
  if (pipeline.training)
    info.training.emplace().configJSON = source->configJSON;
  return Error::success();
}

Error Compiler::import() {
  report("importing '" + (source ? source->name : options.input) + "'");
  if (source) {
    if (options.batch || options.epsilon)
      return makeError("expected no batch and no epsilon with a graph, which has its own");
    if (Error error = importSource())
      return error;
  } else if (isModel(options.input)) {
    if (Error error = importModel())
      return error;
  } else if (sys::fs::exists(options.input)) {
    if (!StringRef(options.input).ends_with(".mlir"))
      return makeError("expected a model directory, a .gguf or a .mlir file, got '" +
                       options.input + "'");
    if (options.batch || options.epsilon || options.maxTokens || options.cacheType ||
        options.i2sLayout || options.recognizeTernary)
      return makeError("expected no --batch, --epsilon, --max-tokens, --kv-cache, --i2s-blocks and "
                       "--recognize-ternary with a graph, which has its own");
    if (Error error = parseGraph())
      return error;
    if (options.randomWeights)
      parameters = std::make_unique<RandomParameters>(*options.randomWeights);
    if (pipeline.training)
      info.training.emplace();
  } else {
    return makeError("cannot read '" + options.input + "': no such file or directory");
  }
  if (Error error = readModel(*module, info))
    return error;
  if (pipeline.training)
    if (Error error = readTrainingParameters(*module, *info.training))
      return error;
  // As ternary-train does.
  int64_t tokens = info.maxTokens > 0 ? std::min<int64_t>(512, info.maxTokens) : 512;
  pipeline.tokens = options.sequenceLength.value_or(tokens);
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
    return graphContext.failed("phase '" + phase.name + "' failed");
  return dump(phase);
}

/// Bytes of a training run with sequences of so many tokens, and how many of these stay.
static int64_t getBlockBytes(const TrainingInfo &info) { return info.blockFloats * 16; }
static int64_t getTrainingBytes(const TrainingInfo &info, int64_t tokens) {
  return getBlockBytes(info) + info.gradient.fixedBytes +
         info.gradient.bytesPerToken * alignTo(tokens, TERNARY_TOKEN_BLOCK);
}

/// Has no more computed again than lets training fit into the budget. The pass that chooses goes
/// by an estimate of its own, before kernels are formed, so it is asked for more or less until
/// the plan of memory that comes of it fits with little to spare.
Error Compiler::fitMemoryBudget() {
  auto megabytes = [](int64_t bytes) { return formatv("{0:f1} MB", bytes * 1e-6).str(); };
  report("finding what to compute again for " + megabytes(*options.memoryBudget));
  auto plan = [&](Recompute recompute, int64_t workspaceBudget) -> Expected<int64_t> {
    pipeline.recompute = recompute;
    pipeline.workspaceBudget = workspaceBudget;
    mlir::OwningOpRef<mlir::ModuleOp> trial = module->clone();
    mlir::PassManager manager(&context);
    for (Phase phase : {Phase::Quantize, Phase::Fuse, Phase::Pack, Phase::Bufferize})
      buildPhasePipeline(manager, phase, pipeline);
    if (mlir::failed(manager.run(*trial)))
      return graphContext.failed("cannot plan the memory of a step");
    readMemorySizes(*trial, info);
    return getTrainingBytes(*info.training, pipeline.tokens);
  };
  Expected<int64_t> most = plan(Recompute::None, 0);
  if (!most || *most <= *options.memoryBudget)
    return most.takeError();
  Expected<int64_t> least = plan(Recompute::Blocks, 0);
  if (!least)
    return least.takeError();
  if (*least > *options.memoryBudget)
    return makeError("expected --memory-budget of at least " + megabytes(*least) +
                     " for sequences of " + Twine(pipeline.tokens.getValue()) +
                     " tokens, of which " + megabytes(getBlockBytes(*info.training)) +
                     " are parameters, gradients and moments, got " +
                     megabytes(*options.memoryBudget));
  int64_t fits = 1, tooMuch = *most - getBlockBytes(*info.training);
  for (int step = 0; step < 6; ++step) {
    int64_t middle = fits + (tooMuch - fits) / 2;
    Expected<int64_t> planned = plan(Recompute::Blocks, middle);
    if (!planned)
      return planned.takeError();
    (*planned <= *options.memoryBudget ? fits : tooMuch) = middle;
  }
  pipeline.workspaceBudget = fits;
  return Error::success();
}

Error Compiler::runPhases(Phase last) {
  for (const PhaseInfo &phase : getPhases().take_front(static_cast<size_t>(last) + 1)) {
    if (phase.phase == Phase::Differentiate && !pipeline.training)
      continue;
    if (phase.phase == Phase::Quantize && options.memoryBudget)
      if (Error error = fitMemoryBudget())
        return error;
    if (Error error = runPhase(phase))
      return error;
    if (phase.phase == Phase::Pack)
      countWeights(*module, info);
    if (phase.phase == Phase::Bufferize) {
      readMemorySizes(*module, info);
      if (pipeline.training) {
        const TrainingInfo &training = *info.training;
        report("the backward pass computes again " +
               (training.recomputed.empty() ? "nothing" : training.recomputed));
        report(formatv("a gradient step needs {0:f1} MB and {1:f1} MB for each 1,000 tokens of a "
                       "sequence, beside {2:f1} MB of parameters, gradients and moments: {3:f1} MB "
                       "with sequences of {4} tokens",
                       training.gradient.fixedBytes * 1e-6, training.gradient.bytesPerToken * 1e-3,
                       getBlockBytes(training) * 1e-6,
                       getTrainingBytes(training, pipeline.tokens) * 1e-6,
                       pipeline.tokens.getValue())
                   .str());
      }
      if (!pipeline.training)
        report(formatv("a session keeps {0:f1} MB of state{1}", info.stateBytes * 1e-6,
                       info.maxTokens > 0 ? " for " + Twine(info.maxTokens) + " tokens" : "")
                   .str());
      if (emit != EmitKind::MLIR && !pipeline.training)
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
  Expected<OutputFile> file =
      OutputFile::createStream(options.output.empty() ? "-" : StringRef(options.output));
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
  if (pipeline.training) {
    os << makeTrainingHeader(prefix);
    return file->keep();
  }
  os << makeModelHeader(prefix);
  os << "\n/* The shapes of " << prefix << ". */\n"
     << "#define " << upper << "_BATCH " << info.batch << "\n"
     << "#define " << upper << "_VOCAB " << info.vocab << "\n"
     << "#define " << upper << "_MAX_TOKENS " << info.maxTokens << " /* 0: unbounded */\n"
     << "#define " << upper << "_BOS_ID " << info.bosId << "\n"
     << "#define " << upper << "_EOS_ID " << info.getEosId()
     << " /* the first of eos_ids; -1: none */\n";
  return file->keep();
}

Error Compiler::writeCode() {
  auto archives = module->getOps<ArchiveOp>();
  if (archives.empty())
    return makeError("expected a model with parameters, got none in '" + options.input + "'");
  if (!parameters)
    return makeError("expected weights for '" + options.input + "', or --random-weights");

  // The archive is a file either way: the assembler reads it when it is embedded. LLVM IR
  // can only name one.
  bool isStream = options.output == "-";
  bool embed = options.embedWeights && emit != EmitKind::LLVM;
  if (isStream && !options.embedWeights)
    return makeError("expected a file for a model with --weights=external, got standard output");
  SmallString<128> archivePath(options.output);
  if (isStream)
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, archivePath);
  if (isStream)
    sys::path::append(archivePath, "ternary");
  if (isStream || embed)
    archivePath += ".archive";
  else
    sys::path::replace_extension(archivePath, "weights");
  report(pipeline.training ? "writing initial values" : "packing weights");
  Expected<EmittedArchive> emitted = emitArchive(*archives.begin(), *parameters, archivePath);
  if (!emitted)
    return emitted.takeError();
  info.archivePath = emitted->writer->getTemporaryPath().str();
  info.archiveFile = sys::path::stem(options.output).str() + ".weights";
  info.embedArchive = embed;
  info.archiveBytes = emitted->writer->getFileBytes();
  info.payloadBytes = emitted->writer->getPayloadBytes();
  info.archiveHeaderCRC = emitted->headerCRC;
  info.target = options.target;
  info.cpu = machine->getTargetCPU().str();
  info.features = getRequiredFeatures(*machine);
  info.kernel = pipeline.reference ? "scalar" : pipeline.kernel.getValue();
  info.threads = pipeline.threads && !pipeline.reference;
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
  Expected<OutputFile> file = isStream
                                  ? OutputFile::createStream("-")
                                  : OutputFile::create(options.output + (isShared ? ".o" : ""));
  if (!file)
    return file.takeError();
  std::optional<OutputFile> library;
  if (isShared) {
    Expected<OutputFile> created = OutputFile::create(options.output);
    if (!created)
      return created.takeError();
    library.emplace(std::move(*created));
  }
  FileKind kind = emit == EmitKind::LLVM       ? FileKind::LLVM
                  : emit == EmitKind::Assembly ? FileKind::Assembly
                                               : FileKind::Object;
  if (Error error = emitFile(**code, *machine, kind, file->os()))
    return error;
  if (Error error = file->flush())
    return error;
  if (kind == FileKind::Object && embed)
    if (Error error = checkEmbeddedArchive(file->temporaryPath(), info.archiveBytes))
      return error;
  // What others depend on is kept before them, and nothing before all is there.
  auto keepArchive = [&] { return embed || isStream ? Error::success() : emitted->writer->keep(); };
  if (isShared) {
    report("linking");
    if (Error error = linkShared(file->temporaryPath(), library->temporaryPath()))
      return error;
    if (Error error = keepArchive())
      return error;
    if (Error error = library->keep())
      return error;
  } else {
    if (emit == EmitKind::Object)
      if (Error error = writeHeader())
        return error;
    if (Error error = keepArchive())
      return error;
    if (Error error = file->keep())
      return error;
  }
  report("wrote '" + options.output + "'");
  return Error::success();
}

Error Compiler::lower() {
  if (Error error = checkOptions())
    return error;
  Expected<std::unique_ptr<TargetMachine>> target =
      createTargetMachine(options.triple, options.cpu, options.attributes);
  if (!target)
    return target.takeError();
  machine = std::move(*target);

  pipeline.reference = options.target == "reference";
  pipeline.threads = options.threads.value_or(true);
  pipeline.fuse = options.fuse.value_or(true);
  pipeline.gradientPrecision = options.gradientPrecision;
  pipeline.recompute = options.recompute.value_or(Recompute::Rows);
  pipeline.activations = options.activations.value_or(ActivationType::F32);
  pipeline.kernel =
      options.kernel.empty() ? selectMicrokernel(*machine).name.str() : options.kernel;
  const Microkernel *kernel = lookupMicrokernel(pipeline.kernel);
  if (!kernel)
    return makeError("expected a microkernel of --help for --kernel, got '" + pipeline.kernel +
                     "'");
  if (Error error = checkMicrokernel(*kernel, *machine))
    return error;
  prefix = options.symbolPrefix;
  if (prefix.empty())
    prefix = emit == EmitKind::Shared ? "ternary" : toIdentifier(sys::path::stem(options.output));
  pipeline.prefix = prefix + "_step";

  if (Error error = import())
    return error;
  if (info.name.empty())
    info.name = sys::path::stem(options.input).str();
  return runPhases(last);
}

Error Compiler::write() { return emit == EmitKind::MLIR ? writeMLIR() : writeCode(); }

ModelSource Compiler::takeSource() {
  ModelSource result;
  result.name = info.name;
  raw_string_ostream(result.text) << *module;
  result.parameters = std::move(parameters);
  result.tokenizer = {std::move(info.tokenizer), std::move(info.pieces)};
  if (info.training)
    result.configJSON = std::move(info.training->configJSON);
  return result;
}

static Error compile(Compiler &&compiler) {
  ClassicLocale locale;
  if (Error error = compiler.lower())
    return error;
  return compiler.write();
}

static Expected<ModelSource> lower(Compiler &&compiler) {
  ClassicLocale locale;
  if (Error error = compiler.lower())
    return error;
  return compiler.takeSource();
}

Error ternary::compile(const CompileOptions &options) { return ::compile(Compiler(options)); }

Error ternary::compile(const CompileOptions &options, const ModelSource &source) {
  return ::compile(Compiler(options, &source));
}

Expected<ModelSource> ternary::lower(const CompileOptions &options) {
  return ::lower(Compiler(options));
}

Expected<ModelSource> ternary::lower(const CompileOptions &options, const ModelSource &source) {
  return ::lower(Compiler(options, &source));
}
