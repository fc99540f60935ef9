//===- KernelOps.cpp - One op, one loop nest --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

/// Floats that kernels read and write; they compute in f32.
static bool isKernelFloat(Type type) { return isa<Float32Type, BFloat16Type, Float16Type>(type); }

/// Whether `type` is of such floats and of shape `[rows..., columns]` or, if `allowShared`,
/// `[columns]`.
static bool isElementOperand(Type type, ArrayRef<int64_t> shape, bool allowShared) {
  auto shaped = cast<ShapedType>(type);
  if (!isKernelFloat(shaped.getElementType()))
    return false;
  if (shaped.getRank() == 1 && shape.size() > 1)
    return allowShared && shaped.getShape() == shape.take_back();
  return succeeded(verifyCompatibleShape(shaped.getShape(), shape));
}

//===----------------------------------------------------------------------===//
// RowKernelOp
//===----------------------------------------------------------------------===//

std::string RowKernelOp::getShortName() {
  int64_t columns = 1;
  for (Value operand : getOperands())
    if (ArrayRef<int64_t> shape = getShapeOrScalar(operand.getType());
        !shape.empty() && !ShapedType::isDynamic(shape.back()))
      columns = std::max(columns, shape.back());
  return getKernelName("row", columns);
}

bool RowKernelOp::isPassedByRow(unsigned index) {
  auto type = cast<ShapedType>(getIns()[index].getType());
  auto shape = getShapeOrScalar(getBody().getArgument(index).getType());
  return type.getRank() == static_cast<int64_t>(getRowRank() + shape.size());
}

YieldOp RowKernelOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

Value RowKernelOp::getRowsOperand() {
  if (!isSum(0))
    return getOuts().front();
  for (unsigned i = 0; i < getIns().size(); ++i)
    if (isPassedByRow(i))
      return getIns()[i];
  return {};
}

LogicalResult RowKernelOp::verify() {
  if (getOuts().empty())
    return emitOpError("expected at least one out");
  if (getSums() > getOuts().size())
    return emitOpError() << "expected at most " << getOuts().size() << " sums, got "
                         << getSumsAttr().getInt();
  if (getBody().getNumArguments() != getIns().size())
    return emitOpError() << "expected " << getIns().size() << " block arguments, got "
                         << getBody().getNumArguments();
  if (failed(verifyDestinations(*this, getOuts(), getResultTypes()))) // (C4)
    return failure();
  int64_t rank = getRowRank();
  Value rowsOperand = getRowsOperand();
  if (!rowsOperand) // (C1)
    return emitOpError("expected an operand with rows to add up");
  ArrayRef<int64_t> rows = cast<ShapedType>(rowsOperand.getType()).getShape().take_front(rank);
  auto yielded = getYield().getValues();
  if (yielded.size() != getOuts().size()) // (C3)
    return emitOpError() << "expected " << getOuts().size() << " yielded values, got "
                         << yielded.size();
  for (auto [i, out, value] : llvm::enumerate(getOuts(), yielded)) {
    auto type = cast<ShapedType>(out.getType());
    if (isSum(i)) { // (C3)
      auto row = dyn_cast<VectorType>(value.getType());
      if (!row || !isa<FloatType>(row.getElementType()) || row.getRank() != 1)
        return emitOpError() << "expected to yield a vector of floats for a sum, got "
                             << value.getType();
      if (type.getElementType() != row.getElementType() ||
          type.getShape() != ArrayRef<int64_t>{SumRowsOp::kParts, row.getNumElements()})
        return emitOpError() << "expected a sum of " << SumRowsOp::kParts << " parts of " << row
                             << ", got " << type;
      continue;
    }
    if (type.getRank() < rank || // (C1)
        failed(verifyCompatibleShape(type.getShape().take_front(rank), rows)))
      return emitOpError() << "expected outs with the row dimensions " << printShape(rows)
                           << ", got " << type;
    if (getRowType(type, rank) != value.getType()) // (C3)
      return emitOpError() << "expected to yield " << getRowType(type, rank) << " for " << type
                           << ", got " << value.getType();
  }
  for (auto [operand, argument] : llvm::zip_equal(getIns(), getBody().getArguments())) {
    auto type = cast<ShapedType>(operand.getType());
    bool byRow = type.getRank() >= rank &&
                 succeeded(verifyCompatibleShape(type.getShape().take_front(rank), rows)) &&
                 getRowType(type, rank) == argument.getType();
    if (!byRow && getRowType(type, 0) != argument.getType()) // (C2)
      return emitOpError() << "expected block argument of a row or of the whole of " << type
                           << ", got " << argument.getType();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// LinearKernelOp
//===----------------------------------------------------------------------===//

std::string LinearKernelOp::getShortName() { return getKernelName("linear", getWeightShape()); }

int64_t LinearKernelOp::getMACsPerToken() { return getWeightShape()[0] * getWeightShape()[1]; }

WeightLayoutAttrInterface LinearKernelOp::getLayout() { return getLayoutOf(getWeight().getType()); }

bool LinearKernelOp::hasFloatActivations() {
  return isa<FloatType>(getElementTypeOrSelf(getActivations()));
}

int64_t LinearKernelOp::getHalves() { return getEpilogue().getNumArguments() - getExtras().size(); }

ArrayRef<int64_t> LinearKernelOp::getWeightShape() {
  return cast<ShapedType>(getWeight().getType()).getShape();
}

std::optional<int64_t> LinearKernelOp::getGroupSize() {
  return getGroupSizeOf(getWeight().getType(), getWeightScale().getType());
}

YieldOp LinearKernelOp::getYield() { return cast<YieldOp>(getEpilogue().front().getTerminator()); }

/// What activations of 8 bits come with, and how many of them there are.
static LogicalResult verifyIntegers(LinearKernelOp op) {
  WeightLayoutAttrInterface layout = op.getLayout();
  auto activations = cast<ShapedType>(op.getActivations().getType());
  int64_t padded = layout.getPaddedColumns(op.getWeightShape()[1]);
  if (!activations.getElementType().isInteger(8) || getColumns(activations) < padded) // (C1)
    return op.emitOpError() << "expected i8 activations with at least " << padded
                            << " columns to match the weight, got " << activations;
  SmallVector<int64_t> rows = replaceColumns(activations, {});
  if (!op.getScales()) // (C5)
    return op.emitOpError("expected scales for activations of i8, got none");
  if (failed(verifyShape(op, "scales", op.getScales().getType(), rows))) // (C2)
    return failure();
  if (!op.getSums() && layout.needsSums()) // (C5)
    return op.emitOpError("expected sums for a weight stored as t + 1, got none");
  if (op.getSums())
    return verifyShape(op, "sums", op.getSums().getType(), rows); // (C2)
  return success();
}

/// The same for floats.
static LogicalResult verifyFloats(LinearKernelOp op) {
  auto activations = cast<ShapedType>(op.getActivations().getType());
  int64_t columns = op.getWeightShape()[1];
  if (!activations.getElementType().isF32() || getColumns(activations) != columns) // (C1)
    return op.emitOpError() << "expected f32 activations with the " << columns
                            << " columns of the weight, got " << activations;
  if (op.getScales() || op.getSums()) // (C5)
    return op.emitOpError("expected no scales and no sums of activations for floats");
  std::optional<int64_t> size = op.getGroupSize();
  if (size && *size % AccumulateOp::kFloatSums != 0) // (C2)
    return op.emitOpError() << "expected groups of a multiple of " << AccumulateOp::kFloatSums
                            << " columns for floats, got " << *size;
  return success();
}

LogicalResult LinearKernelOp::verify() {
  WeightLayoutAttrInterface layout = getLayout();
  auto weight = cast<ShapedType>(getWeight().getType());
  auto activations = cast<ShapedType>(getActivations().getType());
  if (!weight.hasStaticShape()) // (C1)
    return emitOpError() << "expected a weight of static shape, got " << weight;
  if (failed(verifyColumns(*this, "activations", activations)) ||
      failed(verifyTransposedScale(*this, weight, getWeightScale().getType())) || // (C2)
      failed(hasFloatActivations() ? verifyFloats(*this) : verifyIntegers(*this)))
    return failure();

  if (failed(verifyDestinations(*this, getOuts(), getResultTypes())))
    return failure();
  int64_t halves = getHalves();
  if ((halves != 1 && halves != 2) || weight.getDimSize(0) % halves != 0) // (C4)
    return emitOpError() << "expected one block argument for the value or two for its halves, then "
                         << getExtras().size() << " for extras, got "
                         << getEpilogue().getNumArguments();
  if (layout.withHalves(halves) != layout) // (C4)
    return emitOpError() << "expected a weight packed in " << halves << " halves, got " << layout;
  int64_t columns = weight.getDimSize(0) / halves;
  SmallVector<int64_t> shape = replaceColumns(activations, {columns});
  OperandRange outs = getOuts();
  if (getSquareSums()) { // (C3)
    if (outs.size() < 2)
      return emitOpError("expected a first and a last out for square_sums");
    if (!getElementTypeOrSelf(outs.front()).isF32())
      return emitOpError() << "expected a first out of f32 for square_sums, got "
                           << outs.front().getType();
    SmallVector<int64_t> sums =
        replaceColumns(activations, {(int64_t)llvm::divideCeil(columns, SquareSumsOp::kBlock)});
    if (failed(verifyShape(*this, "square sums", outs.back().getType(), sums)))
      return failure();
    outs = outs.drop_back();
  }
  if (outs.empty())
    return emitOpError("expected at least one out");
  for (Value out : outs)
    if (!isElementOperand(out.getType(), shape, /*allowShared=*/false)) // (C3)
      return emitOpError() << "expected f32, bf16 or f16 outs of shape " << printShape(shape)
                           << ", got " << out.getType();
  for (Value extra : getExtras())
    if (!isElementOperand(extra.getType(), shape, /*allowShared=*/true)) // (C3)
      return emitOpError() << "expected f32, bf16 or f16 extras of shape " << printShape(shape)
                           << " or [" << columns << "], got " << extra.getType();

  auto getElements = [](ValueRange values) {
    return llvm::map_to_vector(values, [](Value value) { return getElementTypeOrSelf(value); });
  };
  Block &block = getEpilogue().front();
  SmallVector<Type> arguments(halves, Float32Type::get(getContext()));
  llvm::append_range(arguments, getElements(getExtras()));
  if (block.getArgumentTypes() != TypeRange(arguments)) // (C4)
    return emitOpError("expected f32 block arguments for products and those of the elements of "
                       "extras");
  SmallVector<Type> elements = getElements(outs);
  if (getYield().getValues().getTypes() != TypeRange(elements)) // (C4)
    return emitOpError() << "expected to yield " << outs.size()
                         << " values of the types of elements of outs, got "
                         << getYield().getValues().getTypes();
  return success();
}

//===----------------------------------------------------------------------===//
// GatherKernelOp, ScanKernelOp
//===----------------------------------------------------------------------===//

std::string GatherKernelOp::getShortName() {
  return getKernelName("gather", getShapeOrScalar(getTable().getType()));
}

int64_t GatherKernelOp::getLookupRows(OpOperand &operand) {
  bool isTable = operand.get() == getTable() || operand.get() == getScale();
  return isTable ? cast<ShapedType>(getTable().getType()).getDimSize(0) : 0;
}

LogicalResult GatherKernelOp::verify() {
  if (failed(
          verifyDestinations(*this, (*this)->getOperands().take_back(), (*this)->getResultTypes())))
    return failure();
  auto table = cast<ShapedType>(getTable().getType());
  SmallVector<int64_t> shape(cast<ShapedType>(getIds().getType()).getShape());
  bool isTrit = isa<TritType>(table.getElementType());
  if (table.getRank() != 2) // (C1)
    return emitOpError() << "expected a table of shape [V, H], got " << table;
  shape.push_back(table.getDimSize(1));
  if (isTrit != hasTernaryTable()) // (C2)
    return emitOpError() << "expected a scale exactly for trits, got " << table
                         << (isTrit ? " without a scale" : " with a scale");
  if (isTrit && failed(verifyTransposedScale(*this, table, getScale().getType()))) // (C2)
    return failure();
  if (isTrit && getLayoutOf(table).getHalves() != 1) // (C2)
    return emitOpError() << "expected a table packed in 1 half, got " << table;
  return verifyShape(*this, "outs", getOuts().getType(), shape); // (C1)
}

std::string ScanKernelOp::getShortName() {
  return getKernelName("scan", getColumns(getForget().getType()));
}

LogicalResult ScanKernelOp::verify() {
  if (failed(verifyDestinations(*this, getOuts(), getResultTypes())))
    return failure();
  if (getOuts().size() != 2) // (C1)
    return emitOpError() << "expected two outs, hidden and state, got " << getOuts().size();
  auto forget = cast<ShapedType>(getForget().getType());
  if (forget.getRank() != 3) // (C1)
    return emitOpError() << "expected forget gates of shape [B, T, H], got " << forget;
  if (failed(verifyShape(*this, "input", getInput().getType(), forget.getShape())) ||
      failed(verifyShape(*this, "hidden", getOuts()[0].getType(), forget.getShape())))
    return failure();
  return verifyShape(*this, "state", getOuts()[1].getType(),
                     {forget.getDimSize(0), forget.getDimSize(2)});
}

#define GET_OP_CLASSES
#include "ternary/Dialect/Ternary/IR/TernaryOps.cpp.inc"
