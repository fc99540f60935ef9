//===- ByteSize.cpp - Sizes of memory as people write them --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/ByteSize.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

std::optional<int64_t> ternary::parseByteSize(StringRef text) {
  StringRef unit = text.drop_while([](char c) { return isDigit(c) || c == '.'; });
  StringRef number = text.drop_back(unit.size());
  double factor = StringSwitch<double>(unit)
                      .Case("B", 1)
                      .Case("kB", 1e3)
                      .Case("MB", 1e6)
                      .Case("GB", 1e9)
                      .Case("TB", 1e12)
                      .Case("KiB", 0x1p10)
                      .Case("MiB", 0x1p20)
                      .Case("GiB", 0x1p30)
                      .Case("TiB", 0x1p40)
                      .Default(0);
  double value = 0;
  if (!number.starts_with(".") && !number.ends_with(".") && !number.getAsDouble(value))
    value *= factor;
  else
    value = 0;
  if (!(value >= 1 && value < 0x1p63))
    return std::nullopt;
  return static_cast<int64_t>(value);
}
