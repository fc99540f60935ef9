//===- Checkpoint.cpp - The parameters in a Hugging Face directory --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/Safetensors.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"
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

Expected<std::unique_ptr<Checkpoint>> Checkpoint::open(StringRef directory) {
  std::unique_ptr<Checkpoint> result(new Checkpoint(directory));
  std::string single = joinPath(directory, kSingleFile);
  std::string index = joinPath(directory, kIndexFile);
  if (sys::fs::exists(single)) {
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

Expected<const SafetensorsFile *> Checkpoint::locate(StringRef name,
                                                     ArrayRef<int64_t> shape) const {
  auto it = tensors.find(name);
  if (it == tensors.end())
    return makeFileError(directory, "expected tensor '" + name + "' of shape " + printShape(shape) +
                                        ", got none");
  const SafetensorsFile &file = *it->second;
  const SafetensorsFile::Entry &entry = *file.lookup(name);
  auto fail = [&](const Twine &message) {
    return makeFileError(file.getPath() + ": tensor '" + name + "'", message);
  };
  if (!entry.type || !isFloat(*entry.type))
    return fail("expected dtype F32, F16 or BF16, got " + entry.dtype);
  if (ArrayRef(entry.shape) != shape)
    return fail("expected shape " + printShape(shape) + " as config.json says, got " +
                printShape(entry.shape));
  return &file;
}

Expected<HostTensor> Checkpoint::read(StringRef name, ArrayRef<int64_t> shape) const {
  Expected<const SafetensorsFile *> file = locate(name, shape);
  if (!file)
    return file.takeError();
  Expected<HostTensor> tensor = (*file)->read(name);
  if (!tensor)
    return tensor;
  if (Error error = checkFinite(*tensor))
    return makeFileError((*file)->getPath() + ": tensor '" + name + "'",
                         toString(std::move(error)));
  return tensor;
}

DType Checkpoint::getMatrixType() const {
  std::optional<DType> common;
  for (const auto &[name, file] : tensors) {
    const SafetensorsFile::Entry &entry = *file->lookup(name);
    if (entry.shape.size() != 2 || !entry.type || !isFloat(*entry.type))
      continue;
    if (common && *common != *entry.type)
      return DType::F32;
    common = entry.type;
  }
  return common.value_or(DType::F32);
}

Error Checkpoint::check(ArrayRef<ParameterInfo> parameters,
                        function_ref<void(const Twine &)> warn) const {
  StringSet<> expected;
  for (const ParameterInfo &parameter : parameters) {
    expected.insert(parameter.name);
    if (Error error = locate(parameter.name, parameter.shape).takeError())
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
  warn(Twine(directory) + ": ignoring " + Twine(unexpected.size()) +
       " tensors that the model does not have: " +
       join(ArrayRef(unexpected).take_front(listed), ", ") + (more ? ", ..." : ""));
  return Error::success();
}
