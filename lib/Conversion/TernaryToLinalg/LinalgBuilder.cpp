//===- LinalgBuilder.cpp - What conversions to linalg share ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Conversion/BlockedSums.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::linalg_form;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Value LinalgBuilder::real(Type type, double value) {
  TypedAttr element = getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    element = DenseElementsAttr::get(vector, element);
  return constant(element);
}

Value LinalgBuilder::maximum(Value a, Value b) {
  Value greater = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, a, b);
  return select(greater, a, b);
}

Value LinalgBuilder::clamp(Value x, double low, double high) {
  auto clampTo = [&](arith::CmpFPredicate keep, double bound) {
    Value limit = real(x.getType(), bound);
    x = select(arith::CmpFOp::create(*this, keep, x, limit), x, limit);
  };
  clampTo(arith::CmpFPredicate::OGT, low);
  clampTo(arith::CmpFPredicate::OLT, high);
  return x;
}

Value LinalgBuilder::toFloat(Type type, Value value) {
  if (value.getType() == type)
    return value;
  if (value.getType().isInteger())
    return arith::SIToFPOp::create(*this, type, value);
  return arith::ExtFOp::create(*this, type, value);
}

Value LinalgBuilder::toIndex(Value value) {
  return arith::IndexCastOp::create(*this, getIndexType(), value);
}

OpFoldResult LinalgBuilder::add(OpFoldResult size, int64_t value) {
  return affine::makeComposedFoldedAffineApply(*this, getLoc(), getAffineSymbolExpr(0) + value,
                                               {size});
}

Value LinalgBuilder::loopIndex(int64_t i) { return linalg::IndexOp::create(*this, i); }

Value LinalgBuilder::extract(Value tensor, ValueRange place) {
  return tensor::ExtractOp::create(*this, tensor, place);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

SmallVector<AffineExpr> LinalgBuilder::loops(int64_t from, int64_t to) {
  return llvm::map_to_vector(llvm::seq(from, to), [&](int64_t i) { return getAffineDimExpr(i); });
}

LinalgBuilder::Sizes LinalgBuilder::sizes(Value tensor) {
  // What was made of sizes has these, and no others are computed of it.
  if (auto made = tensor.getDefiningOp<linalg::LinalgOp>())
    return sizes(made.getTiedOpOperand(cast<OpResult>(tensor))->get());
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes();
  if (auto expanded = tensor.getDefiningOp<tensor::ExpandShapeOp>())
    return expanded.getMixedOutputShape();
  if (auto inserted = tensor.getDefiningOp<tensor::InsertSliceOp>())
    return sizes(inserted.getDest());
  if (auto collapsed = tensor.getDefiningOp<tensor::CollapseShapeOp>()) {
    Sizes all = sizes(collapsed.getSrc());
    return llvm::map_to_vector(
        llvm::enumerate(collapsed.getReassociationIndices()), [&](auto group) -> OpFoldResult {
          return group.value().size() == 1
                     ? all[group.value().front()]
                     : tensor::getMixedSize(*this, getLoc(), tensor, group.index());
        });
  }
  return tensor::getMixedSizes(*this, getLoc(), tensor);
}

LinalgBuilder::Sizes LinalgBuilder::rowSizes(Value tensor) {
  Sizes all = sizes(tensor);
  all.pop_back();
  return all;
}

Value LinalgBuilder::empty(ArrayRef<OpFoldResult> sizes, Type element) {
  return tensor::EmptyOp::create(*this, sizes, element);
}

Value LinalgBuilder::filled(ArrayRef<OpFoldResult> sizes, Value value) {
  return linalg::FillOp::create(*this, value, empty(sizes, value.getType())).getResult(0);
}

SmallVector<Value> LinalgBuilder::generic(ArrayRef<Access> ins, ValueRange outs, int64_t reductions,
                                          function_ref<SmallVector<Value>(ValueRange)> body) {
  int64_t rank = getRank(outs.front());
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  for (const Access &access : ins) {
    tensors.push_back(access.tensor);
    maps.push_back(AffineMap::get(rank + reductions, 0, access.place, getContext()));
  }
  maps.append(outs.size(), AffineMap::get(rank + reductions, 0, loops(rank), getContext()));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.append(reductions, utils::IteratorType::reduction);
  OpBuilder::InsertionGuard guard(*this);
  return linalg::GenericOp::create(*this, outs.getTypes(), tensors, outs, maps, iterators,
                                   [&](OpBuilder &builder, Location, ValueRange values) {
                                     restoreInsertionPoint(builder.saveInsertionPoint());
                                     linalg::YieldOp::create(*this, body(values));
                                   })
      .getResults();
}

SmallVector<Value> LinalgBuilder::mapAll(ArrayRef<Access> ins, ArrayRef<OpFoldResult> sizes,
                                         TypeRange elements,
                                         function_ref<SmallVector<Value>(ValueRange)> body) {
  SmallVector<Value> outs =
      llvm::map_to_vector(elements, [&](Type element) { return empty(sizes, element); });
  return update(ins, outs, [&](ValueRange values, ValueRange) { return body(values); });
}

SmallVector<Value>
LinalgBuilder::update(ArrayRef<Access> ins, ValueRange outs,
                      function_ref<SmallVector<Value>(ValueRange, ValueRange)> body) {
  return generic(ins, outs, /*reductions=*/0, [&](ValueRange values) {
    return body(values.take_front(ins.size()), values.drop_front(ins.size()));
  });
}

Value LinalgBuilder::map(ArrayRef<Access> ins, ArrayRef<OpFoldResult> sizes, Type element,
                         Body body) {
  return mapAll(ins, sizes, element,
                [&](ValueRange values) { return SmallVector<Value>{body(values)}; })
      .front();
}

Value LinalgBuilder::reduce(ArrayRef<Access> ins, ArrayRef<OpFoldResult> sizes, Value init,
                            ReduceBody body) {
  return generic(ins, filled(sizes, init), /*reductions=*/1,
                 [&](ValueRange values) {
                   return SmallVector<Value>{body(values.drop_back(), values.back())};
                 })
      .front();
}

SmallVector<Value> LinalgBuilder::carry(Value count, ValueRange inits,
                                        function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(*this, index(0), count, index(1), inits);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(*this, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return loop.getResults();
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value LinalgBuilder::pad(Value tensor, int64_t dim, OpFoldResult size, Value value) {
  Sizes padded = sizes(tensor);
  if (padded[dim] == size)
    return tensor;
  padded[dim] = size;
  return insert(tensor, filled(padded, value), dim, getIndexAttr(0));
}

/// Which dimensions are grouped where `count` from `dim` on become one.
static SmallVector<ReassociationIndices> getGroups(int64_t rank, int64_t dim, int64_t count) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < rank; ++i)
    if (i <= dim || i >= dim + count)
      groups.push_back({i});
    else
      groups.back().push_back(i);
  return groups;
}

static SmallVector<int64_t> getStaticSizes(ArrayRef<OpFoldResult> sizes) {
  return decomposeMixedValues(SmallVector<OpFoldResult>(sizes)).first;
}

Value LinalgBuilder::expand(Value tensor, int64_t dim, ArrayRef<OpFoldResult> parts) {
  Sizes expanded = sizes(tensor);
  expanded.erase(expanded.begin() + dim);
  expanded.insert(expanded.begin() + dim, parts.begin(), parts.end());
  auto type = RankedTensorType::get(getStaticSizes(expanded), getElementTypeOrSelf(tensor));
  return tensor::ExpandShapeOp::create(*this, type, tensor,
                                       getGroups(expanded.size(), dim, parts.size()), expanded);
}

Value LinalgBuilder::collapse(Value tensor, int64_t dim, int64_t count) {
  return tensor::CollapseShapeOp::create(*this, tensor, getGroups(getRank(tensor), dim, count));
}

Value LinalgBuilder::slice(Value tensor, int64_t dim, OpFoldResult offset, OpFoldResult size) {
  Sizes partSizes = sizes(tensor);
  Sizes offsets(partSizes.size(), getIndexAttr(0)), strides(partSizes.size(), getIndexAttr(1));
  offsets[dim] = offset;
  partSizes[dim] = size;
  return tensor::ExtractSliceOp::create(*this, tensor, offsets, partSizes, strides);
}

Value LinalgBuilder::insert(Value part, Value destination, int64_t dim, OpFoldResult offset) {
  Sizes partSizes = sizes(part);
  Sizes offsets(partSizes.size(), getIndexAttr(0)), strides(partSizes.size(), getIndexAttr(1));
  offsets[dim] = offset;
  return tensor::InsertSliceOp::create(*this, part, destination, offsets, partSizes, strides);
}

Value LinalgBuilder::sliceAt(Value tensor, int64_t dim, OpFoldResult offset) {
  Sizes kept = sizes(tensor);
  kept.erase(kept.begin() + dim);
  return sliceAt(tensor, dim, offset, kept);
}

Value LinalgBuilder::sliceAt(Value tensor, int64_t dim, OpFoldResult offset,
                             ArrayRef<OpFoldResult> kept) {
  Sizes partSizes(kept);
  partSizes.insert(partSizes.begin() + dim, getIndexAttr(1));
  Sizes offsets(partSizes.size(), getIndexAttr(0)), strides(partSizes.size(), getIndexAttr(1));
  offsets[dim] = offset;
  auto type = RankedTensorType::get(getStaticSizes(kept), getElementTypeOrSelf(tensor));
  return tensor::ExtractSliceOp::create(*this, type, tensor, offsets, partSizes, strides);
}

Value LinalgBuilder::insertAt(Value part, Value destination, int64_t dim, OpFoldResult offset) {
  Sizes partSizes = sizes(destination);
  Sizes offsets(partSizes.size(), getIndexAttr(0)), strides(partSizes.size(), getIndexAttr(1));
  offsets[dim] = offset;
  Sizes kept(partSizes);
  kept.erase(kept.begin() + dim);
  part = castTo(part, RankedTensorType::get(getStaticSizes(kept), getElementTypeOrSelf(part)));
  partSizes[dim] = getIndexAttr(1);
  return tensor::InsertSliceOp::create(*this, part, destination, offsets, partSizes, strides);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

Value LinalgBuilder::fold(Value tensor, Pairs pairs) {
  Type element = getElementTypeOrSelf(tensor);
  int64_t last = getRank(tensor) - 1, count = getColumns(tensor);
  if (count == 1)
    return sliceAt(tensor, last, getIndexAttr(0));
  Sizes kept = rowSizes(tensor);
  Access first = {tensor, loops(last)}, second = first;
  first.place.push_back(getAffineConstantExpr(0));
  second.place.push_back(getAffineConstantExpr(1));
  if (count > 2) {
    // One dimension is that of a pair, the other one that of pairs.
    OpFoldResult two = getIndexAttr(2), half = getIndexAttr(count / 2);
    bool areHalves = pairs == Pairs::Halves;
    Sizes parts = areHalves ? Sizes{two, half} : Sizes{half, two};
    first.tensor = second.tensor = expand(tensor, last, parts);
    for (Access *access : {&first, &second})
      access->place.insert(access->place.end() - (areHalves ? 0 : 1), getAffineDimExpr(last));
    kept.push_back(half);
  }
  Value sums = map({first, second}, kept, element,
                   [&](ValueRange values) { return addf(values[0], values[1]); });
  return count > 2 ? fold(sums, pairs) : sums;
}

Value LinalgBuilder::blockedSum(ArrayRef<Access> addends, ArrayRef<OpFoldResult> sizes,
                                int64_t count, Type type, ReduceBody add) {
  if (count <= kSumBlock)
    return reduce(addends, sizes, real(type, 0.0), add);
  int64_t blocks = llvm::divideCeil(count, kSumBlock);
  AffineExpr inner = getAffineDimExpr(sizes.size());
  SmallVector<Access> blocked;
  for (const Access &access : addends) {
    Type element = getElementTypeOrSelf(access.tensor);
    int64_t dim = llvm::find(access.place, inner) - access.place.begin();
    // A -0 that is added changes nothing, not even -0.
    Value none = blocked.empty() ? real(element, -0.0) : constant(getZeroAttr(element));
    Value padded = pad(access.tensor, dim, getIndexAttr(blocks * kSumBlock), none);
    Access &parts = blocked.emplace_back(access);
    parts.tensor = expand(padded, dim, {getIndexAttr(blocks), getIndexAttr(kSumBlock)});
    parts.place.insert(parts.place.begin() + dim + 1, getAffineDimExpr(sizes.size() + 1));
  }
  Sizes partSizes(sizes);
  partSizes.push_back(getIndexAttr(blocks));
  Value parts = reduce(blocked, partSizes, real(type, 0.0), add);
  OpFoldResult most = getIndexAttr(llvm::PowerOf2Ceil(blocks));
  return fold(pad(parts, sizes.size(), most, real(type, -0.0)), Pairs::Neighbors);
}

/// Lanes of the sum of a row.
static constexpr int64_t kLanes = 16;

Value LinalgBuilder::blockSums(Value tensor) {
  static_assert(SquareSumsOp::kBlock == 2 * kLanes);
  Type element = getElementTypeOrSelf(tensor);
  int64_t last = getRank(tensor) - 1;
  int64_t blocks = llvm::divideCeil(getColumns(tensor), SquareSumsOp::kBlock);
  Value padded = pad(tensor, last, getIndexAttr(blocks * SquareSumsOp::kBlock), real(element, 0.0));
  Value halves =
      expand(padded, last, {getIndexAttr(blocks), getIndexAttr(2), getIndexAttr(kLanes)});
  Sizes lanes = rowSizes(tensor);
  lanes.append({getIndexAttr(blocks), getIndexAttr(kLanes)});
  auto half = [&](int64_t i) {
    Access access = {halves, loops(last + 1)};
    access.place.append({getAffineConstantExpr(i), getAffineDimExpr(last + 1)});
    return access;
  };
  Value sums = map({half(0), half(1)}, lanes, element,
                   [&](ValueRange values) { return addf(values[0], values[1]); });
  return fold(sums, Pairs::Halves);
}

Value LinalgBuilder::sumOfBlocks(Value sums) {
  Type element = getElementTypeOrSelf(sums);
  int64_t last = getRank(sums) - 1;
  int64_t groups = llvm::divideCeil(getColumns(sums), kLanes);
  Value padded = pad(sums, last, getIndexAttr(groups * kLanes), real(element, 0.0));
  Value blocks = expand(padded, last, {getIndexAttr(groups), getIndexAttr(kLanes)});
  Sizes lanes = rowSizes(sums);
  lanes.push_back(getIndexAttr(kLanes));
  Access access = {blocks, loops(last)};
  access.place.append({getAffineDimExpr(last + 1), getAffineDimExpr(last)});
  Value perLane = reduce(access, lanes, real(element, 0.0), [&](ValueRange values, Value carried) {
    return addf(carried, values[0]);
  });
  return fold(perLane, Pairs::Halves);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type linalg_form::getPlainType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type;
  Type element = tensor.getElementType();
  if (isa<TritType>(element))
    element = IntegerType::get(type.getContext(), 8);
  bool hasLayout = isa_and_nonnull<WeightLayoutAttrInterface>(tensor.getEncoding());
  return RankedTensorType::get(tensor.getShape(), element,
                               hasLayout ? Attribute() : tensor.getEncoding());
}

Value LinalgBuilder::plain(Value weight) { return castTo(weight, getPlainType(weight.getType())); }

Value LinalgBuilder::castTo(Value value, Type type) {
  if (value.getType() == type)
    return value;
  if (getPlainType(value.getType()) == getPlainType(type))
    return UnrealizedConversionCastOp::create(*this, type, value).getResult(0);
  return tensor::CastOp::create(*this, type, value);
}
