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
#include "mlir/Dialect/Utils/IndexingUtils.h"
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
  Value input;   ///< [..., K, ...]
  Access weight; ///< over the op's loops
  /// The dimension that is K in the input and the weight's number of rows in the result.
  unsigned position;
  unsigned row, column;  ///< loops
  int64_t rows, columns; ///< of the weight

  bool isByRow() const { return position + 1 == cast<RankedTensorType>(input.getType()).getRank(); }
};

/// `map` with 0 for loops of one turn.
AffineMap dropUnitLoops(AffineMap map, ArrayRef<int64_t> loops, unsigned except = ~0u) {
  SmallVector<AffineExpr> indices;
  for (auto [loop, size] : llvm::enumerate(loops))
    indices.push_back(size == 1 && loop != except ? getAffineConstantExpr(0, map.getContext())
                                                  : getAffineDimExpr(loop, map.getContext()));
  return simplifyAffineMap(map.compose(AffineMap::get(loops.size(), 0, indices, map.getContext())));
}

auto remarkOptions() { return remark::RemarkOpts::name("raise-linalg").category("ternary"); }

/// A constant that `create` makes of `bytes`.
Value createConstant(OpBuilder &builder, Location loc, RankedTensorType type,
                     ArrayRef<char> bytes) {
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::getFromRawBuffer(type, bytes));
}

template <typename T> ArrayRef<char> asBytes(ArrayRef<T> elements) {
  return {reinterpret_cast<const char *>(elements.data()), elements.size() * sizeof(T)};
}

/// The matrix of a layer, and its scale if it is of trits.
struct Weight {
  Value matrix, scale;
  Granularity granularity = Granularity::Tensor;
};

class Raiser {
public:
  explicit Raiser(func::FuncOp func) : func(func) { forget(); }

  void run() {
    removeAsserts();
    SmallVector<linalg::LinalgOp> ops;
    func.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops)
      if (op.hasPureTensorSemantics() &&
          (linalg::isaContractionOpInterface(op) || isa<linalg::Conv2DNchwFchwOp>(*op)))
        raiseProduct(op);
    eraseDead();
    forget();
    // From the last one: what makes up a norm is not to be taken for another.
    ops.clear();
    func.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : llvm::reverse(ops))
      if (op.hasPureTensorSemantics() && op->getNumResults() == 1 && op.getNumReductionLoops() == 0)
        raiseElementwise(op);
    foldNorms();
    eraseDead();
  }

  int64_t numLayers = 0, numElementwise = 0, numMissed = 0;

private:
  /// After ops were erased: what is known of them does not hold for others at the same address.
  void forget() {
    expressions = std::make_unique<Expressions>();
    dominance = std::make_unique<DominanceInfo>(func);
  }

  /// An assertion that a divisor is not zero keeps an op that is not needed any more.
  void removeAsserts() {
    func.walk([&](cf::AssertOp assertion) {
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
    func.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op) && !op->hasTrait<OpTrait::IsTerminator>())
        op->erase();
  }

  //===--------------------------------------------------------------------===//
  // Products
  //===--------------------------------------------------------------------===//

  /// The product with operand `weight` as the matrix, or none if its operands lie otherwise.
  std::optional<Product> matchProduct(linalg::LinalgOp op, unsigned weight) {
    auto isF32 = [](Value value) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      return type && type.getElementType().isF32();
    };
    if (op->getNumOperands() != 3 || !llvm::all_of(op->getOperands(), isF32))
      return std::nullopt;
    OpOperand *input = op.getDpsInputOperand(1 - weight);
    OpOperand *matrix = op.getDpsInputOperand(weight);
    SmallVector<int64_t> loops = op.getStaticLoopRanges();
    // Loops of one turn, such as those of a 1x1 convolution, do not count.
    AffineMap in = dropUnitLoops(op.getMatchingIndexingMap(input), loops);
    AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    AffineMap rest = dropUnitLoops(out, loops);
    if (in.getNumResults() < 2 || in.getNumResults() != out.getNumResults())
      return std::nullopt;
    SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
    std::optional<Product> product;
    for (unsigned i = 0; i < in.getNumResults(); ++i) {
      auto column = dyn_cast<AffineDimExpr>(in.getResult(i));
      auto row = dyn_cast<AffineDimExpr>(out.getResult(i));
      if (!product && row && column &&
          kinds[column.getPosition()] == utils::IteratorType::reduction)
        product = Product{op, input->get(), {}, i, row.getPosition(), column.getPosition(), 0, 0};
      else if (in.getResult(i) != rest.getResult(i))
        return std::nullopt;
    }
    if (!product)
      return std::nullopt;
    product->rows = loops[product->row];
    product->columns = loops[product->column];
    for (unsigned loop = 0; loop < loops.size(); ++loop)
      if (kinds[loop] == utils::IteratorType::reduction && loop != product->column &&
          loops[loop] != 1)
        return std::nullopt;
    if (ShapedType::isDynamic(product->rows) || ShapedType::isDynamic(product->columns) ||
        product->rows < 1 || product->columns < 2)
      return std::nullopt;
    product->weight =
        lookThroughMoves({matrix->get(), dropUnitLoops(op.getMatchingIndexingMap(matrix), loops,
                                                       /*except=*/product->row)});
    for (unsigned loop = 0; loop < loops.size(); ++loop)
      if (loop != product->row && loop != product->column &&
          product->weight.map.isFunctionOfDim(loop))
        return std::nullopt;
    return product;
  }

  /// The weight's elements [rows, columns], if they are constants.
  std::optional<std::vector<float>> readWeight(const Product &product) {
    auto type = cast<RankedTensorType>(product.weight.tensor.getType());
    // Of several tensors that are equal, as w + (q - w) and q are, the first is not rounded more.
    Value tensor;
    if (type.getElementType().isF32())
      tensor = expressions->findTensor(expressions->ofTensor(product.weight.tensor), type,
                                       product.op, *dominance);
    auto elements = constants.evaluate(tensor ? tensor : product.weight.tensor);
    // They are as large as the model, taken together.
    constants.clear();
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
    std::vector<float> weight;
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
    std::optional<std::vector<float>> constant;
    for (unsigned operand : {1, 0})
      if (!constant && (product = matchProduct(op, operand)))
        constant = readWeight(*product);
    if (!constant)
      return raiseLatent(op);
    OpBuilder builder(op);
    std::optional<TernaryMatrix> trits = matchTrits(*constant, product->rows, product->columns);
    if (!trits) {
      if (product->isByRow())
        raiseFloats(builder, *product, *constant);
      return miss(op, "expected a weight of 0, s and -s, one s for all or for each row");
    }
    StringRef missing = raiseLayer(
        *product, [&](double factor) { return createTrits(builder, op.getLoc(), *trits, factor); });
    if (missing.empty())
      return;
    if (!product->isByRow())
      return miss(op, missing);
    // The input is not quantised, or in some way of its own.
    Weight weight = createTrits(builder, op.getLoc(), *trits, 1);
    Value result = LinearOp::create(builder, op.getLoc(), op->getResult(0).getType(),
                                    product->input, weight.matrix, weight.scale);
    finish(builder, *product, op->getResult(0), result);
    miss(op, missing);
  }

  /// A weight that is quantised when the function runs.
  void raiseLatent(linalg::LinalgOp op) {
    StringRef missing = "expected a product of rows with a constant matrix or one that is "
                        "quantised by the mean of |w|";
    std::optional<Product> product = matchProduct(op, 1);
    if (!product)
      return miss(op, missing);
    AffineMap rowByRow = AffineMap::getMultiDimMapWithTargets(
        op.getNumLoops(), {product->row, product->column}, op.getContext());
    auto type = cast<RankedTensorType>(product->weight.tensor.getType());
    Node latent = nullptr;
    if (product->weight.map == rowByRow && type.getElementType().isF32())
      latent = matchLatent(*expressions, expressions->ofTensor(product->weight.tensor),
                           type.getNumElements());
    Value matrix = latent ? expressions->findTensor(latent, type, op, *dominance) : Value();
    if (matrix)
      missing = raiseLayer(*product, [&](double factor) {
        return factor == 1 ? Weight{matrix, Value()} : Weight{};
      });
    if (!missing.empty())
      miss(op, missing);
  }

  /// Makes a layer of a product if its input is quantised; `createWeight` gives the weight with its
  /// scale times a factor, or none. Says what is missing otherwise.
  StringRef raiseLayer(Product &product, llvm::function_ref<Weight(double)> createWeight) {
    linalg::LinalgOp op = product.op;
    // Rows are looked at as they are before they are put one behind another.
    SmallVector<Operation *> reshapes;
    Value input =
        product.isByRow() ? lookThroughRowReshapes(product.input, reshapes) : product.input;
    auto type = cast<RankedTensorType>(input.getType());
    // Expressions are over dimensions of which the last one has the rows.
    SmallVector<int64_t> order =
        getOrder(type.getRank(), product.isByRow() ? type.getRank() - 1 : product.position);
    AffineMap rowByRow = inversePermutation(AffineMap::getPermutationMap(order, op.getContext()));
    StringRef missing;
    std::optional<QuantizedRows> rows = matchQuantizedRows(
        *expressions, expressions->of({input, rowByRow}), product.columns, missing);
    if (!rows)
      return missing;
    Value quantized = expressions->findTensor(rows->input, type, op, *dominance, rowByRow);
    if (!quantized)
      return "expected inputs that are a tensor before they are quantised";
    Value replaced = op->getResult(0);
    double factor = 1;
    if (!rows->isDequantized) {
      if (!product.isByRow())
        return "expected inputs that are dequantised before they are multiplied";
      if (Value restored = findRestored(replaced, reshapes)) {
        replaced = restored;
        reshapes.clear();
      }
      std::tie(replaced, factor) = findDequantized(product, replaced, rows->magnitude);
      if (!replaced)
        return "expected a product of quantised inputs to be multiplied by max |x| / 127";
    }
    Weight weight = createWeight(factor);
    if (!weight.matrix)
      return "expected a product of quantised inputs to be multiplied by max |x| / 127 and no more";
    OpBuilder builder(replaced.getDefiningOp());
    quantized = transpose(builder, quantized, order);
    Value result = BitLinearOp::create(
        builder, op.getLoc(), quantized, weight.matrix, /*norm_gain=*/Value(), weight.scale,
        builder.getF32FloatAttr(1e-6f),
        GranularityAttr::get(builder.getContext(), weight.granularity), IntegerAttr());
    result = transpose(builder, result, invertPermutationVector(order));
    finish(builder, product, replaced, repeatReshapes(builder, result, reshapes));
    remark::passed(op->getLoc(), remarkOptions())
        << ("raised to bit_linear of " + Twine(product.rows) + " rows and " +
            Twine(product.columns) + " columns")
               .str();
    ++numLayers;
    return {};
  }

  void raiseFloats(OpBuilder &builder, Product &product, ArrayRef<float> weight) {
    auto type = RankedTensorType::get({product.rows, product.columns}, builder.getF32Type());
    Value matrix = createConstant(builder, product.op.getLoc(), type, asBytes(weight));
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
  Weight createTrits(OpBuilder &builder, Location loc, const TernaryMatrix &matrix, double factor) {
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
    return {weights.getTrits(), scale, scales.size() > 1 ? Granularity::Row : Granularity::Tensor};
  }

  /// The order of dimensions in which the one at `position` is the last.
  static SmallVector<int64_t> getOrder(int64_t rank, int64_t position) {
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    order.erase(order.begin() + position);
    order.push_back(position);
    return order;
  }

  static Value transpose(OpBuilder &builder, Value tensor, ArrayRef<int64_t> order) {
    if (isIdentityPermutation(order))
      return tensor;
    Location loc = tensor.getLoc();
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, tensor);
    applyPermutationToVector(sizes, order);
    Value empty = tensor::EmptyOp::create(builder, loc, sizes, builder.getF32Type());
    return linalg::TransposeOp::create(builder, loc, tensor, empty, order)->getResult(0);
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

  /// The product of rows that were put one behind another, in the shape that they had; null if it
  /// is not used so.
  static Value findRestored(Value product, ArrayRef<Operation *> reshapes) {
    if (reshapes.size() != 1 || !product.hasOneUse())
      return {};
    auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshapes.front());
    auto expand = dyn_cast<tensor::ExpandShapeOp>(*product.getUsers().begin());
    bool isInverse = collapse && expand && expand.getReassociation() == collapse.getReassociation();
    return isInverse && expand.getResultType().getShape().drop_back() ==
                            collapse.getSrcType().getShape().drop_back()
               ? expand.getResult()
               : Value();
  }

  /// Behind `value`, a product of quantised rows: what is it times the rows' magnitude, and the
  /// number that m / 127 is multiplied by there. Null if there is none, or others need the product.
  std::pair<Value, double> findDequantized(Product &product, Value value, Node magnitude) {
    Node node = expressions->ofTensor(value);
    Type type = value.getType();
    if (!expressions->ofTensor(product.op.getDpsInits().front())->isNumber(0))
      return {};
    while (value.hasOneUse()) {
      auto user = dyn_cast<linalg::LinalgOp>(*value.getUsers().begin());
      if (!user || !user.hasPureTensorSemantics() || user->getNumResults() != 1 ||
          user.getNumReductionLoops() || user->getResult(0).getType() != type)
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
      replacement = createNorm(builder, op, *norm, type);
    if (auto activation = replacement ? std::nullopt : matchActivation(*expressions, node))
      if (Value input = expressions->findTensor(activation->second, type, op, *dominance))
        replacement = ActivateOp::create(builder, op.getLoc(), input, activation->first);
    if (!replacement)
      return;
    ++numElementwise;
    result.replaceAllUsesWith(replacement);
  }

  Value createNorm(OpBuilder &builder, Operation *op, const Norm &norm, RankedTensorType type) {
    Location loc = op->getLoc();
    Value input = expressions->findTensor(norm.input, type, op, *dominance);
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
    func.walk([&](BitLinearOp layer) {
      auto norm = layer.getInput().getDefiningOp<RMSNormOp>();
      if (!norm || !norm->hasOneUse() || layer.getNormGain())
        return;
      layer.getInputMutable().assign(norm.getInput());
      layer.getNormGainMutable().assign(norm.getGain());
      layer.setEpsilonAttr(norm.getEpsilonAttr());
    });
  }

  func::FuncOp func;
  std::unique_ptr<Expressions> expressions;
  std::unique_ptr<DominanceInfo> dominance;
  ConstantTensors constants;
};

struct RaiseLinalg : ternary::impl::TernaryRaiseLinalgBase<RaiseLinalg> {
  void runOnOperation() override {
    Raiser raiser(getOperation());
    raiser.run();
    numLayers += raiser.numLayers;
    numElementwise += raiser.numElementwise;
    numMissed += raiser.numMissed;
  }
};
} // namespace
