//===- Target.cpp - The targets that are known ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/Target.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace ternary;

Target::~Target() = default;

static std::vector<std::unique_ptr<const Target>> &getRegistry() {
  static std::vector<std::unique_ptr<const Target>> registry;
  return registry;
}

void ternary::registerTarget(std::unique_ptr<const Target> target) {
  assert(!lookupTarget(target->getName()) && "expected one target of a name");
  getRegistry().push_back(std::move(target));
}

ArrayRef<std::unique_ptr<const Target>> ternary::getTargets() { return getRegistry(); }

const Target *ternary::lookupTarget(StringRef name) {
  for (const auto &target : getTargets())
    if (target->getName() == name)
      return target.get();
  return nullptr;
}

const Target *ternary::lookupTargetOf(mlir::Operation *op) {
  TargetAttrInterface attribute = getTargetOf(op);
  return attribute ? lookupTarget(attribute.getTargetName()) : nullptr;
}

std::string ternary::getTargetNames() {
  return join(map_range(getTargets(), [](const auto &target) { return target->getName().str(); }),
              ", ");
}
