//===- GraphBuilder.cpp - What the graphs of model families share -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ternary;

GraphBuilder::GraphBuilder(ModuleOp module, const GraphOptions &options)
    : b(module.getLoc(), module.getContext()), options(options), module(module) {}

void GraphBuilder::beginStep(Step step) {
  b.setInsertionPointToEnd(module.getBody());
  func = func::FuncOp::create(b, stringifyStep(step), b.getFunctionType({}, {}));
  func->setAttr(kStepAttr, StepAttr::get(b.getContext(), step));
  func.addEntryBlock();
  b.setInsertionPointToStart(&func.getBody().front());
  parameters.clear();
}

void GraphBuilder::endStep(ArrayRef<std::pair<Role, Value>> results) {
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attrs;
  for (auto [role, value] : results) {
    values.push_back(value);
    attrs.push_back(makeRoleAttrs(b.getContext(), role));
  }
  func::ReturnOp::create(b, values);
  func.setFunctionType(
      b.getFunctionType(func.getBody().getArgumentTypes(), ValueRange(values).getTypes()));
  func.setAllResultAttrs(attrs);
}

Value GraphBuilder::addArgument(Role role, Type type) {
  unsigned index = func.getNumArguments();
  (void)func.insertArgument(index, type, makeRoleAttrs(b.getContext(), role), b.getLoc());
  return func.getArgument(index);
}

Type GraphBuilder::getFloatType(DType type) {
  if (type == DType::F16)
    return b.getF16Type();
  return type == DType::BF16 ? b.getBF16Type() : b.getF32Type();
}

Value GraphBuilder::parameter(const std::string &name, ArrayRef<int64_t> shape) {
  bool isStored = shape.size() == 2 && !options.training;
  return parameter(name, shape,
                   getFloatType(isStored ? options.parameters->getMatrixType(name) : DType::F32));
}

Value GraphBuilder::parameter(const std::string &name, ArrayRef<int64_t> shape, Type element) {
  Value &known = parameters[name];
  if (known)
    return known;
  unsigned index = func.getNumArguments();
  auto attrs = b.getDictionaryAttr(b.getNamedAttr(kParameterAttr, b.getStringAttr(name)));
  (void)func.insertArgument(index, RankedTensorType::get(shape, element), attrs,
                            NameLoc::get(b.getStringAttr(name)));
  return known = func.getArgument(index);
}

Granularity ternary::getGranularity(const TritFormat &format) {
  switch (format.granularity) {
  case ScaleGranularity::Tensor:
    return Granularity::Tensor;
  case ScaleGranularity::Row:
    return Granularity::Row;
  case ScaleGranularity::Group:
    return Granularity::Group;
  }
  llvm_unreachable("every granularity is handled");
}

GraphBuilder::Weight GraphBuilder::weight(const std::string &name, std::array<int64_t, 2> shape) {
  std::optional<TritFormat> format = options.parameters->getTritFormat(name);
  if (!format)
    return {parameter(name, shape), Value(), format};
  Value trits = parameter(name, shape, TritType::get(b.getContext()));
  return {trits,
          parameter(getScaleName(name),
                    getScaleShape(getGranularity(*format), format->groupSize, shape),
                    b.getF32Type()),
          format};
}

Value GraphBuilder::bitLinear(Value x, const std::string &layer, int64_t rows, Value gain,
                              float epsilon) {
  auto [values, scale, format] = weight(layer + ".weight", {rows, columns(x)});
  Granularity granularity = format ? getGranularity(*format) : Granularity::Tensor;
  IntegerAttr groupSize;
  if (granularity == Granularity::Group)
    groupSize = b.getI64IntegerAttr(format->groupSize);
  return BitLinearOp::create(b, x, values, gain, scale, b.getF32FloatAttr(epsilon),
                             GranularityAttr::get(b.getContext(), granularity), groupSize);
}

Value GraphBuilder::embedding(Value ids, const std::string &name, int64_t rows, int64_t columns) {
  Weight table = weight(name + ".weight", {rows, columns});
  return EmbeddingOp::create(b, ids, table.values, table.scale);
}

RankedTensorType GraphBuilder::floats(ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, b.getF32Type());
}

int64_t GraphBuilder::columns(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

Value GraphBuilder::add(Value a, Value c) { return arith::AddFOp::create(b, a, c); }

Value GraphBuilder::linear(Value x, const std::string &name, int64_t rows) {
  Weight known = weight(name + ".weight", {rows, columns(x)});
  return LinearOp::create(b, x, known.values, known.scale);
}

Value GraphBuilder::project(Value x, const std::string &name, int64_t rows,
                            const ModelConfig &config) {
  if (!config.isTernary)
    return linear(x, name, rows);
  if (!config.epsilonInLayers)
    return bitLinear(x, name, rows, /*gain=*/Value(), options.epsilon);
  Value gain = parameter(name + ".rms_norm.weight", {columns(x)});
  return bitLinear(x, name, rows, gain, *config.epsilonInLayers);
}

/// Offsets, sizes and strides of row `index` of the first dimension.
static std::array<SmallVector<OpFoldResult>, 3> rowOf(OpBuilder &b, RankedTensorType type,
                                                      int64_t index) {
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes;
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  for (int64_t size : type.getShape())
    sizes.push_back(b.getIndexAttr(size));
  offsets[0] = b.getIndexAttr(index);
  sizes[0] = b.getIndexAttr(1);
  return {offsets, sizes, strides};
}

Value GraphBuilder::slice(Value tensor, int64_t index) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto [offsets, sizes, strides] = rowOf(b, type, index);
  auto row = RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
  return tensor::ExtractSliceOp::create(b, row, tensor, offsets, sizes, strides);
}

Value GraphBuilder::insertSlice(Value row, Value tensor, int64_t index) {
  auto [offsets, sizes, strides] = rowOf(b, cast<RankedTensorType>(tensor.getType()), index);
  return tensor::InsertSliceOp::create(b, row, tensor, offsets, sizes, strides);
}

Value GraphBuilder::dropTokens(Value x, Value from) {
  auto type = cast<RankedTensorType>(x.getType());
  if (type.getDimSize(1) == 1)
    return x;
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), x);
  SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)), strides(3, b.getIndexAttr(1));
  Value tokens = tensor::DimOp::create(b, x, 1);
  offsets[1] = from;
  sizes[1] = arith::SubIOp::create(b, tokens, from).getResult();
  return tensor::ExtractSliceOp::create(b, type, x, offsets, sizes, strides);
}
