//===- CompileOptions.cpp - What a command line comes to ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompileOptions.h"
#include "ternary/InitAll.h"
#include "ternary/Pipelines/Pipelines.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
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

/// Options that say how much to compute again, for training alone.
static Error checkTraining(const CompileOptions &options, const ternary::Target &target) {
  if (options.function != "train" &&
      (options.recompute || options.activations || options.memoryBudget || options.sequenceLength ||
       options.gradientPrecision != GradientPrecision::High))
    return makeError("expected --function=train with --recompute, --activations, "
                     "--gradient-precision, --memory-budget and --sequence-length");
  if (options.recompute && options.memoryBudget)
    return makeError("expected --recompute or --memory-budget, got both");
  if (!target.fuses() &&
      (options.recompute.value_or(Recompute::None) != Recompute::None || options.memoryBudget))
    return makeError("expected no --recompute and no --memory-budget with --target=" +
                     target.getName() + ", which keeps all values");
  if (options.sequenceLength && (*options.sequenceLength < 1 || *options.sequenceLength > 1 << 30))
    return makeError("expected --sequence-length from 1 to 1073741824, got " +
                     Twine(*options.sequenceLength));
  return Error::success();
}

static Error checkOptions(const CompileOptions &options, const ternary::Target &target) {
  if (options.function != "generate" && options.function != "train" &&
      options.function != "gradient")
    return makeError("expected --function generate, train or gradient, got '" + options.function +
                     "'");
  if (options.function != "gradient" &&
      (!options.differentiate.empty() || !options.withRespectTo.empty()))
    return makeError("expected --function=gradient with --differentiate and --with-respect-to");
  if (options.batch && (*options.batch < 1 || *options.batch > 1024))
    return makeError("expected --batch from 1 to 1024, got " + Twine(*options.batch));
  if (options.epsilon && !(static_cast<float>(*options.epsilon) > 0 && *options.epsilon < 1))
    return makeError("expected --epsilon between 0 and 1 in f32, got " +
                     Twine(formatv("{0:e}", *options.epsilon).str()));
  if (Error error = checkTraining(options, target))
    return error;
  if (!target.fuses() && options.fuse.value_or(false))
    return makeError("expected no --fuse with --target=" + target.getName() + ", which is unfused");
  if (!options.symbolPrefix.empty() && toIdentifier(options.symbolPrefix) != options.symbolPrefix)
    return makeError("expected --symbol-prefix to be a C identifier, got '" + options.symbolPrefix +
                     "'");
  if (options.selfTestTokens && (*options.selfTestTokens < 0 || *options.selfTestTokens > 1024))
    return makeError("expected --self-test from 0 to 1024, got " + Twine(*options.selfTestTokens));
  if (options.output.empty() && options.compileTo.empty())
    return makeError("expected an output file, -o FILE");
  return Error::success();
}

static constexpr StringLiteral kMLIRName = "mlir", kMLIRSuffix = ".mlir";

/// The kind of output that options name or the output's suffix stands for; null: MLIR.
static Expected<const OutputKind *> findOutputKind(const CompileOptions &options,
                                                   ArrayRef<OutputKind> kinds) {
  auto list = [&](StringRef first, auto text) {
    std::string all = first.str();
    for (const OutputKind &kind : kinds)
      all += (&kind == &kinds.back() ? " or " : ", ") + text(kind).str();
    return all;
  };
  if (!options.emit.empty()) {
    const auto *found =
        find_if(kinds, [&](const OutputKind &kind) { return kind.name == options.emit; });
    if (found != kinds.end())
      return found;
    if (options.emit == kMLIRName)
      return nullptr;
    return makeError(
        "expected --emit=" + list(kMLIRName, [](const OutputKind &kind) { return kind.name; }) +
        ", got '" + options.emit + "'");
  }
  StringRef suffix = sys::path::extension(options.output);
  const auto *found = find_if(kinds, [&](const OutputKind &kind) { return kind.suffix == suffix; });
  if (found != kinds.end())
    return found;
  if (suffix == kMLIRSuffix)
    return nullptr;
  return makeError("expected --emit, or an output that ends in " +
                   list(kMLIRSuffix, [](const OutputKind &kind) { return kind.suffix; }) +
                   ", got '" + options.output + "'");
}

static Error findOutput(const CompileOptions &options, CompilePlan &plan) {
  if (!options.compileTo.empty()) {
    if (!options.emit.empty() && options.emit != kMLIRName)
      return makeError("expected --emit=mlir with --compile-to");
    return Error::success();
  }
  Expected<const OutputKind *> kind = findOutputKind(options, plan.target->getOutputKinds());
  if (!kind)
    return kind.takeError();
  plan.output = *kind;
  if (plan.output && !plan.output->isText && options.output == "-")
    return makeError("expected a file for " + plan.output->description + ", got standard output");
  return Error::success();
}

static Error findPhases(const CompileOptions &options, CompilePlan &plan) {
  plan.phases = getPhases(*plan.target);
  if (options.compileTo.empty())
    return Error::success();
  auto *last =
      find_if(plan.phases, [&](const Phase *phase) { return phase->name == options.compileTo; });
  if (last == plan.phases.end())
    return makeError("expected a phase of --help for --compile-to, got '" + options.compileTo +
                     "'");
  plan.phases.erase(std::next(last), plan.phases.end());
  return Error::success();
}

Error ternary::makePlan(const CompileOptions &options, mlir::MLIRContext *context,
                        CompilePlan &plan) {
  registerAllTargets();
  plan.target = lookupTarget(options.target);
  if (!plan.target)
    return makeError("expected --target " + getTargetNames() + ", got '" + options.target + "'");
  if (Error error = checkOptions(options, *plan.target))
    return error;
  if (Error error = findOutput(options, plan))
    return error;
  if (Error error = findPhases(options, plan))
    return error;

  plan.request = options;
  auto getAttribute = [&] { return plan.target->getAttribute(context, plan.request, {}); };
  Expected<TargetAttrInterface> attribute = getAttribute();
  if (!attribute)
    return attribute.takeError();
  // The common phases do without a machine, and what they leave is for any. A budget is found by
  // trying the phases behind them.
  if (isTargetPhase(*plan.phases.back()) || options.memoryBudget) {
    if (Error error = plan.target->resolve(plan.request))
      return error;
    attribute = getAttribute();
    if (!attribute)
      return attribute.takeError();
    plan.attribute = *attribute;
  }

  plan.prefix = options.symbolPrefix;
  if (plan.prefix.empty())
    plan.prefix = plan.output && !plan.output->prefix.empty()
                      ? plan.output->prefix.str()
                      : toIdentifier(sys::path::stem(options.output));
  PipelineOptions &pipeline = plan.pipeline;
  pipeline.training = options.function == "train";
  pipeline.fuse = options.fuse.value_or(true);
  pipeline.raiseLinalg = options.raiseLinalg;
  pipeline.gradientPrecision = options.gradientPrecision;
  pipeline.recompute = options.recompute.value_or(Recompute::Rows);
  pipeline.activations = options.activations.value_or(ActivationType::F32);
  pipeline.prefix = plan.prefix + "_step";
  // What MLIR is written for is for other tools of it.
  pipeline.forC = plan.output != nullptr;
  return Error::success();
}
