//===- HostTensor.h - A tensor in the compiler's memory ---------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_HOSTTENSOR_H
#define TERNARY_SUPPORT_HOSTTENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cassert>
#include <cstdint>
#include <memory>
#include <string>

namespace ternary {

/// What a tensor's elements are. A trit is one signed byte: -1, 0 or +1.
enum class DType : uint8_t { F32, F16, BF16, I8, U8, I32, Trit };

/// "f32", "f16", "bf16", "i8", "i32" or "trit".
llvm::StringRef getName(DType type);
/// Bytes of one element.
int64_t getByteWidth(DType type);
inline bool isFloat(DType type) { return type <= DType::BF16; }

/// "[2, 3]", for messages.
std::string printShape(llvm::ArrayRef<int64_t> shape);
/// With all digits that tell an f32 from others.
std::string printFloat(double number);

/// A dense row-major tensor. Copies are cheap: they share the bytes, which
/// nobody writes to any more once the tensor was handed on.
///
/// The bytes belong to an owner that lives as long as any copy does: a block of
/// memory, or the mapping of a part of a file.
class HostTensor {
public:
  HostTensor() = default;

  /// Bytes that `owner` keeps alive, aligned for the element type.
  HostTensor(DType type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<uint8_t> bytes,
             std::shared_ptr<const void> owner);

  /// Memory of its own, not initialised, aligned to 64 bytes.
  static HostTensor allocate(DType type, llvm::ArrayRef<int64_t> shape);

  DType getDType() const { return type; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t getDim(unsigned i) const { return shape[i]; }
  int64_t getNumElements() const { return bytes.size() / getByteWidth(type); }
  llvm::ArrayRef<uint8_t> getBytes() const { return bytes; }

  /// The elements as `T`, which has their size; 16-bit floats are uint16_t.
  template <typename T> llvm::ArrayRef<T> getValues() const {
    assert(sizeof(T) == size_t(getByteWidth(type)) && "wrong element size");
    return {reinterpret_cast<const T *>(bytes.data()), bytes.size() / sizeof(T)};
  }

  /// The bytes and the elements of a tensor from `allocate`, to fill in.
  llvm::MutableArrayRef<uint8_t> getMutableBytes() {
    assert(writable && "borrowed bytes are read-only");
    return {const_cast<uint8_t *>(bytes.data()), bytes.size()};
  }
  template <typename T> llvm::MutableArrayRef<T> getMutableValues() {
    llvm::ArrayRef<T> values = getValues<T>();
    return {reinterpret_cast<T *>(getMutableBytes().data()), values.size()};
  }

private:
  DType type = DType::F32;
  bool writable = false;
  llvm::SmallVector<int64_t, 2> shape = {0};
  llvm::ArrayRef<uint8_t> bytes;
  std::shared_ptr<const void> owner;
};

/// Extends `count` floats of `type` to f32, which is exact.
void convertToFloat32(DType type, const void *input, float *output, int64_t count);

/// The bits of the f16 or bf16 nearest to `value`, ties to even. What lies beyond
/// the largest becomes infinite; NaN stays NaN.
uint16_t roundToFloat16(float value);
uint16_t roundToBFloat16(float value);

/// `tensor` as `type`: itself, or f16 and bf16 extended to f32. Anything else
/// is an error, because it would not be exact.
llvm::Expected<HostTensor> convert(const HostTensor &tensor, DType type);

/// An error that names the first element of a float tensor that is NaN or
/// infinite, if there is one.
llvm::Error checkFinite(const HostTensor &tensor);

} // namespace ternary

#endif // TERNARY_SUPPORT_HOSTTENSOR_H
