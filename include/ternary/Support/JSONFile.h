//===- JSONFile.h - JSON that is not trusted --------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_SUPPORT_JSONFILE_H
#define TERNARY_SUPPORT_JSONFILE_H

#include "llvm/Support/JSON.h"

namespace ternary {

/// "FILE: MESSAGE"; FILE may also be a place in a file. One line: control characters, which names
/// in foreign files may have, become \xNN.
llvm::Error makeFileError(const llvm::Twine &file, const llvm::Twine &message);

/// An error if the bytes of a file are no such file but what downloads leave in place of one.
llvm::Error checkFileKind(llvm::StringRef bytes, const llvm::Twine &file);

/// The text of a file, an error if something else stands in its place.
llvm::Expected<std::string> readTextFile(llvm::StringRef path);

/// Parses an object from a file, which is named in errors. Unlike the parser of
/// LLVM it refuses deep nesting, which would exhaust the stack, and two members
/// of the same name.
llvm::Expected<llvm::json::Object> parseJSONObject(llvm::StringRef text, llvm::StringRef file);

/// Reads a file of at most `maxBytes` that holds one object.
llvm::Expected<llvm::json::Object> readJSONFile(llvm::StringRef path, uint64_t maxBytes);

/// The size of a file, an error if it is not a regular file.
llvm::Expected<uint64_t> getRegularFileSize(llvm::StringRef path);

} // namespace ternary

#endif // TERNARY_SUPPORT_JSONFILE_H
