//===- Npy.h - Arrays in NumPy's .npy files ---------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_NPY_H
#define TERNARY_RUNTIME_NPY_H

#include <cstdint>
#include <string>
#include <vector>

namespace ternary::runtime {

/// A matrix of token ids.
struct IdMatrix {
  int64_t rows = 0, columns = 0;
  std::vector<int64_t> values; // row by row
};

/// Reads an int32 or int64 array of two dimensions. Throws on anything else.
IdMatrix readIds(const std::string &path);

/// Writes a float32 array [batch, tokens, vocab] piece by piece. The file
/// appears under its name when it is complete, not before, and not at all after
/// an error.
class LogitsWriter {
public:
  LogitsWriter(const std::string &path, int64_t batch, int64_t tokens, int64_t vocab);
  ~LogitsWriter();
  LogitsWriter(const LogitsWriter &) = delete;
  LogitsWriter &operator=(const LogitsWriter &) = delete;

  /// Writes logits[batch, count, vocab], those of the tokens from `from` on.
  void write(int64_t from, int64_t count, const float *logits);

  /// Gives the complete file its name.
  void commit();

private:
  void writeAt(int64_t offset, const void *bytes, size_t count);

  std::string path, temporary;
  int file = -1;
  int64_t batch, tokens, vocab, dataOffset;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_NPY_H
