//===- Json.h - JSON, read and written with errors thrown -------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_LIB_JSON_H
#define TERNARY_RUNTIME_LIB_JSON_H

#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/FileKind.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

namespace ternary::runtime {

using Json = nlohmann::json;

/// Parses an object from a file named `path` in errors. An object whose keys are
/// not unique is refused, since readers differ in which value they take.
inline Json parseJsonObject(const std::string &path, std::string_view text) {
  std::set<std::string> keys;
  std::string repeated;
  auto check = [&](int depth, Json::parse_event_t event, Json &parsed) {
    if (depth == 1 && event == Json::parse_event_t::key &&
        !keys.insert(parsed.get_ref<const std::string &>()).second)
      repeated = parsed.get_ref<const std::string &>();
    return true;
  };
  Json value = Json::parse(text.begin(), text.end(), check, /*allow_exceptions=*/false);
  if (std::string_view placeholder = describePlaceholder(text); !placeholder.empty())
    fail(path, ": expected a JSON object, found ", placeholder);
  if (!value.is_object())
    fail(path, ": expected a JSON object, found ",
         value.is_discarded() ? "malformed JSON" : value.type_name());
  if (!repeated.empty())
    fail(path, ": expected unique keys, found '", repeated, "' twice");
  return value;
}

/// As JSON; bytes that are no UTF-8 become U+FFFD.
inline std::string quoteJson(const std::string &text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The value of `key`, or null.
inline const Json *findJson(const Json &object, const char *key) {
  auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_LIB_JSON_H
