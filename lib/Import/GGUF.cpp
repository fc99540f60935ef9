//===- GGUF.cpp - Models in the GGUF format -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFCursor.h"
#include "ternary/Support/JSONFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace ternary;

static_assert(sys::IsLittleEndianHost, "data is used as it lies in the file");

static constexpr StringLiteral kMagic = "GGUF";
static constexpr uint64_t kDefaultAlignment = 32;
/// Far more than any tokenizer takes.
static constexpr uint64_t kMaxHeaderBytes = 256 << 20;
static constexpr uint64_t kMaxNameBytes = 255;
static constexpr uint32_t kMaxRank = 4;
static constexpr int64_t kMaxFiles = 99'999; // NAME-00001-of-99999.gguf

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

/// A name that fits into one line of a message.
static Error takeName(GGUFCursor &cursor, StringRef &name) {
  if (Error error = cursor.takeString(name))
    return error;
  if (name.empty() || name.size() > kMaxNameBytes)
    return createStringError("expected a name of 1 to " + Twine(kMaxNameBytes) +
                             " bytes before byte " + Twine(cursor.getOffset()) + ", got " +
                             Twine(name.size()));
  if (!json::isUTF8(name) || any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return createStringError("expected a name of printable UTF-8 before byte " +
                             Twine(cursor.getOffset()) + ", got another");
  return Error::success();
}

static Error takePrefix(GGUFCursor &cursor, uint64_t &numTensors, uint64_t &numKeys) {
  StringRef magic;
  if (Error error = cursor.takeBytes(kMagic.size(), magic))
    return error;
  if (magic != kMagic)
    return createStringError("expected a file that begins with GGUF, got another");
  uint32_t version;
  if (Error error = cursor.take(version))
    return error;
  if (version != 0 && (version & 0xffff) == 0)
    return createStringError("expected a little-endian file, got a big-endian one");
  if (version != 2 && version != 3)
    return createStringError("expected version 2 or 3 of GGUF, got " + Twine(version));
  if (Error error = cursor.take(numTensors))
    return error;
  return cursor.take(numKeys);
}

static Error takeMetadata(GGUFCursor &cursor, uint64_t numKeys, GGUFFile::Metadata &metadata) {
  for (uint64_t i = 0; i < numKeys; ++i) {
    StringRef key;
    if (Error error = takeName(cursor, key))
      return createStringError("key " + Twine(i) + " of " + Twine(numKeys) + ": " +
                               toString(std::move(error)));
    auto fail = [&](const Twine &message) {
      return createStringError("key '" + key + "': " + message);
    };
    GGUFType type;
    if (Error error = cursor.takeType(type))
      return fail(toString(std::move(error)));
    Expected<GGUFValue> value = cursor.takeValue(type);
    if (!value)
      return fail(toString(value.takeError()));
    if (!metadata.emplace(key, *value).second)
      return fail("expected different keys, got this one twice");
  }
  return Error::success();
}

/// What follows the name; `begin` counts from the start of the data.
static Error takeTensor(GGUFCursor &cursor, uint64_t alignment, GGUFTensor &tensor) {
  uint32_t rank;
  if (Error error = cursor.take(rank))
    return error;
  if (rank > kMaxRank)
    return createStringError("expected at most " + Twine(kMaxRank) + " sizes, got " + Twine(rank));
  for (uint32_t i = 0; i < rank; ++i) {
    uint64_t size;
    if (Error error = cursor.take(size))
      return error;
    if (size < 1 || size > uint64_t(INT64_MAX))
      return createStringError("expected sizes from 1 to 2^63 - 1, got " + Twine(size));
    tensor.shape.push_back(size);
  }
  std::reverse(tensor.shape.begin(), tensor.shape.end());

  uint32_t number;
  if (Error error = cursor.take(number))
    return error;
  Expected<const GGMLTypeInfo *> info = getGGMLTypeInfo(number);
  if (!info)
    return info.takeError();
  tensor.type = (*info)->type;
  int64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (columns % (*info)->blockWeights != 0)
    return createStringError("expected a multiple of " + Twine((*info)->blockWeights) +
                             " columns of " + (*info)->name + ", got shape " +
                             printShape(tensor.shape));
  std::optional<int64_t> bytes = (*info)->getBytes(tensor.shape);
  if (!bytes)
    return createStringError("expected a size below 2^63 bytes, got " + (*info)->name + " " +
                             printShape(tensor.shape));
  tensor.bytes = *bytes;
  if (Error error = cursor.take(tensor.begin))
    return error;
  if (tensor.begin % alignment != 0)
    return createStringError("expected an offset that is a multiple of " + Twine(alignment) +
                             ", the alignment, got " + Twine(tensor.begin));
  return Error::success();
}

static Expected<uint64_t> getAlignment(const GGUFFile::Metadata &metadata) {
  auto it = metadata.find("general.alignment");
  if (it == metadata.end())
    return kDefaultAlignment;
  std::optional<int64_t> alignment = it->second.getAsInteger();
  if (!alignment || *alignment < 1 || *alignment > UINT32_MAX || !isPowerOf2_64(*alignment))
    return createStringError("key 'general.alignment': expected a power of two of 32 bits, got " +
                             (alignment ? std::to_string(*alignment) : it->second.getTypeName()));
  return *alignment;
}

Error GGUFFile::readHeader(File &file) {
  auto fail = [&](Error error) { return makeFileError(file.path, toString(std::move(error))); };
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(file.handle, status))
    return fail(errorCodeToError(code));
  file.bytes = status.getSize();
  auto buffer = MemoryBuffer::getOpenFileSlice(file.handle, file.path,
                                               std::min(file.bytes, kMaxHeaderBytes), 0);
  if (!buffer)
    return fail(errorCodeToError(buffer.getError()));
  file.header = std::move(*buffer);

  if (Error error = checkFileKind(file.header->getBuffer(), file.path))
    return error;
  GGUFCursor cursor(file.header->getBuffer());
  uint64_t numTensors, numKeys;
  if (Error error = takePrefix(cursor, numTensors, numKeys))
    return fail(std::move(error));
  if (Error error = takeMetadata(cursor, numKeys, file.metadata))
    return fail(std::move(error));
  Expected<uint64_t> alignment = getAlignment(file.metadata);
  if (!alignment)
    return fail(alignment.takeError());

  file.alignment = *alignment;
  for (uint64_t i = 0; i < numTensors; ++i) {
    StringRef name;
    if (Error error = takeName(cursor, name))
      return makeFileError(file.path + ": tensor " + Twine(i) + " of " + Twine(numTensors),
                           toString(std::move(error)));
    GGUFTensor tensor{name.str(), GGMLType::F32, {}, files.size() - 1, 0, 0};
    if (Error error = takeTensor(cursor, *alignment, tensor))
      return makeTensorError(tensor, toString(std::move(error)));
    tensors.push_back(std::move(tensor));
  }
  file.dataStart = alignTo(cursor.getOffset(), *alignment);
  return Error::success();
}

/// Every byte of the data belongs to exactly one tensor, or is padding. This also finds types whose
/// size is another one than ours.
Error GGUFFile::checkOrder(const File &file, ArrayRef<const GGUFTensor *> order) const {
  if (order.empty())
    return Error::success();
  if (file.bytes < file.dataStart)
    return makeFileError(file.path, "expected data from byte " + Twine(file.dataStart) +
                                        " on, got " + Twine(file.bytes) + " bytes");
  uint64_t dataBytes = file.bytes - file.dataStart;
  uint64_t end = 0;
  for (const GGUFTensor *tensor : order) {
    uint64_t expected = alignTo(end, file.alignment);
    if (tensor->begin != expected)
      return makeTensorError(*tensor, "expected data from byte " + Twine(expected) +
                                          " on, where the previous tensor ends, got " +
                                          Twine(tensor->begin) +
                                          (tensor->begin < expected ? " (overlap)" : " (hole)"));
    if (tensor->begin > dataBytes || tensor->bytes > dataBytes - tensor->begin)
      return makeTensorError(*tensor, "expected " + Twine(tensor->bytes) + " bytes of " +
                                          getGGMLTypeInfo(tensor->type).name + " " +
                                          printShape(tensor->shape) + " from byte " +
                                          Twine(tensor->begin) + " of the data on, got " +
                                          Twine(dataBytes) + " bytes of data");
    end = tensor->begin + tensor->bytes;
  }
  if (dataBytes > alignTo(end, file.alignment))
    return makeFileError(file.path, "expected " + Twine(alignTo(end, file.alignment)) +
                                        " bytes of data, got " + Twine(dataBytes));
  return Error::success();
}

Error GGUFFile::checkOrder(ArrayRef<GGUFTensor> all) const {
  std::vector<std::vector<const GGUFTensor *>> tensorsOf(files.size());
  for (const GGUFTensor &tensor : all)
    tensorsOf[tensor.file].push_back(&tensor);
  for (auto [file, order] : zip_equal(files, tensorsOf)) {
    llvm::sort(order, [](const GGUFTensor *a, const GGUFTensor *b) {
      return std::tie(a->begin, a->name) < std::tie(b->begin, b->name);
    });
    if (Error error = checkOrder(file, order))
      return error;
  }
  return Error::success();
}

/// The tensors of Q2_0 as what older files mean by it, PQ2_0; nothing if there is none, or if one
/// is no whole blocks of that.
static std::optional<std::vector<GGUFTensor>> takeAsPQ2(std::vector<GGUFTensor> tensors) {
  bool any = false;
  for (GGUFTensor &tensor : tensors) {
    if (tensor.type != GGMLType::Q2_0)
      continue;
    std::optional<int64_t> bytes = getGGMLTypeInfo(GGMLType::PQ2_0).getBytes(tensor.shape);
    if (!bytes)
      return std::nullopt;
    tensor.type = GGMLType::PQ2_0;
    tensor.bytes = *bytes;
    any = true;
  }
  return any ? std::optional(std::move(tensors)) : std::nullopt;
}

Error GGUFFile::placeTensors() {
  Error error = checkOrder(tensors);
  // The same number stands for blocks of 64 and of 128 weights. All tensors have the same, and no
  // more than one of the two fills the data, unless there is next to none.
  if (std::optional<std::vector<GGUFTensor>> older = takeAsPQ2(tensors)) {
    Error olderError = checkOrder(*older);
    if (!error && !olderError)
      return makeFileError(getPath(), "expected tensors of Q2_0 whose sizes tell blocks of 64 "
                                      "weights from blocks of 128, got some that both fit");
    if (error && olderError) {
      consumeError(std::move(olderError));
      return createStringError(toString(std::move(error)) +
                               "; blocks of 128 weights of Q2_0 do not fit either");
    }
    if (error)
      tensors = std::move(*older);
    consumeError(std::move(olderError));
    consumeError(std::move(error));
    error = Error::success();
  }
  if (error)
    return error;
  for (GGUFTensor &tensor : tensors)
    tensor.begin += files[tensor.file].dataStart;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Expected<std::unique_ptr<GGUFFile>> GGUFFile::open(StringRef path,
                                                   std::optional<I2SLayout> layout) {
  std::unique_ptr<GGUFFile> result(new GGUFFile(layout));
  if (Error error = result->addFile(path))
    return error;
  if (Error error = result->addSplitFiles())
    return error;
  if (Error error = result->placeTensors())
    return error;
  if (Error error = result->indexTensors())
    return error;
  return result;
}

GGUFFile::~GGUFFile() {
  for (File &file : files)
    sys::fs::closeFile(file.handle);
}

Error GGUFFile::addFile(StringRef path) {
  if (Error error = getRegularFileSize(path).takeError())
    return error;
  Expected<sys::fs::file_t> handle = sys::fs::openNativeFileForRead(path);
  if (!handle)
    return makeFileError(path, toString(handle.takeError()));
  files.push_back({path.str(), *handle});
  return readHeader(files.back());
}

/// "-00001-of-00003.gguf" of a file's number, from 0.
static std::string getSplitSuffix(int64_t number, int64_t count) {
  std::string suffix;
  raw_string_ostream(suffix) << format("-%05lld-of-%05lld.gguf", (long long)number + 1,
                                       (long long)count);
  return suffix;
}

Error GGUFFile::addSplitFiles() {
  if (!has("split.count"))
    return Error::success();
  Expected<int64_t> count = getInteger("split.count", 1, kMaxFiles);
  if (!count)
    return count.takeError();
  if (*count == 1)
    return Error::success();
  Expected<int64_t> number = getInteger("split.no", 0, *count - 1);
  if (!number)
    return number.takeError();
  StringRef prefix = getPath();
  if (!prefix.consume_back(getSplitSuffix(*number, *count)))
    return makeFileError(getPath(), "expected a name that ends in " +
                                        getSplitSuffix(*number, *count) +
                                        ", as split.no and split.count say");
  if (*number != 0)
    return makeFileError(getPath(), "expected the first file of a split model, " + prefix +
                                        getSplitSuffix(0, *count));
  std::string base = prefix.str();
  for (int64_t i = 1; i < *count; ++i) {
    if (Error error = addFile(base + getSplitSuffix(i, *count)))
      return error;
    const File &file = files.back();
    for (auto [key, expected] : {std::pair("split.no", i), std::pair("split.count", *count)}) {
      auto it = file.metadata.find(key);
      std::optional<int64_t> value =
          it == file.metadata.end() ? std::nullopt : it->second.getAsInteger();
      if (value != expected)
        return makeFileError(file.path + ": key '" + key + "'",
                             "expected " + Twine(expected) + ", got " +
                                 (value ? std::to_string(*value) : "no integer"));
    }
  }
  Expected<int64_t> total = getInteger("split.tensors.count", 0, INT64_MAX);
  if (!total)
    return total.takeError();
  if (*total != int64_t(tensors.size()))
    return makeFileError(getPath(), "expected " + Twine(*total) + " tensors in " + Twine(*count) +
                                        " files, as split.tensors.count says, got " +
                                        Twine(tensors.size()));
  return Error::success();
}

Error GGUFFile::indexTensors() {
  for (const GGUFTensor &tensor : tensors)
    if (!byName.emplace(tensor.name, &tensor).second)
      return makeTensorError(tensor, "expected different names, got this one twice");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Error GGUFFile::makeTensorError(const GGUFTensor &tensor, const Twine &message) const {
  return makeFileError(files[tensor.file].path + ": tensor '" + tensor.name + "'", message);
}

const GGUFTensor *GGUFFile::lookup(StringRef name) const {
  auto it = byName.find(name);
  return it == byName.end() ? nullptr : it->second;
}

Expected<const GGUFTensor *> GGUFFile::locate(StringRef name) const {
  if (const GGUFTensor *tensor = lookup(name))
    return tensor;
  return makeFileError(getPath() + ": tensor '" + name + "'", "expected it to be there, got none");
}

Expected<std::shared_ptr<MemoryBuffer>> GGUFFile::map(const GGUFTensor &tensor) const {
  const File &file = files[tensor.file];
  auto buffer = MemoryBuffer::getOpenFileSlice(file.handle, file.path, tensor.bytes, tensor.begin);
  if (!buffer)
    return makeTensorError(tensor, buffer.getError().message());
  if ((*buffer)->getBufferSize() != tensor.bytes)
    return makeTensorError(tensor, "expected " + Twine(tensor.bytes) + " bytes, got " +
                                       Twine((*buffer)->getBufferSize()));
  return std::shared_ptr<MemoryBuffer>(std::move(*buffer));
}

Expected<HostTensor> GGUFFile::readFloats(StringRef name) const {
  Expected<const GGUFTensor *> found = locate(name);
  if (!found)
    return found.takeError();
  const GGUFTensor &tensor = **found;
  std::optional<DType> type = getFloatType(tensor.type);
  if (!type && !isBlockFloat(tensor.type))
    return makeTensorError(tensor, "expected a type that can be read as floats, got " +
                                       getGGMLTypeInfo(tensor.type).name);
  Expected<std::shared_ptr<MemoryBuffer>> buffer = map(tensor);
  if (!buffer)
    return buffer.takeError();
  ArrayRef<uint8_t> bytes = arrayRefFromStringRef((*buffer)->getBuffer());
  if (!type) {
    Expected<HostTensor> floats = decodeFloats(tensor.type, bytes, tensor.shape);
    return floats ? std::move(floats) : makeTensorError(tensor, toString(floats.takeError()));
  }
  // The alignment of a file may be less than an element's.
  if (!isAddrAligned(Align(getByteWidth(*type)), bytes.data())) {
    HostTensor copy = HostTensor::allocate(*type, tensor.shape);
    llvm::copy(bytes, copy.getMutableBytes().begin());
    return copy;
  }
  return HostTensor(*type, tensor.shape, bytes, std::move(*buffer));
}

Expected<QuantizedWeights> GGUFFile::readTernary(StringRef name) const {
  Expected<const GGUFTensor *> found = locate(name);
  if (!found)
    return found.takeError();
  const GGUFTensor &tensor = **found;
  if (!isTernary(tensor.type))
    return makeTensorError(tensor, "expected type TQ1_0, TQ2_0, I2_S, IQ1_BN or IQ2_BN, got " +
                                       getGGMLTypeInfo(tensor.type).name);
  if (tensor.shape.size() != 2)
    return makeTensorError(tensor, "expected a matrix, got shape " + printShape(tensor.shape));
  Expected<std::shared_ptr<MemoryBuffer>> buffer = map(tensor);
  if (!buffer)
    return buffer.takeError();
  Expected<QuantizedWeights> weights =
      decodeTernary(tensor.type, arrayRefFromStringRef((*buffer)->getBuffer()), tensor.shape[0],
                    tensor.shape[1], layout);
  if (!weights)
    return makeTensorError(tensor, toString(weights.takeError()));
  return weights;
}
