//===- EmbeddedRuntime.cpp - Code and headers that go into objects --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/EmbeddedRuntime.h"
#include "EmbeddedFiles.h"

#include <cctype>

using namespace ternary;

/// The contents of a file; empty if there is none of that name.
static std::string_view getFile(std::string_view name) {
  for (size_t i = 0; i < embedded::fileCount; ++i)
    if (embedded::files[i].name == name)
      return embedded::files[i].bytes;
  return {};
}

std::string_view ternary::getRuntimeBitcode(std::string_view part, std::string_view arch) {
  return getFile(std::string(part).append(".").append(arch));
}

std::string_view ternary::getRuntimeArchitectures() { return TERNARY_RUNTIME_ARCHITECTURES; }

static bool isIdentifierChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/// Appends `text` with `from` replaced by `to` wherever it starts an
/// identifier.
static std::string renamePrefix(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  size_t done = 0;
  for (size_t at = text.find(from); at != std::string_view::npos;
       at = text.find(from, at + from.size())) {
    if (at > 0 && isIdentifierChar(text[at - 1]))
      continue;
    result.append(text.substr(done, at - done)).append(to);
    done = at + from.size();
  }
  return result.append(text.substr(done));
}

/// Gives the names of a header the model's prefix.
static std::string renameAll(std::string text, std::string_view prefix) {
  std::string lower(prefix), upper(prefix);
  for (char &c : upper)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  text = renamePrefix(text, "ternary_", lower + "_");
  return renamePrefix(text, "TERNARY_", upper + "_");
}

std::string ternary::makeModelHeader(std::string_view prefix) {
  constexpr std::string_view include = "#include \"ternary/abi.h\"\n";
  std::string text(getFile("abi.h"));
  text.append("\n").append(getFile("session.h"));
  text.erase(text.find(include), include.size());
  return renameAll(std::move(text), prefix);
}

std::string ternary::makeTrainingHeader(std::string_view prefix) {
  std::string declaration = "\nextern const ternary_training_descriptor "
                            "ternary_training_descriptor_instance;\n";
  return renameAll(std::string(getFile("training.h")) + declaration, prefix);
}
