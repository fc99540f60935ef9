//===- StripAttributes.cpp - Leave nothing that others cannot read ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Pipelines/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYSTRIPATTRIBUTES
#include "ternary/Pipelines/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
bool isOurs(NamedAttribute attribute) {
  return isa_and_nonnull<TernaryDialect>(attribute.getNameDialect());
}

/// `attributes` less those of the dialect.
SmallVector<NamedAttribute> dropOurs(ArrayRef<NamedAttribute> attributes) {
  return llvm::filter_to_vector(attributes,
                                [](NamedAttribute attribute) { return !isOurs(attribute); });
}

struct StripAttributes : ternary::impl::TernaryStripAttributesBase<StripAttributes> {
  void runOnOperation() override {
    if (!getOperation().getOps<ArchiveOp>().empty())
      return;
    getOperation().walk([](Operation *op) {
      op->setDiscardableAttrs(dropOurs(llvm::to_vector(op->getDiscardableAttrs())));
      auto function = dyn_cast<FunctionOpInterface>(op);
      if (!function)
        return;
      for (unsigned i = 0, e = function.getNumArguments(); i < e; ++i)
        function.setArgAttrs(i, dropOurs(function.getArgAttrs(i)));
      for (unsigned i = 0, e = function.getNumResults(); i < e; ++i)
        function.setResultAttrs(i, dropOurs(function.getResultAttrs(i)));
    });
  }
};
} // namespace
