//===- Frontend.cpp - From an input to a graph ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frontend.h"
#include "ModelSummary.h"
#include "SavedSummary.h"
#include "ternary/Import/Model.h"
#include "ternary/Import/RecognizedTrits.h"
#include "ternary/Import/Safetensors.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace ternary;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

namespace {
class Importer {
public:
  Importer(const CompileOptions &options, const ModelSource *source, GraphContext &context,
           ReportFn report)
      : options(options), source(source), context(context), report(report),
        training(options.function == "train") {}

  Expected<ImportedModel> run();

private:
  Error importSource();
  Error importModel();
  Error limitTokens(ModelConfig &config);
  void recognizeTernary(const ModelConfig &config);
  void takeModel(Model &model);
  Error parseGraph();
  Error openParameters();
  Error parse(StringRef text, StringRef name);

  const CompileOptions &options;
  /// What to compile instead of the input that the options name.
  const ModelSource *source;
  GraphContext &context;
  ReportFn report;
  bool training;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::shared_ptr<const ParameterSource> parameters;
  ModelInfo info;
};
} // namespace

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

Error Importer::limitTokens(ModelConfig &config) {
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
void Importer::recognizeTernary(const ModelConfig &config) {
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

static void warn(const Twine &message) {
  WithColor::warning(errs(), "ternary-compile") << message << "\n";
}

/// Takes what goes into an object as it is.
void Importer::takeModel(Model &model) {
  parameters = std::move(model.parameters);
  if (options.recognizeTernary.value_or(true) && !training && !options.randomWeights)
    recognizeTernary(*model.config);
  info.tokenizer = std::move(model.tokenizer.model);
  info.pieces = std::move(model.tokenizer.pieces);
  if (training)
    info.training.emplace().configJSON = std::move(model.configJSON);
}

/// A model directory or a GGUF file: configuration, tokenizer, weights or random ones.
Error Importer::importModel() {
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
  if (options.recognizeTernary && training)
    return makeError("expected no --recognize-ternary for training, which needs floats");
  if (options.cacheType && (training || !config.hasCache()))
    return makeError("expected no --kv-cache for " +
                     (training ? "training" : "model_type " + config.modelType) +
                     ", which keeps no keys and values");
  if (training)
    if (Error error = checkTrainable(*model))
      return error;
  takeModel(*model);

  mlir::OpBuilder builder(&context.get());
  context.get().loadAllAvailableDialects();
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
  graph.training = training;
  graph.parameters = parameters.get();
  graph.cacheType = options.cacheType.value_or(graph.cacheType);
  config.buildGraph(*module, graph);
  return Error::success();
}

Error Importer::parse(StringRef text, StringRef name) {
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> parsed = context.parse(text, name);
  if (!parsed)
    return parsed.takeError();
  module = std::move(*parsed);
  return Error::success();
}

Error Importer::parseGraph() {
  Expected<uint64_t> size = getRegularFileSize(options.input);
  if (!size)
    return size.takeError();
  auto buffer = MemoryBuffer::getFile(options.input);
  if (!buffer)
    return makeError("cannot read '" + options.input + "': " + buffer.getError().message());
  return parse((*buffer)->getBuffer(), options.input);
}

/// What a graph does not have: values of parameters, and what goes with them in a model.
Error Importer::openParameters() {
  if (options.randomWeights) {
    if (!options.parameters.empty())
      return makeError("expected --parameters or --random-weights, got both");
    parameters = std::make_unique<RandomParameters>(*options.randomWeights);
    return Error::success();
  }
  if (options.parameters.empty())
    return Error::success();
  if (StringRef(options.parameters).ends_with(".safetensors")) {
    Expected<std::unique_ptr<Checkpoint>> checkpoint = Checkpoint::open(options.parameters);
    if (!checkpoint)
      return checkpoint.takeError();
    parameters = std::move(*checkpoint);
    return Error::success();
  }
  if (!isModel(options.parameters))
    return makeError("expected a model directory, a .gguf or a .safetensors file for --parameters, "
                     "got '" +
                     options.parameters + "'");
  Expected<Model> model = openModel(options.parameters, std::nullopt, options.i2sLayout, warn);
  if (!model)
    return model.takeError();
  takeModel(*model);
  return Error::success();
}

Error Importer::importSource() {
  if (Error error = parse(source->text, source->name))
    return error;
  parameters = source->parameters;
  info.name = source->name;
  info.tokenizer = source->tokenizer.model;
  info.pieces = source->tokenizer.pieces;
  if (training)
    info.training.emplace().configJSON = source->configJSON;
  return Error::success();
}

Expected<ImportedModel> Importer::run() {
  report("importing '" + (source ? source->name : options.input) + "'");
  if (!options.parameters.empty() && (source ? bool(source->parameters) : isModel(options.input)))
    return makeError("expected no --parameters with a model, which has its own");
  if (source) {
    if (options.batch || options.epsilon)
      return makeError("expected no batch and no epsilon with a graph, which has its own");
    if (Error error = importSource())
      return error;
    if (!parameters)
      if (Error error = openParameters())
        return error;
  } else if (isModel(options.input)) {
    if (Error error = importModel())
      return error;
  } else if (sys::fs::exists(options.input)) {
    if (!StringRef(options.input).ends_with(".mlir"))
      return makeError("expected a model directory, a .gguf or a .mlir file, got '" +
                       options.input + "'");
    if (options.batch || options.epsilon || options.maxTokens || options.cacheType)
      return makeError("expected no --batch, --epsilon, --max-tokens and --kv-cache with a graph, "
                       "which has its own");
    if ((options.i2sLayout || options.recognizeTernary) && options.parameters.empty())
      return makeError("expected no --i2s-blocks and --recognize-ternary without --parameters");
    if (Error error = parseGraph())
      return error;
    if (training)
      info.training.emplace();
    if (Error error = openParameters())
      return error;
  } else {
    return makeError("cannot read '" + options.input + "': no such file or directory");
  }
  if (Error error = readModel(*module, info))
    return error;
  if (training && !hasSummary(*module))
    if (Error error = readTrainingParameters(*module, *info.training))
      return error;
  if (info.name.empty())
    info.name = sys::path::stem(options.input).str();
  return ImportedModel{std::move(module), std::move(parameters), std::move(info)};
}

Expected<ImportedModel> ternary::importModel(const CompileOptions &options,
                                             const ModelSource *source, GraphContext &context,
                                             ReportFn report) {
  return Importer(options, source, context, report).run();
}
