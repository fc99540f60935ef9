//===- GGUFMetadata.cpp - What GGUF files say of a model ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFCursor.h"
#include "ternary/Support/JSONFile.h"
#include <cmath>

using namespace llvm;
using namespace ternary;

static constexpr StringLiteral kTypeNames[] = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};

/// Arrays within arrays within ...: nobody has more than two.
static constexpr unsigned kMaxDepth = 8;

//===----------------------------------------------------------------------===//
// Cursor
//===----------------------------------------------------------------------===//

Error GGUFCursor::takeBytes(uint64_t count, StringRef &taken) {
  if (count > rest.size())
    return createStringError("expected " + Twine(count) + " bytes from byte " + Twine(getOffset()) +
                             " on, got " + Twine(rest.size()));
  taken = rest.take_front(count);
  rest = rest.drop_front(count);
  return Error::success();
}

Error GGUFCursor::takeString(StringRef &text) {
  uint64_t length;
  if (Error error = take(length))
    return error;
  return takeBytes(length, text);
}

Error GGUFCursor::takeType(GGUFType &type) {
  uint32_t number;
  if (Error error = take(number))
    return error;
  if (number >= std::size(kTypeNames))
    return createStringError("expected the type of a value, up to " +
                             Twine(std::size(kTypeNames) - 1) + ", got " + Twine(number));
  type = GGUFType(number);
  return Error::success();
}

/// Bytes of a value of `type`, 0 if that depends on the value.
static uint64_t getFixedBytes(GGUFType type) {
  switch (type) {
  case GGUFType::UInt8:
  case GGUFType::Int8:
  case GGUFType::Bool:
    return 1;
  case GGUFType::UInt16:
  case GGUFType::Int16:
    return 2;
  case GGUFType::UInt32:
  case GGUFType::Int32:
  case GGUFType::Float32:
    return 4;
  case GGUFType::UInt64:
  case GGUFType::Int64:
  case GGUFType::Float64:
    return 8;
  case GGUFType::String:
  case GGUFType::Array:
    return 0;
  }
  llvm_unreachable("every type has a size");
}

Expected<GGUFValue> GGUFCursor::takeValue(GGUFType type, unsigned depth) {
  StringRef bytes;
  if (type == GGUFType::String) {
    if (Error error = takeString(bytes))
      return error;
    return GGUFValue(type, bytes);
  }
  if (type != GGUFType::Array) {
    if (Error error = takeBytes(getFixedBytes(type), bytes))
      return error;
    if (type == GGUFType::Bool && uint8_t(bytes[0]) > 1)
      return createStringError("expected a bool of 0 or 1, got " +
                               Twine(unsigned(uint8_t(bytes[0]))));
    return GGUFValue(type, bytes);
  }

  if (depth == kMaxDepth)
    return createStringError("expected arrays of at most " + Twine(kMaxDepth) +
                             " levels, got more");
  GGUFType elementType;
  uint64_t count;
  if (Error error = takeType(elementType))
    return error;
  if (Error error = take(count))
    return error;
  StringRef start = rest;
  // An element has at least a length, or a type and a number.
  uint64_t smallest = elementType == GGUFType::String  ? sizeof(uint64_t)
                      : elementType == GGUFType::Array ? sizeof(uint32_t) + sizeof(uint64_t)
                                                       : getFixedBytes(elementType);
  if (count > rest.size() / smallest)
    return createStringError("expected " + Twine(count) + " elements from byte " +
                             Twine(getOffset()) + " on, got " + Twine(rest.size()) + " bytes");
  if (getFixedBytes(elementType) != 0 && elementType != GGUFType::Bool) {
    rest = rest.drop_front(count * smallest);
  } else {
    for (uint64_t i = 0; i < count; ++i)
      if (Error error = takeValue(elementType, depth + 1).takeError())
        return error;
  }
  return GGUFValue(elementType, count, start.drop_back(rest.size()));
}

//===----------------------------------------------------------------------===//
// GGUFValue
//===----------------------------------------------------------------------===//

std::string GGUFValue::getTypeName() const {
  if (type == GGUFType::Array)
    return ("array of " + kTypeNames[unsigned(elementType)]).str();
  return kTypeNames[unsigned(type)].str();
}

/// The number that `bytes` are.
template <typename T> static T readNumber(StringRef bytes) {
  return support::endian::read<T, endianness::little>(bytes.data());
}

std::optional<StringRef> GGUFValue::getAsString() const {
  return type == GGUFType::String ? std::optional(bytes) : std::nullopt;
}

std::optional<int64_t> GGUFValue::getAsInteger() const {
  switch (type) {
  case GGUFType::UInt8:
    return readNumber<uint8_t>(bytes);
  case GGUFType::Int8:
    return readNumber<int8_t>(bytes);
  case GGUFType::UInt16:
    return readNumber<uint16_t>(bytes);
  case GGUFType::Int16:
    return readNumber<int16_t>(bytes);
  case GGUFType::UInt32:
    return readNumber<uint32_t>(bytes);
  case GGUFType::Int32:
    return readNumber<int32_t>(bytes);
  case GGUFType::Int64:
    return readNumber<int64_t>(bytes);
  case GGUFType::UInt64: {
    uint64_t number = readNumber<uint64_t>(bytes);
    return number <= uint64_t(INT64_MAX) ? std::optional<int64_t>(number) : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

std::optional<double> GGUFValue::getAsFloat() const {
  double number;
  if (type == GGUFType::Float32)
    number = bit_cast<float>(readNumber<uint32_t>(bytes));
  else if (type == GGUFType::Float64)
    number = bit_cast<double>(readNumber<uint64_t>(bytes));
  else
    return std::nullopt;
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<bool> GGUFValue::getAsBool() const {
  return type == GGUFType::Bool ? std::optional(bytes[0] != 0) : std::nullopt;
}

std::optional<uint64_t> GGUFValue::getArraySize() const {
  return type == GGUFType::Array ? std::optional(count) : std::nullopt;
}

std::optional<std::vector<GGUFValue>> GGUFValue::getAsArray() const {
  if (type != GGUFType::Array)
    return std::nullopt;
  std::vector<GGUFValue> elements;
  elements.reserve(count);
  GGUFCursor cursor(bytes);
  for (uint64_t i = 0; i < count; ++i)
    // The whole value was checked when the file was opened.
    elements.push_back(cantFail(cursor.takeValue(elementType)));
  return elements;
}

//===----------------------------------------------------------------------===//
// Keys of a model
//===----------------------------------------------------------------------===//

const GGUFValue *GGUFFile::find(StringRef key) const {
  auto it = getMetadata().find(key);
  return it == getMetadata().end() ? nullptr : &it->second;
}

/// What is there instead of what is expected.
static std::string describe(const GGUFValue *value) {
  if (!value)
    return "none";
  if (std::optional<int64_t> integer = value->getAsInteger())
    return value->getTypeName() + " " + std::to_string(*integer);
  return value->getTypeName();
}

Error GGUFFile::makeKeyError(StringRef key, StringRef expected) const {
  return makeFileError(getPath() + ": key '" + key + "'",
                       "expected " + expected + ", got " + describe(find(key)));
}

std::optional<uint64_t> GGUFFile::getArraySize(StringRef key) const {
  const GGUFValue *value = find(key);
  return value ? value->getArraySize() : std::nullopt;
}

Expected<StringRef> GGUFFile::getString(StringRef key) const {
  const GGUFValue *value = find(key);
  if (std::optional<StringRef> text = value ? value->getAsString() : std::nullopt)
    return *text;
  return makeKeyError(key, "a string");
}

/// "an integer from 1 to 8".
static std::string describeRange(StringRef what, int64_t min, int64_t max) {
  return (what + " from " + Twine(min) + " to " + Twine(max)).str();
}

static std::optional<int64_t> getInRange(const GGUFValue &value, int64_t min, int64_t max) {
  std::optional<int64_t> number = value.getAsInteger();
  return number && *number >= min && *number <= max ? number : std::nullopt;
}

Expected<int64_t> GGUFFile::getInteger(StringRef key, int64_t min, int64_t max) const {
  const GGUFValue *value = find(key);
  if (std::optional<int64_t> number = value ? getInRange(*value, min, max) : std::nullopt)
    return *number;
  return makeKeyError(key, describeRange("an integer", min, max));
}

Expected<double> GGUFFile::getFloat(StringRef key) const {
  const GGUFValue *value = find(key);
  if (std::optional<double> number = value ? value->getAsFloat() : std::nullopt)
    return *number;
  return makeKeyError(key, "a finite f32 or f64");
}

Expected<bool> GGUFFile::getBool(StringRef key) const {
  const GGUFValue *value = find(key);
  if (std::optional<bool> flag = value ? value->getAsBool() : std::nullopt)
    return *flag;
  return makeKeyError(key, "a bool");
}

template <typename T, typename Get>
Expected<std::vector<T>> GGUFFile::getArray(StringRef key, StringRef expected, Get get) const {
  const GGUFValue *value = find(key);
  // Elements take more memory than in the file.
  constexpr uint64_t most = 1 << 24;
  if (value && value->getArraySize() > most)
    return makeKeyError(key, "at most " + std::to_string(most) + " elements");
  auto elements = value ? value->getAsArray() : std::nullopt;
  if (!elements)
    return makeKeyError(key, expected);
  std::vector<T> result;
  result.reserve(elements->size());
  for (const auto &[i, element] : enumerate(*elements)) {
    std::optional<T> converted = get(element);
    if (!converted)
      return makeFileError(getPath() + ": key '" + key + "'", "expected " + expected + ", got " +
                                                                  describe(&element) +
                                                                  " as element " + Twine(i));
    result.push_back(*converted);
  }
  return result;
}

Expected<std::vector<StringRef>> GGUFFile::getStrings(StringRef key) const {
  return getArray<StringRef>(key, "an array of strings",
                             [](const GGUFValue &value) { return value.getAsString(); });
}

Expected<std::vector<int64_t>> GGUFFile::getIntegers(StringRef key, int64_t min,
                                                     int64_t max) const {
  return getArray<int64_t>(key, describeRange("an array of integers", min, max),
                           [&](const GGUFValue &value) { return getInRange(value, min, max); });
}

Expected<std::vector<double>> GGUFFile::getFloats(StringRef key) const {
  return getArray<double>(key, "an array of finite floats",
                          [](const GGUFValue &value) { return value.getAsFloat(); });
}
