//===- Export.cpp - What ternary-export does --------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Export/Export.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

/// What a directory has beside config.json, tensors and tokenizer.model that goes with the model.
static constexpr StringLiteral kOtherFiles[] = {
    "tokenizer.json",          "tokenizer_config.json",  "vocab.json",         "merges.txt",
    "special_tokens_map.json", "generation_config.json", "chat_template.jinja"};

static Expected<std::vector<NamedFile>> readOtherFiles(StringRef directory) {
  std::vector<NamedFile> files;
  for (StringRef name : kOtherFiles) {
    SmallString<128> path(directory);
    sys::path::append(path, name);
    if (!sys::fs::is_regular_file(path))
      continue;
    auto buffer = MemoryBuffer::getFile(path);
    if (!buffer)
      return createStringError("cannot read '" + path + "': " + buffer.getError().message());
    files.emplace_back(name, (*buffer)->getBuffer());
  }
  return files;
}

Error ternary::exportModel(const ExportOptions &options, WarnFn warn) {
  StringRef input = options.input;
  bool isDirectory = sys::fs::is_directory(input);
  if (!isDirectory && !sys::fs::exists(input))
    return createStringError("cannot read '" + input + "': no such file or directory");
  if (!isDirectory && !input.ends_with(".gguf"))
    return createStringError("expected a model directory or a .gguf file, got '" + input + "'");
  bool toGGUF = options.format ? *options.format == ExportFormat::GGUF
                               : StringRef(options.output).ends_with(".gguf");
  const GGUFExportOptions &gguf = options.gguf;
  if (!toGGUF && (gguf.type || gguf.floatType || !gguf.architecture.empty() || gguf.roundScales))
    return createStringError("expected no --type, --float-type, --architecture and --round-scales "
                             "with a directory to write");
  if (isDirectory && gguf.i2sLayout && !(toGGUF && gguf.type == GGMLType::I2_S))
    return createStringError("expected no --i2s-blocks without a GGUF file to read or I2_S to "
                             "write");
  Expected<Model> model = isDirectory
                              ? openModelDirectory(input, /*randomWeights=*/std::nullopt, warn)
                              : openGGUFModel(input, gguf.i2sLayout, warn);
  if (!model)
    return model.takeError();
  if (toGGUF)
    return writeGGUFModel(*model, options.output, gguf, warn);
  std::vector<NamedFile> files;
  if (isDirectory) {
    Expected<std::vector<NamedFile>> others = readOtherFiles(input);
    if (!others)
      return others.takeError();
    files = std::move(*others);
  }
  return writeHuggingFaceModel(*model, options.output, files);
}
