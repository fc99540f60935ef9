//===- KernelEmitter.cpp - What the emitters of kernels share -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

Value Emitter::index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }

Value Emitter::add(Value a, Value c) { return b.createOrFold<arith::AddIOp>(a, c); }

Value Emitter::mul(Value a, int64_t c) { return b.createOrFold<arith::MulIOp>(a, index(c)); }

Value Emitter::dim(Value memref, int64_t dim) { return b.createOrFold<memref::DimOp>(memref, dim); }

VectorType Emitter::vectorType(int64_t size, Type element) {
  return VectorType::get(size, element);
}

Value Emitter::splat(Value scalar, int64_t size) {
  return vector::BroadcastOp::create(b, vectorType(size, scalar.getType()), scalar);
}

Value Emitter::zeros(VectorType type) { return arith::ConstantOp::create(b, b.getZeroAttr(type)); }

Value Emitter::load(VectorType type, Value memref, ValueRange indices, Value mask) {
  if (!mask)
    return vector::LoadOp::create(b, type, memref, indices);
  return vector::MaskedLoadOp::create(b, type, memref, indices, mask, zeros(type));
}

void Emitter::store(Value value, Value memref, ValueRange indices, Value mask) {
  if (mask)
    vector::MaskedStoreOp::create(b, memref, indices, mask, value);
  else
    vector::StoreOp::create(b, value, memref, indices);
}

void Emitter::prefetch(Value memref, ValueRange indices, bool isWrite, bool toFirstLevel) {
  memref::PrefetchOp::create(b, memref, indices, isWrite, /*localityHint=*/toFirstLevel ? 3 : 2,
                             /*isDataCache=*/true);
}

Value Emitter::toRows(Value memref, int64_t trailing) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t rows = type.getRank() - trailing;
  if (rows == 1)
    return memref;
  if (rows == 0) {
    SmallVector<int64_t> shape = {1};
    SmallVector<ReassociationIndices> groups;
    llvm::append_range(shape, type.getShape());
    if (trailing)
      groups.push_back({0, 1});
    return memref::ExpandShapeOp::create(b, shape, memref, groups);
  }
  SmallVector<ReassociationIndices> groups(1);
  for (int64_t i = 0; i < rows; ++i)
    groups[0].push_back(i);
  for (int64_t i = rows; i < type.getRank(); ++i)
    groups.push_back({i});
  if (!memref::CollapseShapeOp::isGuaranteedCollapsible(type, groups))
    return {};
  return memref::CollapseShapeOp::create(b, memref, groups);
}

Emitter::Rows Emitter::findRows(Value memref, int64_t trailing) {
  if (Value rows = toRows(memref, trailing))
    return {rows, {}};
  if (cast<MemRefType>(memref.getType()).getRank() != 2 + trailing)
    return {};
  return {memref, {dim(memref, 0), dim(memref, 1)}};
}

SmallVector<Value> Emitter::locate(const Rows &rows, Value row) {
  if (rows.sizes.empty())
    return {row};
  return delinearize(row, rows.sizes);
}

Value Emitter::fold(Value vector) {
  int64_t size = cast<VectorType>(vector.getType()).getNumElements();
  for (int64_t half = size / 2; half >= 1; half /= 2) {
    Value low = vector::ExtractStridedSliceOp::create(
        b, vector, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1});
    Value high = vector::ExtractStridedSliceOp::create(
        b, vector, ArrayRef<int64_t>{half}, ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1});
    vector = arith::AddFOp::create(b, low, high);
  }
  return vector::ExtractOp::create(b, vector, ArrayRef<int64_t>{0});
}

/// Interleaving the first half of the vectors with the second moves the highest bit of a
/// vector's number to the lowest of the lane's, so that after all bits they are exchanged.
SmallVector<Value> Emitter::transpose(ArrayRef<Value> rows) {
  SmallVector<Value> from(rows), to(rows.size());
  int64_t size = rows.size(), half = size / 2;
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < half; ++i) {
    low.append({i, size + i});
    high.append({half + i, size + half + i});
  }
  for (int64_t step = 1; step < size; step *= 2) {
    for (int64_t i = 0; i < half; ++i) {
      to[2 * i] = vector::ShuffleOp::create(b, from[i], from[half + i], low);
      to[2 * i + 1] = vector::ShuffleOp::create(b, from[i], from[half + i], high);
    }
    std::swap(from, to);
  }
  return from;
}

void Emitter::parallel(ValueRange sizes, function_ref<void(ValueRange)> body) {
  Value total = count(sizes);
  auto loop =
      scf::ParallelOp::create(b, ValueRange{index(0)}, ValueRange{total}, ValueRange{index(1)});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(delinearize(loop.getInductionVars().front(), sizes));
}

Value Emitter::allocateScratch(ArrayRef<int64_t> shape, Type element) {
  // At the start, so that no loop in the iteration allocates again.
  OpBuilder::InsertionGuard guard(b);
  Operation *around = b.getInsertionBlock()->getParentOp();
  auto iteration = dyn_cast<scf::ParallelOp>(around);
  if (!iteration)
    iteration = around->getParentOfType<scf::ParallelOp>();
  assert(iteration && "expected to build an iteration");
  b.setInsertionPointToStart(iteration.getBody());
  return memref::AllocaOp::create(b, MemRefType::get(shape, element), b.getI64IntegerAttr(64));
}

Value Emitter::count(ValueRange sizes) {
  if (sizes.empty())
    return index(1);
  Value total = sizes.front();
  for (Value size : sizes.drop_front())
    total = b.createOrFold<arith::MulIOp>(total, size);
  return total;
}

SmallVector<Value> Emitter::delinearize(Value rest, ValueRange sizes) {
  SmallVector<Value> indices(sizes.size());
  for (size_t i = sizes.size(); i-- > 1;) {
    if (getConstantIntValue(sizes[i]) == 1) {
      indices[i] = index(0);
      continue;
    }
    indices[i] = b.createOrFold<arith::RemUIOp>(rest, sizes[i]);
    rest = b.createOrFold<arith::DivUIOp>(rest, sizes[i]);
  }
  if (!sizes.empty())
    indices[0] = getConstantIntValue(sizes[0]) == 1 ? index(0) : rest;
  return indices;
}

SmallVector<Value> Emitter::loop(Value from, Value to, int64_t step, ValueRange init,
                                 function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, from, to, index(step), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> yielded = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(b, yielded);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> Emitter::loopBlocks(
    Value from, Value to, ArrayRef<int64_t> blocks, ValueRange init,
    function_ref<SmallVector<Value>(Value first, int64_t count, ValueRange carried)> body) {
  SmallVector<Value> carried(init);
  for (int64_t count : blocks) {
    Value whole = to;
    if (count > 1) {
      Value left = arith::SubIOp::create(b, to, from);
      whole =
          arith::SubIOp::create(b, to, arith::RemUIOp::create(b, left, index(count)).getResult());
    }
    carried = loop(from, whole, count, carried,
                   [&](Value first, ValueRange carried) { return body(first, count, carried); });
    from = whole;
  }
  return carried;
}

SmallVector<Value> Emitter::multiply(Value from, Value to, ValueRange init, int64_t vectors,
                                     function_ref<Value(int64_t, Value)> loadA,
                                     function_ref<SmallVector<Value>(Value)> loadB) {
  int64_t rows = init.size() / vectors;
  int64_t lanes = cast<VectorType>(init.front().getType()).getNumElements();
  return loop(from, to, 1, init, [&](Value l, ValueRange carried) {
    SmallVector<Value> sums(carried), columns = loadB(l);
    for (int64_t r = 0; r < rows; ++r) {
      Value a = splat(loadA(r, l), lanes);
      for (int64_t v = 0; v < vectors; ++v) {
        Value &sum = sums[r * vectors + v];
        sum = math::FmaOp::create(b, a, columns[v], sum);
      }
    }
    return sums;
  });
}

Value vectorize::getMask(Emitter &e, Value column, int64_t columns, int64_t lanes, int64_t step) {
  if (columns % step == 0)
    return {};
  Value left = arith::SubIOp::create(e.b, e.index(columns), column);
  return vector::CreateMaskOp::create(e.b, e.vectorType(lanes, e.b.getI1Type()), left);
}

ScanChannels::ScanChannels(Emitter &e, Value first, int64_t columns) {
  for (int64_t chunk = 0; chunk < kScanChannels; chunk += kChunk) {
    Value column = e.add(first, chunk);
    emplace_back(column, getMask(e, column, columns, kChunk, kScanChannels));
  }
}

void vectorize::cloneElementwise(OpBuilder &builder, Operation *op, IRMapping &mapping,
                                 int64_t size) {
  auto widen = [&](Type type) { return VectorType::get(size, getElementTypeOrSelf(type)); };
  Attribute value;
  if (op->hasTrait<OpTrait::ConstantLike>() && matchPattern(op, m_Constant(&value))) {
    if (auto elements = dyn_cast<SplatElementsAttr>(value))
      value = elements.getSplatValue<Attribute>();
    auto dense = DenseElementsAttr::get(widen(op->getResult(0).getType()), value);
    mapping.map(op->getResult(0),
                arith::ConstantOp::create(builder, op->getLoc(), dense).getResult());
    return;
  }
  OperationState state(op->getLoc(), op->getName());
  for (Value operand : op->getOperands())
    state.operands.push_back(mapping.lookup(operand));
  for (Type type : op->getResultTypes())
    state.types.push_back(widen(type));
  state.attributes = op->getAttrDictionary();
  mapping.map(op->getResults(), builder.create(state)->getResults());
}
