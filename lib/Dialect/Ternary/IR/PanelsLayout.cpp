//===- PanelsLayout.cpp - Floats in panels of rows ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;
using namespace ternary;

LogicalResult PanelsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows) {
  if (rows < 1) // (C1)
    return emitError() << "expected a positive number of rows in a panel, got " << rows;
  return success();
}

LogicalResult PanelsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  if (!isa<FloatType>(elementType)) // (C2)
    return emitError() << "expected elements in panels to be floats, got " << elementType;
  return verifyLayout(shape, emitError);
}

LogicalResult PanelsAttr::verifyLayout(ArrayRef<int64_t> shape,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != 2 || ShapedType::isDynamicShape(shape)) // (C2)
    return emitError() << "expected a weight in panels to have a static shape [N, K]";
  return success();
}

/// The layout is no affine map of elements; the interface asks for a map of the rank.
AffineMap PanelsAttr::getAffineMap() const {
  return AffineMap::getMultiDimIdentityMap(2, getContext());
}

bool PanelsAttr::isIdentity() const { return false; }

LogicalResult PanelsAttr::getStridesAndOffset(ArrayRef<int64_t>, SmallVectorImpl<int64_t> &,
                                              int64_t &) const {
  return failure();
}

MemRefType PanelsAttr::getStorageType(ArrayRef<int64_t> shape, Type element) const {
  return MemRefType::get({(int64_t)llvm::divideCeil(shape[0], getRows()), shape[1], getRows()},
                         element);
}

HostTensor PanelsAttr::pack(const HostTensor &weight) const {
  int64_t rows = weight.getDim(0), columns = weight.getDim(1), perPanel = getRows();
  int64_t panels = llvm::divideCeil(rows, perPanel);
  HostTensor result = HostTensor::allocate(weight.getDType(), {panels, columns, perPanel});
  auto copy = [&](auto from, auto to) {
    for (int64_t p = 0; p < panels; ++p)
      for (int64_t j = 0; j < perPanel; ++j)
        for (int64_t k = 0, n = p * perPanel + j; k < columns; ++k)
          to[(p * columns + k) * perPanel + j] = n < rows ? from[n * columns + k] : 0;
  };
  // Numbers are not looked at: those of 16 bits are copied as integers.
  if (weight.getDType() == DType::F32)
    copy(weight.getValues<float>(), result.getMutableValues<float>());
  else
    copy(weight.getValues<uint16_t>(), result.getMutableValues<uint16_t>());
  return result;
}

SmallVector<Value> PanelsAttr::getIndices(OpBuilder &builder, Location loc, Value row,
                                          Value column) const {
  Value perPanel = arith::ConstantIndexOp::create(builder, loc, getRows());
  return {builder.createOrFold<arith::DivUIOp>(loc, row, perPanel), column,
          builder.createOrFold<arith::RemUIOp>(loc, row, perPanel)};
}

Value PanelsAttr::buildRead(OpBuilder &builder, Location loc, Value storage, ArrayRef<int64_t>,
                            Value row, Value column) const {
  return memref::LoadOp::create(builder, loc, storage, getIndices(builder, loc, row, column));
}
