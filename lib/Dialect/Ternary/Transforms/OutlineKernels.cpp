//===- OutlineKernels.cpp - Each distinct kernel once -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All layers of a model run the same few kernels on different memory. A kernel is
// large once it is vectorised and unrolled, so it is made once and called: code size
// and compile time stay those of one layer. What differs between layers is where
// operands lie; an offset that is part of a memref's type would keep equal kernels
// apart, so operands are cast to dynamic offsets first.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYOUTLINEKERNELS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// `type`, less its place in memory.
MemRefType dropOffset(MemRefType type) {
  auto layout = dyn_cast<StridedLayoutAttr>(type.getLayout());
  if (!layout)
    return type;
  auto anywhere =
      StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic, layout.getStrides());
  return MemRefType::get(type.getShape(), type.getElementType(), anywhere, type.getMemorySpace());
}

/// Whether one function can do what both kernels do: only the values of their operands
/// may differ.
bool isSameKernel(Operation *lhs, Operation *rhs) {
  return lhs->getName() == rhs->getName() && lhs->getAttrDictionary() == rhs->getAttrDictionary() &&
         lhs->getOperandTypes() == rhs->getOperandTypes() &&
         llvm::all_of(llvm::zip_equal(lhs->getRegions(), rhs->getRegions()), [](auto regions) {
           return OperationEquivalence::isRegionEquivalentTo(
               &std::get<0>(regions), &std::get<1>(regions), OperationEquivalence::IgnoreLocations);
         });
}

class OutlineKernels : public ternary::impl::TernaryOutlineKernelsBase<OutlineKernels> {
public:
  void runOnOperation() override {
    SymbolTable symbolTable(getOperation());
    SmallVector<func::FuncOp> steps, others;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (isEntry(func))
        (isOrdinary(func) ? others : steps).push_back(func);
    // Steps have threads, which their kernels share.
    for (ArrayRef<func::FuncOp> funcs : {ArrayRef(steps), ArrayRef(others)}) {
      SmallVector<Outlined> outlined;
      for (func::FuncOp func : funcs) {
        SmallVector<KernelOpInterface> kernels;
        func.walk([&](KernelOpInterface op) { kernels.push_back(op); });
        for (KernelOpInterface kernel : kernels)
          if (failed(outline(kernel, funcs.front(), symbolTable, outlined)))
            return signalPassFailure();
      }
    }
  }

private:
  /// A function, and the kernel that it holds.
  struct Outlined {
    func::FuncOp func;
    Operation *kernel;
  };

  LogicalResult outline(KernelOpInterface kernel, func::FuncOp first, SymbolTable &symbolTable,
                        SmallVectorImpl<Outlined> &outlined) {
    OpBuilder builder(kernel);
    for (OpOperand &operand : kernel->getOpOperands()) {
      auto type = dyn_cast<MemRefType>(operand.get().getType());
      if (!type && operand.get().getType().isIntOrIndexOrFloat())
        continue;
      if (!type)
        return kernel->emitOpError()
               << "expected operands to be memrefs or scalars, got " << operand.get().getType();
      if (MemRefType anywhere = dropOffset(type); anywhere != type)
        operand.set(memref::CastOp::create(builder, kernel->getLoc(), anywhere, operand.get()));
    }
    auto *known = llvm::find_if(
        outlined, [&](const Outlined &other) { return isSameKernel(kernel, other.kernel); });
    if (known == outlined.end()) {
      outlined.push_back(createFunction(kernel, first, symbolTable));
      known = &outlined.back();
      ++numFunctions;
    }
    func::CallOp::create(builder, kernel->getLoc(), known->func, kernel->getOperands());
    kernel->erase();
    ++numCalls;
    return success();
  }

  Outlined createFunction(KernelOpInterface kernel, func::FuncOp first, SymbolTable &symbolTable) {
    OpBuilder builder(&getContext());
    Location loc = kernel->getLoc();
    auto func = func::FuncOp::create(builder, loc, kernel.getShortName(),
                                     builder.getFunctionType(kernel->getOperandTypes(), {}));
    func.setPrivate();
    // Inlined into a step it would be lost to profiles, and calls cost nothing here.
    func.setNoInline(true);
    func->setAttr(kKernelAttr, builder.getUnitAttr());
    symbolTable.insert(func, first->getIterator());

    builder.setInsertionPointToStart(func.addEntryBlock());
    Operation *clone = builder.clone(*kernel);
    clone->setOperands(func.getArguments());
    func::ReturnOp::create(builder, loc);
    return {func, clone};
  }
};
} // namespace
