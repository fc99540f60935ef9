//===- GGUFExport.cpp - Writes models as GGUF files -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inverse of lib/Import/GGUFModel.cpp: what it reads of a file is what the model had.
//
//===----------------------------------------------------------------------===//

#include "ternary/Export/Export.h"
#include "ternary/Export/TernaryWeights.h"
#include "ternary/Import/GGUFArchitecture.h"
#include "ternary/Import/GGUFTokenizer.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace ternary;

namespace {
class GGUFExporter {
public:
  GGUFExporter(const Model &model, StringRef path, const GGUFExportOptions &options)
      : model(model), config(*model.config), parameters(*model.parameters), path(path),
        options(options) {}

  Error write(WarnFn warn);

private:
  Error chooseArchitecture();
  Error checkLayers() const;
  Error chooseType();
  Error addKeys();
  void addTernary(const ParameterInfo &parameter);
  void addFloats(const ParameterInfo &parameter);
  std::string getTensorName(const ParameterInfo &parameter) const {
    return architecture->getTensorName(parameter.name).value();
  }
  Error makeError(const Twine &message) const { return makeFileError(path, message); }

  const Model &model;
  const ModelConfig &config;
  const ParameterSource &parameters;
  StringRef path;
  const GGUFExportOptions &options;

  const GGUFArchitecture *architecture = nullptr;
  GGMLType type = GGMLType::TQ2_0;
  GGUFWriter writer;
};
} // namespace

Error GGUFExporter::chooseArchitecture() {
  json::Object members = config.getMembers();
  StringRef activation = members.getString("hidden_act").value_or("");
  SmallVector<StringRef> names;
  for (const GGUFArchitecture &known : getGGUFArchitectures()) {
    if (known.family->modelType != config.modelType || known.activation != activation)
      continue;
    names.push_back(known.name);
    if (!architecture && (options.architecture.empty() || known.name == options.architecture))
      architecture = &known;
  }
  if (architecture)
    return Error::success();
  return makeError("expected --architecture to be one of " + join(names, ", ") +
                   " for this model, got '" + options.architecture + "'");
}

/// Refuses what files have no place for.
Error GGUFExporter::checkLayers() const {
  if (config.epsilonInLayers)
    return makeError(
        "expected layers without norms of their own (use_rms_norm), for which GGUF has "
        "no place");
  if (!config.isTernary && options.type)
    return makeError(
        "expected no --type for a model whose layers take floats, since of ternary types "
        "activations have 8 bits");
  return Error::success();
}

/// Columns of which a row in a ternary type is a multiple.
static int64_t getColumnsOfBlock(GGMLType type, std::optional<I2SLayout> layout) {
  return type == GGMLType::I2_S ? int64_t(*layout) : getGGMLTypeInfo(type).blockWeights;
}

Error GGUFExporter::chooseType() {
  std::vector<ParameterInfo> all = config.getParameters();
  auto isMultiple = [&](const ParameterInfo &parameter) {
    return !parameter.isTernary ||
           parameter.shape[1] % getColumnsOfBlock(type, options.i2sLayout) == 0;
  };
  if (options.type == GGMLType::I2_S && !options.i2sLayout)
    return makeError("expected --i2s-blocks, the layout of I2_S, which readers have to know");
  if (options.type)
    type = *options.type;
  else if (!all_of(all, isMultiple))
    type = GGMLType::IQ2_BN;
  if (auto it = find_if_not(all, isMultiple); it != all.end())
    return makeError("tensor '" + getTensorName(*it) + "': expected a multiple of " +
                     Twine(getColumnsOfBlock(type, options.i2sLayout)) + " columns for " +
                     getGGMLTypeInfo(type).name + ", got " + Twine(it->shape[1]));
  return Error::success();
}

Error GGUFExporter::addKeys() {
  json::Object members = config.getMembers();
  auto getKey = [&](StringRef name) { return (architecture->name + "." + name).str(); };
  auto addInteger = [&](StringRef name, int64_t value) {
    if (value < 0)
      writer.setInt32(getKey(name), value);
    else
      writer.setUInt32(getKey(name), value);
  };
  writer.setString("general.architecture", architecture->name);
  addInteger("vocab_size", config.vocabSize);
  for (const GGUFKey &key : architecture->family->keys) {
    double value = members.getNumber(key.member).value();
    if (key.kind == GGUFKey::Kind::Integer) {
      addInteger(key.name, static_cast<int64_t>(value));
      continue;
    }
    if (static_cast<float>(value) != value)
      return createStringError(std::errc::invalid_argument,
                               "%s: expected a %s that f32 holds, got %.17g", path.str().c_str(),
                               key.member.data(), value);
    writer.setFloat32(getKey(key.name), static_cast<float>(value));
  }
  // What else programs look for that rotate heads.
  if (std::optional<int64_t> headSize = members.getInteger("head_dim")) {
    addInteger("attention.value_length", *headSize);
    addInteger("rope.dimension_count", *headSize);
  }
  return Error::success();
}

void GGUFExporter::addTernary(const ParameterInfo &parameter) {
  writer.addTensor(
      getTensorName(parameter), type, parameter.shape, [this, parameter]() -> Expected<HostTensor> {
        Expected<QuantizedWeights> weights = readTernaryWeights(parameters, parameter);
        if (!weights)
          return weights.takeError();
        auto reorder = [&](HostTensor tensor) {
          return architecture->reorderRows(parameter.name, config, std::move(tensor),
                                           RowOrder::GGUF);
        };
        weights->trits = reorder(weights->trits);
        if (weights->scale.getDim(0) == parameter.shape[0])
          weights->scale = reorder(weights->scale);
        if (type != GGMLType::I2_S && type != GGMLType::IQ2_BN) {
          QuantizedWeights rounded = roundScalesToFloat16(*weights);
          if (!options.roundScales && rounded.scale.getBytes() != weights->scale.getBytes())
            return createStringError("expected scales that f16 holds for " +
                                     getGGMLTypeInfo(type).name +
                                     ", got others: --round-scales rounds them, --type=iq2_bn "
                                     "takes any");
          weights = std::move(rounded);
        }
        return encodeTernary(type, *weights, options.i2sLayout);
      });
}

void GGUFExporter::addFloats(const ParameterInfo &parameter) {
  GGMLType stored = GGMLType::F32;
  // Programs expect vectors, and what has no weight of a layer or table, in f32.
  if (parameter.shape.size() == 2 && StringRef(parameter.name).ends_with(".weight")) {
    DType kept = parameters.getMatrixType(parameter.name);
    stored = options.floatType.value_or(kept == DType::F16    ? GGMLType::F16
                                        : kept == DType::BF16 ? GGMLType::BF16
                                                              : GGMLType::F32);
  }
  writer.addTensor(getTensorName(parameter), stored, parameter.shape,
                   [this, parameter, stored]() -> Expected<HostTensor> {
                     Expected<HostTensor> values = parameters.read(parameter.name, parameter.shape);
                     if (!values)
                       return values;
                     return encodeFloats(stored,
                                         architecture->reorderRows(parameter.name, config, *values,
                                                                   RowOrder::GGUF));
                   });
}

Error GGUFExporter::write(WarnFn warn) {
  if (Error error = chooseArchitecture())
    return error;
  if (Error error = checkLayers())
    return error;
  if (Error error = chooseType())
    return error;
  if (Error error = addKeys())
    return error;
  addGGUFTokenizer(writer, model, warn);
  for (const ParameterInfo &parameter : config.getParameters()) {
    if (parameter.isTernary)
      addTernary(parameter);
    else
      addFloats(parameter);
  }
  return writer.write(path);
}

Error ternary::writeGGUFModel(const Model &model, StringRef path, const GGUFExportOptions &options,
                              WarnFn warn) {
  return GGUFExporter(model, path, options).write(warn);
}
