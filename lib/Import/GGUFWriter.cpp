//===- GGUFWriter.cpp - Writes models in the GGUF format ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Import/GGUFWriter.h"
#include "ternary/Support/JSONFile.h"
#include "ternary/Support/TemporaryFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace ternary;

static constexpr uint32_t kVersion = 3;

namespace {
/// Little-endian numbers and strings, appended to a text.
class Appender : raw_string_ostream {
public:
  explicit Appender(std::string &text)
      : raw_string_ostream(text), writer(*this, endianness::little) {}
  template <typename T> void number(T value) { writer.write(value); }
  void text(StringRef value) {
    number(uint64_t(value.size()));
    *this << value;
  }

private:
  support::endian::Writer writer;
};
} // namespace

template <typename T> void GGUFWriter::add(T number) { Appender(metadata).number(number); }

void GGUFWriter::addText(StringRef text) { Appender(metadata).text(text); }

void GGUFWriter::addKey(StringRef key, GGUFType type) {
  ++numKeys;
  addText(key);
  add(static_cast<uint32_t>(type));
}

void GGUFWriter::addArray(StringRef key, GGUFType elementType, uint64_t count) {
  addKey(key, GGUFType::Array);
  add(static_cast<uint32_t>(elementType));
  add(count);
}

void GGUFWriter::setUInt32(StringRef key, uint32_t value) {
  addKey(key, GGUFType::UInt32);
  add(value);
}

void GGUFWriter::setInt32(StringRef key, int32_t value) {
  addKey(key, GGUFType::Int32);
  add(value);
}

void GGUFWriter::setFloat32(StringRef key, float value) {
  addKey(key, GGUFType::Float32);
  add(value);
}

void GGUFWriter::setBool(StringRef key, bool value) {
  addKey(key, GGUFType::Bool);
  add(uint8_t(value));
}

void GGUFWriter::setString(StringRef key, StringRef value) {
  addKey(key, GGUFType::String);
  addText(value);
}

void GGUFWriter::setStrings(StringRef key, ArrayRef<StringRef> values) {
  addArray(key, GGUFType::String, values.size());
  for (StringRef value : values)
    addText(value);
}

void GGUFWriter::setInt32s(StringRef key, ArrayRef<int32_t> values) {
  addArray(key, GGUFType::Int32, values.size());
  for (int32_t value : values)
    add(value);
}

void GGUFWriter::setFloat32s(StringRef key, ArrayRef<float> values) {
  addArray(key, GGUFType::Float32, values.size());
  for (float value : values)
    add(value);
}

void GGUFWriter::setAlignment(uint32_t value) {
  assert(isPowerOf2_32(value) && "expected a power of two");
  setUInt32("general.alignment", value);
  alignment = value;
}

void GGUFWriter::addTensor(StringRef name, GGMLType type, ArrayRef<int64_t> shape, Encoder encode) {
  tensors.push_back({name.str(), type, SmallVector<int64_t, 2>(shape), std::move(encode)});
}

std::string GGUFWriter::getHeader(ArrayRef<int64_t> tensorBytes) const {
  std::string header = "GGUF";
  Appender appender(header);
  appender.number(kVersion);
  appender.number(uint64_t(tensors.size()));
  appender.number(numKeys);
  header += metadata;
  uint64_t offset = 0;
  for (auto [tensor, bytes] : zip(tensors, tensorBytes)) {
    appender.text(tensor.name);
    appender.number(uint32_t(tensor.shape.size()));
    for (int64_t size : reverse(tensor.shape))
      appender.number(uint64_t(size));
    appender.number(static_cast<uint32_t>(tensor.type));
    appender.number(offset);
    offset = alignTo(offset + bytes, alignment);
  }
  header.resize(alignTo(header.size(), alignment));
  return header;
}

Error GGUFWriter::writeTo(raw_ostream &os) const {
  SmallVector<int64_t> tensorBytes;
  for (const Tensor &tensor : tensors) {
    std::optional<int64_t> bytes = getGGMLTypeInfo(tensor.type).getBytes(tensor.shape);
    if (!bytes)
      return createStringError("tensor '" + tensor.name + "': expected rows of whole blocks of " +
                               getGGMLTypeInfo(tensor.type).name + ", got shape " +
                               printShape(tensor.shape));
    tensorBytes.push_back(*bytes);
  }
  os << getHeader(tensorBytes);
  for (auto [tensor, bytes] : zip(tensors, tensorBytes)) {
    Expected<HostTensor> data = tensor.encode();
    if (!data)
      return createStringError("tensor '" + tensor.name + "': " + toString(data.takeError()));
    if (int64_t(data->getBytes().size()) != bytes)
      return createStringError("tensor '" + tensor.name + "': expected " + Twine(bytes) +
                               " bytes, got " + Twine(data->getBytes().size()));
    os << toStringRef(data->getBytes());
    os.write_zeros(offsetToAlignment(bytes, Align(alignment)));
  }
  return Error::success();
}

Error GGUFWriter::write(StringRef path) const {
  Expected<TemporaryFile> file = TemporaryFile::create(path);
  if (!file)
    return file.takeError();
  raw_fd_ostream stream(file->getFD(), /*shouldClose=*/false);
  Error error = writeTo(stream);
  stream.flush();
  std::error_code code = stream.error();
  stream.clear_error();
  if (error)
    return makeFileError(path, toString(std::move(error)));
  return code ? file->makeError(code) : file->keep();
}
