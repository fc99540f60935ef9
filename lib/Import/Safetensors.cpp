//===- Safetensors.cpp - Checkpoints in the safetensors format ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/Safetensors.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace ternary;

static_assert(sys::IsLittleEndianHost, "data is used as it lies in the file");

/// Bytes of the number at the start of a file.
static constexpr uint64_t kPrefixBytes = 8;
/// The limit that the format's own library has, too.
static constexpr uint64_t kMaxHeaderBytes = 100'000'000;

/// Bytes of an element of any type of the format, 0 if it has no such type.
static int64_t getElementBytes(StringRef dtype) {
  return StringSwitch<int64_t>(dtype)
      .Cases({"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"}, 1)
      .Cases({"I16", "U16", "F16", "BF16"}, 2)
      .Cases({"I32", "U32", "F32"}, 4)
      .Cases({"I64", "U64", "F64", "C64"}, 8)
      .Default(0);
}

static std::optional<DType> getDType(StringRef dtype) {
  return StringSwitch<std::optional<DType>>(dtype)
      .Case("F32", DType::F32)
      .Case("F16", DType::F16)
      .Case("BF16", DType::BF16)
      .Case("I8", DType::I8)
      .Case("U8", DType::U8)
      .Case("I32", DType::I32)
      .Default(std::nullopt);
}

/// The elements of an array of non-negative integers.
static std::optional<SmallVector<int64_t, 2>> parseNaturals(const json::Array *array) {
  if (!array)
    return std::nullopt;
  SmallVector<int64_t, 2> values;
  for (const json::Value &value : *array) {
    std::optional<int64_t> number = value.getAsInteger();
    if (!number || *number < 0)
      return std::nullopt;
    values.push_back(*number);
  }
  return values;
}

Expected<std::unique_ptr<SafetensorsFile>> SafetensorsFile::open(StringRef path) {
  Expected<uint64_t> size = getRegularFileSize(path);
  if (!size)
    return size.takeError();
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(path);
  if (!file)
    return makeFileError(path, toString(file.takeError()));
  std::unique_ptr<SafetensorsFile> result(new SafetensorsFile(path, *file));
  if (Error error = result->readHeader())
    return error;
  return result;
}

SafetensorsFile::~SafetensorsFile() { sys::fs::closeFile(file); }

const SafetensorsFile::Entry *SafetensorsFile::lookup(StringRef name) const {
  auto it = entries.find(name);
  return it == entries.end() ? nullptr : &it->second;
}

Error SafetensorsFile::readHeader() {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(file, status))
    return makeFileError(path, code.message());
  uint64_t fileSize = status.getSize();
  auto readBytes = [&](uint64_t begin, uint64_t count) {
    return MemoryBuffer::getOpenFileSlice(file, path, count, begin);
  };

  if (fileSize < kPrefixBytes)
    return makeFileError(path, "expected at least " + Twine(kPrefixBytes) + " bytes, got " +
                                   Twine(fileSize));
  auto prefix = readBytes(0, kPrefixBytes);
  if (!prefix)
    return makeFileError(path, prefix.getError().message());
  uint64_t headerSize = support::endian::read64le((*prefix)->getBufferStart());
  if (headerSize > fileSize) {
    auto start = readBytes(0, std::min<uint64_t>(fileSize, 1024));
    if (!start)
      return makeFileError(path, start.getError().message());
    if (Error error = checkFileKind((*start)->getBuffer(), path))
      return error;
  }
  if (headerSize > kMaxHeaderBytes)
    return makeFileError(path, "expected a header of at most " + Twine(kMaxHeaderBytes) +
                                   " bytes, got " + Twine(headerSize));
  if (headerSize > fileSize - kPrefixBytes)
    return makeFileError(path, "expected a header of " + Twine(headerSize) + " bytes, got " +
                                   Twine(fileSize - kPrefixBytes));
  auto header = readBytes(kPrefixBytes, headerSize);
  if (!header)
    return makeFileError(path, header.getError().message());
  Expected<json::Object> object = parseJSONObject((*header)->getBuffer(), path);
  if (!object)
    return object.takeError();

  uint64_t dataStart = kPrefixBytes + headerSize;
  for (const auto &[key, value] : *object) {
    StringRef name = key;
    if (name == "__metadata__")
      continue;
    auto fail = [&](const Twine &message) {
      return makeFileError(path + ": tensor '" + name + "'", message);
    };
    const json::Object *description = value.getAsObject();
    if (!description)
      return fail("expected an object with dtype, shape and data_offsets");
    Expected<Entry> entry = parseEntry(*description, dataStart, fileSize);
    if (!entry)
      return fail(toString(entry.takeError()));
    entries.emplace(name.str(), std::move(*entry));
  }
  return checkOrder(dataStart, fileSize);
}

Expected<SafetensorsFile::Entry> SafetensorsFile::parseEntry(const json::Object &object,
                                                             uint64_t dataStart,
                                                             uint64_t fileSize) const {
  std::optional<StringRef> dtype = object.getString("dtype");
  int64_t bytes = dtype ? getElementBytes(*dtype) : 0;
  if (bytes == 0)
    return createStringError("expected a known dtype, got '" + dtype.value_or("").str() + "'");
  auto shape = parseNaturals(object.getArray("shape"));
  if (!shape)
    return createStringError("expected a shape of non-negative integers");
  auto offsets = parseNaturals(object.getArray("data_offsets"));
  if (!offsets || offsets->size() != 2)
    return createStringError("expected data_offsets of two non-negative integers");

  for (int64_t size : *shape) {
    std::optional<int64_t> product = checkedMul(bytes, size);
    if (!product)
      return createStringError("expected a size below 2^63 bytes, got shape " + printShape(*shape));
    bytes = *product;
  }
  uint64_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || end > fileSize - dataStart)
    return createStringError("expected data_offsets within " + Twine(fileSize - dataStart) +
                             " bytes, got " + printShape(*offsets));
  if (end - begin != uint64_t(bytes))
    return createStringError("expected " + Twine(bytes) + " bytes of " + *dtype + " " +
                             printShape(*shape) + ", got " + Twine(end - begin));
  return Entry{dtype->str(), getDType(*dtype), std::move(*shape), dataStart + begin,
               dataStart + end};
}

/// Every byte of the data belongs to exactly one tensor.
Error SafetensorsFile::checkOrder(uint64_t dataStart, uint64_t fileSize) const {
  using NamedEntry = std::pair<const std::string, Entry>;
  std::vector<const NamedEntry *> order;
  for (const NamedEntry &entry : entries)
    order.push_back(&entry);
  llvm::sort(order, [](const NamedEntry *a, const NamedEntry *b) {
    return std::tie(a->second.begin, a->second.end, a->first) <
           std::tie(b->second.begin, b->second.end, b->first);
  });
  uint64_t expected = dataStart;
  for (const NamedEntry *entry : order) {
    uint64_t begin = entry->second.begin;
    if (begin != expected)
      return makeFileError(path + ": tensor '" + entry->first + "'",
                           "expected data from byte " + Twine(expected - dataStart) +
                               " on, where the previous tensor ends, got " +
                               Twine(begin - dataStart) +
                               (begin < expected ? " (overlap)" : " (hole)"));
    expected = entry->second.end;
  }
  if (expected != fileSize)
    return makeFileError(path, "expected " + Twine(expected - dataStart) + " bytes of data, got " +
                                   Twine(fileSize - dataStart));
  return Error::success();
}

Expected<HostTensor> SafetensorsFile::read(StringRef name) const {
  auto fail = [&](const Twine &message) {
    return makeFileError(path + ": tensor '" + name + "'", message);
  };
  const Entry *entry = lookup(name);
  if (!entry)
    return fail("expected it to be there, got none");
  if (!entry->type)
    return fail("expected dtype F32, F16, BF16, I8, U8 or I32, got " + entry->dtype);
  uint64_t size = entry->end - entry->begin;
  auto buffer = MemoryBuffer::getOpenFileSlice(file, path, size, entry->begin);
  if (!buffer)
    return fail(buffer.getError().message());
  std::shared_ptr<MemoryBuffer> owner = std::move(*buffer);
  ArrayRef<uint8_t> bytes = arrayRefFromStringRef(owner->getBuffer());
  if (bytes.size() != size)
    return fail("expected " + Twine(size) + " bytes, got " + Twine(bytes.size()));
  // The format does not ask for alignment, though its own writer provides it.
  if (!isAddrAligned(Align(getByteWidth(*entry->type)), bytes.data())) {
    HostTensor copy = HostTensor::allocate(*entry->type, entry->shape);
    llvm::copy(bytes, copy.getMutableBytes().begin());
    return copy;
  }
  return HostTensor(*entry->type, entry->shape, bytes, std::move(owner));
}
