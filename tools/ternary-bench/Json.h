//===- Json.h - Writing JSON ------------------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYBENCH_JSON_H
#define TERNARY_TOOLS_TERNARYBENCH_JSON_H

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace ternary::bench {

/// A JSON value as text; objects and arrays grow by `add`.
class Json {
public:
  static Json object() { return Json("{", "}"); }
  static Json array() { return Json("[", "]"); }

  Json &add(const char *key, const std::string &value) { return append(key, quote(value)); }
  Json &add(const char *key, int64_t value) { return append(key, std::to_string(value)); }
  Json &add(const char *key, double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.6g", value);
    return append(key, std::isfinite(value) ? text : "null");
  }
  Json &add(const char *key, const Json &value) { return append(key, value.text()); }
  /// An element of an array.
  Json &add(const Json &value) { return append(nullptr, value.text()); }

  std::string text() const { return open + members + close; }

private:
  Json(const char *open, const char *close) : open(open), close(close) {}

  static std::string quote(const std::string &value) {
    std::string quoted = "\"";
    for (char c : value) {
      char escape[8];
      if (c == '"' || c == '\\')
        quoted.append({'\\', c});
      else if (static_cast<unsigned char>(c) < 0x20 &&
               std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c)))
        quoted.append(escape);
      else
        quoted.push_back(c);
    }
    return quoted + "\"";
  }

  Json &append(const char *key, const std::string &value) {
    if (!members.empty())
      members += ", ";
    if (key)
      members += quote(key) + ": ";
    members += value;
    return *this;
  }

  const char *open, *close;
  std::string members;
};

} // namespace ternary::bench

#endif // TERNARY_TOOLS_TERNARYBENCH_JSON_H
