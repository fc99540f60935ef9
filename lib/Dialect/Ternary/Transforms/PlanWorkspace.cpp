//===- PlanWorkspace.cpp - Places in one workspace for all buffers ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function is a straight line of kernels, so the lifetime of a buffer is the stretch from
// the first to the last op that touches it, and all places can be chosen here, before a
// token has been seen. Sizes are fixed or proportional to a unit that is known when the
// function is called: the number of tokens of a step, sizes of arguments of other functions.
// Buffers of each unit are planned on their own, since which of two buffers is larger would
// otherwise depend on those numbers. Larger buffers are placed first, each as low as the
// lifetimes of those already placed allow: smaller ones then fill the gaps.
//
//===----------------------------------------------------------------------===//

#include "ResultSizes.h"
#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Dialect/Affine/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "ternary/abi.h"
#include "llvm/ADT/MapVector.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYPLANWORKSPACE
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
constexpr int64_t kAlignment = 64;
/// Units are counted in blocks of this many, so that a buffer needs to be aligned to
/// `kAlignment / kTokenBlock` bytes for each only.
constexpr int64_t kTokenBlock = TERNARY_TOKEN_BLOCK;

struct Buffer {
  memref::AllocOp alloc;
  /// Bytes, or bytes for each unit; rounded up to what keeps the next one aligned.
  int64_t size = 0;
  /// What the size is proportional to, an index at the start of the function; null: nothing.
  Value unit;
  /// First and last op of the step that touch the buffer; null if there are none.
  Operation *first = nullptr, *last = nullptr;
  /// Its place, in the units of `size`.
  int64_t offset = 0;

  bool overlapsInTime(const Buffer &other) const {
    return !last->isBeforeInBlock(other.first) && !other.last->isBeforeInBlock(first);
  }
};

/// Gives every buffer its place; returns the size of all together.
int64_t placeBuffers(MutableArrayRef<Buffer *> buffers) {
  // The larger ones first, otherwise in order.
  llvm::stable_sort(buffers, [](Buffer *a, Buffer *b) { return a->size > b->size; });
  // Those that have a place, from low to high.
  SmallVector<Buffer *> placed;
  int64_t total = 0;
  for (Buffer *buffer : buffers) {
    for (Buffer *other : placed) {
      if (!buffer->overlapsInTime(*other))
        continue;
      if (buffer->offset + buffer->size <= other->offset)
        break;
      buffer->offset = std::max(buffer->offset, other->offset + other->size);
    }
    auto *above = llvm::upper_bound(placed, buffer,
                                    [](Buffer *a, Buffer *b) { return a->offset < b->offset; });
    placed.insert(above, buffer);
    total = std::max(total, buffer->offset + buffer->size);
  }
  return total;
}

/// The plan of one function.
class Planner {
public:
  explicit Planner(func::FuncOp func) : func(func), dataLayout(DataLayout::closest(func)) {}

  LogicalResult run() {
    if (getStep(func)) {
      ids = findArgument(func, Role::Ids);
      logitsFrom = findArgument(func, Role::LogitsFrom);
    } else {
      hoistedSizes.map(func.getArguments(), func.getArguments());
    }
    auto idsType = ids ? dyn_cast<MemRefType>(ids.getType()) : MemRefType();
    if (ids && (!idsType || idsType.getRank() != 2))
      return func.emitError() << "expected the argument of role 'ids' to have a batch and a token "
                                 "dimension, got "
                              << ids.getType();
    BufferViewFlowAnalysis views(func);
    auto result = func.walk([&](memref::AllocOp alloc) {
      // Memory that a function hands to its caller is its own affair.
      if (!getStep(func) && escapes(alloc, views))
        return WalkResult::advance();
      return failed(addBuffer(alloc)) || failed(findLifetime(buffers.back(), views))
                 ? WalkResult::interrupt()
                 : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
    for (memref::DeallocOp dealloc : deallocs)
      dealloc->erase();
    llvm::erase_if(buffers, [](Buffer &buffer) {
      if (!buffer.first)
        eraseUnused(buffer.alloc);
      return !buffer.first;
    });
    if (!getStep(func) && buffers.empty())
      return success();
    llvm::MapVector<Value, SmallVector<Buffer *>> byUnit;
    byUnit[Value()];
    for (Buffer &buffer : buffers)
      byUnit[buffer.unit].push_back(&buffer);
    SmallVector<Share> shares;
    for (auto &[unit, ofUnit] : byUnit)
      shares.push_back({unit, placeBuffers(ofUnit)});
    replaceAllocations(shares);
    return success();
  }

  unsigned getNumBuffers() const { return buffers.size(); }

private:
  /// The number of rows of a size: a number, or one for each unit.
  struct Bound {
    int64_t rows;
    Value unit;
  };

  /// The part of the workspace whose size is proportional to one unit, or to none.
  struct Share {
    Value unit;
    int64_t size;
    /// Where it begins; null: at the start.
    Value offset = {};
  };

  LogicalResult addBuffer(memref::AllocOp alloc) {
    MemRefType type = alloc.getType();
    if (!type.getLayout().isIdentity() || type.getMemorySpace())
      return alloc.emitError() << "expected a buffer of identity layout in the default memory "
                                  "space, got "
                               << type;
    if (!type.getElementType().isIntOrIndexOrFloat())
      return alloc.emitError() << "expected a buffer of integers, indices or floats, got " << type;
    if (alloc.getAlignment().value_or(0) > kAlignment)
      return alloc.emitError() << "expected an alignment of at most " << kAlignment << ", got "
                               << *alloc.getAlignment();
    std::optional<Bound> bound = Bound{1, Value()};
    if (!type.hasStaticShape()) {
      if (getStep(func) && type.getNumDynamicDims() > 1)
        return alloc.emitError() << "expected at most one dynamic dimension, got " << type;
      bound = getStep(func) ? findBound(alloc.getDynamicSizes().front())
                            : findUnit(alloc.getDynamicSizes());
      if (!bound)
        return alloc.emitError()
               << (getStep(func) ? "expected a dynamic size bounded by the number of tokens"
                                 : "expected dynamic sizes that follow from those of arguments");
    }
    int64_t bytes = bound->rows * (int64_t)dataLayout.getTypeSize(type.getElementType());
    for (int64_t size : type.getShape())
      bytes *= ShapedType::isDynamic(size) ? 1 : size;
    Buffer &buffer = buffers.emplace_back();
    buffer.alloc = alloc;
    buffer.unit = bound->unit;
    buffer.size = llvm::alignTo(bytes, bound->unit ? kAlignment / kTokenBlock : kAlignment);
    return success();
  }

  /// The product of sizes that follow from those of arguments, at the start of the function.
  std::optional<Bound> findUnit(ValueRange sizes) {
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    if (lastOfUnits)
      builder.setInsertionPointAfter(lastOfUnits);
    Value product;
    for (Value size : sizes) {
      Value hoisted = cloneSize(builder, size, hoistedSizes);
      if (!hoisted)
        return std::nullopt;
      product =
          product ? builder.createOrFold<arith::MulIOp>(size.getLoc(), product, hoisted) : hoisted;
    }
    auto at = builder.getInsertionPoint();
    if (at != func.getBody().front().begin())
      lastOfUnits = &*std::prev(at);
    return Bound{1, getEqualUnit(product)};
  }

  /// The unit that is computed as `product` is, if there was one, and otherwise that itself.
  Value getEqualUnit(Value product) {
    for (Value unit : units)
      if (isEqual(unit, product))
        return unit;
    units.push_back(product);
    return product;
  }

  static bool isEqual(Value a, Value b) {
    if (a == b)
      return true;
    Operation *x = a.getDefiningOp(), *y = b.getDefiningOp();
    return x && y && cast<OpResult>(a).getResultNumber() == cast<OpResult>(b).getResultNumber() &&
           x->getName() == y->getName() && x->getAttrDictionary() == y->getAttrDictionary() &&
           x->getResultTypes() == y->getResultTypes() &&
           llvm::equal(x->getOperands(), y->getOperands(), isEqual);
  }

  /// An upper bound of `size`: a constant or the number of tokens. `logits_from` is known
  /// to be no less than zero.
  std::optional<Bound> findBound(Value size) {
    ValueDimList dependencies;
    if (ids && cast<MemRefType>(ids.getType()).isDynamicDim(1))
      dependencies.emplace_back(ids, 1);
    if (logitsFrom)
      dependencies.emplace_back(logitsFrom, std::nullopt);
    AffineMap map;
    ValueDimList operands;
    SmallVector<int64_t> coefficients;
    if (failed(ValueBoundsConstraintSet::computeDependentBound(
            map, operands, presburger::BoundType::UB, size, dependencies, /*closedUB=*/true)) ||
        failed(getFlattenedAffineExpr(map.getResult(0), map.getNumDims(), map.getNumSymbols(),
                                      &coefficients)) ||
        coefficients.size() != operands.size() + 1)
      return std::nullopt;
    int64_t constant = coefficients.back(), perToken = 0;
    for (auto [operand, coefficient] : llvm::zip(operands, coefficients)) {
      if (operand.first == ids)
        perToken = coefficient;
      else if (coefficient > 0)
        return std::nullopt;
    }
    if (perToken == 0)
      return Bound{std::max<int64_t>(constant, 0), Value()};
    if (perToken == 1 && constant <= 0)
      return Bound{1, ids};
    return std::nullopt;
  }

  static bool escapes(memref::AllocOp alloc, const BufferViewFlowAnalysis &views) {
    return llvm::any_of(views.resolve(alloc), [](Value alias) {
      return llvm::any_of(alias.getUsers(), llvm::IsaPred<func::ReturnOp>);
    });
  }

  /// A buffer of a loop is the same memory in each iteration, and is kept while the loop runs.
  LogicalResult findLifetime(Buffer &buffer, const BufferViewFlowAnalysis &views) {
    Block &body = func.getBody().front();
    for (Value alias : views.resolve(buffer.alloc)) {
      auto carried = dyn_cast<BlockArgument>(alias);
      if (carried && carried.getOwner()->getParentOp()->isProperAncestor(buffer.alloc))
        return buffer.alloc.emitError(
            "expected a buffer of a loop that is not read in the next iteration");
      for (Operation *user : alias.getUsers()) {
        if (auto dealloc = dyn_cast<memref::DeallocOp>(user)) {
          deallocs.insert(dealloc);
          continue;
        }
        // A view touches nothing; those who use it are found through its result.
        if (isa<ViewLikeOpInterface, memref::DimOp>(user))
          continue;
        if (isa<func::ReturnOp>(user))
          return buffer.alloc.emitError("expected a buffer that does not leave the step");
        Operation *op = body.findAncestorOpInBlock(*user);
        if (!buffer.first || op->isBeforeInBlock(buffer.first))
          buffer.first = op;
        if (!buffer.last || buffer.last->isBeforeInBlock(op))
          buffer.last = op;
      }
    }
    return success();
  }

  /// Erases `op`, of which only views are taken, that nobody looks at.
  static void eraseUnused(Operation *op) {
    for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
      if (user->getNumResults() == 1 && isa<ViewLikeOpInterface>(user))
        eraseUnused(user);
    if (op->use_empty())
      op->erase();
  }

  static Value createIndex(OpBuilder &builder, Location loc, int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  /// `unit`, rounded up to whole blocks; for the ids of a step, the number of tokens.
  Value createCount(OpBuilder &builder, Value unit) {
    Location loc = func.getLoc();
    if (unit == ids)
      unit = memref::DimOp::create(builder, loc, ids, 1);
    Value padded =
        arith::AddIOp::create(builder, loc, unit, createIndex(builder, loc, kTokenBlock - 1));
    return arith::AndIOp::create(builder, loc, padded, createIndex(builder, loc, -kTokenBlock));
  }

  /// Where what comes behind shares that have their places begins.
  Value createEnd(OpBuilder &builder, ArrayRef<Share> shares) {
    Location loc = func.getLoc();
    Value size = createIndex(builder, loc, shares.back().size);
    if (shares.size() == 1)
      return size;
    size = arith::MulIOp::create(builder, loc, shares.back().unit, size);
    return arith::AddIOp::create(builder, loc, size, shares.back().offset);
  }

  /// Lays out shares one behind the other, each in whole blocks of its unit.
  void placeShares(OpBuilder &builder, MutableArrayRef<Share> shares) {
    for (size_t i = 1; i < shares.size(); ++i) {
      shares[i].offset = createEnd(builder, shares.take_front(i));
      shares[i].unit = createCount(builder, shares[i].unit);
    }
  }

  /// Makes a function of the arguments so far that returns the size of the workspace.
  void createSizeFunction(ArrayRef<Share> shares) {
    OpBuilder builder(func.getContext());
    builder.setInsertionPointAfter(func);
    Location loc = func.getLoc();
    auto sizes = func::FuncOp::create(
        builder, loc, (func.getName() + "_workspace_size").str(),
        builder.getFunctionType(func.getArgumentTypes(), builder.getIndexType()));
    sizes.setPrivate();
    SymbolTable(func->getParentOfType<ModuleOp>()).insert(sizes, std::next(func->getIterator()));
    builder.setInsertionPointToStart(sizes.addEntryBlock());
    IRMapping mapping;
    mapping.map(func.getArguments(), sizes.getArguments());
    SmallVector<Share> cloned(shares);
    for (Share &share : MutableArrayRef(cloned).drop_front())
      share.unit = cloneSize(builder, share.unit, mapping);
    placeShares(builder, cloned);
    func::ReturnOp::create(builder, loc, createEnd(builder, cloned));
    func->setAttr(kWorkspaceSizeAttr, FlatSymbolRefAttr::get(sizes));
  }

  void replaceAllocations(MutableArrayRef<Share> shares) {
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    if (lastOfUnits)
      builder.setInsertionPointAfter(lastOfUnits);
    if (getStep(func)) {
      int64_t perToken = shares.size() > 1 ? shares.back().size : 0;
      func->setAttr(kWorkspaceAttr, builder.getDenseI64ArrayAttr({shares.front().size, perToken}));
    } else {
      createSizeFunction(shares);
    }
    unsigned index = func.getNumArguments();
    (void)func.insertArgument(index, MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()),
                              makeRoleAttrs(func.getContext(), Role::Workspace), func.getLoc());
    Value workspace = func.getArgument(index);
    SmallVector<Value> units = llvm::map_to_vector(shares, [](Share &share) { return share.unit; });
    placeShares(builder, shares);
    for (Buffer &buffer : buffers) {
      Location loc = buffer.alloc.getLoc();
      builder.setInsertionPoint(buffer.alloc);
      Value offset = createIndex(builder, loc, buffer.offset);
      if (buffer.unit) {
        const Share &share = shares[llvm::find(units, buffer.unit) - units.begin()];
        offset = arith::MulIOp::create(builder, loc, share.unit, offset);
        offset = arith::AddIOp::create(builder, loc, offset, share.offset);
      }
      Value view = memref::ViewOp::create(builder, loc, buffer.alloc.getType(), workspace, offset,
                                          buffer.alloc.getDynamicSizes());
      buffer.alloc->replaceAllUsesWith(ValueRange(view));
      buffer.alloc->erase();
    }
  }

  func::FuncOp func;
  DataLayout dataLayout;
  Value ids, logitsFrom;
  /// Sizes of an ordinary function at its start, up to `lastOfUnits`.
  IRMapping hoistedSizes;
  Operation *lastOfUnits = nullptr;
  SmallVector<Value> units;
  SmallVector<Buffer, 0> buffers;
  llvm::SmallSetVector<memref::DeallocOp, 8> deallocs;
};

struct PlanWorkspace : ternary::impl::TernaryPlanWorkspaceBase<PlanWorkspace> {
  void getDependentDialects(DialectRegistry &registry) const override {
    TernaryPlanWorkspaceBase::getDependentDialects(registry);
    affine::registerValueBoundsOpInterfaceExternalModels(registry);
    arith::registerValueBoundsOpInterfaceExternalModels(registry);
    memref::registerValueBoundsOpInterfaceExternalModels(registry);
  }

  void runOnOperation() override {
    for (auto func : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (!isEntry(func))
        continue;
      Planner planner(func);
      if (failed(planner.run()))
        return signalPassFailure();
      numBuffers += planner.getNumBuffers();
    }
  }
};
} // namespace
