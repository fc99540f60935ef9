//===- Compile.cpp - What ternary-compile does ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Driver/Compile.h"
#include "CompileOptions.h"
#include "Frontend.h"
#include "PhaseRunner.h"
#include "ternary/Support/ClassicLocale.h"
#include "ternary/Support/OutputSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace llvm;
using namespace ternary;

namespace {
/// One compilation in a context of its own.
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
  void report(const Twine &what);

  const CompileOptions &options;
  /// What to compile instead of the input that the options name.
  const ModelSource *source;
  GraphContext context;
  CompilePlan plan;
  ImportedModel model;
  /// As PhaseRunner::takePlanned says.
  mlir::OwningOpRef<mlir::ModuleOp> planned;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};
} // namespace

void Compiler::report(const Twine &what) {
  if (!options.progress)
    return;
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  errs() << format("%7.2f s  ", elapsed.count()) << what << "\n";
}

Error Compiler::lower() {
  auto report = [this](const Twine &what) { this->report(what); };
  if (Error error = makePlan(options, &context.get(), plan))
    return error;
  Expected<ImportedModel> imported = importModel(options, source, context, report);
  if (!imported)
    return imported.takeError();
  model = std::move(*imported);
  PhaseRunner runner(options, plan, model, context, report);
  if (Error error = runner.run())
    return error;
  planned = runner.takePlanned();
  return Error::success();
}

Error Compiler::write() {
  OutputSet outputs;
  if (!plan.output) {
    StringRef path = options.output.empty() ? StringRef("-") : StringRef(options.output);
    Expected<OutputFile *> file = outputs.createStream(path);
    if (!file)
      return file.takeError();
    model.module->print((*file)->os());
    return outputs.keep();
  }
  auto report = [this](const Twine &what) { this->report(what); };
  Emission emission = {*model.module,  planned ? *planned : mlir::ModuleOp(),
                       model.info,     model.parameters.get(),
                       plan.request,   *plan.output,
                       options.output, options.input,
                       plan.prefix,    options.embedWeights,
                       outputs,        report};
  if (Error error = plan.target->emit(emission))
    return error;
  if (Error error = outputs.keep())
    return error;
  report("wrote '" + options.output + "'");
  return Error::success();
}

ModelSource Compiler::takeSource() {
  ModelSource result;
  ModelInfo &info = model.info;
  result.name = info.name;
  raw_string_ostream(result.text) << *model.module;
  result.parameters = std::move(model.parameters);
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
