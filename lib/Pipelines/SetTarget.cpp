//===- SetTarget.cpp - Say what a module is compiled for ------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Pipelines/Passes.h"
#include "ternary/Target/Target.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYSETTARGET
#include "ternary/Pipelines/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
struct SetTarget : ternary::impl::TernarySetTargetBase<SetTarget> {
  using TernarySetTargetBase::TernarySetTargetBase;

  void runOnOperation() override {
    auto known = getOperation()->getAttrOfType<TargetAttrInterface>(kTargetAttr);
    TargetAttrInterface wanted = makeAttribute(known);
    if (!wanted)
      return signalPassFailure();
    if (known && wanted != known) {
      getOperation().emitError() << "expected the module's target, " << known << ", got " << wanted;
      return signalPassFailure();
    }
    getOperation()->setAttr(kTargetAttr, wanted);
  }

private:
  /// What options say, and of what they do not say what `known` says, which may be null. Reports an
  /// error and returns null for options that name nothing.
  TargetAttrInterface makeAttribute(TargetAttrInterface known) {
    StringRef name = !target.empty() ? StringRef(target) : known ? known.getTargetName() : "cpu";
    const Target *named = lookupTarget(name);
    if (!named) {
      getOperation().emitError() << "expected target " << getTargetNames() << ", got '" << name
                                 << "'";
      return nullptr;
    }
    if (!threads.empty() && threads != "team" && threads != "none") {
      getOperation().emitError() << "expected threads team or none, got '" << threads << "'";
      return nullptr;
    }
    TargetRequest request;
    request.kernel = kernel;
    if (!threads.empty())
      request.threads = threads == "team";
    llvm::Expected<TargetAttrInterface> attribute =
        named->getAttribute(&getContext(), request, known);
    if (attribute)
      return *attribute;
    getOperation().emitError() << llvm::toString(attribute.takeError());
    return nullptr;
  }
};
} // namespace
