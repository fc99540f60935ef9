//===- Safetensors.h - Tensors in safetensors files -------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_SAFETENSORS_H
#define TERNARY_RUNTIME_SAFETENSORS_H

#include "ternary/Runtime/File.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ternary::runtime {

/// "[2, 3]".
std::string printShape(const std::vector<int64_t> &shape);

/// One file, open for reading. It is not trusted: whatever does not hold
/// together is refused when it is opened.
class SafetensorsFile {
public:
  struct Tensor {
    std::string dtype; // as in the file: "F32", ...
    std::vector<int64_t> shape;
    uint64_t begin, end; // bytes from the start of the file
  };

  explicit SafetensorsFile(const std::string &path);

  const std::string &path() const { return file.path(); }
  const std::map<std::string, Tensor> &tensors() const { return entries; }

  /// Reads a tensor of dtype F32, F16 or BF16 and this shape.
  void read(const std::string &name, const std::vector<int64_t> &shape, float *to) const;

private:
  MappedFile file;
  std::map<std::string, Tensor> entries;
};

/// The files of a checkpoint: one file, or a Hugging Face folder with
/// model.safetensors or what model.safetensors.index.json lists.
std::vector<std::unique_ptr<SafetensorsFile>> openSafetensors(const std::string &path);

/// Writes float32 tensors. The file appears under its name when it is complete.
class SafetensorsWriter {
public:
  struct Tensor {
    std::string name;
    std::vector<int64_t> shape;
  };

  SafetensorsWriter(const std::string &path, const std::vector<Tensor> &tensors);

  /// Writes the values of the next tensor.
  void write(const float *values);

  /// Gives the complete file its name.
  void commit(Durability durability = Durability::none) { file.commit(durability); }

private:
  OutputFile file;
  std::vector<uint64_t> bytes; // of each tensor
  size_t next = 0;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_SAFETENSORS_H
