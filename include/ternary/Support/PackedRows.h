//===- PackedRows.h - Trits as Transformers packs them ----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight [N, K] is u8 [N/4, K]: row i·N/4 + r lies in bits 2i and 2i + 1 of row r, as trit + 1.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_PACKEDROWS_H
#define TERNARY_SUPPORT_PACKEDROWS_H

#include "ternary/Support/HostTensor.h"

namespace ternary {

/// Rows of a weight in one of the packed form, which has to divide N.
inline constexpr int64_t kRowsInByte = 4;

/// The shape [N/4, K] of a weight [N, K].
llvm::SmallVector<int64_t, 2> getPackedRowsShape(llvm::ArrayRef<int64_t> shape);

/// Trits [N, K] as u8 [N/4, K]. An error if N is no multiple of 4.
llvm::Expected<HostTensor> packRows(const HostTensor &trits);

/// The trits [N, K] of u8 [N/4, K]. An error names a row with a code that is no trit.
llvm::Expected<HostTensor> unpackRows(const HostTensor &packed);

} // namespace ternary

#endif // TERNARY_SUPPORT_PACKEDROWS_H
