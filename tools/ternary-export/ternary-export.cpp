//===- ternary-export.cpp - From one layout of models to another ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Export/Export.h"
#include "ternary/Support/Tool.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace ternary;

static cl::OptionCategory category("Options");
static ExportOptions options;

static cl::opt<std::string, true> input(cl::Positional, cl::desc("INPUT"), cl::Required,
                                        cl::location(options.input), cl::cat(category));
static cl::opt<std::string, true> output("o", cl::desc("Where to write the model"),
                                         cl::value_desc("path"), cl::location(options.output),
                                         cl::cat(category));
static cl::opt<ExportFormat>
    to("to", cl::desc("What to write; by the suffix of -o when not given:"),
       cl::values(clEnumValN(ExportFormat::GGUF, "gguf", "a GGUF file (.gguf)"),
                  clEnumValN(ExportFormat::HuggingFace, "hf",
                             "a directory in the Hugging Face layout")),
       cl::cat(category));
static cl::opt<GGMLType>
    type("type",
         cl::desc("Of ternary layers' weights in a GGUF file (by default tq2_0, or iq2_bn where "
                  "columns are no multiples of 256):"),
         cl::values(clEnumValN(GGMLType::TQ1_0, "tq1_0", "256 columns, 1.69 bits, scales of f16"),
                    clEnumValN(GGMLType::TQ2_0, "tq2_0", "256 columns, 2.06 bits, scales of f16"),
                    clEnumValN(GGMLType::I2_S, "i2_s", "2 bits, one scale; needs --i2s-blocks"),
                    clEnumValN(GGMLType::IQ1_BN, "iq1_bn",
                               "64 columns, 1.625 bits, scales of f16 for rows"),
                    clEnumValN(GGMLType::IQ2_BN, "iq2_bn", "64 columns, 2 bits, scales for rows")),
         cl::cat(category));
namespace {
enum class FloatType { F32, F16, BF16, Q8_0, Keep };
} // namespace
static cl::opt<FloatType>
    floatType("float-type",
              cl::desc("Of embeddings, the head and other matrices of floats in a GGUF file:"),
              cl::values(clEnumValN(FloatType::Keep, "keep",
                                    "as they are (default); f32 for what was quantised"),
                         clEnumValN(FloatType::F32, "f32", "32 bits"),
                         clEnumValN(FloatType::F16, "f16", "16 bits"),
                         clEnumValN(FloatType::BF16, "bf16", "16 bits, the range of f32"),
                         clEnumValN(FloatType::Q8_0, "q8_0", "32 columns, 8.5 bits")),
              cl::init(FloatType::Keep), cl::cat(category));
static cl::opt<I2SLayout> i2sBlocks(
    "i2s-blocks",
    cl::desc("Weights in a block of I2_S tensors, read or written; GGUF files do not tell:"),
    cl::values(clEnumValN(I2SLayout::Blocks128, "128", "as bitnet.cpp has them on x86"),
               clEnumValN(I2SLayout::Blocks64, "64", "as it has them on Arm")),
    cl::cat(category));
static cl::opt<std::string, true>
    architecture("architecture",
                 cl::desc("general.architecture of the GGUF file, where a model may have several: "
                          "bitnet-b1.58 (default) or bitnet-25"),
                 cl::value_desc("name"), cl::location(options.gguf.architecture),
                 cl::cat(category));
static cl::opt<bool, true> roundScales("round-scales",
                                       cl::desc("Round scales where --type has them in f16"),
                                       cl::location(options.gguf.roundScales), cl::cat(category));

static std::optional<GGMLType> getFloatType(FloatType type) {
  switch (type) {
  case FloatType::F32:
    return GGMLType::F32;
  case FloatType::F16:
    return GGMLType::F16;
  case FloatType::BF16:
    return GGMLType::BF16;
  case FloatType::Q8_0:
    return GGMLType::Q8_0;
  case FloatType::Keep:
    return std::nullopt;
  }
  llvm_unreachable("unknown type");
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  Tool tool("ternary-export", TERNARY_VERSION);
  if (!tool.parse(argc, argv, category,
                  "Write a ternary language model in another layout\n\n"
                  "  INPUT is a Hugging Face model directory or a file.gguf (of a split model the "
                  "first).\n"))
    return 1;
  if (options.output.empty())
    return tool.fail("expected -o, where to write the model; see --help");
  if (to.getNumOccurrences())
    options.format = to;
  if (type.getNumOccurrences())
    options.gguf.type = type;
  options.gguf.floatType = getFloatType(floatType);
  if (i2sBlocks.getNumOccurrences())
    options.gguf.i2sLayout = i2sBlocks;
  auto warn = [](const Twine &message) {
    WithColor::warning(errs(), "ternary-export") << message << "\n";
  };
  if (Error error = exportModel(options, warn))
    return tool.fail(toString(std::move(error)));
  return 0;
}
