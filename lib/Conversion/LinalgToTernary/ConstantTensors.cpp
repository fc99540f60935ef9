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
#include <functional>

using namespace mlir;
using namespace ternary;

using Shared = std::shared_ptr<const ConstantTensors::Elements>;

static constexpr int kMaxDepth = 256;
/// Elements of a tensor or an iteration space; what has more is no weight.
static constexpr int64_t kMaxElements = int64_t(1) << 28;
/// Iterations for which one op after another is carried out.
static constexpr int64_t kChunk = 1024;

/// Whether an f32 holds every element.
static bool isSupported(Type type) {
  Type element = getElementTypeOrSelf(type);
  return isa<Float32Type, Float16Type, BFloat16Type>(element) || element.isInteger(8);
}

Shared ConstantTensors::evaluate(Value tensor) {
  auto it = known.find(tensor);
  if (it != known.end())
    return it->second;
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  Shared elements;
  if (type && type.hasStaticShape() && isSupported(type) && type.getNumElements() <= kMaxElements &&
      depth < kMaxDepth) {
    ++depth;
    elements = compute(tensor);
    --depth;
  }
  known[tensor] = elements;
  return elements;
}

static Shared readConstant(ElementsAttr attribute) {
  Type type = attribute.getElementType();
  int64_t count = attribute.getNumElements(), width = type.getIntOrFloatBitWidth() / 8;
  ArrayRef<char> data;
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute))
    data = dense.getRawData();
  else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      data = blob->getData();
  int64_t size = data.size();
  if (size != width && size != count * width)
    return nullptr;
  auto elements = std::make_shared<ConstantTensors::Elements>(count);
  for (int64_t i = 0; i < count; ++i) {
    const char *from = data.data() + (size == width ? 0 : i * width);
    float &x = (*elements)[i];
    if (type.isF32()) {
      memcpy(&x, from, sizeof(x));
    } else if (type.isInteger(8)) {
      x = static_cast<int8_t>(*from);
    } else {
      uint16_t bits;
      memcpy(&bits, from, sizeof(bits));
      APFloat value(cast<FloatType>(type).getFloatSemantics(), APInt(16, bits));
      x = static_cast<float>(value.convertToDouble());
    }
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

//===----------------------------------------------------------------------===//
// Ops on numbers
//===----------------------------------------------------------------------===//

using Function = std::function<double(const double *)>;

static Function getComparison(arith::CmpFPredicate predicate) {
  auto compare = [&](double a, double b) {
    return arith::applyCmpPredicate(predicate, APFloat(a), APFloat(b));
  };
  bool less = compare(0, 1), equal = compare(0, 0), greater = compare(1, 0),
       unordered = compare(0, std::nan(""));
  return [=](const double *x) -> double {
    return x[0] < x[1] ? less : x[0] > x[1] ? greater : x[0] == x[1] ? equal : unordered;
  };
}

/// What `op` does to numbers; null if it is not known.
static Function getFunction(Operation *op) {
  if (isa<arith::MulFOp>(op))
    return [](const double *x) { return x[0] * x[1]; };
  if (isa<arith::DivFOp>(op))
    return [](const double *x) { return x[0] / x[1]; };
  if (isa<arith::AddFOp>(op))
    return [](const double *x) { return x[0] + x[1]; };
  if (isa<arith::SubFOp>(op))
    return [](const double *x) { return x[0] - x[1]; };
  if (isa<arith::NegFOp>(op))
    return [](const double *x) { return -x[0]; };
  if (isa<math::AbsFOp>(op))
    return [](const double *x) { return std::abs(x[0]); };
  if (isa<math::SqrtOp>(op))
    return [](const double *x) { return std::sqrt(x[0]); };
  if (isa<math::RsqrtOp>(op))
    return [](const double *x) { return 1 / std::sqrt(x[0]); };
  if (isa<math::RoundEvenOp>(op))
    return [](const double *x) { return std::nearbyint(x[0]); };
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return [](const double *x) { return std::max(x[0], x[1]); };
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return [](const double *x) { return std::min(x[0], x[1]); };
  if (isa<arith::ExtFOp, arith::TruncFOp, arith::SIToFPOp>(op))
    return [](const double *x) { return x[0]; };
  if (isa<arith::SelectOp>(op))
    return [](const double *x) { return x[0] != 0 ? x[1] : x[2]; };
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return getComparison(compare.getPredicate());
  return nullptr;
}

static double roundTo(Type type, double x) {
  if (type.isF32())
    return static_cast<float>(x);
  if (!isa<Float16Type, BFloat16Type>(type))
    return x;
  APFloat rounded(x);
  bool losesInfo;
  rounded.convert(cast<FloatType>(type).getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &losesInfo);
  return rounded.convertToDouble();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

namespace {
/// The distances between a tensor's elements for loops that read or write it.
using Strides = SmallVector<int64_t>;

std::optional<Strides> getStrides(RankedTensorType type, AffineMap map) {
  Strides strides(map.getNumDims(), 0);
  int64_t stride = 1;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    AffineExpr expr = map.getResult(dim);
    if (auto loop = dyn_cast<AffineDimExpr>(expr))
      strides[loop.getPosition()] += stride;
    else if (auto at = dyn_cast<AffineConstantExpr>(expr); !at || at.getValue() != 0)
      return std::nullopt;
    stride *= type.getDimSize(dim);
  }
  return strides;
}

/// Calls `visit` with the offset of each of `size` iterations from number `first` on.
void forEachOffset(ArrayRef<int64_t> loops, const Strides &strides, int64_t first, int64_t size,
                   llvm::function_ref<void(int64_t, int64_t)> visit) {
  SmallVector<int64_t> at(loops.size());
  int64_t offset = 0;
  for (int64_t loop = loops.size() - 1, rest = first; loop >= 0; --loop) {
    at[loop] = rest % loops[loop];
    rest /= loops[loop];
    offset += at[loop] * strides[loop];
  }
  for (int64_t i = 0; i < size; ++i) {
    visit(i, offset);
    for (int64_t loop = loops.size() - 1; loop >= 0; --loop) {
      offset += strides[loop];
      if (++at[loop] < loops[loop])
        break;
      offset -= strides[loop] * loops[loop];
      at[loop] = 0;
    }
  }
}

/// What a body reads: a tensor, or a number.
struct Input {
  Shared elements;
  Strides strides;
  double number = 0;
};
} // namespace

Shared ConstantTensors::computeLinalg(OpResult result) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  int64_t count = 1;
  for (int64_t size : loops) {
    if (ShapedType::isDynamic(size) || size > kMaxElements)
      return nullptr;
    count *= size;
    if (count > kMaxElements)
      return nullptr;
  }
  auto type = cast<RankedTensorType>(result.getType());
  OpOperand *init = op.getDpsInitOperand(result.getResultNumber());
  std::optional<Strides> out = getStrides(type, op.getMatchingIndexingMap(init));
  Block *block = op.getBlock();
  Value yielded = block->getTerminator()->getOperand(result.getResultNumber());
  BlockArgument sofar = op.getMatchingBlockArgument(init);
  // Elements are combined in the order of loops.
  Operation *combiner = op.getNumReductionLoops() ? yielded.getDefiningOp() : nullptr;
  if (op.getNumReductionLoops()) {
    if (!isa_and_nonnull<arith::AddFOp, arith::MaximumFOp, arith::MaxNumFOp>(combiner) ||
        !llvm::is_contained(combiner->getOperands(), sofar) || !sofar.hasOneUse())
      return nullptr;
    yielded = combiner->getOperand(combiner->getOperand(0) == sofar ? 1 : 0);
  }
  if (!out || op->getNumResults() != 1)
    return nullptr;

  llvm::DenseMap<Value, Input> inputs;
  llvm::DenseMap<Value, std::vector<double>> values;
  auto prepare = [&](Value value) {
    if (!values.try_emplace(value, kChunk).second)
      return true;
    Value from = value;
    AffineMap map;
    if (auto argument = dyn_cast<BlockArgument>(value); argument && argument.getOwner() == block) {
      OpOperand *operand = op.getMatchingOpOperand(argument);
      from = operand->get();
      map = op.getMatchingIndexingMap(operand);
    }
    Input &input = inputs[value];
    FloatAttr number;
    if (matchPattern(from, m_Constant(&number))) {
      input.number = number.getValueAsDouble();
      return true;
    }
    auto source = dyn_cast<RankedTensorType>(from.getType());
    std::optional<Strides> strides = source && map ? getStrides(source, map) : std::nullopt;
    input.elements = strides ? evaluate(from) : nullptr;
    if (!input.elements)
      return false;
    input.strides = *strides;
    return true;
  };
  SmallVector<std::pair<Operation *, Function>> steps;
  for (Operation &inner : block->without_terminator()) {
    // What an assertion is about is not changed by it.
    if (&inner == combiner || inner.getNumResults() == 0)
      continue;
    Function function = getFunction(&inner);
    if (!function || !llvm::all_of(inner.getOperands(), prepare))
      return nullptr;
    values.try_emplace(inner.getResult(0), kChunk);
    steps.push_back({&inner, function});
  }
  if (!prepare(yielded))
    return nullptr;

  std::vector<double> results(type.getNumElements());
  if (combiner) {
    Shared start = evaluate(init->get());
    if (!start)
      return nullptr;
    results.assign(start->begin(), start->end());
  }
  for (int64_t first = 0; first < count; first += kChunk) {
    int64_t size = std::min(kChunk, count - first);
    for (auto &[value, input] : inputs) {
      std::vector<double> &into = values[value];
      if (!input.elements) {
        llvm::fill(into, input.number);
        continue;
      }
      forEachOffset(
          loops, input.strides, first, size,
          [&, &from = *input.elements](int64_t i, int64_t offset) { into[i] = from[offset]; });
    }
    for (auto &[inner, function] : steps) {
      SmallVector<const double *, 3> operands;
      for (Value operand : inner->getOperands())
        operands.push_back(values[operand].data());
      Type rounded = inner->getResult(0).getType();
      std::vector<double> &into = values[inner->getResult(0)];
      SmallVector<double, 3> x(operands.size());
      for (int64_t i = 0; i < size; ++i) {
        for (size_t k = 0; k < x.size(); ++k)
          x[k] = operands[k][i];
        into[i] = roundTo(rounded, function(x.data()));
      }
    }
    bool isSum = isa_and_nonnull<arith::AddFOp>(combiner);
    const std::vector<double> &from = values[yielded];
    forEachOffset(loops, *out, first, size, [&](int64_t i, int64_t offset) {
      double &element = results[offset];
      element = !combiner ? from[i] : isSum ? element + from[i] : std::max(element, from[i]);
    });
  }
  auto elements = std::make_shared<Elements>(results.size());
  for (auto [element, x] : llvm::zip_equal(*elements, results))
    element = static_cast<float>(roundTo(type.getElementType(), x));
  return elements;
}
