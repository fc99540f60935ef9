//===- AlignedBuffer.h - Memory for compiled steps --------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_ALIGNEDBUFFER_H
#define TERNARY_RUNTIME_ALIGNEDBUFFER_H

#include "ternary/Runtime/Error.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/mman.h>

namespace ternary::runtime {

/// Elements aligned to 64 bytes, as compiled steps want them; where they fill huge pages, in
/// those, which virtual machines can read almost twice as fast. Not initialized.
template <typename T> class AlignedBuffer {
public:
  AlignedBuffer() = default;

  /// `what` names them when there is no memory.
  AlignedBuffer(uint64_t count, const char *what) : count(count) {
    uint64_t bytes;
    if (__builtin_mul_overflow(count, sizeof(T), &bytes) || bytes > UINT64_MAX / 2)
      bytes = UINT64_MAX / 2;
    memory.reset(static_cast<T *>(std::aligned_alloc(64, (bytes / 64 + 1) * 64)));
    if (!memory)
      fail("out of memory: expected ", bytes, " bytes for the ", what);
    // No more than what lies within, so that nothing else becomes resident.
    uint64_t start = reinterpret_cast<uintptr_t>(memory.get());
    uint64_t first = (start + kHugePage - 1) / kHugePage * kHugePage;
    uint64_t last = (start + bytes) / kHugePage * kHugePage;
    if (first < last)
      madvise(reinterpret_cast<void *>(first), last - first, MADV_HUGEPAGE);
  }

  void zero() { std::memset(static_cast<void *>(memory.get()), 0, count * sizeof(T)); }

  T *data() { return memory.get(); }
  const T *data() const { return memory.get(); }
  uint64_t size() const { return count; }

private:
  static constexpr uint64_t kHugePage = uint64_t(1) << 21;

  struct Free {
    void operator()(T *memory) const { std::free(memory); }
  };
  std::unique_ptr<T, Free> memory;
  uint64_t count = 0;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_ALIGNEDBUFFER_H
