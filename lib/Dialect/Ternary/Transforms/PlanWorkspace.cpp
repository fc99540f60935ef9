//===- PlanWorkspace.cpp - Places in one workspace for all buffers ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step is a straight line of kernels, so the lifetime of a buffer is the stretch from
// the first to the last op that touches it, and all places can be chosen here, before a
// token has been seen. Sizes are fixed or proportional to the number of tokens; each
// kind is planned on its own, since which of two buffers is larger would otherwise
// depend on that number. Larger buffers are placed first, each as low as the lifetimes
// of those already placed allow: smaller ones then fill the gaps.
//
//===----------------------------------------------------------------------===//

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
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "ternary/abi.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYPLANWORKSPACE
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
constexpr int64_t kAlignment = 64;
/// Tokens are counted in blocks of this many, so that a buffer per token needs to be
/// aligned to `kAlignment / kTokenBlock` bytes only.
constexpr int64_t kTokenBlock = TERNARY_TOKEN_BLOCK;

struct Buffer {
  memref::AllocOp alloc;
  /// Bytes, or bytes for each token; rounded up to what keeps the next one aligned.
  int64_t size = 0;
  bool isPerToken = false;
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

/// The plan of one step.
class Planner {
public:
  explicit Planner(func::FuncOp func) : func(func), dataLayout(DataLayout::closest(func)) {}

  LogicalResult run() {
    ids = findArgument(func, Role::Ids);
    logitsFrom = findArgument(func, Role::LogitsFrom);
    auto idsType = ids ? dyn_cast<MemRefType>(ids.getType()) : MemRefType();
    if (ids && (!idsType || idsType.getRank() != 2))
      return func.emitError() << "expected the argument of role 'ids' to have a batch and a token "
                                 "dimension, got "
                              << ids.getType();
    BufferViewFlowAnalysis views(func);
    auto result = func.walk([&](memref::AllocOp alloc) {
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
    SmallVector<Buffer *> fixed, perToken;
    for (Buffer &buffer : buffers)
      (buffer.isPerToken ? perToken : fixed).push_back(&buffer);
    replaceAllocations(placeBuffers(fixed), placeBuffers(perToken));
    return success();
  }

  unsigned getNumBuffers() const { return buffers.size(); }

private:
  /// The number of rows of a size: a number, or one for each token.
  struct Bound {
    int64_t rows;
    bool isPerToken;
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
    if (type.getNumDynamicDims() > 1)
      return alloc.emitError() << "expected at most one dynamic dimension, got " << type;
    Bound bound{1, false};
    for (Value size : alloc.getDynamicSizes()) {
      std::optional<Bound> found = findBound(size);
      if (!found)
        return alloc.emitError("expected a dynamic size bounded by the number of tokens");
      bound = *found;
    }
    int64_t bytes = bound.rows * (int64_t)dataLayout.getTypeSize(type.getElementType());
    for (int64_t size : type.getShape())
      bytes *= ShapedType::isDynamic(size) ? 1 : size;
    Buffer &buffer = buffers.emplace_back();
    buffer.alloc = alloc;
    buffer.isPerToken = bound.isPerToken;
    buffer.size = llvm::alignTo(bytes, bound.isPerToken ? kAlignment / kTokenBlock : kAlignment);
    return success();
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
      return Bound{std::max<int64_t>(constant, 0), false};
    if (perToken == 1 && constant <= 0)
      return Bound{1, true};
    return std::nullopt;
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

  void replaceAllocations(int64_t fixed, int64_t perToken) {
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    unsigned index = func.getNumArguments();
    (void)func.insertArgument(index, MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()),
                              makeRoleAttrs(func.getContext(), Role::Workspace), func.getLoc());
    func->setAttr(kWorkspaceAttr, builder.getDenseI64ArrayAttr({fixed, perToken}));
    Value workspace = func.getArgument(index);
    auto createIndex = [&](Location loc, int64_t value) -> Value {
      return arith::ConstantIndexOp::create(builder, loc, value);
    };
    Value tokens;
    if (perToken) {
      Location loc = func.getLoc();
      Value count = memref::DimOp::create(builder, loc, ids, 1);
      Value padded = arith::AddIOp::create(builder, loc, count, createIndex(loc, kTokenBlock - 1));
      tokens = arith::AndIOp::create(builder, loc, padded, createIndex(loc, -kTokenBlock));
    }
    for (Buffer &buffer : buffers) {
      Location loc = buffer.alloc.getLoc();
      builder.setInsertionPoint(buffer.alloc);
      Value offset = createIndex(loc, buffer.offset);
      if (buffer.isPerToken) {
        offset = arith::MulIOp::create(builder, loc, tokens, offset);
        offset = arith::AddIOp::create(builder, loc, offset, createIndex(loc, fixed));
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
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!func->hasAttr(kStepAttr))
        continue;
      Planner planner(func);
      if (failed(planner.run()))
        return signalPassFailure();
      numBuffers += planner.getNumBuffers();
    }
  }
};
} // namespace
