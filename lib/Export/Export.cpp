//===- Export.cpp - What ternary-export does --------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Export/Export.h"
#include "ternary/Support/ClassicLocale.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace ternary;

Error ternary::exportModel(const ExportOptions &options, WarnFn warn) {
  ClassicLocale locale;
  StringRef input = options.input;
  if (!sys::fs::exists(input))
    return createStringError("cannot read '" + input + "': no such file or directory");
  if (!isModel(input))
    return createStringError("expected a model directory or a .gguf file, got '" + input + "'");
  bool toGGUF = options.format ? *options.format == ExportFormat::GGUF
                               : StringRef(options.output).ends_with(".gguf");
  const GGUFExportOptions &gguf = options.gguf;
  if (!toGGUF && (gguf.type || gguf.floatType || !gguf.architecture.empty() || gguf.roundScales))
    return createStringError("expected no --type, --float-type, --architecture and --round-scales "
                             "with a directory to write");
  if (sys::fs::is_directory(input) && gguf.i2sLayout && !(toGGUF && gguf.type == GGMLType::I2_S))
    return createStringError("expected no --i2s-blocks without a GGUF file to read or I2_S to "
                             "write");
  Expected<Model> model = openModel(input, /*randomWeights=*/std::nullopt, gguf.i2sLayout, warn);
  if (!model)
    return model.takeError();
  if (toGGUF)
    return writeGGUFModel(*model, options.output, gguf, warn);
  return writeHuggingFaceModel(*model, options.output);
}
