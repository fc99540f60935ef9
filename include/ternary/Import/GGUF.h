//===- GGUF.h - Models in the GGUF format -----------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file of version 2 or 3 is, little-endian and without padding unless stated:
//
//   "GGUF"; u32 version; u64 number of tensors; u64 number of keys
//   for each key: string; u32 type; value
//   for each tensor: string name; u32 number of sizes; u64 sizes, the last one of
//     a shape first; u32 type; u64 offset in the data
//   padding to the alignment, general.alignment or 32
//   the data: tensors one behind the other, each padded to the alignment
//
// A string is u64 bytes and these; an array is u32 type of elements, u64 number
// and these. A model may be split in files NAME-00001-of-00003.gguf, of which
// the first has the keys.
//
// Files are not trusted: whatever does not hold together is refused when they
// are opened.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_GGUF_H
#define TERNARY_IMPORT_GGUF_H

#include "ternary/Support/GGMLBlocks.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <map>

namespace ternary {

/// The types of values, by their numbers in files.
enum class GGUFType : uint32_t {
  UInt8,
  Int8,
  UInt16,
  Int16,
  UInt32,
  Int32,
  Float32,
  Bool,
  String,
  Array,
  UInt64,
  Int64,
  Float64,
};

/// A value of the metadata, as it lies in a file that is open. What it is asked for in vain gives
/// nothing, as with llvm::json::Value.
class GGUFValue {
public:
  /// `bytes` are a number, the text of a string, or the elements of an array.
  GGUFValue(GGUFType type, llvm::StringRef bytes) : type(type), bytes(bytes) {}
  GGUFValue(GGUFType elementType, uint64_t count, llvm::StringRef bytes)
      : type(GGUFType::Array), elementType(elementType), count(count), bytes(bytes) {}

  GGUFType getType() const { return type; }
  /// "u32", "string", "array of string", ..., for messages.
  std::string getTypeName() const;

  std::optional<llvm::StringRef> getAsString() const;
  /// An integer of any size, if 63 bits and a sign hold it.
  std::optional<int64_t> getAsInteger() const;
  /// A finite f32 or f64.
  std::optional<double> getAsFloat() const;
  std::optional<bool> getAsBool() const;
  /// How many elements an array has.
  std::optional<uint64_t> getArraySize() const;
  /// The elements, which may be arrays.
  std::optional<std::vector<GGUFValue>> getAsArray() const;

private:
  GGUFType type, elementType = GGUFType::UInt8;
  uint64_t count = 0;
  llvm::StringRef bytes;
};

/// A tensor in a file.
struct GGUFTensor {
  std::string name;
  GGMLType type;                       ///< maybe one of which we know the size only
  llvm::SmallVector<int64_t, 2> shape; ///< as everywhere: rows, columns
  size_t file;                         ///< which one of a split model
  uint64_t begin, bytes;               ///< in that file
};

/// A model, open for reading: one file, or all files of a split model.
///
///   auto model = GGUFFile::open("model.gguf");
///   auto layers = (*model)->getInteger("llama.block_count", 1, 1000);
///   for (const GGUFTensor &tensor : (*model)->getTensors())
///     if (isTernary(tensor.type))
///       auto weights = (*model)->readTernary(tensor.name);   // trits and scales
///     else
///       auto values = (*model)->readFloats(tensor.name);     // f32, f16 or bf16
///
/// Trits take up to five times the memory that they take in a file, and a file may claim to be
/// large without being so: compare `GGUFTensor::shape` with what a model needs before reading.
///
/// Errors of all functions are one line: file, key or tensor, what was expected and what it is.
class GGUFFile {
public:
  /// Of a split model, `path` is the first file. `layout` is that of I2_S tensors, which cannot
  /// be read without.
  static llvm::Expected<std::unique_ptr<GGUFFile>>
  open(llvm::StringRef path, std::optional<I2SLayout> layout = std::nullopt);
  ~GGUFFile();
  GGUFFile(const GGUFFile &) = delete;
  GGUFFile &operator=(const GGUFFile &) = delete;

  llvm::StringRef getPath() const { return files.front().path; }
  std::optional<I2SLayout> getLayout() const { return layout; }

  //===--------------------------------------------------------------------===//
  // Metadata
  //===--------------------------------------------------------------------===//

  using Metadata = std::map<llvm::StringRef, GGUFValue>;
  const Metadata &getMetadata() const { return files.front().metadata; }
  bool has(llvm::StringRef key) const { return getMetadata().count(key); }

  /// The value of a key that has to be there, of a type and in a range.
  llvm::Expected<llvm::StringRef> getString(llvm::StringRef key) const;
  llvm::Expected<int64_t> getInteger(llvm::StringRef key, int64_t min, int64_t max) const;
  llvm::Expected<double> getFloat(llvm::StringRef key) const;
  llvm::Expected<bool> getBool(llvm::StringRef key) const;
  /// How many elements an array has; nothing if there is no array.
  std::optional<uint64_t> getArraySize(llvm::StringRef key) const;
  llvm::Expected<std::vector<llvm::StringRef>> getStrings(llvm::StringRef key) const;
  llvm::Expected<std::vector<int64_t>> getIntegers(llvm::StringRef key, int64_t min,
                                                   int64_t max) const;
  llvm::Expected<std::vector<double>> getFloats(llvm::StringRef key) const;

  //===--------------------------------------------------------------------===//
  // Tensors
  //===--------------------------------------------------------------------===//

  /// Of all files, in their order.
  llvm::ArrayRef<GGUFTensor> getTensors() const { return tensors; }
  /// The tensor `name`, or null.
  const GGUFTensor *lookup(llvm::StringRef name) const;

  /// A tensor of floats: f32, f16 and bf16 mapped into memory as they are, blocks as f32.
  /// The memory goes with the last copy of the result. Values may be infinite or NaN
  /// (`checkFinite`).
  llvm::Expected<HostTensor> readFloats(llvm::StringRef name) const;

  /// A matrix of trits with its scales, which are finite, as they are in the file; `mergeScales`
  /// says whether fewer do.
  llvm::Expected<QuantizedWeights> readTernary(llvm::StringRef name) const;

  /// "FILE: tensor 'NAME': MESSAGE".
  llvm::Error makeTensorError(const GGUFTensor &tensor, const llvm::Twine &message) const;

private:
  struct File {
    std::string path;
    llvm::sys::fs::file_t handle;
    std::unique_ptr<llvm::MemoryBuffer> header = nullptr; ///< what `metadata` refers to
    Metadata metadata = {};
    uint64_t bytes = 0, dataStart = 0, alignment = 1;
  };

  explicit GGUFFile(std::optional<I2SLayout> layout) : layout(layout) {}

  llvm::Error addFile(llvm::StringRef path);
  llvm::Error addSplitFiles();
  llvm::Error readHeader(File &file);
  llvm::Error checkOrder(const File &file, llvm::ArrayRef<const GGUFTensor *> order) const;
  llvm::Error checkOrder(llvm::ArrayRef<GGUFTensor> all) const;
  /// Checks where the data of tensors is, which so far counts from the start of all data.
  llvm::Error placeTensors();
  llvm::Error indexTensors();

  const GGUFValue *find(llvm::StringRef key) const;
  llvm::Error makeKeyError(llvm::StringRef key, llvm::StringRef expected) const;
  template <typename T, typename Get>
  llvm::Expected<std::vector<T>> getArray(llvm::StringRef key, llvm::StringRef expected,
                                          Get get) const;
  llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>> map(const GGUFTensor &tensor) const;
  llvm::Expected<const GGUFTensor *> locate(llvm::StringRef name) const;

  std::optional<I2SLayout> layout;
  std::vector<File> files;
  std::vector<GGUFTensor> tensors;
  std::map<llvm::StringRef, const GGUFTensor *> byName;
};

} // namespace ternary

#endif // TERNARY_IMPORT_GGUF_H
