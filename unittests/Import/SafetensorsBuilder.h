//===- SafetensorsBuilder.h - Safetensors files for tests ----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_UNITTESTS_IMPORT_SAFETENSORSBUILDER_H
#define TERNARY_UNITTESTS_IMPORT_SAFETENSORSBUILDER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Endian.h"
#include <string>
#include <vector>

namespace ternary {

/// A file with any header and data.
inline std::string buildFile(llvm::StringRef header, llvm::StringRef data) {
  char prefix[8];
  llvm::support::endian::write64le(prefix, header.size());
  return std::string(prefix, 8) + header.str() + data.str();
}

/// The description of one tensor in a header.
inline std::string describe(llvm::StringRef name, llvm::StringRef dtype, llvm::StringRef shape,
                            llvm::StringRef offsets) {
  return ("\"" + name + "\": {\"dtype\": \"" + dtype + "\", \"shape\": " + shape +
          ", \"data_offsets\": " + offsets + "}")
      .str();
}

/// A file with f32 tensors, all of one value.
class SafetensorsBuilder {
public:
  SafetensorsBuilder &add(llvm::StringRef name, std::vector<int64_t> shape, float value = 0.0f) {
    std::string sizes;
    int64_t count = 1;
    for (int64_t size : shape) {
      sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
      count *= size;
    }
    std::vector<float> values(count, value);
    size_t begin = data.size();
    data.append(reinterpret_cast<const char *>(values.data()), 4 * count);
    header += (header.empty() ? "{" : ", ") +
              describe(name, "F32", "[" + sizes + "]",
                       "[" + std::to_string(begin) + ", " + std::to_string(data.size()) + "]");
    return *this;
  }

  std::string build() const { return buildFile(header.empty() ? "{}" : header + "}", data); }

private:
  std::string header, data;
};

} // namespace ternary

#endif // TERNARY_UNITTESTS_IMPORT_SAFETENSORSBUILDER_H
