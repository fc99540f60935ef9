//===- ClassicLocale.h - Text that is the same everywhere -----------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_CLASSICLOCALE_H
#define TERNARY_SUPPORT_CLASSICLOCALE_H

#include <locale.h>

namespace ternary {

/// The locale "C" for the calling thread, while this exists. LLVM reads and writes numbers
/// with functions of the C library, which follow the locale that the program has set: with
/// a decimal comma "1.5" is no number, and 1.5 is written as "1,5".
class ClassicLocale {
public:
  ClassicLocale() : classic(newlocale(LC_ALL_MASK, "C", nullptr)), previous(uselocale(classic)) {}
  ~ClassicLocale() {
    uselocale(previous);
    freelocale(classic);
  }
  ClassicLocale(const ClassicLocale &) = delete;
  ClassicLocale &operator=(const ClassicLocale &) = delete;

private:
  locale_t classic, previous;
};

} // namespace ternary

#endif // TERNARY_SUPPORT_CLASSICLOCALE_H
