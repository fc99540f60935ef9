//===- Expressions.cpp - What elements of tensors are computed from -------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Expressions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace ternary;

using Kind = Expression::Kind;
using Node = Expressions::Node;
using Term = Expression::Term;

/// Deeper ones are leaves: what is looked for is not as deep, and the stack is finite.
static constexpr int kMaxDepth = 256;
/// Longer sums and products are leaves as well.
static constexpr size_t kMaxTerms = 64;

bool ternary::isClose(double a, double b) {
  return std::abs(a - b) <= 1e-6 * std::max(std::abs(a), std::abs(b));
}

bool Expression::isNumber(double wanted) const { return isNumber() && isClose(number, wanted); }

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

Node Expressions::intern(Expression expression) {
  std::vector<std::pair<unsigned, double>> terms;
  for (auto [term, factor] : expression.terms)
    terms.emplace_back(term->id, factor);
  Key key(static_cast<int>(expression.kind), expression.number, std::move(terms),
          expression.value.getAsOpaquePointer(), expression.map.getAsOpaquePointer(),
          expression.name, expression.attributes);
  Node &node = interned[key];
  if (!node) {
    expression.id = storage.size();
    node = &storage.emplace_back(std::move(expression));
  }
  return node;
}

Node Expressions::leaf(Value value, AffineMap map) {
  Expression expression(Kind::Leaf);
  expression.value = value;
  expression.map = map;
  return intern(expression);
}

/// The float next to `x`, if that is what was meant: 127 · (1 / 127) is 1.
static double snap(double x) {
  double rounded = static_cast<float>(x);
  return std::abs(x - rounded) <= 1e-12 * std::abs(x) ? rounded : x;
}

Node Expressions::number(double value) {
  Expression expression(Kind::Product);
  expression.number = value;
  return intern(expression);
}

/// Terms by their ids, each once and none with 0.
static SmallVector<Term, 2> merge(ArrayRef<Term> terms) {
  std::map<unsigned, Term> merged;
  for (auto [node, factor] : terms) {
    auto [it, isNew] = merged.try_emplace(node->id, node, 0);
    it->second.second = snap(it->second.second + factor);
  }
  SmallVector<Term, 2> result;
  for (auto &[id, term] : merged)
    if (term.second != 0)
      result.push_back(term);
  return result;
}

Node Expressions::product(ArrayRef<Term> factors, double coefficient) {
  SmallVector<Term> flat;
  for (auto [node, exponent] : factors) {
    bool isWhole = exponent == std::floor(exponent);
    // (x²)^½ is not x.
    bool isFlat =
        node->kind == Kind::Product && (isWhole || node->number > 0) &&
        llvm::all_of(node->terms, [&](Term term) { return isWhole || std::abs(term.second) == 1; });
    if (!isFlat) {
      flat.push_back({node, exponent});
      continue;
    }
    coefficient *= std::pow(node->number, exponent);
    for (auto [factor, power] : node->terms)
      flat.push_back({factor, power * exponent});
  }
  if (coefficient == 0)
    return number(0);
  Expression expression(Kind::Product);
  expression.number = snap(coefficient);
  expression.terms = merge(flat);
  if (expression.number == 1 && expression.terms.size() == 1 && expression.terms[0].second == 1)
    return expression.terms[0].first;
  return intern(expression);
}

Node Expressions::sum(ArrayRef<Term> terms, double constant) {
  SmallVector<Term> flat;
  for (auto [node, factor] : terms) {
    double scale = factor;
    if (node->kind == Kind::Product) {
      scale *= node->number;
      if (node->isNumber()) {
        constant += scale;
        continue;
      }
      node = product({{node, 1}}, 1 / node->number);
    }
    if (node->kind != Kind::Sum) {
      flat.push_back({node, scale});
      continue;
    }
    constant += scale * node->number;
    for (auto [term, inner] : node->terms)
      flat.push_back({term, inner * scale});
  }
  Expression expression(Kind::Sum);
  expression.number = snap(constant);
  expression.terms = merge(flat);
  if (expression.terms.empty())
    return number(expression.number);
  if (expression.number == 0 && expression.terms.size() == 1)
    return product({{expression.terms[0].first, 1}}, expression.terms[0].second);
  return intern(expression);
}

Node Expressions::extremum(Kind kind, Node a, Node b) {
  if (b->id < a->id)
    std::swap(a, b);
  Expression expression(kind);
  expression.terms = {{a, 1}, {b, 1}};
  return intern(expression);
}

//===----------------------------------------------------------------------===//
// Where elements are
//===----------------------------------------------------------------------===//

/// `map` with 0 for the index of every unit dimension.
static AffineMap normalize(AffineMap map, RankedTensorType type) {
  SmallVector<AffineExpr> indices(map.getResults());
  for (auto [index, size] : llvm::zip_equal(indices, type.getShape()))
    if (size == 1)
      index = getAffineConstantExpr(0, map.getContext());
  return AffineMap::get(map.getNumDims(), 0, indices, map.getContext());
}

AffineMap ternary::getOwnMap(RankedTensorType type) {
  return normalize(AffineMap::getMultiDimIdentityMap(type.getRank(), type.getContext()), type);
}

AffineMap ternary::getIteration(OpResult result, AffineMap map, AffineExpr reduction) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(result.getResultNumber()));
  SmallVector<AffineExpr> indices(op.getNumLoops());
  for (auto [position, expr] : llvm::enumerate(out.getResults())) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      indices[dim.getPosition()] = map.getResult(position);
    else if (!isa<AffineConstantExpr>(expr))
      return {};
  }
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (auto [index, size] : llvm::zip_equal(indices, sizes))
    if (size == 1)
      index = getAffineConstantExpr(0, map.getContext());
    else if (!index)
      index = reduction;
  if (llvm::is_contained(indices, AffineExpr()))
    return {};
  return AffineMap::get(map.getNumDims(), 0, indices, map.getContext());
}

/// Through a reshape that only adds or drops unit dimensions; null through others.
static Access lookThroughReshape(Access access) {
  Operation *op = access.tensor.getDefiningOp();
  MLIRContext *context = access.map.getContext();
  AffineExpr zero = getAffineConstantExpr(0, context);
  auto make = [&](Value source, ArrayRef<AffineExpr> indices) {
    return Access{source, AffineMap::get(access.map.getNumDims(), 0, indices, context)};
  };
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<AffineExpr> indices;
    for (const ReassociationIndices &group : expand.getReassociationIndices()) {
      indices.push_back(zero);
      int64_t numLong = 0;
      for (int64_t dim : group)
        if (expand.getResultType().getDimSize(dim) != 1) {
          indices.back() = access.map.getResult(dim);
          ++numLong;
        }
      if (numLong > 1)
        return {};
    }
    return make(expand.getSrc(), indices);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    SmallVector<AffineExpr> indices(collapse.getSrcType().getRank(), zero);
    for (auto [position, group] : llvm::enumerate(collapse.getReassociationIndices())) {
      int64_t numLong = 0;
      for (int64_t dim : group)
        if (collapse.getSrcType().getDimSize(dim) != 1) {
          indices[dim] = access.map.getResult(position);
          ++numLong;
        }
      if (numLong > 1)
        return {};
    }
    return make(collapse.getSrc(), indices);
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    if (isa<RankedTensorType>(cast.getSource().getType()))
      return {cast.getSource(), access.map};
  return {};
}

Access ternary::lookThroughMoves(Access access) {
  while (Operation *op = access.tensor.getDefiningOp()) {
    Access next = lookThroughReshape(access);
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
        linalgOp && linalgOp.hasPureTensorSemantics() && !linalgOp.getNumReductionLoops()) {
      auto result = cast<OpResult>(access.tensor);
      Operation *yield = linalgOp.getBlock()->getTerminator();
      auto argument = dyn_cast<BlockArgument>(yield->getOperand(result.getResultNumber()));
      AffineMap iteration = getIteration(result, access.map, {});
      if (argument && argument.getOwner() == linalgOp.getBlock() && iteration) {
        OpOperand *operand = linalgOp.getMatchingOpOperand(argument);
        if (isa<RankedTensorType>(operand->get().getType()))
          next = {operand->get(), linalgOp.getMatchingIndexingMap(operand).compose(iteration)};
      }
    }
    if (!next.tensor)
      break;
    access = {next.tensor, normalize(next.map, cast<RankedTensorType>(next.tensor.getType()))};
  }
  return access;
}

//===----------------------------------------------------------------------===//
// From ops
//===----------------------------------------------------------------------===//

Node Expressions::ofTensor(Value tensor) {
  return of({tensor, getOwnMap(cast<RankedTensorType>(tensor.getType()))});
}

Node Expressions::of(Access access) {
  auto type = cast<RankedTensorType>(access.tensor.getType());
  access.map = normalize(access.map, type);
  auto key = std::make_pair(access.tensor, access.map);
  if (Node node = known.lookup(key))
    return node;
  // Floats may be integers of 8 bits in between.
  bool isNumber =
      isa<Float32Type, Float64Type>(type.getElementType()) || type.getElementType().isInteger(8);
  Node node = nullptr;
  if (isNumber && depth < kMaxDepth) {
    ++depth;
    node = build(access);
    --depth;
  }
  if (!node || node->terms.size() > kMaxTerms)
    node = leaf(access.tensor, access.map);
  known[key] = node;
  tensors[node].push_back(access);
  return node;
}

Value Expressions::findTensor(Node node, RankedTensorType type, Operation *before,
                              DominanceInfo &dominance, AffineMap map) const {
  map = map ? normalize(map, type) : getOwnMap(type);
  auto it = tensors.find(node);
  if (it != tensors.end())
    for (const Access &access : it->second)
      if (access.map == map && access.tensor.getType() == type &&
          dominance.properlyDominates(access.tensor, before))
        return access.tensor;
  return {};
}

void Expressions::replace(Value old, Value tensor) {
  Node node = ofTensor(old);
  known[{tensor, getOwnMap(cast<RankedTensorType>(tensor.getType()))}] = node;
  for (Access &access : tensors[node])
    if (access.tensor == old)
      access.tensor = tensor;
}

/// The iteration space of an op as it is.
static AffineMap getIdentity(linalg::LinalgOp op) {
  SmallVector<AffineExpr> indices;
  for (auto [dim, size] : llvm::enumerate(op.getStaticLoopRanges()))
    indices.push_back(size == 1 ? getAffineConstantExpr(0, op.getContext())
                                : getAffineDimExpr(dim, op.getContext()));
  return AffineMap::get(indices.size(), 0, indices, op.getContext());
}

Node Expressions::ofScalar(Value scalar, linalg::LinalgOp op) {
  return buildScalar(scalar, op, getIdentity(op));
}

/// A number that all elements are; null if they differ.
Node Expressions::buildConstant(ElementsAttr constant) {
  auto dense = dyn_cast<DenseElementsAttr>(constant);
  if (dense && !dense.empty() && dense.isSplat() && isa<FloatType>(dense.getElementType()))
    return number(dense.getSplatValue<APFloat>().convertToDouble());
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  float x;
  if (!blob || !constant.getElementType().isF32() || blob->getData().size() != sizeof(x))
    return nullptr;
  memcpy(&x, blob->getData().data(), sizeof(x));
  return number(x);
}

Node Expressions::build(Access access) {
  Operation *op = access.tensor.getDefiningOp();
  if (!op)
    return nullptr;
  ElementsAttr constant;
  if (matchPattern(op, m_Constant(&constant)))
    return buildConstant(constant);
  if (Access source = lookThroughReshape(access); source.tensor)
    return of(source);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return linalgOp.hasPureTensorSemantics()
               ? buildLinalg(cast<OpResult>(access.tensor), access.map)
               : nullptr;
  if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
    return nullptr;
  return buildOp(op, [&](Value operand) -> Node {
    if (auto type = dyn_cast<RankedTensorType>(operand.getType()))
      return of({operand, access.map});
    return leaf(operand, {});
  });
}

Node Expressions::buildLinalg(OpResult result, AffineMap map) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  unsigned numReduced = op.getNumReductionLoops();
  unsigned last = map.getNumDims() - 1;
  // What is reduced becomes the row within which the result is read.
  if (numReduced > 1 && numReduced == op.getNumLoops())
    return buildReduction(result, getIdentity(op));
  if (numReduced > 1 || (numReduced == 1 && (map.getNumDims() == 0 || map.isFunctionOfDim(last))))
    return nullptr;
  AffineExpr reduction = numReduced ? getAffineDimExpr(last, map.getContext()) : AffineExpr();
  AffineMap iteration = getIteration(result, map, reduction);
  if (!iteration)
    return nullptr;
  if (numReduced)
    return buildReduction(result, iteration);
  Operation *yield = op.getBlock()->getTerminator();
  return buildScalar(yield->getOperand(result.getResultNumber()), op, iteration);
}

Node Expressions::buildReduction(OpResult result, AffineMap iteration) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  Value yielded = op.getBlock()->getTerminator()->getOperand(result.getResultNumber());
  Operation *last = yielded.getDefiningOp();
  bool isSum = isa_and_nonnull<arith::AddFOp>(last);
  if (!isSum && !isa_and_nonnull<arith::MaximumFOp, arith::MaxNumFOp>(last))
    return nullptr;
  OpOperand *init = op.getDpsInitOperand(result.getResultNumber());
  BlockArgument sofar = op.getMatchingBlockArgument(init);
  Value element = last->getOperand(0) == sofar ? last->getOperand(1) : last->getOperand(0);
  if (element == sofar || !llvm::is_contained(last->getOperands(), sofar))
    return nullptr;
  SmallVector<unsigned> dims;
  op.getReductionDims(dims);
  bool isTotal = dims.size() > 1;
  double size = 1;
  for (unsigned dim : dims) {
    if (ShapedType::isDynamic(op.getStaticLoopRanges()[dim]))
      return nullptr;
    size *= static_cast<double>(op.getStaticLoopRanges()[dim]);
  }
  if (isTotal && !isSum)
    return nullptr;
  Node row = buildScalar(element, op, iteration);
  Node start = of({init->get(), op.getMatchingIndexingMap(init).compose(iteration)});
  bool isNeutral =
      start->isNumber() && (isSum ? start->number == 0
                                  : start->number <= -std::numeric_limits<float>::max() ||
                                        (start->number <= 0 && row->kind == Kind::Abs));
  if (!isNeutral)
    return nullptr;
  Expression expression(isTotal ? Kind::Total : isSum ? Kind::RowSum : Kind::RowMax);
  expression.number = size;
  expression.terms = {{row, 1}};
  return intern(expression);
}

Node Expressions::buildScalar(Value scalar, linalg::LinalgOp op, AffineMap iteration) {
  if (auto argument = dyn_cast<BlockArgument>(scalar);
      argument && argument.getOwner() == op.getBlock()) {
    OpOperand *operand = op.getMatchingOpOperand(argument);
    if (isa<RankedTensorType>(operand->get().getType()))
      return of({operand->get(), op.getMatchingIndexingMap(operand).compose(iteration)});
    scalar = operand->get();
  }
  FloatAttr constant;
  if (matchPattern(scalar, m_Constant(&constant)))
    return number(constant.getValueAsDouble());
  Operation *def = scalar.getDefiningOp();
  if (!def || def->getBlock() != op.getBlock())
    return leaf(scalar, {});
  if (isa<linalg::IndexOp>(def) || def->getNumRegions() || depth >= kMaxDepth)
    return leaf(scalar, iteration);
  auto key = std::make_pair(scalar, iteration);
  if (Node node = known.lookup(key))
    return node;
  ++depth;
  Node node = buildOp(def, [&](Value operand) { return buildScalar(operand, op, iteration); });
  --depth;
  return known[key] = node->terms.size() > kMaxTerms ? leaf(scalar, iteration) : node;
}

/// The larger or smaller one of two, spelled as a comparison and a choice.
static std::optional<Kind> matchChoice(arith::CmpFPredicate predicate, bool isFirst) {
  using P = arith::CmpFPredicate;
  if (llvm::is_contained({P::OLT, P::OLE, P::ULT, P::ULE}, predicate))
    return isFirst ? Kind::Min : Kind::Max;
  if (llvm::is_contained({P::OGT, P::OGE, P::UGT, P::UGE}, predicate))
    return isFirst ? Kind::Max : Kind::Min;
  return std::nullopt;
}

/// Whether it is a rounded number between bounds of 8 bits.
static bool isSmallInteger(Node node) {
  bool hasTop = false, hasBottom = false;
  while (node->kind == Kind::Max || node->kind == Kind::Min) {
    unsigned bound = node->terms[0].first->isNumber() ? 0 : 1;
    Node limit = node->terms[bound].first;
    if (!limit->isNumber() || limit->number != std::floor(limit->number))
      return false;
    hasTop |= node->kind == Kind::Min && limit->number <= 127;
    hasBottom |= node->kind == Kind::Max && limit->number >= -128;
    node = node->terms[1 - bound].first;
  }
  return hasTop && hasBottom && node->kind == Kind::Round;
}

Node Expressions::buildOp(Operation *op, llvm::function_ref<Node(Value)> get) {
  auto operand = [&](unsigned i) { return get(op->getOperand(i)); };
  auto unary = [&](Kind kind) {
    Expression expression(kind);
    expression.terms = {{operand(0), 1}};
    return intern(expression);
  };
  if (isa<arith::MulFOp>(op))
    return product({{operand(0), 1}, {operand(1), 1}});
  if (isa<arith::DivFOp>(op)) {
    Node divisor = operand(1);
    if (!divisor->isNumber() || divisor->number != 0)
      return product({{operand(0), 1}, {divisor, -1}});
  }
  if (isa<arith::AddFOp>(op))
    return sum({{operand(0), 1}, {operand(1), 1}});
  if (isa<arith::SubFOp>(op))
    return sum({{operand(0), 1}, {operand(1), -1}});
  if (isa<arith::NegFOp>(op))
    return product({{operand(0), 1}}, -1);
  if (isa<math::SqrtOp>(op))
    return product({{operand(0), 0.5}});
  if (isa<math::RsqrtOp>(op))
    return product({{operand(0), -0.5}});
  if (isa<math::AbsFOp>(op))
    return unary(Kind::Abs);
  if (isa<math::RoundEvenOp>(op))
    return unary(Kind::Round);
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return maximum(operand(0), operand(1));
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return minimum(operand(0), operand(1));
  // A constant of f64 is rounded where it is used; values of both types are told apart nowhere.
  auto isWide = [](Type type) { return isa<Float32Type, Float64Type>(getElementTypeOrSelf(type)); };
  if (isa<arith::ExtFOp, arith::TruncFOp>(op) && isWide(op->getOperand(0).getType()) &&
      isWide(op->getResult(0).getType()))
    return operand(0);
  // An integer that fits stays what it is.
  if (isa<arith::FPToSIOp, arith::SIToFPOp>(op) &&
      isWide(op->getOperand(0).getType()) != isWide(op->getResult(0).getType())) {
    Node source = operand(0);
    if (isSmallInteger(source))
      return source;
  }
  if (isa<math::PowFOp>(op)) {
    Node exponent = operand(1);
    if (exponent->isNumber() && llvm::is_contained({2.0, 1.0, 0.5, -0.5, -1.0}, exponent->number))
      return product({{operand(0), exponent->number}});
  }
  if (auto power = dyn_cast<math::FPowIOp>(op)) {
    APInt exponent;
    if (matchPattern(power.getRhs(), m_ConstantInt(&exponent)) && exponent == 2)
      return product({{operand(0), 2}});
  }
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    if (auto compare = select.getCondition().getDefiningOp<arith::CmpFOp>()) {
      Node a = get(compare.getLhs()), b = get(compare.getRhs());
      Node yes = get(select.getTrueValue()), no = get(select.getFalseValue());
      bool isFirst = yes == a && no == b, isSecond = yes == b && no == a;
      std::optional<Kind> kind = matchChoice(compare.getPredicate(), isFirst);
      if (kind && (isFirst || isSecond))
        return extremum(*kind, a, b);
    }
  }
  Expression expression(Kind::Other);
  expression.name = op->getName().getAsOpaquePointer();
  expression.attributes = op->getPropertiesAsAttribute().getAsOpaquePointer();
  for (Value value : op->getOperands())
    expression.terms.push_back({get(value), 1});
  return intern(expression);
}
