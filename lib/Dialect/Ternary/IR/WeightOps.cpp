//===- WeightOps.cpp - Weights and where they live --------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

//===----------------------------------------------------------------------===//
// PackOp, StackRowsOp
//===----------------------------------------------------------------------===//

LogicalResult PackOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (input.getEncoding() ||
      !isa_and_nonnull<WeightLayoutAttrInterface>(result.getEncoding())) // (C1)
    return emitOpError() << "expected to pack a weight without a layout into one with a layout "
                            "such as #ternary.packed, got "
                         << input << " and " << result;
  if (input.getShape() != result.getShape() ||
      input.getElementType() != result.getElementType()) // (C1)
    return emitOpError() << "expected result of shape " << printShape(input.getShape()) << " and "
                         << input.getElementType() << ", got " << result;
  return success();
}

LogicalResult StackRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  int64_t rows = 0;
  if (adaptor.getInputs().empty())
    return emitOptionalError(loc, "expected at least one input");
  for (Value input : adaptor.getInputs())
    rows += std::max<int64_t>(getDim(input.getType(), 0), 0); // static, (C1)
  int64_t columns = getColumns(adaptor.getInputs()[0].getType());
  types.push_back(RankedTensorType::get({rows, columns}, TritType::get(context)));
  SmallVector<int64_t> scale = {rows};
  if (Type first = adaptor.getScales()[0].getType(); getShapeOrScalar(first).size() == 2)
    scale.push_back(getDim(first, 1));
  types.push_back(RankedTensorType::get(scale, Float32Type::get(context)));
  return success();
}

LogicalResult StackRowsOp::verify() {
  int64_t columns = getColumns(getTrits().getType());
  SmallVector<int64_t> perRow(cast<ShapedType>(getScale().getType()).getShape());
  if (perRow.empty() || perRow.size() > 2) // (C2)
    return emitOpError() << "expected a scale for each row or group, got " << getScale().getType();
  bool hasGroups = perRow.size() == 2;
  if (hasGroups && (perRow[1] < 1 || columns % perRow[1] != 0)) // (C2)
    return emitOpError() << "expected scales of groups that divide the " << columns
                         << " columns, got " << getScale().getType();
  for (auto [input, scale] : llvm::zip_equal(getInputs(), getScales())) {
    auto type = cast<RankedTensorType>(input.getType());
    if (type.getEncoding() || !type.hasStaticShape() || type.getDimSize(1) != columns) // (C1)
      return emitOpError() << "expected plain static inputs with " << columns << " columns, got "
                           << type;
    perRow.front() = type.getDimSize(0);
    ArrayRef<int64_t> shape = cast<ShapedType>(scale.getType()).getShape();
    if (shape != ArrayRef(perRow) && (hasGroups || shape != ArrayRef<int64_t>{1})) // (C1)
      return emitOpError() << "expected scale of shape " << (hasGroups ? "" : "[1] or ")
                           << printShape(perRow) << ", got " << scale.getType();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// ArchiveOp, ArchiveEntryOp, ParameterOp
//===----------------------------------------------------------------------===//

int64_t ArchiveEntryOp::getBytes() {
  return getWeightBytes(cast<RankedTensorType>(getValue().getType()));
}

LogicalResult ArchiveOp::verifyRegions() {
  int64_t end = 0;
  for (Operation &op : getBody().front()) {
    if (isa<ReadParameterOp, BindTimeOpInterface>(op))
      continue;
    auto entry = dyn_cast<ArchiveEntryOp>(op);
    if (!entry) // (C1)
      return op.emitOpError("expected a bind-time op in an archive");
    if (entry.getOffset() % 64 != 0 || (int64_t)entry.getOffset() < end) // (C2)
      return entry.emitOpError() << "expected an offset that is a multiple of 64 and at least "
                                 << end << ", got " << entry.getOffset();
    end = entry.getOffset() + entry.getBytes();
  }
  if (end > (int64_t)getBytes()) // (C2)
    return emitOpError() << "expected entries within " << getBytes() << " bytes, got " << end;
  return success();
}

ArchiveEntryOp ParameterOp::lookupEntry(SymbolTableCollection &symbols) {
  auto archive = symbols.lookupNearestSymbolFrom<ArchiveOp>(*this, getArchiveAttr());
  return archive ? symbols.lookupSymbolIn<ArchiveEntryOp>(archive, getNameAttr()) : nullptr;
}

LogicalResult ParameterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  ArchiveEntryOp entry = lookupEntry(symbols);
  if (!entry) // (C1)
    return emitOpError() << "expected archive @" << getArchive() << " to have an entry '"
                         << getName() << "', got none";
  auto stored = cast<RankedTensorType>(entry.getValue().getType());
  auto result = cast<MemRefType>(getResult().getType());
  if (getWeightMemory(stored) != result) // (C1)
    return emitOpError() << "expected memory of " << stored << ", got " << result;
  return success();
}
