//===- ternary-opt.cpp - mlir-opt with our dialects, passes and pipelines ----===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "ternary/InitAll.h"
#include "llvm/Support/CommandLine.h"

#ifdef TERNARY_BUILD_TESTS
namespace ternary {
void registerTestPasses(); // test/lib
} // namespace ternary
#endif

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  ternary::registerAllDialects(registry);
  ternary::registerAllPasses();
#ifdef TERNARY_BUILD_TESTS
  ternary::registerTestPasses();
#endif
  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &os) { os << "Ternary " TERNARY_VERSION "\n"; });
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Ternary optimizer driver\n", registry));
}
