//===- PackedRows.cpp - Trits as Transformers packs them ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/PackedRows.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace ternary;

SmallVector<int64_t, 2> ternary::getPackedRowsShape(ArrayRef<int64_t> shape) {
  return {shape[0] / kRowsInByte, shape[1]};
}

Expected<HostTensor> ternary::packRows(const HostTensor &trits) {
  if (trits.getDim(0) % kRowsInByte != 0)
    return createStringError("expected a multiple of " + Twine(kRowsInByte) +
                             " rows to pack, got " + Twine(trits.getDim(0)));
  HostTensor packed = HostTensor::allocate(DType::U8, getPackedRowsShape(trits.getShape()));
  MutableArrayRef<uint8_t> bytes = packed.getMutableBytes();
  ArrayRef<int8_t> values = trits.getValues<int8_t>();
  for (auto [i, byte] : enumerate(bytes)) {
    byte = 0;
    for (int64_t part = 0; part < kRowsInByte; ++part)
      byte |= (values[part * bytes.size() + i] + 1) << 2 * part;
  }
  return packed;
}

Expected<HostTensor> ternary::unpackRows(const HostTensor &packed) {
  int64_t rows = packed.getDim(0), columns = packed.getDim(1);
  HostTensor trits = HostTensor::allocate(DType::Trit, {rows * kRowsInByte, columns});
  ArrayRef<uint8_t> bytes = packed.getBytes();
  MutableArrayRef<int8_t> values = trits.getMutableValues<int8_t>();
  for (int64_t part = 0; part < kRowsInByte; ++part)
    for (size_t i = 0; i < bytes.size(); ++i) {
      int code = bytes[i] >> 2 * part & 3;
      if (code == 3)
        return createStringError("expected trits as codes 0, 1 and 2, got 3 in row " +
                                 Twine(part * rows + i / columns));
      values[part * bytes.size() + i] = code - 1;
    }
  return trits;
}
