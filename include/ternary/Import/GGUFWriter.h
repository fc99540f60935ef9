//===- GGUFWriter.h - Writes models in the GGUF format ----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_GGUFWRITER_H
#define TERNARY_IMPORT_GGUFWRITER_H

#include "ternary/Import/GGUF.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>

namespace ternary {

/// Collects the keys and tensors of a file of version 3, then writes it.
///
///   GGUFWriter writer;
///   writer.setString("general.architecture", "llama");
///   writer.setUInt32("llama.block_count", 2);
///   writer.addTensor("output_norm.weight", GGMLType::F32, {256},
///                    [&] { return encodeFloats(GGMLType::F32, norm); });
///   Error error = writer.write("model.gguf");
///
/// Keys and tensors have names of their own; the type of a key is what its reader expects.
class GGUFWriter {
public:
  void setUInt32(llvm::StringRef key, uint32_t value);
  void setInt32(llvm::StringRef key, int32_t value);
  void setFloat32(llvm::StringRef key, float value);
  void setBool(llvm::StringRef key, bool value);
  void setString(llvm::StringRef key, llvm::StringRef value);
  void setStrings(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> values);
  void setInt32s(llvm::StringRef key, llvm::ArrayRef<int32_t> values);
  void setFloat32s(llvm::StringRef key, llvm::ArrayRef<float> values);

  /// Where tensors lie: a power of two, 32 unless it is set.
  void setAlignment(uint32_t value);

  /// The bytes of a tensor, made when they are written, so that they need not all be in memory.
  using Encoder = std::function<llvm::Expected<HostTensor>()>;
  /// A tensor, of which `encode` gives what encodeFloats or encodeTernary does.
  void addTensor(llvm::StringRef name, GGMLType type, llvm::ArrayRef<int64_t> shape,
                 Encoder encode);

  /// Writes the file. It appears whole or not at all.
  llvm::Error write(llvm::StringRef path) const;

private:
  struct Tensor {
    std::string name;
    GGMLType type;
    llvm::SmallVector<int64_t, 2> shape;
    Encoder encode;
  };

  /// Begins a key, of which the value comes next.
  void addKey(llvm::StringRef key, GGUFType type);
  void addArray(llvm::StringRef key, GGUFType elementType, uint64_t count);
  template <typename T> void add(T number);
  void addText(llvm::StringRef text);
  std::string getHeader(llvm::ArrayRef<int64_t> tensorBytes) const;
  llvm::Error writeTo(llvm::raw_ostream &os) const;

  std::string metadata; ///< as in the file
  uint64_t numKeys = 0;
  uint64_t alignment = 32;
  std::vector<Tensor> tensors;
};

} // namespace ternary

#endif // TERNARY_IMPORT_GGUFWRITER_H
