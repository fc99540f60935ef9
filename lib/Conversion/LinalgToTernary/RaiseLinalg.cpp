//===- RaiseLinalg.cpp - Layers among ops of linalg -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A layer is found from its product: backwards to what is multiplied, whose expressions tell
// whether they are quantised rows and trits. What is replaced dies; what is read on the way stays
// for those that need it.
//
//===----------------------------------------------------------------------===//

#include "MatchLayers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ternary/Conversion/Passes.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYRAISELINALG
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

using Node = Expressions::Node;

namespace {
/// A product of rows with a matrix.
struct Product {
  linalg::LinalgOp op;
  Value input;   ///< [..., K]
  Access weight; ///< over the op's loops
  unsigned row, column;
  int64_t rows, columns; ///< of the weight
};

auto remarkOptions() { return remark::RemarkOpts::name("raise-linalg").category("ternary"); }

/// A constant that `create` makes of `bytes`.
Value createConstant(OpBuilder &builder, Location loc, RankedTensorType type,
                     ArrayRef<char> bytes) {
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::getFromRawBuffer(type, bytes));
}

template <typename T> ArrayRef<char> asBytes(ArrayRef<T> elements) {
  return {reinterpret_cast<const char *>(elements.data()), elements.size() * sizeof(T)};
}

struct RaiseLinalg : ternary::impl::TernaryRaiseLinalgBase<RaiseLinalg> {
  void runOnOperation() override {
    expressions.emplace();
    constants.emplace();
    removeAsserts();
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops)
      if (op.hasPureTensorSemantics() && linalg::isaContractionOpInterface(op))
        raiseProduct(op);
    eraseDead();
    // What is known of ops is not known of others at the same address.
    expressions.emplace();
    // From the last one: what makes up a norm is not to be taken for another.
    ops.clear();
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : llvm::reverse(ops))
      if (op.hasPureTensorSemantics() && op->getNumResults() == 1 && op.getNumReductionLoops() == 0)
        raiseElementwise(op);
    foldNorms();
    eraseDead();
    expressions.reset();
    constants.reset();
  }

private:
  /// An assertion that a divisor is not zero keeps an op that is not needed any more.
  void removeAsserts() {
    getOperation().walk([&](cf::AssertOp assertion) {
      auto op = dyn_cast<linalg::LinalgOp>(assertion->getParentOp());
      auto compare = assertion.getArg().getDefiningOp<arith::CmpFOp>();
      bool isNotZero = compare && matchPattern(compare.getRhs(), m_AnyZeroFloat()) &&
                       llvm::is_contained({arith::CmpFPredicate::ONE, arith::CmpFPredicate::UNE},
                                          compare.getPredicate());
      if (op && isNotZero && isPositive(expressions->ofScalar(compare.getLhs(), op)))
        assertion.erase();
    });
  }

  void eraseDead() {
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op) && !op->hasTrait<OpTrait::IsTerminator>())
        op->erase();
  }

  //===--------------------------------------------------------------------===//
  // Products
  //===--------------------------------------------------------------------===//

  /// The product with operand `weight` as the matrix, or none if its operands lie otherwise.
  std::optional<Product> matchProduct(linalg::LinalgOp op, unsigned weight) {
    OpOperand *input = op.getDpsInputOperand(1 - weight);
    AffineMap in = op.getMatchingIndexingMap(input);
    AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    auto isF32 = [](Value value) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      return type && type.getElementType().isF32();
    };
    if (op.getNumReductionLoops() != 1 || !llvm::all_of(op->getOperands(), isF32) ||
        in.getNumResults() < 2 || in.getNumResults() != out.getNumResults() ||
        in.getResults().drop_back() != out.getResults().drop_back())
      return std::nullopt;
    auto column = dyn_cast<AffineDimExpr>(in.getResults().back());
    auto row = dyn_cast<AffineDimExpr>(out.getResults().back());
    if (!row || !column)
      return std::nullopt;
    Product product{op, input->get(), {}, row.getPosition(), column.getPosition(), 0, 0};
    SmallVector<int64_t> loops = op.getStaticLoopRanges();
    product.rows = loops[product.row];
    product.columns = loops[product.column];
    if (op.getIteratorTypesArray()[product.column] != utils::IteratorType::reduction ||
        ShapedType::isDynamic(product.rows) || ShapedType::isDynamic(product.columns) ||
        product.columns < 2)
      return std::nullopt;
    OpOperand *matrix = op.getDpsInputOperand(weight);
    product.weight = lookThroughMoves({matrix->get(), op.getMatchingIndexingMap(matrix)});
    for (unsigned loop = 0; loop < loops.size(); ++loop)
      if (loop != product.row && loop != product.column && product.weight.map.isFunctionOfDim(loop))
        return std::nullopt;
    return product;
  }

  /// The weight's elements [rows, columns], if they are constants.
  std::optional<std::vector<double>> readWeight(const Product &product) {
    auto type = cast<RankedTensorType>(product.weight.tensor.getType());
    // Of several tensors that are equal, as w + (q - w) and q are, the first is not rounded more.
    Value tensor = expressions->findTensor(expressions->ofTensor(product.weight.tensor), type);
    auto elements = constants->evaluate(tensor ? tensor : product.weight.tensor);
    if (!elements)
      return std::nullopt;
    int64_t rowStride = 0, columnStride = 0, stride = 1;
    for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
      AffineExpr expr = product.weight.map.getResult(dim);
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        (loop.getPosition() == product.row ? rowStride : columnStride) += stride;
      else if (auto at = dyn_cast<AffineConstantExpr>(expr); !at || at.getValue() != 0)
        return std::nullopt;
      stride *= type.getDimSize(dim);
    }
    std::vector<double> weight;
    weight.reserve(product.rows * product.columns);
    for (int64_t row = 0; row < product.rows; ++row)
      for (int64_t column = 0; column < product.columns; ++column)
        weight.push_back((*elements)[row * rowStride + column * columnStride]);
    return weight;
  }

  void miss(linalg::LinalgOp op, StringRef reason) {
    remark::missed(op->getLoc(), remarkOptions()) << reason.str();
    ++numMissed;
  }

  void raiseProduct(linalg::LinalgOp op) {
    std::optional<Product> product;
    std::optional<std::vector<double>> weight;
    for (unsigned operand : {1, 0})
      if (!weight && (product = matchProduct(op, operand)))
        weight = readWeight(*product);
    if (!weight)
      return miss(op, "expected a product of rows with a constant matrix");
    OpBuilder builder(op);
    std::optional<TernaryMatrix> trits = matchTrits(*weight, product->rows, product->columns);
    if (!trits) {
      raiseFloats(builder, *product, *weight);
      return miss(op, "expected a weight of 0, s and -s, one s for all or for each row");
    }
    // Rows are looked at as they are before they are put one behind another.
    SmallVector<Operation *> reshapes;
    Value input = lookThroughRowReshapes(product->input, reshapes);
    StringRef missing;
    Node node = expressions->ofTensor(input);
    std::optional<QuantizedRows> rows =
        matchQuantizedRows(*expressions, node, product->columns, missing);
    Value quantized = rows ? expressions->findTensor(rows->input, input.getType()) : Value();
    Value replaced = op->getResult(0);
    double factor = 1;
    if (rows && !rows->isDequantized)
      std::tie(replaced, factor) = findDequantized(replaced, rows->magnitude);
    if (rows && !quantized)
      missing = "expected inputs that are a tensor before they are quantised";
    if (rows && !replaced)
      missing = "expected a product of quantised inputs to be multiplied by max |x| / 127";
    if (!rows || !quantized || !replaced) {
      raiseTernaryLinear(builder, *product, *trits);
      return miss(op, missing);
    }
    auto [matrix, scale] = createTrits(builder, op.getLoc(), *trits, factor);
    bool byRow = trits->scales.size() > 1;
    if (Operation *def = replaced.getDefiningOp(); def != op)
      builder.setInsertionPoint(def);
    Value result = BitLinearOp::create(
        builder, op.getLoc(), quantized, matrix, /*norm_gain=*/Value(), scale,
        builder.getF32FloatAttr(1e-6f),
        GranularityAttr::get(builder.getContext(), byRow ? Granularity::Row : Granularity::Tensor),
        IntegerAttr());
    finish(builder, *product, replaced, repeatReshapes(builder, result, reshapes));
    remark::passed(op->getLoc(), remarkOptions())
        << ("raised to bit_linear of " + Twine(product->rows) + " rows and " +
            Twine(product->columns) + " columns")
               .str();
    ++numLayers;
  }

  /// Trits whose input is not quantised, or in some way of its own.
  void raiseTernaryLinear(OpBuilder &builder, Product &product, const TernaryMatrix &trits) {
    auto [matrix, scale] = createTrits(builder, product.op.getLoc(), trits, 1);
    Type type = product.op->getResult(0).getType();
    Value result =
        LinearOp::create(builder, product.op.getLoc(), type, product.input, matrix, scale);
    finish(builder, product, product.op->getResult(0), result);
  }

  void raiseFloats(OpBuilder &builder, Product &product, ArrayRef<double> weight) {
    SmallVector<float> elements(weight);
    auto type = RankedTensorType::get({product.rows, product.columns}, builder.getF32Type());
    Value matrix =
        createConstant(builder, product.op.getLoc(), type, asBytes(ArrayRef<float>(elements)));
    Value result =
        LinearOp::create(builder, product.op.getLoc(), product.op->getResult(0).getType(),
                         product.input, matrix, Value());
    finish(builder, product, product.op->getResult(0), result);
  }

  /// `result` for `replaced`, plus what the product was added to.
  void finish(OpBuilder &builder, Product &product, Value replaced, Value result) {
    Location loc = product.op.getLoc();
    if (result.getType() != replaced.getType())
      result = tensor::CastOp::create(builder, loc, replaced.getType(), result);
    Value init = product.op.getDpsInits().front();
    if (!expressions->ofTensor(init)->isNumber(0))
      result = arith::AddFOp::create(builder, loc, result, init);
    expressions->replace(replaced, result);
    replaced.replaceAllUsesWith(result);
  }

  /// The trits as they are: quantising -1, 0 and 1 gives the same.
  std::pair<Value, Value> createTrits(OpBuilder &builder, Location loc, const TernaryMatrix &matrix,
                                      double factor) {
    SmallVector<uint16_t> halves;
    for (int8_t trit : matrix.trits)
      halves.push_back(trit == 0 ? 0 : trit > 0 ? 0x3C00 : 0xBC00);
    auto type = RankedTensorType::get({matrix.rows, matrix.columns}, builder.getF16Type());
    Value latent = createConstant(builder, loc, type, asBytes(ArrayRef<uint16_t>(halves)));
    auto weights = QuantizeWeightsOp::create(
        builder, loc, latent, GranularityAttr::get(builder.getContext(), Granularity::Tensor),
        IntegerAttr());
    SmallVector<float> scales(matrix.scales);
    for (float &scale : scales)
      scale = static_cast<float>(scale * factor);
    auto scaleType =
        RankedTensorType::get({static_cast<int64_t>(scales.size())}, builder.getF32Type());
    Value scale = createConstant(builder, loc, scaleType, asBytes(ArrayRef<float>(scales)));
    return {weights.getTrits(), scale};
  }

  /// Through reshapes that leave columns alone.
  static Value lookThroughRowReshapes(Value value, SmallVectorImpl<Operation *> &reshapes) {
    while (Operation *op = value.getDefiningOp()) {
      SmallVector<ReassociationIndices> groups;
      if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
        groups = collapse.getReassociationIndices();
      else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
        groups = expand.getReassociationIndices();
      auto source =
          groups.empty() ? RankedTensorType() : cast<RankedTensorType>(op->getOperand(0).getType());
      if (!source || groups.back().size() != 1 || source.getRank() < 2)
        break;
      reshapes.push_back(op);
      value = op->getOperand(0);
    }
    return value;
  }

  static Value repeatReshapes(OpBuilder &builder, Value value, ArrayRef<Operation *> reshapes) {
    for (Operation *op : llvm::reverse(reshapes)) {
      if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
        value = tensor::CollapseShapeOp::create(builder, op->getLoc(), value,
                                                collapse.getReassociationIndices());
        continue;
      }
      auto expand = cast<tensor::ExpandShapeOp>(op);
      int64_t columns = cast<RankedTensorType>(value.getType()).getShape().back();
      SmallVector<int64_t> shape(expand.getResultType().getShape());
      SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
      shape.back() = columns;
      sizes.back() = builder.getIndexAttr(columns);
      value = tensor::ExpandShapeOp::create(builder, op->getLoc(),
                                            RankedTensorType::get(shape, builder.getF32Type()),
                                            value, expand.getReassociationIndices(), sizes);
    }
    return value;
  }

  /// Behind a product of quantised rows: what is it times the rows' magnitude, and the number that
  /// m / 127 is multiplied by there. Null if there is none, or others need the product.
  std::pair<Value, double> findDequantized(Value product, Node magnitude) {
    Node node = expressions->ofTensor(product);
    auto op = cast<linalg::LinalgOp>(product.getDefiningOp());
    if (!expressions->ofTensor(op.getDpsInits().front())->isNumber(0))
      return {};
    for (Value value = product; value.hasOneUse();) {
      auto user = dyn_cast<linalg::LinalgOp>(*value.getUsers().begin());
      if (!user || !user.hasPureTensorSemantics() || user->getNumResults() != 1 ||
          user.getNumReductionLoops() || user->getResult(0).getType() != product.getType())
        break;
      value = user->getResult(0);
      Node rest =
          expressions->product({{expressions->ofTensor(value), 1}, {node, -1}, {magnitude, -1}});
      if (rest->isNumber())
        return {value, rest->number * 127};
    }
    return {};
  }

  //===--------------------------------------------------------------------===//
  // Norms and activation functions
  //===--------------------------------------------------------------------===//

  void raiseElementwise(linalg::LinalgOp op) {
    Value result = op->getResult(0);
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (result.use_empty() || !type || type.getRank() == 0 || !type.getElementType().isF32())
      return;
    Node node = expressions->ofTensor(result);
    OpBuilder builder(op);
    Value replacement;
    if (std::optional<Norm> norm = matchNorm(*expressions, node, type.getRank()))
      replacement = createNorm(builder, op.getLoc(), *norm, type);
    if (auto activation = replacement ? std::nullopt : matchActivation(*expressions, node))
      if (Value input = expressions->findTensor(activation->second, type))
        replacement = ActivateOp::create(builder, op.getLoc(), input, activation->first);
    if (!replacement)
      return;
    ++numElementwise;
    result.replaceAllUsesWith(replacement);
  }

  Value createNorm(OpBuilder &builder, Location loc, const Norm &norm, RankedTensorType type) {
    Value input = expressions->findTensor(norm.input, type);
    auto gainType = RankedTensorType::get({type.getShape().back()}, builder.getF32Type());
    if (!input || type.isDynamicDim(type.getRank() - 1) ||
        (norm.gain && norm.gain.getType() != gainType))
      return {};
    Value gain = norm.gain;
    if (!gain)
      gain = arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(gainType, static_cast<float>(norm.factor)));
    // The least that is positive changes no row but one of zeros, for which it gives zeros.
    double least = std::numeric_limits<float>::min();
    float epsilon = static_cast<float>(std::max(norm.epsilon, least));
    return RMSNormOp::create(builder, loc, input, gain, builder.getF32FloatAttr(epsilon));
  }

  /// A norm that one layer alone needs becomes part of it.
  void foldNorms() {
    getOperation().walk([&](BitLinearOp layer) {
      auto norm = layer.getInput().getDefiningOp<RMSNormOp>();
      if (!norm || !norm->hasOneUse() || layer.getNormGain())
        return;
      layer.getInputMutable().assign(norm.getInput());
      layer.getNormGainMutable().assign(norm.getGain());
      layer.setEpsilonAttr(norm.getEpsilonAttr());
    });
  }

  std::optional<Expressions> expressions;
  std::optional<ConstantTensors> constants;
};
} // namespace
