//===- GGUFBuilder.h - GGUF files for tests -------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_UNITTESTS_IMPORT_GGUFBUILDER_H
#define TERNARY_UNITTESTS_IMPORT_GGUFBUILDER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Endian.h"
#include <string>

namespace ternary {

/// The bytes of a number and of a string, as the format has them.
template <typename T> std::string number(T value) {
  char bytes[sizeof(T)];
  llvm::support::endian::write<T, llvm::endianness::little>(bytes, value);
  return std::string(bytes, sizeof(T));
}
inline std::string text(llvm::StringRef value) {
  return number<uint64_t>(value.size()) + value.str();
}

/// A file from parts, any of which may be wrong.
class GGUFBuilder {
public:
  /// A key with a type and the bytes of its value.
  GGUFBuilder &key(llvm::StringRef name, uint32_t type, llvm::StringRef value) {
    keys += text(name) + number(type) + value.str();
    ++numKeys;
    return *this;
  }
  GGUFBuilder &integer(llvm::StringRef name, uint32_t value) { return key(name, 4, number(value)); }
  /// A tensor with its sizes in the order of the file.
  GGUFBuilder &tensor(llvm::StringRef name, llvm::ArrayRef<uint64_t> sizes, uint32_t type,
                      uint64_t offset) {
    tensors += text(name) + number<uint32_t>(sizes.size());
    for (uint64_t size : sizes)
      tensors += number(size);
    tensors += number(type) + number(offset);
    ++numTensors;
    return *this;
  }

  std::string build(llvm::StringRef data = "", size_t alignment = 32) const {
    std::string file =
        "GGUF" + number(version) + number(numTensors) + number(numKeys) + keys + tensors;
    file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file + data.str();
  }

  uint32_t version = 3;
  uint64_t numTensors = 0, numKeys = 0;

private:
  std::string keys, tensors;
};

} // namespace ternary

#endif // TERNARY_UNITTESTS_IMPORT_GGUFBUILDER_H
