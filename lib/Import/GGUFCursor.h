//===- GGUFCursor.h - A way through the header of a GGUF file ---*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_IMPORT_GGUFCURSOR_H
#define TERNARY_LIB_IMPORT_GGUFCURSOR_H

#include "ternary/Import/GGUF.h"
#include "llvm/Support/Endian.h"

namespace ternary {

/// Takes what comes next, or fails with what was expected of which byte.
class GGUFCursor {
public:
  explicit GGUFCursor(llvm::StringRef bytes) : rest(bytes), size(bytes.size()) {}

  uint64_t getOffset() const { return size - rest.size(); }
  uint64_t getRemaining() const { return rest.size(); }

  template <typename T> llvm::Error take(T &number) {
    llvm::StringRef bytes;
    if (llvm::Error error = takeBytes(sizeof(T), bytes))
      return error;
    number = llvm::support::endian::read<T, llvm::endianness::little>(bytes.data());
    return llvm::Error::success();
  }
  llvm::Error takeBytes(uint64_t count, llvm::StringRef &taken);
  llvm::Error takeString(llvm::StringRef &text);
  llvm::Error takeType(GGUFType &type);
  /// A value, checked as a whole; `depth` arrays are around it.
  llvm::Expected<GGUFValue> takeValue(GGUFType type, unsigned depth = 0);

private:
  llvm::StringRef rest;
  uint64_t size;
};

} // namespace ternary

#endif // TERNARY_LIB_IMPORT_GGUFCURSOR_H
