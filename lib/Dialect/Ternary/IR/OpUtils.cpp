//===- OpUtils.cpp - Checks that verifiers share ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ternary;

ArrayRef<int64_t> op_utils::getShapeOrScalar(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type); shaped && shaped.hasRank())
    return shaped.getShape();
  return {};
}

int64_t op_utils::getDim(Type type, size_t dim) {
  ArrayRef<int64_t> shape = getShapeOrScalar(type);
  return dim < shape.size() ? shape[dim] : ShapedType::kDynamic;
}

int64_t op_utils::getColumns(Type type) {
  ArrayRef<int64_t> shape = getShapeOrScalar(type);
  return shape.empty() ? ShapedType::kDynamic : shape.back();
}

Type op_utils::withShape(Type type, ArrayRef<int64_t> shape, Type elementType) {
  if (!elementType)
    elementType = getElementTypeOrSelf(type);
  if (isa<VectorType>(type))
    return shape.empty() ? elementType : VectorType::get(shape, elementType);
  if (isa<MemRefType>(type))
    return MemRefType::get(shape, elementType);
  return RankedTensorType::get(shape, elementType);
}

SmallVector<int64_t> op_utils::replaceColumns(Type type, ArrayRef<int64_t> columns) {
  ArrayRef<int64_t> known = getShapeOrScalar(type);
  SmallVector<int64_t> shape(known.drop_back(known.empty() ? 0 : 1));
  llvm::append_range(shape, columns);
  return shape;
}

std::string op_utils::printShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(shape, os, [&](int64_t size) {
    if (ShapedType::isDynamic(size))
      os << '?';
    else
      os << size;
  });
  return text + "]";
}

LogicalResult op_utils::verifyColumns(Operation *op, StringRef name, Type type) {
  ArrayRef<int64_t> shape = getShapeOrScalar(type);
  if (shape.empty() || ShapedType::isDynamic(shape.back()))
    return op->emitOpError() << "expected " << name << " with a static last dimension, got "
                             << type;
  return success();
}

LogicalResult op_utils::verifyShape(Operation *op, StringRef name, Type got,
                                    ArrayRef<int64_t> expected) {
  if (succeeded(verifyCompatibleShape(getShapeOrScalar(got), expected)))
    return success();
  return op->emitOpError() << "expected " << name << " of shape " << printShape(expected)
                           << ", got " << got;
}

LogicalResult op_utils::verifyEpsilon(Operation *op, const APFloat &epsilon) {
  if (epsilon.isFinite() && !epsilon.isNegative() && !epsilon.isZero())
    return success();
  SmallString<16> text;
  epsilon.toString(text);
  return op->emitOpError() << "expected a positive, finite epsilon, got " << text;
}

LogicalResult op_utils::verifyGroupSize(Operation *op, Granularity granularity,
                                        std::optional<int64_t> groupSize, int64_t columns) {
  if (groupSize.has_value() != (granularity == Granularity::Group))
    return op->emitOpError() << "expected group_size exactly for granularity 'group', got '"
                             << stringifyGranularity(granularity) << "'"
                             << (groupSize ? " with group_size" : " without group_size");
  if (groupSize && (*groupSize <= 0 || columns % *groupSize != 0))
    return op->emitOpError() << "expected a group_size that divides the " << columns
                             << " columns, got " << *groupSize;
  return success();
}

SmallVector<int64_t> ternary::getScaleShape(Granularity granularity,
                                            std::optional<int64_t> groupSize,
                                            ArrayRef<int64_t> weight) {
  switch (granularity) {
  case Granularity::Tensor:
    return {1};
  case Granularity::Row:
    return {weight[0]};
  case Granularity::Group:
    return {weight[0], groupSize.value_or(0) > 0 ? weight[1] / *groupSize : ShapedType::kDynamic};
  }
  llvm_unreachable("every granularity is handled");
}

LogicalResult op_utils::verifyScaleOfTrits(Operation *op, Value weight, Value scale) {
  auto type = cast<ShapedType>(weight.getType());
  bool isTrit = isa<TritType>(type.getElementType());
  if (isTrit != static_cast<bool>(scale))
    return op->emitOpError() << "expected a scale exactly for trits, got " << type
                             << (isTrit ? " without a scale" : " with a scale");
  if (!isTrit)
    return success();
  auto scales = cast<ShapedType>(scale.getType());
  ArrayRef<int64_t> shape = scales.getShape();
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  bool isOne = shape.size() == 1 && (shape[0] == 1 || shape[0] == rows);
  bool isGrouped = shape.size() == 2 && shape[0] == rows && shape[1] > 0 && columns % shape[1] == 0;
  if (type.hasStaticShape() && (isOne || isGrouped))
    return success();
  return op->emitOpError() << "expected a static weight with a scale of shape [1], [" << rows
                           << "] or [" << rows << ", G] with a G that divides the " << columns
                           << " columns, got " << type << " and " << scales;
}

LogicalResult op_utils::verifyTransposedScale(Operation *op, ShapedType weight, Type scale) {
  ArrayRef<int64_t> shape = cast<ShapedType>(scale).getShape();
  int64_t rows = weight.getDimSize(0), columns = weight.getDimSize(1);
  bool isGrouped = shape.size() == 2 && shape[1] == rows && shape[0] > 0 && columns % shape[0] == 0;
  if (isGrouped || (shape.size() == 1 && (shape[0] == 1 || shape[0] == rows)))
    return success();
  return op->emitOpError() << "expected weight scale of shape [1], [" << rows << "] or [G, " << rows
                           << "] with a G that divides the " << columns << " columns, got "
                           << scale;
}

WeightLayoutAttrInterface ternary::getLayoutOf(Type weight) {
  WeightLayoutAttrInterface layout;
  if (auto tensor = dyn_cast<RankedTensorType>(weight))
    layout = dyn_cast_or_null<WeightLayoutAttrInterface>(tensor.getEncoding());
  else if (auto memref = dyn_cast<MemRefType>(weight))
    layout = dyn_cast<WeightLayoutAttrInterface>(memref.getLayout());
  if (!layout && isa<TritType>(getElementTypeOrSelf(weight)))
    return PackedAttr::getPlain(weight.getContext());
  return layout;
}

MemRefType ternary::getWeightMemory(RankedTensorType type) {
  auto layout = dyn_cast_or_null<MemRefLayoutAttrInterface>(type.getEncoding());
  return MemRefType::get(type.getShape(), type.getElementType(), layout);
}

int64_t ternary::getWeightBytes(ShapedType type) {
  if (WeightLayoutAttrInterface layout = getLayoutOf(type))
    type = layout.getStorageType(type.getShape(), type.getElementType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

std::optional<int64_t> ternary::getGroupSizeOf(Type weight, Type transposedScale) {
  auto scale = cast<ShapedType>(transposedScale);
  if (scale.getRank() != 2)
    return std::nullopt;
  return cast<ShapedType>(weight).getDimSize(1) / scale.getDimSize(0);
}

std::string op_utils::getKernelName(StringRef kind, ArrayRef<int64_t> sizes) {
  std::string name = kind.str() + "_";
  llvm::raw_string_ostream os(name);
  llvm::interleave(sizes, os, "x");
  return name;
}

void op_utils::getKernelEffects(DestinationStyleOpInterface op,
                                SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  if (op.hasPureTensorSemantics())
    return;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

LogicalResult op_utils::verifyDestinations(Operation *op, OperandRange outs, TypeRange results) {
  SmallVector<Type> expected;
  for (Type type : outs.getTypes())
    if (isa<RankedTensorType>(type))
      expected.push_back(type);
  if (!expected.empty() && expected.size() != outs.size())
    return op->emitOpError("expected outs to be all tensors or all memrefs, got both");
  if (TypeRange(expected) != results)
    return op->emitOpError("expected results of the types of outs");
  return success();
}

LogicalResult ternary::verifyOneFloatType(Operation *op) {
  Type known;
  auto visit = [&](Type type) -> LogicalResult {
    Type element = getElementTypeOrSelf(type);
    if (!element.isF32() && !element.isF64())
      return success();
    if (known && element != getElementTypeOrSelf(known))
      return op->emitOpError() << "expected floats of one type, got " << known << " and " << type;
    known = type;
    return success();
  };
  for (Type type : llvm::concat<Type>(SmallVector<Type>(op->getOperandTypes()),
                                      SmallVector<Type>(op->getResultTypes())))
    if (failed(visit(type)))
      return failure();
  return success();
}

FloatType op_utils::getComputeType(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isF64())
    return cast<FloatType>(element);
  return Float32Type::get(type.getContext());
}

LogicalResult ternary::reifyRowShapes(Operation *op, OpBuilder &builder,
                                      ReifiedRankedShapedTypeDims &shapes) {
  for (Value result : op->getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type)
      return failure();
    SmallVector<OpFoldResult> &shape = shapes.emplace_back();
    for (auto [dim, size] : llvm::enumerate(type.getShape()))
      shape.push_back(ShapedType::isDynamic(size)
                          ? tensor::getMixedSize(builder, op->getLoc(), op->getOperand(0), dim)
                          : builder.getIndexAttr(size));
  }
  return success();
}

ParseResult ternary::parseSameTypes(OpAsmParser &parser, Type &first, Type &second) {
  if (parser.parseType(first))
    return failure();
  second = first;
  return success();
}

void ternary::printSameTypes(OpAsmPrinter &printer, Operation *, Type first, Type) {
  printer << first;
}

ParseResult ternary::parseScales(OpAsmParser &parser,
                                 std::optional<OpAsmParser::UnresolvedOperand> &scale,
                                 OpAsmParser::UnresolvedOperand &weightScale) {
  if (parser.parseOperand(weightScale))
    return failure();
  if (failed(parser.parseOptionalComma()))
    return success();
  scale = weightScale;
  return parser.parseOperand(weightScale);
}

void ternary::printScales(OpAsmPrinter &printer, Operation *, Value scale, Value weightScale) {
  if (scale)
    printer << scale << ", ";
  printer << weightScale;
}

ParseResult ternary::parseScaleTypes(OpAsmParser &parser, Type &scale, Type &weightScale) {
  if (parser.parseType(weightScale))
    return failure();
  if (failed(parser.parseOptionalComma()))
    return success();
  scale = weightScale;
  return parser.parseType(weightScale);
}

void ternary::printScaleTypes(OpAsmPrinter &printer, Operation *, Type scale, Type weightScale) {
  if (scale)
    printer << scale << ", ";
  printer << weightScale;
}
