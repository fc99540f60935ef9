//===- Safetensors.cpp - Tensors in safetensors files ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Safetensors.h"
#include "Json.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/FileKind.h"
#include "ternary/half.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <sys/stat.h>

using namespace ternary::runtime;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian");

/// Bytes of the number at the start of a file.
static constexpr uint64_t kPrefixBytes = 8;
/// The limit that the format's own library has, too.
static constexpr uint64_t kMaxHeaderBytes = 100'000'000;

std::string ternary::runtime::printShape(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Bytes of an element of any type of the format, 0 if it has no such type.
static int64_t elementBytes(const std::string &dtype) {
  static const std::map<std::string, int64_t> bytes = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"F8_E8M0", 1},
      {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},     {"U32", 4},
      {"F32", 4},  {"I64", 8}, {"U64", 8}, {"F64", 8},     {"C64", 8}};
  auto found = bytes.find(dtype);
  return found == bytes.end() ? 0 : found->second;
}

/// The elements of an array of non-negative integers.
static std::optional<std::vector<int64_t>> parseNaturals(const Json *array) {
  if (!array || !array->is_array())
    return std::nullopt;
  std::vector<int64_t> values;
  for (const Json &value : *array) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > INT64_MAX)
      return std::nullopt;
    values.push_back(value.get<int64_t>());
  }
  return values;
}

/// The description of a tensor, which `what` names.
static SafetensorsFile::Tensor parseTensor(const std::string &what, const Json &object,
                                           uint64_t dataStart, uint64_t fileBytes) {
  if (!object.is_object())
    fail(what, ": expected an object with dtype, shape and data_offsets");
  const Json *type = findJson(object, "dtype");
  std::string dtype = type && type->is_string() ? type->get<std::string>() : "";
  int64_t bytes = elementBytes(dtype);
  if (bytes == 0)
    fail(what, ": expected a known dtype, found '", dtype, "'");
  auto shape = parseNaturals(findJson(object, "shape"));
  if (!shape)
    fail(what, ": expected a shape of non-negative integers");
  auto offsets = parseNaturals(findJson(object, "data_offsets"));
  if (!offsets || offsets->size() != 2)
    fail(what, ": expected data_offsets of two non-negative integers");

  for (int64_t size : *shape)
    if (__builtin_mul_overflow(bytes, size, &bytes))
      fail(what, ": expected a size below 2^63 bytes, found shape ", printShape(*shape));
  uint64_t begin = static_cast<uint64_t>((*offsets)[0]), end = static_cast<uint64_t>((*offsets)[1]);
  if (begin > end || end > fileBytes - dataStart)
    fail(what, ": expected data_offsets within ", fileBytes - dataStart, " bytes, found ",
         printShape(*offsets));
  if (end - begin != static_cast<uint64_t>(bytes))
    fail(what, ": expected ", bytes, " bytes of ", dtype, " ", printShape(*shape), ", found ",
         end - begin);
  return {dtype, std::move(*shape), dataStart + begin, dataStart + end};
}

/// Throws unless every byte of the data belongs to exactly one tensor.
static void checkOrder(const SafetensorsFile &file, uint64_t dataStart, uint64_t fileBytes) {
  using Entry = std::pair<const std::string, SafetensorsFile::Tensor>;
  std::vector<const Entry *> order;
  for (const Entry &entry : file.tensors())
    order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const Entry *a, const Entry *b) {
    return std::tie(a->second.begin, a->second.end) < std::tie(b->second.begin, b->second.end);
  });
  uint64_t expected = dataStart;
  for (const Entry *entry : order) {
    uint64_t begin = entry->second.begin;
    if (begin != expected)
      fail(file.path(), ": tensor '", entry->first, "': expected data from byte ",
           expected - dataStart, " on, where the previous tensor ends, found ", begin - dataStart,
           begin < expected ? " (overlap)" : " (hole)");
    expected = entry->second.end;
  }
  if (expected != fileBytes)
    fail(file.path(), ": expected ", expected - dataStart, " bytes of data, found ",
         fileBytes - dataStart);
}

SafetensorsFile::SafetensorsFile(const std::string &path) : file(path) {
  if (std::string_view placeholder = describePlaceholder(file.text()); !placeholder.empty())
    fail(path, ": expected a safetensors file, found ", placeholder);
  if (file.size() < kPrefixBytes)
    fail(path, ": expected a safetensors file of at least ", kPrefixBytes, " bytes, found ",
         file.size());
  uint64_t headerBytes;
  std::memcpy(&headerBytes, file.data(), sizeof(headerBytes));
  uint64_t most = std::min(kMaxHeaderBytes, file.size() - kPrefixBytes);
  if (headerBytes > most)
    fail(path, ": expected a header of at most ", most, " bytes, found ", headerBytes);

  uint64_t dataStart = kPrefixBytes + headerBytes;
  Json header = parseJsonObject(path, file.text().substr(kPrefixBytes, headerBytes));
  for (const auto &[name, value] : header.items())
    if (name != "__metadata__")
      entries.emplace(name,
                      parseTensor(path + ": tensor '" + name + "'", value, dataStart, file.size()));
  checkOrder(*this, dataStart, file.size());
}

void SafetensorsFile::read(const std::string &name, const std::vector<int64_t> &shape,
                           float *to) const {
  auto found = entries.find(name);
  std::string what = path() + ": tensor '" + name + "'";
  if (found == entries.end())
    fail(what, ": expected shape ", printShape(shape), ", found no such tensor");
  const Tensor &tensor = found->second;
  if (tensor.shape != shape)
    fail(what, ": expected shape ", printShape(shape), ", found ", printShape(tensor.shape));

  const uint8_t *from = file.data() + tensor.begin;
  uint64_t bytes = tensor.end - tensor.begin;
  if (tensor.dtype == "F32") {
    std::memcpy(to, from, bytes);
    return;
  }
  if (tensor.dtype != "F16" && tensor.dtype != "BF16")
    fail(what, ": expected dtype F32, F16 or BF16, found ", tensor.dtype);
  for (uint64_t i = 0; i < bytes / 2; ++i) {
    uint16_t half;
    std::memcpy(&half, from + 2 * i, sizeof(half));
    to[i] = tensor.dtype == "F16" ? ternary_float_of_f16(half) : ternary_float_of_bf16(half);
  }
}

std::vector<std::unique_ptr<SafetensorsFile>>
ternary::runtime::openSafetensors(const std::string &path) {
  struct stat status;
  bool isFolder = stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  std::set<std::string> names = {path};
  if (isFolder) {
    names = {path + "/model.safetensors"};
    std::string index = path + "/model.safetensors.index.json";
    if (stat(names.begin()->c_str(), &status) != 0 && stat(index.c_str(), &status) == 0) {
      MappedFile text(index);
      Json object = parseJsonObject(index, text.text());
      const Json *map = findJson(object, "weight_map");
      if (!map || !map->is_object() || map->empty())
        fail(index, ": expected a weight_map from tensors to files");
      names.clear();
      for (const Json &file : *map) {
        std::string name = file.is_string() ? file.get<std::string>() : "";
        if (name.empty() || name.find('/') != std::string::npos)
          fail(index, ": expected names of files in the same folder, found ",
               file.dump(-1, ' ', false, Json::error_handler_t::replace));
        names.insert(path + "/" + name);
      }
    }
  }
  std::vector<std::unique_ptr<SafetensorsFile>> files;
  for (const std::string &name : names)
    files.push_back(std::make_unique<SafetensorsFile>(name));
  return files;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

SafetensorsWriter::SafetensorsWriter(const std::string &path, const std::vector<Tensor> &tensors)
    : file(path) {
  // Transformers refuses files that do not say that they come from PyTorch.
  std::string header = R"({"__metadata__":{"format":"pt"})";
  uint64_t begin = 0;
  for (const Tensor &tensor : tensors) {
    uint64_t count = sizeof(float);
    for (int64_t size : tensor.shape)
      count *= static_cast<uint64_t>(size);
    bytes.push_back(count);
    header += "," + quoteJson(tensor.name) +
              ":{\"dtype\":\"F32\",\"shape\":" + Json(tensor.shape).dump() +
              ",\"data_offsets\":" + Json({begin, begin + count}).dump() + "}";
    begin += count;
  }
  header += "}";
  header.append((kPrefixBytes - header.size() % kPrefixBytes) % kPrefixBytes, ' ');
  uint64_t headerBytes = header.size();
  file.write(&headerBytes, sizeof(headerBytes));
  file.write(header.data(), header.size());
}

void SafetensorsWriter::write(const float *values) {
  file.write(values, bytes[next]);
  ++next;
}
