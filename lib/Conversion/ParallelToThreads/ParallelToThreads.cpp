//===- ParallelToThreads.cpp - Parallel loops share a team of threads -------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A decode step runs some hundred loops of a few microseconds each. The caller's thread runs the
// step; the body of each parallel loop becomes a function of a range of iterations, which the
// caller hands to its team (runtime/team.c) with what the body uses from outside. The call returns
// when all iterations have ended. So the code means what it meant as MLIR: what stands outside of
// parallel loops runs once, and a loop ends before what follows it begins.
//
// Memory that an iteration allocates is that iteration's own. One iteration runs after the other in
// a function of a range, so that they can use the same memory: it is allocated once for a range.
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "ternary/Conversion/ParallelLoops.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYPARALLELTOTHREADS
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// What a function may have on its stack: kernels call nothing that needs much, and the threads of
/// a team have four times as much (team.c).
constexpr int64_t kMaxStackBytes = 4 << 20;

/// A loop of fewer ops, mostly on vectors, is over in some four microseconds; to share it, and to
/// move what it reads and writes between processors, takes as long as two threads would save.
constexpr uint64_t kMinSharedOps = 1 << 16;

/// Errors if a function needs more of the stack than threads are sure to have.
LogicalResult verifyStack(func::FuncOp func) {
  DataLayout layout = DataLayout::closest(func);
  int64_t bytes = 0;
  func.walk([&](memref::AllocaOp alloca) {
    MemRefType type = alloca.getType();
    if (type.hasStaticShape())
      bytes += type.getNumElements() *
               static_cast<int64_t>(layout.getTypeSize(type.getElementType()).getFixedValue());
  });
  if (bytes > kMaxStackBytes)
    return func.emitError() << "expected a kernel to need at most " << kMaxStackBytes
                            << " bytes of the stack of a thread, got " << bytes;
  return success();
}

/// How many ops `block` runs, what is in them included. Inner loops of unknown length count as
/// long.
uint64_t countOps(Block &block) {
  constexpr uint64_t kUnknownTrips = 256;
  uint64_t count = 0;
  for (Operation &op : block.without_terminator()) {
    if (op.hasTrait<OpTrait::ConstantLike>() || isa<ViewLikeOpInterface, memref::AllocaOp>(op))
      continue;
    uint64_t trips = 1, inside = 1;
    if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
      std::optional<APInt> known = loop.getStaticTripCount();
      trips = known ? known->getLimitedValue() : kUnknownTrips;
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        inside += countOps(inner);
    count = llvm::SaturatingMultiplyAdd(trips, inside, count);
  }
  return count;
}

/// Whether a loop has less work than it costs to share it.
bool isSmall(scf::ParallelOp loop) {
  std::optional<APInt> trips =
      constantTripCount(loop.getLowerBound().front(), loop.getUpperBound().front(),
                        loop.getStep().front(), /*isSigned=*/true, scf::computeUbMinusLb);
  return trips && llvm::SaturatingMultiply(trips->getLimitedValue(), countOps(*loop.getBody())) <
                      kMinSharedOps;
}

class ParallelToThreads : public ternary::impl::TernaryParallelToThreadsBase<ParallelToThreads> {
public:
  using TernaryParallelToThreadsBase::TernaryParallelToThreadsBase;

  void runOnOperation() override {
    TargetAttrInterface target = getTargetOf(getOperation());
    bool useThreads = threads && (!target || target.getLoopThreads() == Threads::Team);
    SymbolTable symbols(getOperation());
    llvm::SetVector<func::FuncOp> called = findCalledByOrdinary(symbols);
    SmallVector<func::FuncOp> funcs, sharing;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isDeclaration() || isOrdinary(func))
        continue;
      funcs.push_back(func);
      if (useThreads && !called.contains(func))
        sharing.push_back(func);
    }
    addTeams(sharing, symbols);
    for (func::FuncOp func : funcs)
      if (failed(verifyParallelLoops(func)) ||
          failed(convertLoops(func, symbols, llvm::is_contained(sharing, func))))
        return signalPassFailure();
  }

private:
  /// The kernels of functions that are no steps, and what those call: nobody gives them a team.
  llvm::SetVector<func::FuncOp> findCalledByOrdinary(SymbolTable &symbols) {
    llvm::SetVector<func::FuncOp> called;
    auto addCallees = [&](func::FuncOp func) {
      func.walk([&](func::CallOp call) {
        if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
          called.insert(callee);
      });
    };
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (isOrdinary(func))
        addCallees(func);
    for (size_t i = 0; i < called.size(); ++i)
      addCallees(called[i]);
    return called;
  }

  /// Steps take a team and hand it to kernels; it is their last argument.
  void addTeams(ArrayRef<func::FuncOp> funcs, SymbolTable &symbols) {
    OpBuilder builder(&getContext());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    for (func::FuncOp func : funcs) {
      DictionaryAttr attrs;
      if (func->hasAttr(kStepAttr))
        attrs = makeRoleAttrs(&getContext(), Role::Team);
      (void)func.insertArgument(func.getNumArguments(), pointer, attrs, func.getLoc());
    }
    for (func::FuncOp func : funcs)
      func.walk([&](func::CallOp call) {
        if (llvm::is_contained(funcs, symbols.lookup<func::FuncOp>(call.getCallee())))
          call.getOperandsMutable().append(func.getArguments().back());
      });
  }

  LogicalResult convertLoops(func::FuncOp func, SymbolTable &symbols, bool share) {
    IRRewriter rewriter(&getContext());
    SmallVector<scf::ParallelOp> loops;
    func.walk<WalkOrder::PreOrder>([&](scf::ParallelOp op) {
      loops.push_back(op);
      return WalkResult::skip();
    });
    int64_t number = 0;
    for (scf::ParallelOp loop : loops) {
      if (failed(makeInnerSequential(rewriter, loop)))
        return failure();
      if (!share || isSmall(loop)) {
        if (failed(makeSequential(rewriter, loop, func.getFunctionBody().front())))
          return failure();
        continue;
      }
      std::string name = (func.getName() + "_loop" + Twine(number++)).str();
      if (failed(shareLoop(rewriter, func, loop, name, symbols)))
        return failure();
    }
    return verifyStack(func);
  }

  /// Loops in an iteration are run by whoever runs the iteration.
  LogicalResult makeInnerSequential(RewriterBase &rewriter, scf::ParallelOp loop) {
    SmallVector<scf::ParallelOp> inner;
    loop.getRegion().walk([&](scf::ParallelOp op) { inner.push_back(op); });
    for (scf::ParallelOp op : inner)
      if (failed(makeSequential(rewriter, op, *loop.getBody())))
        return failure();
    return success();
  }

  LogicalResult makeSequential(RewriterBase &rewriter, scf::ParallelOp loop, Block &scope) {
    hoistScratch(loop.getRegion(), scope);
    rewriter.setInsertionPoint(loop);
    return scf::parallelForToNestedFors(rewriter, loop);
  }

  /// Moves the stack memory of an iteration to the start of `scope`, for all that run there.
  static void hoistScratch(Region &iteration, Block &scope) {
    SmallVector<memref::AllocaOp> allocas;
    iteration.walk([&](memref::AllocaOp alloca) { allocas.push_back(alloca); });
    for (memref::AllocaOp alloca : allocas)
      alloca->moveBefore(&scope, scope.begin());
  }

  /// Makes the loop a function of a range of its iterations and hands that to the team.
  LogicalResult shareLoop(RewriterBase &rewriter, func::FuncOp func, scf::ParallelOp loop,
                          StringRef name, SymbolTable &symbols) {
    Location loc = loop.getLoc();
    LLVMTypeConverter converter(&getContext());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto i64 = rewriter.getI64Type();

    // What the iterations use from outside. Constants are made anew.
    SetVector<Value> used;
    getUsedValuesDefinedAbove(loop.getRegion(), used);
    used.insert(loop.getLowerBound().front());
    used.insert(loop.getStep().front());
    SmallVector<Operation *> constants;
    SmallVector<Value> captured;
    SmallVector<Type> types;
    for (Value value : used) {
      Operation *definition = value.getDefiningOp();
      if (definition && definition->hasTrait<OpTrait::ConstantLike>()) {
        constants.push_back(definition);
        continue;
      }
      captured.push_back(value);
      types.push_back(converter.convertType(value.getType()));
      if (!types.back())
        return loop.emitError("expected values that can be stored outside of the loop, got ")
               << value.getType();
    }
    auto context = LLVM::LLVMStructType::getLiteral(&getContext(), types);

    // The function.
    rewriter.setInsertionPoint(func);
    auto body = func::FuncOp::create(rewriter, loc, name,
                                     rewriter.getFunctionType({pointer, i64, i64}, {}));
    body.setPrivate();
    symbols.insert(body);
    Block *entry = body.addEntryBlock();
    rewriter.setInsertionPointToStart(entry);
    IRMapping mapping;
    for (Operation *constant : constants)
      rewriter.clone(*constant, mapping);
    for (auto [i, value] : llvm::enumerate(captured)) {
      Value place = getField(rewriter, loc, context, entry->getArgument(0), i);
      Value loaded = LLVM::LoadOp::create(rewriter, loc, types[i], place);
      mapping.map(value, cast(rewriter, loc, loaded, value.getType()));
    }
    auto toIndex = [&](Value value) -> Value {
      return arith::IndexCastOp::create(rewriter, loc, rewriter.getIndexType(), value);
    };
    Value lower = mapping.lookup(loop.getLowerBound().front());
    Value step = mapping.lookup(loop.getStep().front());
    auto at = [&](Value number) -> Value {
      Value distance = rewriter.createOrFold<arith::MulIOp>(loc, toIndex(number), step);
      return rewriter.createOrFold<arith::AddIOp>(loc, lower, distance);
    };
    Value from = at(entry->getArgument(1)), to = at(entry->getArgument(2));
    auto range = scf::ForOp::create(rewriter, loc, from, to, step);
    rewriter.setInsertionPointToStart(range.getBody());
    mapping.map(loop.getInductionVars().front(), range.getInductionVar());
    for (Operation &op : loop.getBody()->without_terminator())
      rewriter.clone(op, mapping);
    hoistScratch(range.getRegion(), *entry);
    rewriter.setInsertionPointToEnd(entry);
    func::ReturnOp::create(rewriter, loc);
    if (failed(verifyStack(body)))
      return failure();

    // The call.
    rewriter.setInsertionPointToStart(&func.getFunctionBody().front());
    Value one = LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64IntegerAttr(1));
    Value memory = LLVM::AllocaOp::create(rewriter, loc, pointer, context, one);
    rewriter.setInsertionPoint(loop);
    for (auto [i, value] : llvm::enumerate(captured))
      LLVM::StoreOp::create(rewriter, loc, cast(rewriter, loc, value, types[i]),
                            getField(rewriter, loc, context, memory, i));
    Value length = rewriter.createOrFold<arith::SubIOp>(loc, loop.getUpperBound().front(),
                                                        loop.getLowerBound().front());
    Value count = rewriter.createOrFold<arith::CeilDivSIOp>(loc, length, loop.getStep().front());
    Value function =
        func::ConstantOp::create(rewriter, loc, body.getFunctionType(), SymbolRefAttr::get(body));
    LLVM::CallOp::create(rewriter, loc, getShareFunction(rewriter, symbols),
                         ValueRange{func.getArguments().back(),
                                    cast(rewriter, loc, function, pointer), memory,
                                    arith::IndexCastOp::create(rewriter, loc, i64, count)});
    rewriter.eraseOp(loop);
    ++numLoops;
    return success();
  }

  /// `value` as what it becomes in the LLVM dialect, or back.
  static Value cast(OpBuilder &builder, Location loc, Value value, Type type) {
    if (value.getType() == type)
      return value;
    return UnrealizedConversionCastOp::create(builder, loc, type, value).getResult(0);
  }

  static Value getField(OpBuilder &builder, Location loc, Type context, Value memory, size_t i) {
    return LLVM::GEPOp::create(builder, loc, memory.getType(), context, memory,
                               ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
  }

  /// `ternary_team_share` of ternary/team.h.
  LLVM::LLVMFuncOp getShareFunction(OpBuilder &builder, SymbolTable &symbols) {
    constexpr StringLiteral name = "ternary_team_share";
    if (auto known = symbols.lookup<LLVM::LLVMFuncOp>(name))
      return known;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(getOperation().getBody());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                            {pointer, pointer, pointer, builder.getI64Type()});
    auto func = LLVM::LLVMFuncOp::create(builder, getOperation().getLoc(), name, type);
    symbols.insert(func);
    return func;
  }
};
} // namespace
