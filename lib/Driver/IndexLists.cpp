//===- IndexLists.cpp - Lists of dimensions in text of a graph ----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IndexLists.h"
#include "GraphText.h"

using namespace llvm;
using namespace ternary;

static StringRef skipSpace(StringRef rest) {
  for (;;) {
    rest = rest.ltrim();
    if (!rest.starts_with("//"))
      return rest;
    rest = rest.drop_until([](char c) { return c == '\n'; });
  }
}

/// Removes an integer of 64 bits with a sign or none from the start.
static bool consumeInteger(StringRef &rest) {
  (void)rest.consume_front("-");
  StringRef digits = rest.take_while([](char c) { return isAlnum(c); });
  rest = rest.drop_front(digits.size());
  uint64_t value;
  return !digits.getAsInteger(digits.starts_with("0x") ? 0 : 10, value) && value >> 63 == 0;
}

static bool startsWithList(StringRef rest) {
  rest = skipSpace(rest);
  if (!rest.consume_front("["))
    return false;
  rest = skipSpace(rest);
  if (rest.starts_with("]"))
    return true;
  for (;;) {
    if (!consumeInteger(rest))
      return false;
    rest = skipSpace(rest);
    if (rest.starts_with("]"))
      return true;
    if (!rest.consume_front(","))
      return false;
    rest = skipSpace(rest);
  }
}

std::optional<size_t> ternary::findBrokenIndexList(StringRef text) {
  StringRef rest = text;
  char before = 0; // the last character that is neither space nor in a comment
  while (!(rest = skipSpace(rest)).empty()) {
    if (rest.front() == '"') {
      rest = skipString(rest);
      before = '"';
      continue;
    }
    StringRef word = rest.take_while(isIdentifier);
    if (word.empty()) {
      before = rest.front();
      rest = rest.drop_front();
      continue;
    }
    rest = rest.drop_front(word.size());
    if (before == ')' && (word == "dimensions" || word == "permutation")) {
      StringRef list = skipSpace(rest);
      if (list.consume_front("=") && !startsWithList(list))
        return skipSpace(list).data() - text.data();
    }
    before = word.back();
  }
  return std::nullopt;
}
