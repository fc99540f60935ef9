//===- ternary-compile.cpp - From a model to an object file --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Driver/Compile.h"
#include "ternary/InitAll.h"
#include "ternary/Pipelines/Pipelines.h"
#include "ternary/Support/ByteSize.h"
#include "ternary/Support/Tool.h"
#include "ternary/kernels.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"

using namespace llvm;
using namespace ternary;

static cl::OptionCategory category("Options");
static ternary::CompileOptions options;

static cl::opt<std::string, true> input(cl::Positional, cl::desc("INPUT"), cl::Required,
                                        cl::location(options.input), cl::cat(category));
static cl::opt<std::string, true> output("o", cl::desc("Where to write the result"),
                                         cl::value_desc("file"), cl::location(options.output),
                                         cl::cat(category));
static cl::opt<std::string, true> target("target",
                                         cl::desc("What to compile for (see above; default cpu)"),
                                         cl::value_desc("name"), cl::location(options.target),
                                         cl::cat(category));
static cl::opt<std::string, true>
    triple("mtriple", cl::desc("Target triple, as in llc; this machine's by default"),
           cl::location(options.triple), cl::cat(category));
static cl::opt<std::string, true>
    cpu("mcpu",
        cl::desc("CPU, as in llc; by default this one, and for another "
                 "--mtriple what clang takes: x86-64, generic, rv64gc"),
        cl::location(options.cpu), cl::cat(category));
static cl::opt<std::string, true> attributes("mattr",
                                             cl::desc("CPU features besides, as in llc: +a,-b"),
                                             cl::location(options.attributes), cl::cat(category));
static cl::opt<OptLevel, true>
    optimize(cl::desc("How much LLVM optimises the code of kernels:"),
             cl::values(clEnumValN(OptLevel::O0, "O0", "as little as it can: compiles fastest"),
                        clEnumValN(OptLevel::O1, "O1", "a little"),
                        clEnumValN(OptLevel::O2, "O2", "as much as pays (default)"),
                        clEnumValN(OptLevel::O2, "O3", "the same")),
             cl::location(options.optimize), cl::init(OptLevel::O2), cl::cat(category));
static cl::opt<std::string, true>
    emit("emit", cl::desc("What to write (see above); by the suffix of -o when not given"),
         cl::value_desc("kind"), cl::location(options.emit), cl::cat(category));
static cl::opt<std::string, true>
    function("function",
             cl::desc("What to compile for: generate (default), train a model, or gradient of a "
                      "function of one's own"),
             cl::value_desc("name"), cl::location(options.function), cl::cat(category));
static cl::opt<std::string, true>
    differentiate("differentiate",
                  cl::desc("With --function=gradient, which function, if there are several; "
                           "NAME_gradient is compiled beside it"),
                  cl::value_desc("name"), cl::location(options.differentiate), cl::cat(category));
static cl::list<std::string>
    withRespectTo("with-respect-to",
                  cl::desc("With --function=gradient, by which arguments: their names or numbers "
                           "(default: all of floats)"),
                  cl::value_desc("x,w"), cl::CommaSeparated, cl::cat(category));
static cl::opt<int64_t> batch("batch", cl::desc("Sequences per session (default 1)"),
                              cl::cat(category));
namespace {
enum class Parallel { Threads, None };
enum class Weights { Embed, External };
} // namespace
static cl::opt<Parallel> parallel(
    "parallel", cl::desc("How loops are shared among threads:"),
    cl::values(clEnumValN(Parallel::Threads, "threads", "by a team of each session (default)"),
               clEnumValN(Parallel::Threads, "openmp", "an earlier name of the same"),
               clEnumValN(Parallel::None, "none", "not at all")),
    cl::init(Parallel::Threads), cl::cat(category));
static cl::opt<Weights>
    weights("weights", cl::desc("Where the weights go:"),
            cl::values(clEnumValN(Weights::Embed, "embed", "into the object (default)"),
                       clEnumValN(Weights::External, "external",
                                  "into an archive next to it, mapped at run time")),
            cl::init(Weights::Embed), cl::cat(category));
static cl::opt<bool> fuse("fuse", cl::desc("Fuse chains of ops into kernels (default true)"),
                          cl::cat(category));
static cl::opt<bool, true>
    raiseLinalg("raise-linalg",
                cl::desc("Recognise layers among ops of linalg on tensors (default true)"),
                cl::location(options.raiseLinalg), cl::cat(category));
static cl::opt<GradientPrecision, true> gradientPrecision(
    "gradient-precision",
    cl::desc("In training, what gradients are rounded to in the products of linear layers "
             "(default high):"),
    getGradientPrecisionValues(), cl::location(options.gradientPrecision), cl::cat(category));
static cl::opt<Recompute>
    recompute("recompute",
              cl::desc("In training, what the backward pass computes again instead of having it "
                       "kept (default rows):"),
              getRecomputeValues(), cl::cat(category));
static cl::opt<ActivationType>
    activations("activations",
                cl::desc("In training, what activations are kept in for the backward pass "
                         "(default f32):"),
                getActivationTypeValues(), cl::cat(category));
static cl::opt<std::string>
    memoryBudget("memory-budget",
                 cl::desc("In training, compute no more again than it takes to need at most so "
                          "much memory, such as 4GiB or 800MB"),
                 cl::value_desc("size"), cl::cat(category));
static cl::opt<int64_t>
    sequenceLength("sequence-length",
                   cl::desc("In training, the tokens of a sequence that --memory-budget is for "
                            "(by default as in ternary-train, 512)"),
                   cl::value_desc("tokens"), cl::cat(category));
#define KERNEL(name, architecture, features, permission) " " name
static cl::opt<std::string, true>
    kernel("kernel", cl::desc("Microkernels instead of the CPU's best:" TERNARY_KERNELS(KERNEL)),
           cl::value_desc("name"), cl::location(options.kernel), cl::cat(category));
#undef KERNEL
static cl::opt<double>
    epsilon("epsilon",
            cl::desc("Epsilon of BitLinear's own norm (1e-6 when the checkpoint does not say)"),
            cl::cat(category));
static cl::opt<std::string>
    randomWeights("random-weights",
                  cl::desc("Random weights for a directory that has just a config.json, or for a "
                           "graph.mlir"),
                  cl::value_desc("seed"), cl::ValueOptional, cl::cat(category));
static cl::opt<std::string, true>
    parameters("parameters",
               cl::desc("The weights, tokenizer and configuration for a graph.mlir: of a model "
                        "directory or a GGUF file, or the weights of a safetensors file"),
               cl::value_desc("model"), cl::location(options.parameters), cl::cat(category));
static cl::opt<bool> recognizeTernary(
    "recognize-ternary",
    cl::desc("Pack float weights that are ternary, all of a row or of 256, 128 or 64 of its "
             "columns being 0, s or -s; the numbers stay the same (default true)"),
    cl::cat(category));
static cl::opt<I2SLayout> i2sBlocks(
    "i2s-blocks",
    cl::desc("Weights in a block of I2_S tensors, of which GGUF files do not tell the layout:"),
    cl::values(clEnumValN(I2SLayout::Blocks128, "128", "as bitnet.cpp writes them on x86"),
               clEnumValN(I2SLayout::Blocks64, "64", "as it writes them on Arm")),
    cl::cat(category));
static cl::opt<DType>
    kvCache("kv-cache", cl::desc("What keys and values of attention are kept in:"),
            cl::values(clEnumValN(DType::F32, "f32", "as they are computed (default)"),
                       clEnumValN(DType::F16, "f16",
                                  "rounded: half the memory, and faster with many tokens"),
                       clEnumValN(DType::I8, "int8",
                                  "codes with a scale for each head of each token: about a quarter "
                                  "of the memory")),
            cl::cat(category));
static cl::opt<int64_t>
    maxTokens("max-tokens",
              cl::desc("Tokens that a session can take: less memory for keys and values than for "
                       "as many as the model's configuration says"),
              cl::value_desc("tokens"), cl::cat(category));
static cl::opt<int64_t>
    selfTest("self-test",
             cl::desc("Tokens for which the reference computes what ternary-run --self-test is to "
                      "find (by default at most 8, and no more than take a second)"),
             cl::value_desc("tokens"), cl::cat(category));
static cl::opt<std::string, true>
    compileTo("compile-to", cl::desc("Stop after this phase (see above) and write MLIR"),
              cl::value_desc("phase"), cl::location(options.compileTo), cl::cat(category));
static cl::opt<std::string, true>
    dumpPhases("dump-phases", cl::desc("Write the IR after each phase to this directory"),
               cl::value_desc("dir"), cl::location(options.dumpPhases), cl::cat(category));
static cl::opt<std::string, true> symbolPrefix(
    "symbol-prefix",
    cl::desc(
        "Prefix of C functions (the output's name for objects, 'ternary' for shared libraries)"),
    cl::value_desc("name"), cl::location(options.symbolPrefix), cl::cat(category));
static cl::opt<bool, true> timing("timing", cl::desc("Report the time of each pass"),
                                  cl::location(options.timing), cl::cat(category));
static cl::opt<bool, true> progress("progress", cl::desc("Say what is being done"),
                                    cl::location(options.progress), cl::cat(category));

/// What there is to choose from, as targets have it.
static std::string describeTargets() {
  std::string text;
  raw_string_ostream os(text);
  auto row = [&](StringRef name, const Twine &description) {
    os << formatv("    {0,-15}{1}\n", name, description.str());
  };
  for (const auto &target : getTargets()) {
    os << "\n  Target " << target->getName() << ": " << target->getDescription() << "\n"
       << "   phases (--compile-to, --dump-phases):\n";
    for (const Phase *phase : getPhases(*target))
      row(phase->name, phase->description);
    os << "   kinds of output (--emit):\n";
    row("mlir", "MLIR after the last phase (.mlir)");
    for (const OutputKind &kind : target->getOutputKinds())
      row(kind.name, kind.description + " (" + kind.suffix + ")");
  }
  return text;
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  Tool tool("ternary-compile", TERNARY_VERSION);
  registerAllTargets();
  std::string overview =
      "Compile a ternary language model\n\n"
      "  INPUT is a Hugging Face model directory, a file.gguf (of a split model the first) or a "
      "graph.mlir:\n  a model's or functions of one's own, as written or as a phase left it.\n" +
      describeTargets();
  if (!tool.parse(argc, argv, category, overview))
    return 1;

  options.embedWeights = weights == Weights::Embed;
  options.withRespectTo.assign(withRespectTo.begin(), withRespectTo.end());
  if (parallel.getNumOccurrences())
    options.threads = parallel == Parallel::Threads;
  if (batch.getNumOccurrences())
    options.batch = batch;
  if (fuse.getNumOccurrences())
    options.fuse = fuse;
  if (recompute.getNumOccurrences())
    options.recompute = recompute;
  if (activations.getNumOccurrences())
    options.activations = activations;
  if (memoryBudget.getNumOccurrences()) {
    options.memoryBudget = parseByteSize(memoryBudget);
    if (!options.memoryBudget)
      return tool.fail("expected --memory-budget to be a size such as 4GiB or 800MB, got '" +
                       memoryBudget + "'");
  }
  if (sequenceLength.getNumOccurrences())
    options.sequenceLength = sequenceLength;
  if (epsilon.getNumOccurrences())
    options.epsilon = epsilon;
  if (randomWeights.getNumOccurrences()) {
    uint64_t seed = 0;
    if (!randomWeights.empty() && StringRef(randomWeights).getAsInteger(0, seed))
      return tool.fail("expected --random-weights to be a seed from 0 to 2^64 - 1, got '" +
                       randomWeights + "'");
    options.randomWeights = seed;
  }
  if (recognizeTernary.getNumOccurrences())
    options.recognizeTernary = recognizeTernary;
  if (i2sBlocks.getNumOccurrences())
    options.i2sLayout = i2sBlocks;
  if (kvCache.getNumOccurrences())
    options.cacheType = kvCache;
  if (maxTokens.getNumOccurrences())
    options.maxTokens = maxTokens;
  if (selfTest.getNumOccurrences())
    options.selfTestTokens = selfTest;
  if (Error error = compile(options))
    return tool.fail(toString(std::move(error)));
  return 0;
}
