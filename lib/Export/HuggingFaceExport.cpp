//===- HuggingFaceExport.cpp - Writes models in the Hugging Face layout ---------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SafetensorsWriter.h"
#include "ternary/Export/Export.h"
#include "ternary/Export/TernaryWeights.h"
#include "ternary/Support/JSONFile.h"
#include "ternary/Support/PackedRows.h"
#include "ternary/Support/TemporaryFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ternary;

static Error cannotWrite(StringRef path, std::error_code reason) {
  return createStringError(reason, "cannot write '" + path + "': " + reason.message());
}

//===----------------------------------------------------------------------===//
// A directory that appears whole
//===----------------------------------------------------------------------===//

namespace {
/// A new directory. Its files lie beside it, where signals remove them, until all are written.
class NewDirectory {
public:
  explicit NewDirectory(StringRef directory) : path(directory) {
    while (path.size() > 1 && sys::path::is_separator(path.back()))
      path.pop_back();
  }

  /// Whether there may be a directory: as yet nothing, or an empty one.
  Error check() const;
  Error add(StringRef name, function_ref<Error(raw_ostream &)> write);
  Error keep();

private:
  std::string path;
  std::vector<std::pair<std::string, TemporaryFile>> files;
};
} // namespace

Error NewDirectory::check() const {
  StringRef parent = sys::path::parent_path(path);
  if (std::error_code error =
          sys::fs::access(parent.empty() ? "." : parent, sys::fs::AccessMode::Write))
    return cannotWrite(path, error);
  sys::fs::file_status status;
  if (sys::fs::status(path, status))
    return Error::success();
  std::error_code error;
  if (!sys::fs::is_directory(status) ||
      sys::fs::directory_iterator(path, error) != sys::fs::directory_iterator())
    return createStringError("cannot write '" + path + "': expected a new or empty directory");
  return error ? cannotWrite(path, error) : Error::success();
}

Error NewDirectory::add(StringRef name, function_ref<Error(raw_ostream &)> write) {
  Expected<TemporaryFile> file = TemporaryFile::create(path + "." + name.str());
  if (!file)
    return file.takeError();
  raw_fd_ostream stream(file->getFD(), /*shouldClose=*/false);
  Error error = write(stream);
  stream.flush();
  std::error_code code = stream.error();
  stream.clear_error();
  if (error)
    return makeFileError(path + "/" + name, toString(std::move(error)));
  if (code)
    return cannotWrite(path + "/" + name.str(), code);
  files.emplace_back(name.str(), std::move(*file));
  return Error::success();
}

Error NewDirectory::keep() {
  // The name of a file that is there is nobody else's.
  SmallString<128> temporary(files.front().second.getTemporaryPath());
  sys::path::replace_extension(temporary, "dir");
  if (std::error_code error =
          sys::fs::create_directory(temporary, /*IgnoreExisting=*/false, sys::fs::all_all))
    return cannotWrite(path, error);
  for (auto &[name, file] : files)
    if (Error error = file.keepAs((temporary + "/" + name).str())) {
      sys::fs::remove_directories(temporary);
      return error;
    }
  if (std::error_code error = sys::fs::rename(temporary, path)) {
    sys::fs::remove_directories(temporary);
    return cannotWrite(path, error);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// A model
//===----------------------------------------------------------------------===//

namespace {
class HuggingFaceExporter {
public:
  explicit HuggingFaceExporter(const Model &model)
      : model(model), config(*model.config), parameters(*model.parameters) {}

  /// config.json, which says whether weights are packed.
  Expected<std::string> makeConfig();
  Error addTensors();

  SafetensorsWriter writer;

private:
  Error addPacked(const ParameterInfo &parameter);
  void addLatent(const ParameterInfo &parameter);

  const Model &model;
  const ModelConfig &config;
  const ParameterSource &parameters;
  /// Whether ternary weights are packed; a family without a quantization_config has no such form.
  bool isPacked = false;
};
} // namespace

Expected<std::string> HuggingFaceExporter::makeConfig() {
  Expected<json::Object> object = parseJSONObject(model.configJSON, "config.json");
  if (!object)
    return object.takeError();
  if (json::Object *quantization = object->getObject("quantization_config")) {
    isPacked = true;
    (*quantization)["quant_method"] = "bitnet";
    (*quantization)["linear_class"] = "autobitlinear";
    (*quantization)["quantization_mode"] = "offline";
    (*quantization)["modules_to_not_convert"] = json::Array{config.getHeadName()};
  }
  return formatv("{0:2}\n", json::Value(std::move(*object))).str();
}

Error HuggingFaceExporter::addPacked(const ParameterInfo &parameter) {
  if (parameter.shape[0] % kRowsInByte != 0)
    return createStringError("tensor '" + parameter.name + "': expected a multiple of " +
                             Twine(kRowsInByte) + " rows to pack, got " +
                             Twine(parameter.shape[0]));
  // Tensors are made in order, so that the weight leaves its scale to the next.
  auto scale = std::make_shared<HostTensor>();
  writer.addTensor(parameter.name, DType::U8, getPackedRowsShape(parameter.shape),
                   [this, parameter, scale]() -> Expected<HostTensor> {
                     Expected<QuantizedWeights> weights = readTernaryWeights(parameters, parameter);
                     if (!weights)
                       return weights.takeError();
                     if (weights->scale.getShape() != ArrayRef<int64_t>{1})
                       return createStringError("expected one scale, as packed weights have it, "
                                                "got " +
                                                printShape(weights->scale.getShape()));
                     *scale = weights->scale;
                     return packRows(weights->trits);
                   });
  writer.addTensor(getScaleName(parameter.name), DType::F32, {1}, [scale] { return *scale; });
  return Error::success();
}

/// The weight as it is, or latent ones for stored trits.
void HuggingFaceExporter::addLatent(const ParameterInfo &parameter) {
  bool hasTrits = parameter.isTernary && parameters.getTritFormat(parameter.name);
  DType type = hasTrits ? DType::F32 : parameters.getMatrixType(parameter.name);
  writer.addTensor(parameter.name, type, parameter.shape,
                   [this, parameter, hasTrits]() -> Expected<HostTensor> {
                     if (!hasTrits)
                       return parameters.read(parameter.name, parameter.shape);
                     Expected<QuantizedWeights> weights = readTernaryWeights(parameters, parameter);
                     if (!weights)
                       return weights.takeError();
                     return makeLatentWeights(*weights);
                   });
}

Error HuggingFaceExporter::addTensors() {
  for (const ParameterInfo &parameter : config.getParameters()) {
    if (!parameter.isTernary || !isPacked)
      addLatent(parameter);
    else if (Error error = addPacked(parameter))
      return error;
  }
  return Error::success();
}

Error ternary::writeHuggingFaceModel(const Model &model, StringRef directory) {
  NewDirectory output(directory);
  if (Error error = output.check())
    return error;
  HuggingFaceExporter exporter(model);
  Expected<std::string> config = exporter.makeConfig();
  if (!config)
    return config.takeError();
  if (Error error = exporter.addTensors())
    return makeFileError(directory, toString(std::move(error)));
  auto addText = [&](StringRef name, StringRef text) {
    return output.add(name, [&](raw_ostream &os) {
      os << text;
      return Error::success();
    });
  };
  if (Error error = addText("config.json", *config))
    return error;
  if (!model.tokenizer.model.empty())
    if (Error error = addText(kSentencePieceFile, model.tokenizer.model))
      return error;
  for (const auto &[name, text] : model.files)
    if (Error error = addText(name, text))
      return error;
  if (Error error = output.add("model.safetensors",
                               [&](raw_ostream &os) { return exporter.writer.write(os); }))
    return error;
  return output.keep();
}
