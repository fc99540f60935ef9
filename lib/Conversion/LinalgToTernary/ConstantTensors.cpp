//===- ConstantTensors.cpp - What ops compute from constants --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConstantTensors.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace ternary;

using Elements = ConstantTensors::Elements;
using Shared = std::shared_ptr<const Elements>;

static constexpr int kMaxDepth = 256;
/// Elements of an iteration space; larger ones are no weights.
static constexpr int64_t kMaxElements = int64_t(1) << 28;

static bool isFloat(Type type) {
  return isa<Float32Type, Float64Type, Float16Type, BFloat16Type>(getElementTypeOrSelf(type));
}

Shared ConstantTensors::evaluate(Value tensor) {
  auto it = known.find(tensor);
  if (it != known.end())
    return it->second;
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  Shared elements;
  if (type && type.hasStaticShape() && isFloat(type) && type.getNumElements() <= kMaxElements &&
      depth < kMaxDepth) {
    ++depth;
    elements = compute(tensor);
    --depth;
  }
  known[tensor] = elements;
  return elements;
}

static Shared readConstant(ElementsAttr attribute) {
  auto elements = std::make_shared<Elements>();
  auto type = attribute.getShapedType();
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute)) {
    for (const APFloat &value : dense.getValues<APFloat>())
      elements->push_back(const_cast<APFloat &>(value).convertToDouble());
    return elements;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attribute);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  Type element = type.getElementType();
  int64_t width = element.getIntOrFloatBitWidth() / 8;
  if (!blob || static_cast<int64_t>(blob->getData().size()) != type.getNumElements() * width)
    return nullptr;
  const llvm::fltSemantics &semantics = cast<FloatType>(element).getFloatSemantics();
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    uint64_t bits = 0;
    memcpy(&bits, blob->getData().data() + i * width, width);
    elements->push_back(APFloat(semantics, APInt(width * 8, bits)).convertToDouble());
  }
  return elements;
}

Shared ConstantTensors::compute(Value tensor) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return nullptr;
  ElementsAttr constant;
  if (matchPattern(op, m_Constant(&constant)))
    return readConstant(constant);
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op))
    return evaluate(op->getOperand(0));
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (linalgOp && linalgOp.hasPureTensorSemantics())
    return computeLinalg(cast<OpResult>(tensor));
  return nullptr;
}

/// One element for each iteration.
std::optional<Elements> ConstantTensors::gather(Value operand, AffineMap map,
                                                ArrayRef<int64_t> loops) {
  int64_t count = 1;
  for (int64_t size : loops)
    count *= size;
  FloatAttr number;
  if (matchPattern(operand, m_Constant(&number)))
    return Elements(count, number.getValueAsDouble());
  Shared elements = evaluate(operand);
  if (!elements)
    return std::nullopt;
  // The distance between elements for each loop.
  SmallVector<int64_t> strides(loops.size(), 0);
  auto type = cast<RankedTensorType>(operand.getType());
  int64_t stride = 1;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    AffineExpr expr = map.getResult(dim);
    if (auto loop = dyn_cast<AffineDimExpr>(expr))
      strides[loop.getPosition()] += stride;
    else if (auto at = dyn_cast<AffineConstantExpr>(expr); !at || at.getValue() != 0)
      return std::nullopt;
    stride *= type.getDimSize(dim);
  }
  Elements gathered(count);
  SmallVector<int64_t> at(loops.size(), 0);
  int64_t offset = 0;
  for (int64_t i = 0; i < count; ++i) {
    gathered[i] = (*elements)[offset];
    for (int64_t loop = loops.size() - 1; loop >= 0; --loop) {
      offset += strides[loop];
      if (++at[loop] < loops[loop])
        break;
      offset -= strides[loop] * loops[loop];
      at[loop] = 0;
    }
  }
  return gathered;
}

/// `op` on numbers; none if it is not known.
static std::optional<double> apply(Operation *op, ArrayRef<double> x) {
  if (isa<arith::MulFOp>(op))
    return x[0] * x[1];
  if (isa<arith::DivFOp>(op))
    return x[0] / x[1];
  if (isa<arith::AddFOp>(op))
    return x[0] + x[1];
  if (isa<arith::SubFOp>(op))
    return x[0] - x[1];
  if (isa<arith::NegFOp>(op))
    return -x[0];
  if (isa<math::AbsFOp>(op))
    return std::abs(x[0]);
  if (isa<math::SqrtOp>(op))
    return std::sqrt(x[0]);
  if (isa<math::RsqrtOp>(op))
    return 1 / std::sqrt(x[0]);
  if (isa<math::RoundEvenOp>(op))
    return std::nearbyint(x[0]);
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return std::max(x[0], x[1]);
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return std::min(x[0], x[1]);
  if (isa<arith::ExtFOp, arith::TruncFOp>(op))
    return x[0];
  if (isa<arith::SelectOp>(op))
    return x[0] != 0 ? x[1] : x[2];
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return arith::applyCmpPredicate(compare.getPredicate(), APFloat(x[0]), APFloat(x[1]));
  return std::nullopt;
}

static double roundTo(Type type, double x) {
  if (type.isF32())
    return static_cast<float>(x);
  if (auto narrow = dyn_cast<FloatType>(type); narrow && !type.isF64()) {
    APFloat rounded(x);
    bool losesInfo;
    rounded.convert(narrow.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    return rounded.convertToDouble();
  }
  return x;
}

Shared ConstantTensors::computeLinalg(OpResult result) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  int64_t count = 1;
  for (int64_t size : loops)
    count *= size;
  OpOperand *init = op.getDpsInitOperand(result.getResultNumber());
  AffineMap out = op.getMatchingIndexingMap(init);
  bool isReduction = op.getNumReductionLoops() > 0;
  if (llvm::any_of(loops, ShapedType::isDynamic) || count > kMaxElements || op->getNumResults() > 1)
    return nullptr;
  Block *block = op.getBlock();
  Value yielded = block->getTerminator()->getOperand(result.getResultNumber());
  BlockArgument sofar = op.getMatchingBlockArgument(init);
  // Elements are combined in the order of loops; all else happens to all of them at once.
  Operation *combiner = isReduction ? yielded.getDefiningOp() : nullptr;
  if (isReduction &&
      (!isa_and_nonnull<arith::AddFOp, arith::MaximumFOp, arith::MaxNumFOp>(combiner) ||
       combiner->getBlock() != block || !llvm::is_contained(combiner->getOperands(), sofar) ||
       !sofar.hasOneUse()))
    return nullptr;
  llvm::DenseMap<Value, Elements> values;
  auto load = [&](Value value) -> const Elements * {
    auto it = values.find(value);
    if (it != values.end())
      return &it->second;
    std::optional<Elements> gathered;
    if (auto argument = dyn_cast<BlockArgument>(value); argument && argument.getOwner() == block) {
      OpOperand *operand = op.getMatchingOpOperand(argument);
      gathered = gather(operand->get(), op.getMatchingIndexingMap(operand), loops);
    } else {
      gathered = gather(value, {}, loops);
    }
    if (!gathered)
      return nullptr;
    return &(values[value] = std::move(*gathered));
  };
  for (Operation &inner : block->without_terminator()) {
    if (&inner == combiner || inner.getNumResults() == 0)
      continue;
    if (inner.getNumResults() != 1)
      return nullptr;
    // A reference into the map would not outlive the next load.
    for (Value operand : inner.getOperands())
      if (!load(operand))
        return nullptr;
    Elements computed(count);
    SmallVector<double, 3> operands(inner.getNumOperands());
    SmallVector<const Elements *> sources;
    for (Value operand : inner.getOperands())
      sources.push_back(&values.find(operand)->second);
    for (int64_t i = 0; i < count; ++i) {
      for (auto [x, source] : llvm::zip_equal(operands, sources))
        x = (*source)[i];
      std::optional<double> y = apply(&inner, operands);
      if (!y)
        return nullptr;
      computed[i] = roundTo(inner.getResult(0).getType(), *y);
    }
    values[inner.getResult(0)] = std::move(computed);
  }
  auto type = cast<RankedTensorType>(result.getType());
  auto elements = std::make_shared<Elements>(type.getNumElements());
  // Where each iteration's element goes.
  SmallVector<int64_t> strides(loops.size(), 0);
  int64_t stride = 1;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    if (auto loop = dyn_cast<AffineDimExpr>(out.getResult(dim)))
      strides[loop.getPosition()] += stride;
    else if (auto at = dyn_cast<AffineConstantExpr>(out.getResult(dim)); !at || at.getValue() != 0)
      return nullptr;
    stride *= type.getDimSize(dim);
  }
  const Elements *source =
      load(!isReduction ? yielded : combiner->getOperand(combiner->getOperand(0) == sofar ? 1 : 0));
  if (!source)
    return nullptr;
  if (isReduction) {
    Shared start = evaluate(init->get());
    if (!start)
      return nullptr;
    *elements = *start;
  }
  SmallVector<int64_t> at(loops.size(), 0);
  for (int64_t i = 0, offset = 0; i < count; ++i) {
    double &element = (*elements)[offset], x = (*source)[i];
    element = !isReduction ? x : isa<arith::AddFOp>(combiner) ? element + x : std::max(element, x);
    for (int64_t loop = loops.size() - 1; loop >= 0; --loop) {
      offset += strides[loop];
      if (++at[loop] < loops[loop])
        break;
      offset -= strides[loop] * loops[loop];
      at[loop] = 0;
    }
  }
  for (double &element : *elements)
    element = roundTo(type.getElementType(), element);
  return elements;
}
