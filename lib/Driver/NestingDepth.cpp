//===- NestingDepth.cpp - How deep text of a graph nests -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NestingDepth.h"
#include "GraphText.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;
using namespace ternary;

namespace {
class NestingScanner {
public:
  NestingScanner(StringRef text, int64_t limit) : rest(text), limit(limit) {}

  bool exceedsLimit() {
    while (!rest.empty() && deepest <= limit)
      scanToken();
    return deepest > limit;
  }

private:
  /// An open bracket, and how many operators stand before the current place in an expression
  /// within it.
  struct Level {
    char close;
    int64_t operators = 0;
  };

  void scanToken() {
    char c = rest.front();
    if (rest.starts_with("//"))
      rest = rest.drop_until([](char c) { return c == '\n'; });
    else if (rest.starts_with("->") || rest.starts_with(">=") || rest.starts_with("<="))
      rest = rest.drop_front(2);
    else if (c == '"')
      rest = skipString(rest);
    else if (c == '#' || c == '!')
      scanAlias();
    else if (isIdentifier(c))
      scanWord();
    else {
      rest = rest.drop_front();
      scanPunctuation(c);
    }
  }

  void scanWord() {
    StringRef word = rest.take_while(isIdentifier);
    rest = rest.drop_front(word.size());
    if (word == "mod" || word == "floordiv" || word == "ceildiv")
      addOperator();
  }

  /// A definition lasts until the next one: what is between belongs to it or cannot be read.
  void scanAlias() {
    size_t length =
        1 + rest.drop_front().take_while([](char c) { return isIdentifier(c) || c == '-'; }).size();
    StringRef name = rest.take_front(length);
    rest = rest.drop_front(length);
    if (levels.empty() && rest.ltrim().starts_with("=")) {
      definition = &aliases[name];
      return;
    }
    if (auto known = aliases.find(name); known != aliases.end())
      reach(depth + 1 + known->second);
  }

  void scanPunctuation(char c) {
    switch (c) {
    case '(':
      return open(')');
    case '[':
      return open(']');
    case '{':
      return open('}');
    case '<':
      return open('>');
    case ')':
    case ']':
    case '}':
    case '>':
      if (levels.empty() || levels.back().close != c)
        return;
      endExpression();
      levels.pop_back();
      --depth;
      return;
    case ',':
      return endExpression();
    case '+':
    case '-':
    case '*':
      return addOperator();
    default:
      return;
    }
  }

  void open(char close) {
    levels.push_back({close});
    reach(++depth);
  }

  /// Affine expressions are in parentheses or square brackets.
  void addOperator() {
    if (levels.empty() || (levels.back().close != ')' && levels.back().close != ']'))
      return;
    ++levels.back().operators;
    reach(++depth);
  }

  void endExpression() {
    if (!levels.empty())
      depth -= std::exchange(levels.back().operators, 0);
  }

  void reach(int64_t newDepth) {
    deepest = std::max(deepest, newDepth);
    if (definition)
      *definition = std::max(*definition, newDepth);
  }

  StringRef rest;
  int64_t limit;
  SmallVector<Level> levels;
  /// Open brackets and the operators before them.
  int64_t depth = 0;
  int64_t deepest = 0;
  /// How deep aliases are, and the one that is being defined.
  StringMap<int64_t> aliases;
  int64_t *definition = nullptr;
};
} // namespace

bool ternary::nestsDeeperThan(StringRef text, int64_t limit) {
  return NestingScanner(text, limit).exceedsLimit();
}
