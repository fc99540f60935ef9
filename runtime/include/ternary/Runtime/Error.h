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
#include <string>
#include <string_view>
#include <type_traits>

namespace ternary::runtime {

/// One line for the user: lower case, no full stop, what was expected and
/// found.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Text of unknown origin made fit for one line: control characters and what is
/// no UTF-8 as \xNN, and of very long text only the two ends.
std::string printable(std::string_view text);

/// Throws an Error whose text is all `parts` in a row, each of them printable.
template <typename... Parts> [[noreturn]] void fail(const Parts &...parts) {
  std::ostringstream text;
  auto append = [&](const auto &part) {
    using Part = std::decay_t<decltype(part)>;
    if constexpr (std::is_same_v<Part, char>)
      text << printable({&part, 1});
    else if constexpr (std::is_convertible_v<Part, std::string_view>)
      text << printable(part);
    else
      text << part;
  };
  (append(parts), ...);
  throw Error(text.str());
}

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_ERROR_H
