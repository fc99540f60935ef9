//===- GraphContext.cpp - Where graphs are parsed -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphContext.h"
#include "IndexLists.h"
#include "NestingDepth.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Parser/Parser.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/InitAll.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBufferRef.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ternary;

GraphContext::GraphContext() {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  // The attribute of a target is made before a module is read.
  context.loadDialect<TernaryDialect>();
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

/// Keeps the names that `text` has for arguments of functions, which IR does not have: their
/// locations are where these stand.
static void keepArgumentNames(mlir::ModuleOp module, StringRef text) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (auto func : module.getOps<mlir::func::FuncOp>()) {
    if (!isOrdinary(func))
      continue;
    for (mlir::BlockArgument argument : func.getArguments()) {
      auto place = dyn_cast<mlir::FileLineColLoc>(argument.getLoc());
      if (!place || place.getLine() == 0 || place.getLine() > lines.size() ||
          func.getArgAttr(argument.getArgNumber(), kNameAttr))
        continue;
      StringRef rest = lines[place.getLine() - 1].substr(place.getColumn() - 1);
      if (!rest.consume_front("%"))
        continue;
      StringRef name =
          rest.take_while([](char c) { return isAlnum(c) || StringRef("$._-").contains(c); });
      func.setArgAttr(argument.getArgNumber(), kNameAttr,
                      mlir::StringAttr::get(func.getContext(), name));
    }
  }
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> GraphContext::parse(StringRef text, StringRef name) {
  // Bytecode has a reader of its own, and nests where nothing shows it.
  if (mlir::isBytecode(MemoryBufferRef(text, name)))
    return createStringError("cannot read '" + name + "': expected MLIR as text, got bytecode");
  // The parser uses the stack for what is nested: up to 3 KB for a level.
  constexpr int64_t kMaxDepth = 1000;
  if (nestsDeeperThan(text, kMaxDepth))
    return createStringError("cannot read '" + name + "': expected at most " + Twine(kMaxDepth) +
                             " levels of nesting, got more");
  if (std::optional<size_t> place = findBrokenIndexList(text)) {
    StringRef before = text.take_front(*place);
    size_t line = before.count('\n') + 1, column = *place - (before.rfind('\n') + 1) + 1;
    return createStringError(name + ":" + Twine(line) + ":" + Twine(column) +
                             ": expected a list of dimensions such as [0, 1]");
  }
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, name);
  if (!module)
    return failed("cannot read '" + name + "'");
  keepArgumentNames(*module, text);
  return module;
}

Error GraphContext::failed(const Twine &otherwise) {
  return createStringError(firstDiagnostic.empty() ? otherwise.str() : firstDiagnostic);
}
