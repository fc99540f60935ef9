//===- BindTime.cpp - What the compiler computes from parameters -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Dialect/Ternary/IR/HostTypes.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Support/Numerics.h"

using namespace mlir;
using namespace ternary;

std::optional<DType> ternary::getDType(Type type) {
  if (type.isF32())
    return DType::F32;
  if (type.isF16())
    return DType::F16;
  if (type.isBF16())
    return DType::BF16;
  if (isa<TritType>(type))
    return DType::Trit;
  if (type.isInteger(8))
    return DType::I8;
  if (type.isInteger(32))
    return DType::I32;
  return std::nullopt;
}

using Results = llvm::Expected<SmallVector<HostTensor>>;

Results LowerBoundsOp::evaluate(ArrayRef<HostTensor> operands) {
  llvm::Expected<HostTensor> bounds = computeLowerBounds(operands[0]);
  if (!bounds)
    return bounds.takeError();
  return SmallVector<HostTensor>{std::move(*bounds)};
}

Results QuantizeWeightsOp::evaluate(ArrayRef<HostTensor> operands) {
  auto granularity = [&] {
    switch (getGranularity()) {
    case Granularity::Tensor:
      return ScaleGranularity::Tensor;
    case Granularity::Row:
      return ScaleGranularity::Row;
    case Granularity::Group:
      return ScaleGranularity::Group;
    }
    llvm_unreachable("every granularity is handled");
  }();
  llvm::Expected<QuantizedWeights> weights =
      quantizeWeights(operands[0], granularity, getGroupSize().value_or(0));
  if (!weights)
    return weights.takeError();
  return SmallVector<HostTensor>{std::move(weights->trits), std::move(weights->scale)};
}

Results PackOp::evaluate(ArrayRef<HostTensor> operands) {
  return SmallVector<HostTensor>{getLayoutOf(getResult().getType()).pack(operands[0])};
}

Results StackRowsOp::evaluate(ArrayRef<HostTensor> operands) {
  auto trits = cast<ShapedType>(getTrits().getType());
  HostTensor stacked = HostTensor::allocate(DType::Trit, trits.getShape());
  HostTensor scales =
      HostTensor::allocate(DType::F32, cast<ShapedType>(getScale().getType()).getShape());
  int8_t *nextTrit = stacked.getMutableValues<int8_t>().data();
  float *nextScale = scales.getMutableValues<float>().data();
  size_t count = operands.size() / 2;
  for (size_t i = 0; i < count; ++i) {
    nextTrit = llvm::copy(operands[i].getValues<int8_t>(), nextTrit);
    ArrayRef<float> scale = operands[count + i].getValues<float>();
    if (scale.size() == 1)
      nextScale = std::fill_n(nextScale, operands[i].getDim(0), scale[0]);
    else
      nextScale = llvm::copy(scale, nextScale);
  }
  return SmallVector<HostTensor>{std::move(stacked), std::move(scales)};
}

/// Calls `copy` with the values of floats in the type that has their width.
template <typename Copy>
static Results copyFloats(const HostTensor &from, ArrayRef<int64_t> shape, Copy copy) {
  HostTensor to = HostTensor::allocate(from.getDType(), shape);
  if (from.getDType() == DType::F32)
    copy(from.getValues<float>(), to.getMutableValues<float>());
  else
    copy(from.getValues<uint16_t>(), to.getMutableValues<uint16_t>());
  return SmallVector<HostTensor>{std::move(to)};
}

Results TransposeOp::evaluate(ArrayRef<HostTensor> operands) {
  int64_t rows = operands[0].getDim(0), columns = operands[0].getDim(1);
  return copyFloats(operands[0], {columns, rows}, [&](auto from, auto to) {
    for (int64_t n = 0; n < rows; ++n)
      for (int64_t k = 0; k < columns; ++k)
        to[k * rows + n] = from[n * columns + k];
  });
}
