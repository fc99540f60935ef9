//===- TernaryToLinalg.cpp - Layers in upstream's dialects ----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops are rewritten first, with casts between weights and their plain types, and
// types everywhere after that. So ops of others that hold weights, as calls and
// branches, need no pattern.
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ternary/Conversion/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_CONVERTTERNARYTOLINALG
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;
using namespace ternary::linalg_form;

namespace {
struct DecomposeLayer : OpInterfaceRewritePattern<ModelOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(ModelOpInterface op, PatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, op.decompose(rewriter));
    return success();
  }
};

bool isWeightInMemory(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && (isa<TritType>(memref.getElementType()) ||
                    isa<WeightLayoutAttrInterface>(memref.getLayout()));
}

/// Errors at the first op that has no other form.
LogicalResult verifyConverted(ModuleOp module) {
  WalkResult result = module.walk<WalkOrder::PreOrder>([](Operation *op) -> WalkResult {
    if (isa_and_nonnull<TernaryDialect>(op->getDialect()))
      return op->emitError() << "expected layers and what they consist of, on tensors, got '"
                             << op->getName() << "'";
    SmallVector<Type> types(op->getResultTypes());
    if (auto function = dyn_cast<FunctionOpInterface>(op)) {
      llvm::append_range(types, function.getArgumentTypes());
      llvm::append_range(types, function.getResultTypes());
    }
    if (const auto *found = llvm::find_if(types, isWeightInMemory); found != types.end())
      return op->emitError() << "expected weights on tensors, got " << *found;
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Plain types in the place of those of weights, casts between which are gone then.
void convertTypes(ModuleOp module) {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](RankedTensorType type) -> Type { return getPlainType(type); });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  module.walk([](UnrealizedConversionCastOp cast) {
    if (!llvm::equal(cast.getOperandTypes(), cast.getResultTypes()))
      return;
    cast.replaceAllUsesWith(cast.getOperands());
    cast.erase();
  });
}

struct ConvertTernaryToLinalg : ternary::impl::ConvertTernaryToLinalgBase<ConvertTernaryToLinalg> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeLayer>(&getContext());
    populateRowOpPatterns(patterns);
    populateProductOpPatterns(patterns);
    populateWeightOpPatterns(patterns);
    populateScanOpPatterns(patterns);
    populateLookupOpPatterns(patterns);
    populateAttentionPatterns(patterns);
    // So that sizes are those of operands in their new form, which say where they come from.
    GreedyRewriteConfig topDown;
    topDown.setUseTopDownTraversal();
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), topDown)) ||
        failed(verifyConverted(getOperation())))
      return signalPassFailure();
    convertTypes(getOperation());
  }
};
} // namespace
