#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "ternary/InitAll.h"
#include "llvm/Support/raw_ostream.h"

int main() {
  mlir::DialectRegistry registry;
  ternary::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      "func.func private @weights() -> tensor<2x4x!ternary.trit>", &context);
  if (!module)
    return 1;
  llvm::outs() << "compiler: " << *module << "\n";
  return 0;
}
