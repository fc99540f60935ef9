//===- Checkpoint.cpp - The parameters in a Hugging Face directory --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/Safetensors.h"
#include "ternary/Support/JSONFile.h"
#include "ternary/Support/PackedRows.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <set>

using namespace llvm;
using namespace ternary;

static constexpr StringLiteral kSingleFile = "model.safetensors";
static constexpr StringLiteral kIndexFile = "model.safetensors.index.json";
static constexpr uint64_t kMaxIndexBytes = 100'000'000;

static std::string joinPath(StringRef directory, StringRef name) {
  SmallString<256> path(directory);
  sys::path::append(path, name);
  return path.str().str();
}

Expected<std::unique_ptr<Checkpoint>> Checkpoint::open(StringRef directory,
                                                       PackedScale packedScale) {
  std::unique_ptr<Checkpoint> result(new Checkpoint(directory, packedScale));
  std::string single = joinPath(directory, kSingleFile);
  std::string index = joinPath(directory, kIndexFile);
  if (sys::fs::is_regular_file(directory)) {
    if (Error error = result->addFile(directory))
      return error;
  } else if (sys::fs::exists(single)) {
    if (Error error = result->addFile(single))
      return error;
  } else if (sys::fs::exists(index)) {
    if (Error error = result->openShards(index))
      return error;
  } else {
    return makeFileError(directory,
                         "expected " + kSingleFile + " or " + kIndexFile + ", got neither");
  }
  return result;
}

Error Checkpoint::addFile(StringRef path) {
  auto file = SafetensorsFile::open(path);
  if (!file)
    return file.takeError();
  for (const auto &[name, entry] : (*file)->getEntries())
    tensors.emplace(name, file->get());
  files.push_back(std::move(*file));
  return Error::success();
}

Error Checkpoint::openShards(StringRef indexPath) {
  Expected<json::Object> index = readJSONFile(indexPath, kMaxIndexBytes);
  if (!index)
    return index.takeError();
  const json::Object *weightMap = index->getObject("weight_map");
  if (!weightMap)
    return makeFileError(indexPath, "expected an object weight_map, got none");

  std::map<StringRef, StringRef> shardOf;
  std::set<StringRef> shards;
  for (const auto &[key, value] : *weightMap) {
    std::optional<StringRef> shard = value.getAsString();
    // A name, not a path: an index must not reach out of its directory.
    if (!shard || shard->empty() ||
        shard->find_first_of(StringRef("/\\\0", 3)) != StringRef::npos || *shard == "." ||
        *shard == "..")
      return makeFileError(indexPath + ": tensor '" + StringRef(key) + "'",
                           "expected the name of a file in this directory, "
                           "got '" +
                               shard.value_or("") + "'");
    shardOf.emplace(key, *shard);
    shards.insert(*shard);
  }
  for (StringRef shard : shards) {
    if (!sys::fs::exists(joinPath(directory, shard)))
      return makeFileError(indexPath, "expected file '" + shard + "' in this directory, got none");
    if (Error error = addFile(joinPath(directory, shard)))
      return error;
    for (const auto &[name, entry] : files.back()->getEntries())
      if (auto it = shardOf.find(name); it == shardOf.end() || it->second != shard)
        return makeFileError(files.back()->getPath() + ": tensor '" + name + "'",
                             it == shardOf.end() ? "expected " + kIndexFile + " to list it"
                                                 : "expected it in '" + it->second + "', as " +
                                                       kIndexFile + " says");
  }
  for (auto [name, shard] : shardOf)
    if (!tensors.count(name))
      return makeFileError(indexPath,
                           "expected tensor '" + name + "' in '" + shard + "', got none");
  return Error::success();
}

bool Checkpoint::isPacked(StringRef name) const {
  auto it = tensors.find(name);
  return packedScale != PackedScale::None && it != tensors.end() &&
         it->second->lookup(name)->type == DType::U8 && tensors.count(getScaleName(name));
}

bool Checkpoint::isScale(StringRef name) const {
  return name.consume_back(getScaleName("")) && isPacked(name);
}

Expected<const SafetensorsFile *> Checkpoint::locate(StringRef name, ArrayRef<int64_t> shape,
                                                     bool packed) const {
  auto it = tensors.find(name);
  if (it == tensors.end())
    return makeFileError(directory, "expected tensor '" + name + "' of shape " + printShape(shape) +
                                        ", got none");
  const SafetensorsFile &file = *it->second;
  const SafetensorsFile::Entry &entry = *file.lookup(name);
  auto fail = [&](const Twine &message) {
    return makeFileError(file.getPath() + ": tensor '" + name + "'", message);
  };
  if (packed && entry.type != DType::U8)
    return fail("expected dtype U8 for weights that quantization_config calls offline, got " +
                entry.dtype);
  if (!packed && (!entry.type || !isFloat(*entry.type)))
    return fail("expected dtype F32, F16 or BF16, got " + entry.dtype);
  if (packed && shape[0] % kRowsInByte != 0)
    return fail("expected a multiple of " + Twine(kRowsInByte) + " rows in packed form, got " +
                Twine(shape[0]));
  SmallVector<int64_t, 2> stored(shape);
  if (packed)
    stored = getPackedRowsShape(shape);
  if (ArrayRef(entry.shape) != ArrayRef(stored))
    return fail("expected shape " + printShape(stored) + " as config.json says, got " +
                printShape(entry.shape));
  return &file;
}

/// The scale as it multiplies.
static Expected<HostTensor> invert(const HostTensor &scale) {
  Expected<HostTensor> result = convert(scale, DType::F32);
  if (!result)
    return result;
  float inverse = 1.0f / result->getValues<float>()[0];
  if (!std::isfinite(inverse))
    return createStringError("expected a scale to divide by, got " +
                             printFloat(result->getValues<float>()[0]));
  HostTensor inverted = HostTensor::allocate(DType::F32, scale.getShape());
  inverted.getMutableValues<float>()[0] = inverse;
  return inverted;
}

Expected<HostTensor> Checkpoint::read(StringRef name, ArrayRef<int64_t> shape) const {
  bool packed = isPacked(name);
  Expected<const SafetensorsFile *> file = locate(name, shape, packed);
  if (!file)
    return file.takeError();
  Expected<HostTensor> tensor = (*file)->read(name);
  if (!tensor)
    return tensor;
  auto fail = [&](Error error) {
    return makeFileError((*file)->getPath() + ": tensor '" + name + "'",
                         toString(std::move(error)));
  };
  if (Error error = checkFinite(*tensor))
    return fail(std::move(error));
  if (packed)
    tensor = unpackRows(*tensor);
  else if (packedScale == PackedScale::Divides && isScale(name))
    tensor = invert(*tensor);
  if (!tensor)
    return fail(tensor.takeError());
  return tensor;
}

Expected<HostTensor> Checkpoint::peek(StringRef name, ArrayRef<int64_t> shape) const {
  Expected<const SafetensorsFile *> file = locate(name, shape);
  if (!file)
    return file.takeError();
  return (*file)->read(name);
}

Expected<bool> Checkpoint::haveSameValues(StringRef name, StringRef other,
                                          ArrayRef<int64_t> shape) const {
  Expected<HostTensor> a = peek(name, shape);
  Expected<HostTensor> b = peek(other, shape);
  if (!a || !b) {
    // Both may be wrong; the first is named.
    Error error = a.takeError();
    Error second = b.takeError();
    if (!error)
      return second;
    consumeError(std::move(second));
    return error;
  }
  if (a->getDType() == b->getDType() && a->getBytes() == b->getBytes())
    return true;
  a = convert(*a, DType::F32);
  b = convert(*b, DType::F32);
  if (!a || !b)
    return joinErrors(a.takeError(), b.takeError());
  return a->getValues<float>() == b->getValues<float>();
}

void Checkpoint::forget(StringRef name) {
  if (auto it = tensors.find(name); it != tensors.end())
    tensors.erase(it);
}

DType Checkpoint::getMatrixType(StringRef name) const {
  auto it = tensors.find(name);
  if (it == tensors.end())
    return DType::F32;
  std::optional<DType> type = it->second->lookup(name)->type;
  return type && isFloat(*type) ? *type : DType::F32;
}

std::optional<TritFormat> Checkpoint::getTritFormat(StringRef name) const {
  if (!isPacked(name))
    return std::nullopt;
  return TritFormat();
}

Error Checkpoint::check(ArrayRef<ParameterInfo> parameters,
                        function_ref<void(const Twine &)> warn) const {
  StringSet<> expected;
  for (const ParameterInfo &parameter : parameters) {
    bool packed = parameter.isTernary && packedScale != PackedScale::None;
    expected.insert(parameter.name);
    if (Error error = locate(parameter.name, parameter.shape, packed).takeError())
      return error;
    if (!packed)
      continue;
    std::string scale = getScaleName(parameter.name);
    expected.insert(scale);
    if (Error error = locate(scale, {1}).takeError())
      return error;
  }
  std::vector<std::string> unexpected;
  for (const auto &[name, file] : tensors)
    if (!expected.contains(name))
      unexpected.push_back("'" + name + "'");
  if (unexpected.empty())
    return Error::success();
  constexpr size_t listed = 3;
  bool more = unexpected.size() > listed;
  warn(toString(makeFileError(directory, "ignoring " + Twine(unexpected.size()) +
                                             " tensors that the model does not have: " +
                                             join(ArrayRef(unexpected).take_front(listed), ", ") +
                                             (more ? ", ..." : ""))));
  return Error::success();
}
