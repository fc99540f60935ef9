//===- Error.h - How the runtime reports errors -----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_ERROR_H
#define TERNARY_RUNTIME_ERROR_H

#include <sstream>
#include <stdexcept>

namespace ternary::runtime {

/// One line for the user: lower case, no full stop, what was expected and
/// found.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Throws an Error whose text is all `parts` in a row.
template <typename... Parts> [[noreturn]] void fail(const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_ERROR_H
