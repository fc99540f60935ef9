//===- JSONFile.cpp - JSON that is not trusted ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Support/JSONFile.h"
#include "ternary/Runtime/FileKind.h"
#include "ternary/Support/ClassicLocale.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace ternary;

/// Deeper than any file that we read goes.
static constexpr size_t kMaxDepth = 16;

Error ternary::makeFileError(const Twine &file, const Twine &message) {
  std::string line;
  for (char c : (file + ": " + message).str()) {
    if (isPrint(c) || static_cast<unsigned char>(c) > 0x7f)
      line += c;
    else
      line += "\\x" + utohexstr(static_cast<unsigned char>(c), /*LowerCase=*/true, /*Width=*/2);
  }
  return createStringError(line);
}

Error ternary::checkFileKind(StringRef bytes, const Twine &file) {
  std::string_view placeholder = describePlaceholder(bytes);
  if (placeholder.empty())
    return Error::success();
  return makeFileError(file, "expected the file itself, got " + StringRef(placeholder));
}

Expected<std::string> ternary::readTextFile(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return makeFileError(path, "cannot read: " + buffer.getError().message());
  if (Error error = checkFileKind((*buffer)->getBuffer(), path))
    return error;
  return (*buffer)->getBuffer().str();
}

/// Skips the string that starts after a quote at `begin`; returns its end.
static size_t findEndOfString(StringRef text, size_t begin) {
  size_t end = begin;
  while (end < text.size() && text[end] != '"')
    end += text[end] == '\\' ? 2 : 1;
  return std::min(end, text.size());
}

/// A name as it is without escapes; as it stands if it is damaged, which the parser finds.
static std::string unescape(StringRef quoted) {
  if (!quoted.contains('\\'))
    return quoted.str();
  Expected<json::Value> value = json::parse(("\"" + quoted + "\"").str());
  if (!value) {
    consumeError(value.takeError());
    return quoted.str();
  }
  return value->getAsString().value_or(quoted).str();
}

/// Finds what the parser does not. Text that is no JSON at all passes: the
/// parser comes next.
static Error checkStructure(StringRef text, StringRef file) {
  SmallVector<StringSet<>> open; // member names of each open object or array
  StringRef last;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
    case '"': {
      size_t end = findEndOfString(text, i + 1);
      last = text.slice(i + 1, end);
      i = end;
      break;
    }
    case '{':
    case '[':
      if (open.size() == kMaxDepth)
        return makeFileError(file,
                             "expected JSON of at most " + Twine(kMaxDepth) + " levels, got more");
      open.emplace_back();
      break;
    case '}':
    case ']':
      if (!open.empty())
        open.pop_back();
      break;
    case ':':
      if (std::string name = unescape(last); !open.empty() && !open.back().insert(name).second)
        return makeFileError(file, "expected different names, got '" + name + "' twice");
      break;
    default:
      break;
    }
  }
  return Error::success();
}

Expected<json::Object> ternary::parseJSONObject(StringRef text, StringRef file) {
  if (Error error = checkFileKind(text, file))
    return error;
  if (Error error = checkStructure(text, file))
    return error;
  ClassicLocale locale;
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return makeFileError(file, "invalid JSON: " + toString(value.takeError()));
  if (json::Object *object = value->getAsObject())
    return std::move(*object);
  return makeFileError(file, "expected a JSON object, got another value");
}

Expected<uint64_t> ternary::getRegularFileSize(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return makeFileError(path, code.message());
  if (!sys::fs::is_regular_file(status))
    return makeFileError(path, "expected a regular file");
  return status.getSize();
}

Expected<json::Object> ternary::readJSONFile(StringRef path, uint64_t maxBytes) {
  Expected<uint64_t> size = getRegularFileSize(path);
  if (!size)
    return size.takeError();
  if (*size > maxBytes)
    return makeFileError(path,
                         "expected at most " + Twine(maxBytes) + " bytes, got " + Twine(*size));
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return makeFileError(path, buffer.getError().message());
  return parseJSONObject((*buffer)->getBuffer(), path);
}
