//===- GGUFModel.cpp - Models in GGUF files -----------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file says what config.json would, under other names. It is translated, so that one reader of
// each family checks it, and parameters are given under their names in the Hugging Face layout.
//
//===----------------------------------------------------------------------===//

#include "ConfigReader.h"
#include "ModelOpeners.h"
#include "ternary/Import/GGUFArchitecture.h"
#include "ternary/Import/GGUFTokenizer.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <mutex>

using namespace llvm;
using namespace ternary;

namespace {
/// The parameters of a file under their names in the Hugging Face layout.
class GGUFParameters : public ParameterSource {
public:
  GGUFParameters(std::unique_ptr<GGUFFile> file, const GGUFArchitecture &architecture)
      : file(std::move(file)), architecture(architecture) {}

  const GGUFFile &getFile() const { return *file; }
  void setConfig(std::shared_ptr<const ModelConfig> value);

  Expected<HostTensor> read(StringRef name, ArrayRef<int64_t> shape) const override;
  Expected<HostTensor> peek(StringRef name, ArrayRef<int64_t> shape) const override;
  DType getMatrixType(StringRef name) const override;
  std::optional<TritFormat> getTritFormat(StringRef name) const override;
  Error check(ArrayRef<ParameterInfo> parameters,
              function_ref<void(const Twine &)> warn) const override;

private:
  /// The tensor of a parameter, or null.
  const GGUFTensor *lookup(StringRef name) const;
  Expected<const GGUFTensor *> locate(StringRef name, ArrayRef<int64_t> shape) const;
  Error checkUnexpected(const GGUFTensor &tensor) const;
  /// Trits with as few scales as say the same, rows in the Hugging Face order; nothing for other
  /// weights than those of ternary layers and ternary types.
  Expected<std::optional<QuantizedWeights>> readTernary(StringRef name,
                                                        const GGUFTensor &tensor) const;
  /// Rows as the Hugging Face layout has them.
  HostTensor reorderRows(StringRef name, HostTensor tensor) const;

  std::unique_ptr<GGUFFile> file;
  const GGUFArchitecture &architecture;
  std::shared_ptr<const ModelConfig> config;

  /// What was decoded last, since trits, scales and their format are asked for one by one.
  mutable std::mutex mutex;
  mutable std::string decodedName;
  mutable std::optional<QuantizedWeights> decoded;
  /// What getTritFormat said, since every step of a graph asks for it.
  mutable StringMap<std::optional<TritFormat>> formats;
};
} // namespace

void GGUFParameters::setConfig(std::shared_ptr<const ModelConfig> value) {
  config = std::move(value);
}

const GGUFTensor *GGUFParameters::lookup(StringRef name) const {
  std::optional<std::string> tensor = architecture.getTensorName(name);
  return tensor ? file->lookup(*tensor) : nullptr;
}

Expected<const GGUFTensor *> GGUFParameters::locate(StringRef name, ArrayRef<int64_t> shape) const {
  const GGUFTensor *tensor = lookup(name);
  if (!tensor)
    return makeFileError(file->getPath(), "expected tensor '" +
                                              architecture.getTensorName(name).value_or("") +
                                              "' of shape " + printShape(shape) + ", got none");
  if (ArrayRef(tensor->shape) != shape)
    return file->makeTensorError(*tensor, "expected shape " + printShape(shape) +
                                              " as the keys say, got " + printShape(tensor->shape));
  return tensor;
}

HostTensor GGUFParameters::reorderRows(StringRef name, HostTensor tensor) const {
  return architecture.reorderRows(name, *config, std::move(tensor), RowOrder::HuggingFace);
}

Expected<std::optional<QuantizedWeights>>
GGUFParameters::readTernary(StringRef name, const GGUFTensor &tensor) const {
  std::lock_guard<std::mutex> lock(mutex);
  if (decodedName == name)
    return decoded;
  decoded.reset();
  decodedName.clear();
  if (isTernary(tensor.type)) {
    Expected<QuantizedWeights> weights = file->readTernary(tensor.name);
    if (!weights)
      return weights.takeError();
    decoded = mergeScales(*weights);
  } else if (config->hasTernaryWeight(name)) {
    Expected<HostTensor> floats = file->readFloats(tensor.name);
    if (floats)
      floats = convert(*floats, DType::F32);
    if (!floats)
      return floats.takeError();
    if (Error error = checkFinite(*floats))
      return file->makeTensorError(tensor, toString(std::move(error)));
    // Programs write such files from ternary models; quantising again would keep the trits, but
    // take the mean |w|, zeros included, for the scale.
    if (std::optional<TritFormat> format = recognizeTrits(*floats))
      decoded = extractTrits(*floats, *format);
    else if (isBlockFloat(tensor.type))
      return file->makeTensorError(tensor, "expected trits with scales for a ternary layer, got "
                                           "other weights in " +
                                               getGGMLTypeInfo(tensor.type).name);
  }
  if (decoded) {
    decoded->trits = reorderRows(name, decoded->trits);
    if (decoded->scale.getDim(0) == tensor.shape[0])
      decoded->scale = reorderRows(name, decoded->scale);
  }
  decodedName = name.str();
  return decoded;
}

std::optional<TritFormat> GGUFParameters::getTritFormat(StringRef name) const {
  const GGUFTensor *tensor = lookup(name);
  if (!tensor || !config->hasTernaryWeight(name))
    return std::nullopt;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (auto it = formats.find(name); it != formats.end())
      return it->second;
  }
  Expected<std::optional<QuantizedWeights>> weights = readTernary(name, *tensor);
  if (!weights) {
    // Whoever reads the weight gets the error.
    consumeError(weights.takeError());
    return TritFormat();
  }
  std::optional<TritFormat> format;
  if (*weights) {
    ArrayRef<int64_t> scales = (*weights)->scale.getShape();
    if (scales.size() == 2)
      format = {ScaleGranularity::Group, tensor->shape[1] / scales[1]};
    else
      format = {scales[0] == 1 ? ScaleGranularity::Tensor : ScaleGranularity::Row, 0};
  }
  std::lock_guard<std::mutex> lock(mutex);
  return formats[name] = format;
}

DType GGUFParameters::getMatrixType(StringRef name) const {
  const GGUFTensor *tensor = lookup(name);
  std::optional<DType> type = tensor ? getFloatType(tensor->type) : std::nullopt;
  return type.value_or(DType::F32);
}

/// The weights as floats.
static HostTensor dequantize(const QuantizedWeights &weights) {
  int64_t rows = weights.trits.getDim(0), columns = weights.trits.getDim(1);
  HostTensor result = HostTensor::allocate(DType::F32, weights.trits.getShape());
  ArrayRef<int8_t> trits = weights.trits.getValues<int8_t>();
  ArrayRef<float> scales = weights.scale.getValues<float>();
  // Consecutive weights that share a scale.
  int64_t group = rows * columns / scales.size();
  for (auto [i, value] : enumerate(result.getMutableValues<float>()))
    value = trits[i] * scales[i / group];
  return result;
}

Expected<HostTensor> GGUFParameters::read(StringRef name, ArrayRef<int64_t> shape) const {
  StringRef weight = name;
  bool isScale = weight.consume_back(getScaleName("")) && lookup(weight);
  const GGUFTensor *tensor = lookup(weight);
  if (!isScale) {
    Expected<const GGUFTensor *> located = locate(name, shape);
    if (!located)
      return located.takeError();
    tensor = *located;
  }
  Expected<std::optional<QuantizedWeights>> weights = readTernary(weight, *tensor);
  if (!weights)
    return weights.takeError();
  if (*weights) {
    if (isScale)
      return (*weights)->scale;
    return config->hasTernaryWeight(name) ? (*weights)->trits : dequantize(**weights);
  }
  Expected<HostTensor> values = file->readFloats(tensor->name);
  if (!values)
    return values;
  if (Error error = checkFinite(*values))
    return file->makeTensorError(*tensor, toString(std::move(error)));
  return reorderRows(name, std::move(*values));
}

Expected<HostTensor> GGUFParameters::peek(StringRef name, ArrayRef<int64_t> shape) const {
  Expected<const GGUFTensor *> tensor = locate(name, shape);
  if (!tensor)
    return tensor.takeError();
  return isTernary((*tensor)->type) ? read(name, shape) : file->readFloats((*tensor)->name);
}

/// Factors of frequencies, which llama.cpp writes even where there is nothing to change.
static constexpr StringLiteral kFrequencies = "rope_freqs.weight";

Error GGUFParameters::checkUnexpected(const GGUFTensor &tensor) const {
  if (tensor.name != kFrequencies)
    return file->makeTensorError(tensor, "expected no such tensor in a model of architecture '" +
                                             architecture.name + "'");
  Expected<HostTensor> factors = file->readFloats(tensor.name);
  if (!factors)
    return factors.takeError();
  factors = convert(*factors, DType::F32);
  if (!factors)
    return factors.takeError();
  if (!all_of(factors->getValues<float>(), [](float factor) { return factor == 1.0f; }))
    return file->makeTensorError(tensor, "expected factors of 1, others are not supported");
  return Error::success();
}

Error GGUFParameters::check(ArrayRef<ParameterInfo> parameters,
                            function_ref<void(const Twine &)>) const {
  StringSet<> expected;
  for (const ParameterInfo &parameter : parameters) {
    Expected<const GGUFTensor *> tensor = locate(parameter.name, parameter.shape);
    if (!tensor)
      return tensor.takeError();
    expected.insert((*tensor)->name);
    if ((*tensor)->type == GGMLType::I2_S && !file->getLayout())
      return file->makeTensorError(**tensor,
                                   "expected --i2s-blocks (in Python i2s_blocks) to say the "
                                   "layout of I2_S, which the file does not: 128 if it was "
                                   "written on x86, 64 on Arm");
    if (parameter.isTernary && !architecture.isTernary && !isTernary((*tensor)->type))
      return file->makeTensorError(**tensor,
                                   "expected a ternary type as other layers have it, got " +
                                       getGGMLTypeInfo((*tensor)->type).name);
  }
  for (const GGUFTensor &tensor : file->getTensors())
    if (!expected.contains(tensor.name))
      if (Error error = checkUnexpected(tensor))
        return error;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

namespace {
/// Makes config.json of a file's keys.
class ConfigMaker {
public:
  ConfigMaker(const GGUFFile &file, const GGUFArchitecture &architecture)
      : file(file), architecture(architecture) {}

  Expected<json::Object> make();

  /// What says in the file what `member` says in config.json.
  std::string getNameOfMember(StringRef member) const;

private:
  std::string getKey(StringRef name) const { return (architecture.name + "." + name).str(); }
  Error translate(const GGUFKey &key);
  /// Refuses keys that change what a model computes and are not known.
  Error checkOthers();
  Error checkRotation();
  Error addTokens();
  bool hasTernaryLayers() const;

  const GGUFFile &file;
  const GGUFArchitecture &architecture;
  json::Object config;
};
} // namespace

Error ConfigMaker::translate(const GGUFKey &key) {
  std::string name = getKey(key.name);
  if (!file.has(name) && !key.isRequired)
    return Error::success();
  if (key.kind == GGUFKey::Kind::Float) {
    Expected<double> number = file.getFloat(name);
    if (!number)
      return number.takeError();
    config[key.member] = *number;
    return Error::success();
  }
  Expected<int64_t> number = file.getInteger(name, INT32_MIN, INT32_MAX);
  if (!number)
    return number.takeError();
  config[key.member] = *number;
  return Error::success();
}

Error ConfigMaker::checkRotation() {
  auto expect = [&](StringRef name, int64_t value) -> Error {
    if (!file.has(getKey(name)))
      return Error::success();
    return file.getInteger(getKey(name), value, value).takeError();
  };
  std::optional<int64_t> headSize = config.getInteger("head_dim");
  if (!headSize) {
    int64_t heads = config.getInteger("num_attention_heads").value_or(0);
    if (heads > 0)
      headSize = config.getInteger("hidden_size").value_or(0) / heads;
  }
  if (headSize && *headSize > 0) // else the reader of the configuration has an error
    for (StringRef name : {"rope.dimension_count", "attention.value_length"})
      if (Error error = expect(name, *headSize))
        return error;
  std::string typeKey = getKey("rope.scaling.type"), factorKey = getKey("rope.scaling.factor");
  Expected<StringRef> type = file.has(typeKey) ? file.getString(typeKey) : StringRef("linear");
  if (!type)
    return type.takeError();
  Expected<double> factor = file.has(factorKey) ? file.getFloat(factorKey) : 1.0;
  if (!factor)
    return factor.takeError();
  if (*type != "none" && (*type != "linear" || *factor != 1.0))
    return makeFileError(file.getPath(), "expected no scaling of rotations, which is not "
                                         "supported, got " +
                                             *type + " by " + printFloat(*factor));
  return Error::success();
}

Error ConfigMaker::checkOthers() {
  if (file.has(getKey("attention.causal"))) {
    Expected<bool> isCausal = file.getBool(getKey("attention.causal"));
    if (!isCausal)
      return isCausal.takeError();
    if (!*isCausal)
      return makeFileError(file.getPath(), "expected key '" + getKey("attention.causal") +
                                               "' to be true, got false");
  }
  for (const auto &[name, value] : file.getMetadata())
    if (name.starts_with("prism.hadamard."))
      return makeFileError(file.getPath(),
                           "expected no key '" + name + "': rotated weights are not supported");
  // What has been looked at elsewhere, and what concerns other programs alone.
  StringSet<> known = {"vocab_size",        "rope.dimension_count", "attention.value_length",
                       "rope.scaling.type", "rope.scaling.factor",  "attention.causal",
                       "tensor_data_layout"};
  for (const GGUFKey &key : architecture.family->keys)
    known.insert(key.name);
  std::string prefix = getKey("");
  for (const auto &[name, value] : file.getMetadata()) {
    StringRef rest = name;
    if (!rest.consume_front(prefix) || known.contains(rest))
      continue;
    // A count of nothing changes nothing.
    if (value.getAsInteger() == 0)
      continue;
    return makeFileError(file.getPath(), "expected no key '" + name + "', which is not supported");
  }
  return Error::success();
}

Error ConfigMaker::addTokens() {
  for (auto [key, member] : {std::pair("bos", "bos_token_id"), std::pair("eos", "eos_token_id")}) {
    std::string name = (Twine("tokenizer.ggml.") + key + "_token_id").str();
    if (!file.has(name)) {
      config[member] = nullptr;
      continue;
    }
    Expected<int64_t> id = file.getInteger(name, 0, INT32_MAX);
    if (!id)
      return id.takeError();
    config[member] = *id;
  }
  return Error::success();
}

std::string ConfigMaker::getNameOfMember(StringRef member) const {
  for (const GGUFKey &key : architecture.family->keys)
    if (key.member == member)
      return "key '" + getKey(key.name) + "'";
  if (member == "vocab_size")
    return "the rows of tensor 'token_embd.weight'";
  if (member.ends_with("_token_id"))
    return "key 'tokenizer.ggml." + member.str() + "'";
  return member.str();
}

/// Whether a tensor of a block is of trits.
bool ConfigMaker::hasTernaryLayers() const {
  return any_of(file.getTensors(), [](const GGUFTensor &tensor) {
    return StringRef(tensor.name).starts_with("blk.") && isTernary(tensor.type);
  });
}

Expected<json::Object> ConfigMaker::make() {
  const GGUFFamily &family = *architecture.family;
  config["model_type"] = family.modelType;
  config["architectures"] = json::Array{family.className};
  if (!architecture.activation.empty())
    config["hidden_act"] = architecture.activation;
  for (const GGUFKey &key : family.keys)
    if (Error error = translate(key))
      return error;
  // What llama.cpp takes for all architectures; config.json of a family has another default.
  if (is_contained(map_range(family.keys, [](const GGUFKey &key) { return key.member; }),
                   "rope_theta"))
    config.try_emplace("rope_theta", 10000.0);
  if (Error error = checkRotation())
    return error;
  if (Error error = checkOthers())
    return error;
  if (Error error = addTokens())
    return error;
  const GGUFTensor *table = file.lookup("token_embd.weight");
  if (!table || table->shape.size() != 2)
    return makeFileError(file.getPath(), "expected a matrix 'token_embd.weight', got none");
  config["vocab_size"] = table->shape[0];
  if (file.has(getKey("vocab_size")))
    if (Error error =
            file.getInteger(getKey("vocab_size"), table->shape[0], table->shape[0]).takeError())
      return error;
  config["tie_word_embeddings"] = file.lookup("output.weight") == nullptr;
  for (const GGUFFlag &flag : family.flags)
    config[flag.member] = file.lookup(flag.tensor) != nullptr;
  if (family.statesQuantization && (architecture.isTernary || hasTernaryLayers()))
    config["quantization_config"] = json::Object{{"quant_method", "bitnet"},
                                                 {"linear_class", "autobitlinear"},
                                                 {"quantization_mode", "online"}};
  return std::move(config);
}

Expected<Model> ternary::openGGUFModel(StringRef path, std::optional<I2SLayout> layout,
                                       function_ref<void(const Twine &)> warn) {
  auto file = GGUFFile::open(path, layout);
  if (!file)
    return file.takeError();
  Expected<StringRef> name = (*file)->getString("general.architecture");
  if (!name)
    return name.takeError();
  const GGUFArchitecture *architecture = lookupGGUFArchitecture(*name);
  if (!architecture) {
    auto names = map_range(getGGUFArchitectures(),
                           [](const GGUFArchitecture &known) -> StringRef { return known.name; });
    return makeFileError(path, "expected general.architecture to be one of " + join(names, ", ") +
                                   ", got '" + *name + "'");
  }
  ConfigMaker maker(**file, *architecture);
  Expected<json::Object> object = maker.make();
  if (!object)
    return object.takeError();
  Model model;
  model.configJSON = formatv("{0:2}", json::Value(json::Object(*object))).str();
  ConfigReader reader(path.str(), std::move(*object),
                      [&](StringRef member) { return maker.getNameOfMember(member); });
  Expected<std::shared_ptr<ModelConfig>> config = parseModelConfig(reader);
  if (!config)
    return config.takeError();
  model.config = *config;
  auto parameters = std::make_shared<GGUFParameters>(std::move(*file), *architecture);
  parameters->setConfig(model.config);
  if (Error error = parameters->check(model.config->getParameters(), warn))
    return error;
  Expected<std::vector<NamedFile>> files = readGGUFTokenizer(parameters->getFile(), warn);
  if (!files)
    return files.takeError();
  for (NamedFile &file : *files) {
    if (file.first != kSentencePieceFile) {
      model.files.push_back(std::move(file));
      continue;
    }
    Expected<TokenizerData> tokenizer =
        parseTokenizer(std::move(file.second), path + ": tokenizer", model.config->vocabSize);
    if (!tokenizer)
      return tokenizer.takeError();
    model.tokenizer = std::move(*tokenizer);
  }
  model.parameters = std::move(parameters);
  if (Error error = addEndTokens(model, warn))
    return error;
  return model;
}
