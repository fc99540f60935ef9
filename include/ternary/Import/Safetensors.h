//===- Safetensors.h - Checkpoints in the safetensors format ----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file is: u64 n, little-endian; n bytes of JSON, an object from names to
// {"dtype", "shape", "data_offsets": [begin, end]}; the data, in which tensors
// lie one behind the other without overlap or hole. Files are not trusted:
// whatever does not hold together is refused when they are opened.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_SAFETENSORS_H
#define TERNARY_IMPORT_SAFETENSORS_H

#include "ternary/Import/ParameterSource.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <optional>

namespace ternary {

/// One file, open for reading.
class SafetensorsFile {
public:
  struct Entry {
    std::string dtype;         ///< as in the file: "BF16", ...
    std::optional<DType> type; ///< nothing for those that we do not read
    llvm::SmallVector<int64_t, 2> shape;
    uint64_t begin, end; ///< bytes from the start of the file
  };

  static llvm::Expected<std::unique_ptr<SafetensorsFile>> open(llvm::StringRef path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile &) = delete;
  SafetensorsFile &operator=(const SafetensorsFile &) = delete;

  llvm::StringRef getPath() const { return path; }
  const std::map<std::string, Entry, std::less<>> &getEntries() const { return entries; }
  /// The entry `name`, or null.
  const Entry *lookup(llvm::StringRef name) const;

  /// Maps the tensor `name` into memory. The mapping, and with it the memory,
  /// goes with the last copy of the result.
  llvm::Expected<HostTensor> read(llvm::StringRef name) const;

private:
  SafetensorsFile(llvm::StringRef path, llvm::sys::fs::file_t file) : path(path), file(file) {}

  llvm::Error readHeader();
  llvm::Expected<Entry> parseEntry(const llvm::json::Object &object, uint64_t dataStart,
                                   uint64_t fileSize) const;
  llvm::Error checkOrder(uint64_t dataStart, uint64_t fileSize) const;

  std::string path;
  llvm::sys::fs::file_t file;
  std::map<std::string, Entry, std::less<>> entries;
};

/// What the `weight_scale` [1] of a layer does if its weight is stored as trits (see PackedRows.h).
enum class PackedScale { None, Multiplies, Divides };

/// The parameters in a Hugging Face directory: model.safetensors, or the files
/// that model.safetensors.index.json lists.
class Checkpoint : public ParameterSource {
public:
  /// `directory` may be a single file as well. Weights of ternary layers are floats if
  /// `packedScale` is none, else trits.
  static llvm::Expected<std::unique_ptr<Checkpoint>>
  open(llvm::StringRef directory, PackedScale packedScale = PackedScale::None);

  bool has(llvm::StringRef name) const { return tensors.count(name); }
  /// Whether two tensors of one shape are equal, in whatever type each is.
  llvm::Expected<bool> haveSameValues(llvm::StringRef name, llvm::StringRef other,
                                      llvm::ArrayRef<int64_t> shape) const;
  /// Leaves out a tensor, as if it were not there.
  void forget(llvm::StringRef name);

  llvm::Expected<HostTensor> read(llvm::StringRef name,
                                  llvm::ArrayRef<int64_t> shape) const override;
  llvm::Expected<HostTensor> peek(llvm::StringRef name,
                                  llvm::ArrayRef<int64_t> shape) const override;
  DType getMatrixType(llvm::StringRef name) const override;
  std::optional<TritFormat> getTritFormat(llvm::StringRef name) const override;
  llvm::Error check(llvm::ArrayRef<ParameterInfo> parameters,
                    llvm::function_ref<void(const llvm::Twine &)> warn) const override;

private:
  Checkpoint(llvm::StringRef directory, PackedScale packedScale)
      : directory(directory), packedScale(packedScale) {}

  llvm::Error openShards(llvm::StringRef indexPath);
  llvm::Error addFile(llvm::StringRef path);
  /// The file that has the tensor, if that is a float tensor of `shape` or, if it is to be
  /// `packed`, holds the trits of one.
  llvm::Expected<const SafetensorsFile *>
  locate(llvm::StringRef name, llvm::ArrayRef<int64_t> shape, bool packed = false) const;
  /// Whether `name` is the weight of a ternary layer in packed form, or its scale.
  bool isPacked(llvm::StringRef name) const;
  bool isScale(llvm::StringRef name) const;

  std::string directory;
  PackedScale packedScale;
  std::vector<std::unique_ptr<SafetensorsFile>> files;
  std::map<std::string, const SafetensorsFile *, std::less<>> tensors;
};

} // namespace ternary

#endif // TERNARY_IMPORT_SAFETENSORS_H
