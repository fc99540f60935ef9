//===- FuseRows.cpp - Norms, quantisation and what is between -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Row ops are put into groups that are connected, be it by a value that they read, and that
// no path leaves and enters again: every op gets a level that grows whenever a path crosses
// between row ops and other ops or to row ops of another rank, and a group is a connected
// component of one level. A sum of rows ends its group: a kernel leaves the sums of its parts,
// and a kernel after it adds them.
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/RegionUtils.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYFUSEROWS
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// Number of row dimensions of a row op: all but the last of its first operand.
int64_t getRowRank(Operation *op) {
  return cast<RankedTensorType>(op->getOperand(0).getType()).getRank() - 1;
}

/// Whether both are row ops over the same number of dimensions, or neither is one.
bool areAlike(Operation *a, Operation *b) {
  bool isRow = isRowOp(a);
  return isRowOp(b) == isRow && (!isRow || getRowRank(a) == getRowRank(b));
}

/// Whether no path through a group gets longer from `def` to `op`.
bool belongTogether(Operation *def, Operation *op) {
  return areAlike(def, op) && !isa<SumRowsOp>(def);
}

bool isShared(OpOperand &operand) {
  auto op = dyn_cast<RowOpInterface>(operand.getOwner());
  return op && op.isSharedByRows(operand);
}

/// Sizes of a tensor, without a use of one that kernels absorb.
SmallVector<OpFoldResult> getSizes(OpBuilder &builder, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (auto splat = tensor.getDefiningOp<tensor::SplatOp>())
    return getMixedValues(type.getShape(), splat.getDynamicSizes(), builder);
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes();
  if (auto broadcast = tensor.getDefiningOp<linalg::BroadcastOp>())
    return getSizes(builder, loc, broadcast.getInit());
  return tensor::getMixedSizes(builder, loc, tensor);
}

/// Whether `op` extends a narrow value for other than row kernels, which read it as it is. Such
/// an op is a kernel of its own right before its reader: fused with what computes the narrow
/// value, it would have the wide one live from there on.
bool isExtensionForOthers(Operation *op) {
  return isa<arith::ExtFOp>(op) && !llvm::all_of(op->getUsers(), isRowOp);
}

/// Whether `operand` of a row op is read row by row from memory.
bool isReadByRow(OpOperand &operand) {
  Operation *def = operand.get().getDefiningOp();
  return !isShared(operand) && !(def && (getSplatConstant(def) || getBroadcastVector(def)));
}

/// A row kernel in the making.
class Group {
public:
  explicit Group(ArrayRef<Operation *> ops) : ops(ops), inside(ops.begin(), ops.end()) {}

  void createKernel() {
    Operation *last = ops.back();
    OpBuilder builder(last);
    rank = getRowRank(last);
    collectOperands();
    SmallVector<Value> results, outs, yielded;
    for (Operation *op : ops)
      for (Value result : op->getResults())
        if (!isa<SumRowsOp>(op) && llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !inside.contains(user);
            })) {
          results.push_back(result);
          outs.push_back(createEmpty(builder, result));
        }
    yielded = results;
    SmallVector<SumRowsOp> sums;
    for (Operation *op : ops)
      if (auto sum = dyn_cast<SumRowsOp>(op)) {
        sums.push_back(sum);
        yielded.push_back(sum.getInput());
        auto type = cast<RankedTensorType>(sum.getType());
        outs.push_back(tensor::EmptyOp::create(
            builder, sum.getLoc(), ArrayRef<int64_t>{SumRowsOp::kParts, type.getDimSize(0)},
            type.getElementType()));
      }
    auto kernel = RowKernelOp::create(builder, last->getLoc(), ValueRange(outs).getTypes(), rank,
                                      sums.size(), operands.getArrayRef(), outs);
    buildRegion(kernel, yielded);
    for (auto [result, replacement] : llvm::zip(results, kernel.getResults()))
      result.replaceUsesWithIf(replacement,
                               [&](OpOperand &use) { return !inside.contains(use.getOwner()); });
    for (auto [sum, parts] : llvm::zip_equal(sums, kernel.getResults().take_back(sums.size()))) {
      Value out = tensor::EmptyOp::create(builder, sum.getLoc(), sum.getType().getShape(),
                                          sum.getType().getElementType());
      sum.getResult().replaceAllUsesWith(
          SumRowsKernelOp::create(builder, sum.getLoc(), sum.getType(), parts, out).getResult(0));
    }
    for (Operation *op : llvm::reverse(ops))
      op->erase();
  }

private:
  /// The value from outside that stands for `operand`, or null for a constant.
  Value getOutside(OpOperand &operand) {
    // Its operand may be the only one that tells how many rows there are.
    if (isa<SumRowsOp>(operand.getOwner()))
      return operand.get();
    if (Operation *def = operand.get().getDefiningOp()) {
      if (getSplatConstant(def))
        return {};
      if (Value vector = getBroadcastVector(def))
        return vector;
    }
    return operand.get();
  }

  void collectOperands() {
    for (Operation *op : ops)
      for (OpOperand &operand : op->getOpOperands())
        if (!inside.contains(operand.get().getDefiningOp()))
          if (Value value = getOutside(operand)) {
            if (operands.insert(value))
              shared.push_back(isShared(operand) || value != operand.get());
          }
  }

  Value createEmpty(OpBuilder &builder, Value result) {
    Location loc = result.getLoc();
    auto type = cast<RankedTensorType>(result.getType());
    // Rows are those of the group's first operand, which exists before the group does.
    SmallVector<OpFoldResult> sizes = getSizes(builder, loc, ops.front()->getOperand(0));
    sizes.resize(rank);
    for (int64_t size : type.getShape().drop_front(rank))
      sizes.push_back(builder.getIndexAttr(size));
    return tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
  }

  void buildRegion(RowKernelOp kernel, ArrayRef<Value> yieldedRows) {
    OpBuilder builder(kernel.getContext());
    Block *block = builder.createBlock(&kernel.getBody());
    IRMapping mapping;
    for (auto [value, isShared] : llvm::zip_equal(operands, shared))
      mapping.map(value, block->addArgument(
                             getRowType(cast<ShapedType>(value.getType()), isShared ? 0 : rank),
                             kernel.getLoc()));
    builder.setInsertionPointToStart(block);
    auto convert = [&](Type type) { return getRowType(cast<ShapedType>(type), rank); };
    for (Operation *op : ops) {
      for (OpOperand &operand : op->getOpOperands())
        if (!mapping.contains(operand.get()))
          mapping.map(operand.get(), createOutside(builder, operand, mapping, convert));
      if (!isa<SumRowsOp>(op))
        cloneWithTypes(builder, op, mapping, convert);
    }
    SmallVector<Value> yielded;
    for (Value row : yieldedRows)
      yielded.push_back(mapping.lookup(row));
    YieldOp::create(builder, kernel.getLoc(), yielded);
    shareSigmoids(*block);
  }

  /// silu(x) is x · sigmoid(x), by its definition: a gradient that needs both computes the latter
  /// once.
  static void shareSigmoids(Block &block) {
    for (auto op : llvm::make_early_inc_range(block.getOps<ActivateOp>())) {
      if (op.getActivation() != Activation::Silu)
        continue;
      for (Operation *user : op.getInput().getUsers()) {
        auto sigmoid = dyn_cast<ActivateOp>(user);
        if (!sigmoid || sigmoid.getActivation() != Activation::Sigmoid)
          continue;
        if (op->isBeforeInBlock(sigmoid))
          sigmoid->moveBefore(op);
        OpBuilder builder(op);
        op.replaceAllUsesWith(
            arith::MulFOp::create(builder, op.getLoc(), op.getInput(), sigmoid.getResult())
                .getResult());
        op.erase();
        break;
      }
    }
  }

  /// A constant row or number, or the shared vector behind a broadcast.
  static Value createOutside(OpBuilder &builder, OpOperand &operand, IRMapping &mapping,
                             function_ref<Type(Type)> convert) {
    Operation *def = operand.get().getDefiningOp();
    if (Value vector = getBroadcastVector(def))
      return mapping.lookup(vector);
    auto shaped = cast<ShapedType>(operand.get().getType());
    TypedAttr value = getSplatConstant(def);
    if (auto row =
            dyn_cast<VectorType>(isShared(operand) ? getRowType(shaped, 0) : convert(shaped)))
      value = DenseElementsAttr::get(row, value);
    return arith::ConstantOp::create(builder, def->getLoc(), value);
  }

  ArrayRef<Operation *> ops;
  llvm::SmallPtrSet<Operation *, 16> inside;
  llvm::SetVector<Value> operands;
  SmallVector<bool> shared;
  int64_t rank = 0;
};

/// A kernel stands where its last op stood, and users of its other results may precede it. Moves
/// such ops before the first that needs them; all others keep their order, on which it depends
/// how long a value takes memory.
void restoreDominance(Block &block) {
  SmallVector<Operation *> order = llvm::map_to_vector(block, [](Operation &op) { return &op; });
  llvm::DenseSet<Operation *> placed;
  SmallVector<Operation *> pending;
  for (Operation *op : order) {
    pending.push_back(op);
    while (!pending.empty()) {
      Operation *next = pending.back();
      size_t size = pending.size();
      if (!placed.contains(next))
        next->walk([&](Operation *nested) {
          for (Value operand : llvm::reverse(nested->getOperands()))
            if (Operation *def = operand.getDefiningOp();
                def && def->getBlock() == &block && !placed.contains(def))
              pending.push_back(def);
        });
      if (pending.size() > size)
        continue;
      pending.pop_back();
      if (placed.insert(next).second)
        next->moveBefore(&block, block.end());
    }
  }
}

struct FuseRows : ternary::impl::TernaryFuseRowsBase<FuseRows> {
  using TernaryFuseRowsBase::TernaryFuseRowsBase;

  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks)
      runOnBlock(*block);
  }

  using Levels = DenseMap<Operation *, int64_t>;

  /// The levels of all ops of a block, of some of them at least those in `least`.
  static Levels findLevels(Block &block, const Levels &least) {
    Levels levels;
    for (Operation &op : block) {
      int64_t level = least.lookup(&op);
      llvm::SetVector<Value> read(op.operand_begin(), op.operand_end());
      getUsedValuesDefinedAbove(op.getRegions(), read);
      for (Value operand : read)
        if (Operation *def = operand.getDefiningOp())
          if (def->getBlock() == &block)
            level = std::max(level, levels.lookup(def) + !belongTogether(def, &op));
      levels[&op] = level;
    }
    return levels;
  }

  /// Whether sums of rows alone need what `op`, a row op, computes.
  static bool isForSums(Operation *op, const Levels &levels) {
    return llvm::all_of(op->getUsers(), [&](Operation *user) {
      return levels.contains(user) && areAlike(op, user) &&
             (isa<SumRowsOp>(user) || isForSums(user, levels));
    });
  }

  /// The last level in which all vectors are read by other row ops that a sum of rows reads,
  /// itself or through row ops that are there for sums alone: it is computed there, in the same
  /// pass over them.
  static int64_t findLevelOfReaders(SumRowsOp sum, const Levels &levels) {
    std::optional<int64_t> last;
    SmallVector<Operation *> pending = {sum};
    while (!pending.empty()) {
      Operation *op = pending.pop_back_val();
      for (OpOperand &operand : op->getOpOperands()) {
        auto type = cast<RankedTensorType>(operand.get().getType());
        if (!isReadByRow(operand) || type.getRank() == getRowRank(sum))
          continue;
        Operation *def = operand.get().getDefiningOp();
        if (def && levels.contains(def) && belongTogether(def, op) && isForSums(def, levels)) {
          pending.push_back(def);
          continue;
        }
        int64_t level = levels.lookup(sum);
        for (Operation *reader : operand.get().getUsers())
          if (levels.contains(reader) && areAlike(sum, reader))
            level = std::max(level, levels.lookup(reader));
        last = std::min(last.value_or(level), level);
      }
    }
    return last.value_or(levels.lookup(sum));
  }

  /// What only row ops of later levels read is computed with the first of them: it need not be
  /// stored in between.
  static void computeLate(ArrayRef<Operation *> rowOps, Levels &levels) {
    for (Operation *op : llvm::reverse(rowOps)) {
      auto isLater = [&](Operation *user) {
        return levels.contains(user) && belongTogether(op, user);
      };
      if (op->use_empty() || !llvm::all_of(op->getUsers(), isLater))
        continue;
      int64_t level = std::numeric_limits<int64_t>::max();
      for (Operation *user : op->getUsers())
        level = std::min(level, levels.lookup(user));
      levels[op] = std::max(levels[op], level);
    }
  }

  /// Arithmetic on f64 alone: not all targets have rows of it, and upstream's loops do as well.
  static bool isForUpstream(ArrayRef<Operation *> ops) {
    return llvm::all_of(ops, [](Operation *op) {
      return isElementwiseOnTensors(op) && !isa<RowOpInterface>(op) &&
             getElementTypeOrSelf(op->getResult(0)).isF64();
    });
  }

  /// Row ops of one level belong together if one reads what the other computes, or both read the
  /// same rows.
  static void connect(ArrayRef<Operation *> rowOps, const Levels &levels,
                      llvm::EquivalenceClasses<Operation *> &classes) {
    DenseMap<std::pair<Value, int64_t>, SmallVector<Operation *>> readers;
    for (Operation *op : rowOps) {
      if (isExtensionForOthers(op))
        continue;
      int64_t level = levels.lookup(op);
      for (OpOperand &operand : op->getOpOperands()) {
        if (!isReadByRow(operand))
          continue;
        Operation *def = operand.get().getDefiningOp();
        if (def && levels.contains(def) && belongTogether(def, op) && levels.lookup(def) == level)
          classes.unionSets(def, op);
        SmallVector<Operation *> &others = readers[{operand.get(), level}];
        for (Operation *other : others)
          if (areAlike(other, op)) {
            classes.unionSets(other, op);
            break;
          }
        others.push_back(op);
      }
    }
  }

  void runOnBlock(Block &block) {
    llvm::EquivalenceClasses<Operation *> classes;
    SmallVector<Operation *> rowOps;
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isRowOp(&op) && isOpTriviallyDead(&op))
        op.erase();
    for (Operation &op : block)
      if (isRowOp(&op)) {
        rowOps.push_back(&op);
        classes.insert(&op);
      }
    if (fuse) {
      Levels least, levels = findLevels(block, least);
      for (auto sum : block.getOps<SumRowsOp>())
        least[sum] = findLevelOfReaders(sum, levels);
      levels = findLevels(block, least);
      computeLate(rowOps, levels);
      connect(rowOps, levels, classes);
    }
    llvm::MapVector<Operation *, SmallVector<Operation *>> groups;
    for (Operation *op : rowOps)
      groups[classes.getLeaderValue(op)].push_back(op);
    for (auto &[leader, ops] : groups) {
      if (isForUpstream(ops))
        continue;
      if (ops.size() > 1)
        remark::passed(ops.front()->getLoc(),
                       remark::RemarkOpts::name("fuse-rows").category("ternary"))
            << ("fused " + Twine(ops.size()) + " ops into one row kernel").str();
      ++numKernels;
      numOps += ops.size();
      Group(ops).createKernel();
    }
    for (auto barrier : llvm::make_early_inc_range(block.getOps<OptimizationBarrierOp>())) {
      barrier.replaceAllUsesWith(barrier.getValue());
      barrier.erase();
    }
    restoreDominance(block);
  }
};
} // namespace
