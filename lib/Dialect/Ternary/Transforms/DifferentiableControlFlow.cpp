//===- DifferentiableControlFlow.cpp - Backward rules of scf.for and scf.if --===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The gradient of an op with regions is an op of its kind whose regions compute again what
// theirs did, and differentiate that. A loop runs backwards and reads what each iteration
// started from, which is all that the loop forward keeps. Values from outside get their
// gradients like those of the region itself: a branch returns the sums, a loop carries them.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"

using namespace mlir;
using namespace ternary;

/// Clones what `block` computes.
static SmallVector<Operation *> cloneBody(OpBuilder &builder, Block &block, IRMapping &clones) {
  return llvm::map_to_vector(block.without_terminator(),
                             [&](Operation &op) { return builder.clone(op, clones); });
}

/// Erases what only was computed again because something else was, but not `kept`.
static void eraseDeadOps(Block &block, Value kept = {}) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op) && !(kept && kept.getDefiningOp() == &op))
      op.erase();
}

//===----------------------------------------------------------------------===//
// scf.if
//===----------------------------------------------------------------------===//

namespace {
/// The gradient of a branch, in the making.
struct BranchGradient {
  LogicalResult build(scf::IfOp op, Block &branch, Gradients &outer) {
    OpBuilder builder(op.getContext());
    builder.setInsertionPointToEnd(&block);
    IRMapping clones;
    SmallVector<Operation *> body = cloneBody(builder, branch, clones);
    Gradients gradients(outer, clones, [&](Value value) { return outer.lookup(value); });
    for (auto [result, yielded] :
         llvm::zip_equal(op.getResults(), branch.getTerminator()->getOperands()))
      if (Value grad = outer.lookup(result))
        gradients.add(builder, clones.lookupOrDefault(yielded), grad);
    if (failed(gradients.differentiate(builder, body)))
      return failure();
    for (Value value : gradients.getOuterValues())
      sums[value] = gradients.lookup(value);
    return success();
  }

  /// Ends the branch with the sums of `values`, as they were where it adds nothing.
  void finish(Location loc, ArrayRef<Value> values, Gradients &outer) {
    OpBuilder builder(loc.getContext());
    builder.setInsertionPointToEnd(&block);
    SmallVector<Value> yielded;
    for (Value value : values) {
      Value sum = sums.lookup(value);
      yielded.push_back(sum ? sum : outer.lookupOrZero(builder, value));
    }
    scf::YieldOp::create(builder, loc, yielded);
    eraseDeadOps(block);
  }

  Block &block;
  llvm::MapVector<Value, Value> sums = {};
};

struct IfRule : DifferentiableOpInterface::ExternalModel<IfRule, scf::IfOp> {
  LogicalResult buildBackward(Operation *op, OpBuilder &builder, Gradients &gradients) const {
    auto ifOp = cast<scf::IfOp>(op);
    // Its results are known when its branches are built.
    OperationState state(op->getLoc(), scf::IfOp::getOperationName());
    state.addOperands(ifOp.getCondition());
    BranchGradient ifTrue{state.addRegion()->emplaceBlock()};
    BranchGradient ifFalse{state.addRegion()->emplaceBlock()};
    if (failed(ifTrue.build(ifOp, *ifOp.thenBlock(), gradients)) ||
        failed(ifFalse.build(ifOp, *ifOp.elseBlock(), gradients)))
      return failure();
    llvm::SetVector<Value> values;
    for (BranchGradient *branch : {&ifTrue, &ifFalse})
      for (auto [value, sum] : branch->sums)
        values.insert(value);
    for (BranchGradient *branch : {&ifTrue, &ifFalse})
      branch->finish(op->getLoc(), values.getArrayRef(), gradients);
    state.addTypes(ValueRange(values.getArrayRef()).getTypes());
    for (auto [value, sum] : llvm::zip_equal(values, builder.create(state)->getResults()))
      gradients.set(value, sum);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// scf.for
//===----------------------------------------------------------------------===//

/// The values that `result` certainly has the dynamic sizes of: all of one of these suffices,
/// or of each of them if `needsAll`.
SmallVector<Value> getSourcesOfSizes(OpResult result, bool &needsAll) {
  Operation *op = result.getOwner();
  unsigned number = result.getResultNumber();
  needsAll = isa<scf::IfOp, scf::ForOp>(op);
  if (auto ifOp = dyn_cast<scf::IfOp>(op))
    return {ifOp.thenYield().getOperand(number), ifOp.elseYield().getOperand(number)};
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return {loop.getInitArgs()[number]};
  if (auto destinations = dyn_cast<DestinationStyleOpInterface>(op))
    return {destinations.getTiedOpOperand(result)->get()};
  if (OpTrait::hasElementwiseMappableTraits(op))
    return llvm::to_vector(op->getOperands());
  if (isa<TernaryDialect>(op->getDialect()) && isa<ReifyRankedShapedTypeOpInterface>(op))
    return {op->getOperand(0)};
  return {};
}

/// Whether the dynamic sizes of `value` certainly are those of `like` in the same places; `known`
/// has the answers so far.
bool hasSizesOf(Value value, Value like, llvm::DenseMap<Value, bool> &known) {
  if (value == like)
    return true;
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return false;
  if (auto it = known.find(value); it != known.end())
    return it->second;
  if (auto loop = dyn_cast<scf::ForOp>(result.getOwner())) {
    BlockArgument argument = loop.getTiedLoopRegionIterArg(result);
    llvm::DenseMap<Value, bool> inside;
    if (!hasSizesOf(loop.getTiedLoopYieldedValue(argument)->get(), argument, inside))
      return known[value] = false;
  }
  auto hasSizes = [&](Value source) {
    auto from = dyn_cast<RankedTensorType>(source.getType());
    auto to = cast<RankedTensorType>(value.getType());
    for (int64_t dim = 0; dim < to.getRank(); ++dim)
      if (to.isDynamicDim(dim) && !(from && dim < from.getRank() && from.isDynamicDim(dim)))
        return false;
    return hasSizesOf(source, like, known);
  };
  bool needsAll;
  SmallVector<Value> sources = getSourcesOfSizes(result, needsAll);
  return known[value] =
             needsAll ? llvm::all_of(sources, hasSizes) : llvm::any_of(sources, hasSizes);
}

/// The gradient of one loop, in the making.
class LoopGradient {
public:
  LoopGradient(scf::ForOp loop, OpBuilder &builder, Gradients &gradients)
      : loop(loop), outer(gradients), b(loop.getLoc(), builder),
        state(loop.getLoc(), scf::ForOp::getOperationName()),
        body(state.addRegion()->emplaceBlock()) {}

  LogicalResult build() {
    emitTripCount();
    Value index = addArgument(b.getIndexType());
    SmallVector<unsigned> carried;
    SmallVector<Value> grads, inits, yielded;
    for (auto [i, result] : llvm::enumerate(loop.getResults()))
      if (carriesGradient(result.getType()) &&
          (outer.wants(result) || outer.wants(loop.getRegionIterArg(i)))) {
        carried.push_back(i);
        grads.push_back(addArgument(result.getType()));
        inits.push_back(outer.lookupOrZero(b, result));
      }
    unsigned firstStart = body.getNumArguments();
    IRMapping clones;
    for (Value argument : loop.getRegionIterArgs())
      clones.map(argument, addArgument(argument.getType()));

    ImplicitLocOpBuilder inner(loop.getLoc(), b.getContext());
    inner.setInsertionPointToStart(&body);
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value last = arith::SubIOp::create(b, tripCount, one);
    Value iteration = arith::SubIOp::create(inner, last, index);
    clones.map(loop.getInductionVar(), emitInductionVariable(inner, iteration));
    SmallVector<Operation *> ops = cloneBody(inner, *loop.getBody(), clones);
    Gradients gradients(outer, clones, [&](Value value) { return addArgument(value.getType()); });
    for (auto [i, grad] : llvm::zip_equal(carried, grads))
      gradients.add(inner, clones.lookupOrDefault(loop.getYieldedValues()[i]), grad);
    if (failed(gradients.differentiate(inner, ops)))
      return failure();

    for (auto [i, grad] : llvm::zip_equal(carried, grads)) {
      Value sum = gradients.lookup(clones.lookup(loop.getRegionIterArg(i)));
      yielded.push_back(sum ? sum : createSplat(inner, loop.getLoc(), grad, 0.0));
    }
    SmallVector<Value> values = gradients.getOuterValues();
    for (Value value : values) {
      inits.push_back(outer.lookupOrZero(b, value));
      yielded.push_back(gradients.lookup(value));
    }
    scf::YieldOp::create(inner, yielded);
    eraseDeadOps(body, /*kept=*/iteration);
    unsigned numStarts = loop.getNumRegionIterArgs();
    if (failed(keepStarts(body.getArguments().slice(firstStart, numStarts), iteration)))
      return failure();
    body.eraseArguments(firstStart, numStarts);
    eraseDeadOps(body);

    Value zero = arith::ConstantIndexOp::create(b, 0);
    state.addOperands({zero, tripCount, one});
    state.addOperands(inits);
    state.addTypes(ValueRange(inits).getTypes());
    ResultRange sums = b.create(state)->getResults();
    // A value may come from outside and be what the loop starts from.
    for (auto [value, sum] : llvm::zip_equal(values, sums.drop_front(carried.size())))
      outer.set(value, sum);
    for (auto [i, sum] : llvm::zip(carried, sums))
      outer.add(b, loop.getInitArgs()[i], sum);
    return success();
  }

private:
  Value addArgument(Type type) { return body.addArgument(type, loop.getLoc()); }

  /// Before the loop, which keeps as many values.
  void emitTripCount() {
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    if (std::optional<APInt> count = loop.getStaticTripCount()) {
      tripCount = arith::ConstantIndexOp::create(b, count->getZExtValue());
      return;
    }
    Value lower = loop.getLowerBound(), upper = loop.getUpperBound();
    Value zero = arith::ConstantOp::create(b, b.getIntegerAttr(lower.getType(), 0));
    Value one = arith::ConstantOp::create(b, b.getIntegerAttr(lower.getType(), 1));
    // The last iteration is the ((upper - 1 - lower) / step)-th, without overflow if unsigned.
    Value distance = b.createOrFold<arith::SubIOp>(upper, lower);
    distance = b.createOrFold<arith::SubIOp>(distance, one);
    Value last = b.createOrFold<arith::DivUIOp>(distance, loop.getStep());
    Value count = b.createOrFold<arith::AddIOp>(last, one);
    Value isEntered = arith::CmpIOp::create(
        b, loop.getUnsignedCmp() ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt, lower,
        upper);
    tripCount =
        castInteger(b, b.getIndexType(), arith::SelectOp::create(b, isEntered, count, zero));
  }

  static Value castInteger(ImplicitLocOpBuilder &b, Type type, Value integer) {
    if (integer.getType() == type)
      return integer;
    return arith::IndexCastUIOp::create(b, type, integer);
  }

  Value emitInductionVariable(ImplicitLocOpBuilder &b, Value iteration) {
    Value lower = loop.getLowerBound();
    Value count = castInteger(b, lower.getType(), iteration);
    Value distance = b.createOrFold<arith::MulIOp>(count, loop.getStep());
    return b.createOrFold<arith::AddIOp>(lower, distance);
  }

  Value emitIteration(ImplicitLocOpBuilder &b) {
    Value distance = b.createOrFold<arith::SubIOp>(loop.getInductionVar(), loop.getLowerBound());
    return castInteger(b, b.getIndexType(),
                       b.createOrFold<arith::DivUIOp>(distance, loop.getStep()));
  }

  /// Lets the loop keep those values at the start of its iterations that `starts` stand for and
  /// that are read, and reads them.
  LogicalResult keepStarts(ArrayRef<BlockArgument> starts, Value iteration) {
    SmallVector<unsigned> kept;
    SmallVector<Value> tapes;
    for (auto [i, start] : llvm::enumerate(starts))
      if (!start.use_empty()) {
        FailureOr<Value> tape = createTape(i);
        if (failed(tape))
          return failure();
        kept.push_back(i);
        tapes.push_back(*tape);
      }
    if (kept.empty())
      return success();

    auto writeAll = [&](OpBuilder &, Location loc, ArrayRef<BlockArgument> arguments) {
      ImplicitLocOpBuilder b(loc, OpBuilder::atBlockBegin(loop.getBody()));
      Value iteration = emitIteration(b);
      return llvm::map_to_vector(llvm::zip_equal(kept, arguments), [&](auto pair) -> Value {
        auto [i, tape] = pair;
        return write(b, loop.getRegionIterArg(i), tape, iteration);
      });
    };
    SmallVector<Value> known(loop.getResults());
    llvm::append_range(known, loop.getBody()->getArguments());
    IRRewriter rewriter(b.getContext());
    FailureOr<LoopLikeOpInterface> longer = loop.replaceWithAdditionalYields(
        rewriter, tapes, /*replaceInitOperandUsesInLoop=*/false, writeAll);
    if (failed(longer))
      return failure();
    loop = cast<scf::ForOp>(longer->getOperation());
    SmallVector<Value> values(loop.getResults().drop_back(kept.size()));
    llvm::append_range(values, loop.getBody()->getArguments().drop_back(kept.size()));
    outer.replace(known, values);

    ImplicitLocOpBuilder inner(loop.getLoc(), b.getContext());
    inner.setInsertionPointAfterValue(iteration);
    for (auto [i, tape] : llvm::zip_equal(kept, loop.getResults().take_back(kept.size())))
      BlockArgument(starts[i]).replaceAllUsesWith(
          read(inner, starts[i].getType(), tape, iteration));
    return success();
  }

  /// Memory for what a value is at the start of each iteration.
  FailureOr<Value> createTape(unsigned index) {
    Value init = loop.getInitArgs()[index];
    auto tensor = dyn_cast<RankedTensorType>(init.getType());
    if (tensor ? tensor.getEncoding() != nullptr : !TensorType::isValidElementType(init.getType()))
      return loop.emitOpError()
             << "expected to carry numbers and ranked tensors of them to differentiate by, got "
             << init.getType();
    llvm::DenseMap<Value, bool> known;
    if (tensor && !tensor.hasStaticShape() &&
        !hasSizesOf(loop.getYieldedValues()[index], loop.getRegionIterArg(index), known))
      return loop.emitOpError() << "expected to carry tensors whose sizes no iteration changes to "
                                   "differentiate by, got "
                                << tensor;
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    SmallVector<OpFoldResult> sizes = {getAsOpFoldResult(tripCount)};
    if (tensor)
      llvm::append_range(sizes, tensor::getMixedSizes(b, loop.getLoc(), init));
    Type element = tensor ? tensor.getElementType() : init.getType();
    return tensor::EmptyOp::create(b, sizes, element).getResult();
  }

  /// The place of an iteration in a tape of tensors.
  struct Slice {
    Slice(ImplicitLocOpBuilder &b, Value tape, Value iteration)
        : sizes(tensor::getMixedSizes(b, b.getLoc(), tape)),
          offsets(sizes.size(), b.getIndexAttr(0)), strides(sizes.size(), b.getIndexAttr(1)) {
      offsets.front() = iteration;
      sizes.front() = b.getIndexAttr(1);
    }
    SmallVector<OpFoldResult> sizes, offsets, strides;
  };

  static Value write(ImplicitLocOpBuilder &b, Value value, Value tape, Value iteration) {
    if (!isa<RankedTensorType>(value.getType()))
      return tensor::InsertOp::create(b, value, tape, iteration);
    Slice slice(b, tape, iteration);
    return tensor::InsertSliceOp::create(b, value, tape, slice.offsets, slice.sizes, slice.strides);
  }

  static Value read(ImplicitLocOpBuilder &b, Type type, Value tape, Value iteration) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return tensor::ExtractOp::create(b, tape, iteration);
    Slice slice(b, tape, iteration);
    return tensor::ExtractSliceOp::create(b, tensor, tape, slice.offsets, slice.sizes,
                                          slice.strides);
  }

  scf::ForOp loop;
  Gradients &outer;
  /// After the loop forward, where the loop backward will stand.
  ImplicitLocOpBuilder b;
  OperationState state;
  Block &body;
  Value tripCount;
};

struct ForRule : DifferentiableOpInterface::ExternalModel<ForRule, scf::ForOp> {
  LogicalResult buildBackward(Operation *op, OpBuilder &builder, Gradients &gradients) const {
    return LoopGradient(cast<scf::ForOp>(op), builder, gradients).build();
  }
};
} // namespace

void ternary::registerDifferentiableControlFlow(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, scf::SCFDialect *) {
    scf::ForOp::attachInterface<ForRule>(*context);
    scf::IfOp::attachInterface<IfRule>(*context);
  });
}
