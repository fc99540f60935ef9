//===- TernaryDialect.cpp - Types, attributes, registration ----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ternary;

#include "ternary/Dialect/Ternary/IR/TernaryDialect.cpp.inc"
#include "ternary/Dialect/Ternary/IR/TernaryEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "ternary/Dialect/Ternary/IR/TernaryAttributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "ternary/Dialect/Ternary/IR/TernaryAttrInterfaces.cpp.inc"
#include "ternary/Dialect/Ternary/IR/TernaryInterfaces.cpp.inc"
#include "ternary/Dialect/Ternary/IR/TernaryTypes.cpp.inc"

namespace {
/// Our ops compute the same wherever they are.
struct TernaryInlinerInterface : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;

  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final { return true; }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final { return true; }
};
} // namespace

void TernaryDialect::initialize() {
  addInterfaces<TernaryInlinerInterface>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ternary/Dialect/Ternary/IR/TernaryAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "ternary/Dialect/Ternary/IR/TernaryTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ternary/Dialect/Ternary/IR/TernaryOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes on other dialects' ops
//===----------------------------------------------------------------------===//

template <typename AttrTy>
static LogicalResult verifyKind(Operation *op, NamedAttribute attribute, StringRef kind) {
  if (isa<AttrTy>(attribute.getValue()))
    return success();
  return op->emitError() << "expected '" << attribute.getName().getValue() << "' to be " << kind
                         << ", got " << attribute.getValue();
}

/// A dictionary of strings, 64-bit integers and arrays of these.
static LogicalResult verifyModel(Operation *op, Attribute model) {
  auto fields = dyn_cast<DictionaryAttr>(model);
  if (!fields)
    return op->emitError() << "expected '" << kModelAttr << "' to be a dictionary, got " << model;
  for (NamedAttribute field : fields) {
    auto integer = dyn_cast<IntegerAttr>(field.getValue());
    if (!isa<StringAttr, DenseI64ArrayAttr>(field.getValue()) &&
        !(integer && integer.getType().isInteger(64)))
      return op->emitError() << "expected '" << field.getName().getValue() << "' in '" << kModelAttr
                             << "' to be a string, a 64-bit integer or an array of them, got "
                             << field.getValue();
  }
  return success();
}

static LogicalResult verifyTarget(Operation *op, Attribute target) {
  if (!isa<ModuleOp>(op))
    return op->emitError() << "expected '" << kTargetAttr << "' on a module";
  if (isa<TargetAttrInterface>(target))
    return success();
  return op->emitError() << "expected '" << kTargetAttr
                         << "' to be a target such as #ternary.reference, got " << target;
}

LogicalResult TernaryDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == kTargetAttr)
    return verifyTarget(op, attribute.getValue());
  if (attribute.getName() == kModelAttr)
    return verifyModel(op, attribute.getValue());
  if (attribute.getName() != kStepAttr)
    return success();
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || function.isExternal())
    return op->emitError() << "expected '" << kStepAttr << "' on a function with a body";
  return verifyKind<StepAttr>(op, attribute, "a step such as #ternary.step<decode>");
}

static LogicalResult verifyRole(Operation *op, NamedAttribute attribute) {
  return verifyKind<RoleAttr>(op, attribute, "a role such as #ternary.role<ids>");
}

LogicalResult TernaryDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned,
                                                       NamedAttribute attribute) {
  if (attribute.getName() == kParameterAttr || attribute.getName() == kNameAttr)
    return verifyKind<StringAttr>(op, attribute, "a string");
  return attribute.getName() == kRoleAttr ? verifyRole(op, attribute) : success();
}

LogicalResult TernaryDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                                          NamedAttribute attribute) {
  return attribute.getName() == kRoleAttr ? verifyRole(op, attribute) : success();
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

StringRef CPUTargetAttr::getTargetName() const { return getMnemonic(); }
StringRef CPUTargetAttr::getKernelName() const { return getKernel(); }
Threads CPUTargetAttr::getLoopThreads() const { return getThreads(); }

StringRef ReferenceTargetAttr::getTargetName() const { return getMnemonic(); }
StringRef ReferenceTargetAttr::getKernelName() const { return "scalar"; }
Threads ReferenceTargetAttr::getLoopThreads() const { return Threads::None; }

TargetAttrInterface ternary::getTargetOf(Operation *op) {
  for (; op; op = op->getParentOp())
    if (auto target = op->getAttrOfType<TargetAttrInterface>(kTargetAttr))
      return target;
  return nullptr;
}

std::optional<Step> ternary::getStep(Operation *function) {
  auto step = function->getAttrOfType<StepAttr>(kStepAttr);
  return step ? std::optional(step.getValue()) : std::nullopt;
}

std::optional<Role> ternary::getArgumentRole(FunctionOpInterface function, unsigned index) {
  auto role = function.getArgAttrOfType<RoleAttr>(index, kRoleAttr);
  return role ? std::optional(role.getValue()) : std::nullopt;
}

std::optional<Role> ternary::getResultRole(FunctionOpInterface function, unsigned index) {
  auto role = function.getResultAttrOfType<RoleAttr>(index, kRoleAttr);
  return role ? std::optional(role.getValue()) : std::nullopt;
}

BlockArgument ternary::findArgument(FunctionOpInterface function, Role role) {
  for (BlockArgument argument : function.getArguments())
    if (getArgumentRole(function, argument.getArgNumber()) == role)
      return argument;
  return nullptr;
}

DictionaryAttr ternary::makeRoleAttrs(MLIRContext *context, Role role) {
  return Builder(context).getDictionaryAttr(
      {NamedAttribute(StringAttr::get(context, kRoleAttr), RoleAttr::get(context, role))});
}

bool ternary::isStateRole(std::optional<Role> role) {
  return role && llvm::is_contained(kStateRoles, *role);
}

int64_t ternary::getStateOffset(FunctionOpInterface step, std::optional<Role> role) {
  int64_t offset = 0;
  for (Role part : kStateRoles) {
    if (part == role)
      break;
    for (unsigned i = 0, e = step.getNumArguments(); i < e; ++i) {
      auto type = dyn_cast<ShapedType>(step.getArgument(i).getType());
      if (getArgumentRole(step, i) == part && type && type.hasStaticShape())
        offset += type.getNumElements() * type.getElementTypeBitWidth() / 8;
    }
    // Whatever comes next is at a multiple of its size.
    offset = llvm::alignTo(offset, 4);
  }
  return offset;
}

Type ternary::getRowType(ShapedType type, int64_t rowRank) {
  ArrayRef<int64_t> shape = type.getShape().drop_front(rowRank);
  if (shape.empty())
    return type.getElementType();
  return VectorType::get(shape, type.getElementType());
}
