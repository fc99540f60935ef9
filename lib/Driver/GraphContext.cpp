//===- GraphContext.cpp - Where graphs are parsed -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphContext.h"
#include "mlir/Parser/Parser.h"
#include "ternary/InitAll.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ternary;

GraphContext::GraphContext() {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
      return mlir::failure();
    if (firstDiagnostic.empty()) {
      raw_string_ostream os(firstDiagnostic);
      if (auto loc = diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>())
        os << loc.getFilename().getValue() << ":" << loc.getLine() << ":" << loc.getColumn()
           << ": ";
      os << diagnostic;
    }
    return mlir::success();
  });
}

/// Parsers of nested text use the stack, so a graph must not nest without end.
static bool nestsTooDeeply(StringRef text) {
  constexpr int kMaxDepth = 1000;
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"')
      inString = !inString;
    else if (inString)
      i += c == '\\';
    else if (c == '(' || c == '[' || c == '{')
      ++depth;
    else if ((c == ')' || c == ']' || c == '}') && depth > 0)
      --depth;
    if (depth > kMaxDepth)
      return true;
  }
  return false;
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> GraphContext::parse(StringRef text, StringRef name) {
  if (nestsTooDeeply(text))
    return createStringError("cannot read '" + name +
                             "': expected brackets of at most 1000 levels, got more");
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, name);
  if (!module)
    return failed("cannot read '" + name + "'");
  return module;
}

Error GraphContext::failed(const Twine &otherwise) {
  return createStringError(firstDiagnostic.empty() ? otherwise.str() : firstDiagnostic);
}
