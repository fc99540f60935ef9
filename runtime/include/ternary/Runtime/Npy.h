//===- Npy.h - Arrays in NumPy's .npy files ---------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_NPY_H
#define TERNARY_RUNTIME_NPY_H

#include "ternary/Runtime/File.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ternary::runtime {

/// A matrix of token ids.
struct IdMatrix {
  int64_t rows = 0, columns = 0;
  std::vector<int64_t> values; // row by row
};

/// Throws unless ids[rows, columns] are sequences for a model: of one token at
/// least, of `most` at most if that is not 0, each in the vocabulary. `what`
/// names them.
void checkTokens(const std::string &what, const int64_t *ids, int64_t rows, int64_t columns,
                 int64_t most, int64_t vocab);

/// An array in a .npy file in memory.
struct NpyArray {
  std::string type; // as the file has it: "<f4", "|i1", ...
  std::vector<int64_t> shape;
  const uint8_t *data; // row by row, perhaps not aligned
};

/// Finds the array in a file, whose elements are of `bytesOf(type, shape)` bytes, unless that
/// throws since they do not fit. Throws on Fortran order and on anything that is no such file.
NpyArray
viewArray(const MappedFile &file,
          const std::function<int64_t(const std::string &, const std::vector<int64_t> &)> &bytesOf);

/// Writes an array, whose elements are of `itemBytes` bytes. The file appears under its name when
/// it is complete.
void writeArray(const std::string &path, const NpyArray &array, int64_t itemBytes);

/// An array of ids in a .npy file in memory.
struct NpyIds {
  std::string type; // "int32", ...
  int64_t itemBytes;
  std::vector<int64_t> shape;
  const uint8_t *data; // little-endian, row by row, perhaps not aligned
};

/// Finds the ids in a file. Throws unless they have one of `types`, out of
/// uint16, int32, uint32 and int64, and `rank` dimensions, or any number if that
/// is 0.
NpyIds viewIds(const MappedFile &file, const std::vector<std::string> &types, size_t rank);

/// Reads an int32 or int64 array of two dimensions. Throws on anything else.
IdMatrix readIds(const std::string &path);

/// Writes a float32 array [batch, tokens, vocab] piece by piece. The file
/// appears under its name when it is complete, not before, and not at all after
/// an error.
class LogitsWriter {
public:
  LogitsWriter(const std::string &path, int64_t batch, int64_t tokens, int64_t vocab);

  /// Writes logits[batch, count, vocab], those of the tokens from `from` on.
  void write(int64_t from, int64_t count, const float *logits);

  /// Gives the complete file its name.
  void commit() { file.commit(); }

private:
  OutputFile file;
  int64_t batch, tokens, vocab, dataOffset;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_NPY_H
