//===- BlockedSums.cpp - Blocked sums of vectors -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BlockedSums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

/// So many blocks stay in registers, or where the code generator puts them.
static constexpr int64_t kFewBlocks = 4;

static Value constant(Emitter &e, int64_t value) {
  return arith::ConstantOp::create(e.b, e.b.getI64IntegerAttr(value));
}

static Value toIndex(Emitter &e, Value value) {
  return arith::IndexCastOp::create(e.b, e.b.getIndexType(), value);
}

/// The level that is complete with a block: as many as its number has trailing ones.
static Value getCompleteLevel(Emitter &e, Value block) {
  Value next = arith::IndexCastOp::create(e.b, e.b.getI64Type(), e.add(block, 1));
  return math::CountTrailingZerosOp::create(e.b, next);
}

static Value getBit(Emitter &e, Value level) {
  return arith::ShLIOp::create(e.b, constant(e, 1), level);
}

/// A join with some of the levels that are `held`.
static Join getJoin(Emitter &e, Value held, Value complete, Value isLast) {
  Value below = arith::SubIOp::create(e.b, getBit(e, complete), constant(e, 1));
  below = arith::AndIOp::create(e.b, held, below);
  Value level = toIndex(e, complete);
  return {arith::SelectOp::create(e.b, isLast, held, below),
          arith::SelectOp::create(e.b, isLast, e.index(0), level)};
}

/// With no block missing, the levels held are the ones of the block's number.
Join vectorize::getJoin(Emitter &e, Value block, Value isLast) {
  Value held = arith::IndexCastOp::create(e.b, e.b.getI64Type(), block);
  return ::getJoin(e, held, getCompleteLevel(e, block), isLast);
}

void vectorize::forSumBlocks(Emitter &e, Value from, Value to,
                             function_ref<void(Value, Value, const Join &)> body) {
  Value size = e.index(kSumBlock);
  Value blocks = arith::CeilDivUIOp::create(e.b, to, size);
  auto emitBlock = [&](Value block, Value held, Value complete) {
    Value start = e.mul(block, kSumBlock), end = e.add(start, kSumBlock);
    Value isLast = arith::CmpIOp::create(e.b, arith::CmpIPredicate::eq, e.add(block, 1), blocks);
    Join join = ::getJoin(e, held, complete, isLast);
    body(getConstantIntValue(from) == 0 ? start
                                        : arith::MaxUIOp::create(e.b, start, from).getResult(),
         arith::MinUIOp::create(e.b, end, to), join);
    return join;
  };
  if (getConstantIntValue(from) == 0) {
    e.loop(from, blocks, 1, {}, [&](Value block, ValueRange) {
      Value held = arith::IndexCastOp::create(e.b, e.b.getI64Type(), block);
      emitBlock(block, held, getCompleteLevel(e, block));
      return SmallVector<Value>();
    });
    return;
  }
  Value first = arith::DivUIOp::create(e.b, from, size);
  e.loop(first, blocks, 1, constant(e, 0), [&](Value block, ValueRange carried) {
    Value held = carried.front(), complete = getCompleteLevel(e, block);
    Join join = emitBlock(block, held, complete);
    held = arith::XOrIOp::create(e.b, held, join.levels);
    held = arith::OrIOp::create(e.b, held, getBit(e, complete));
    return SmallVector<Value>{held};
  });
}

SmallVector<Value> vectorize::forLevels(Emitter &e, const Join &join, ValueRange init,
                                        function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  SmallVector<Value> carried = {join.levels};
  llvm::append_range(carried, init);
  auto loop = scf::WhileOp::create(
      e.b, e.b.getLoc(), ValueRange(carried).getTypes(), carried,
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        Value zero = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
        Value isLeft =
            arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, arguments.front(), zero);
        scf::ConditionOp::create(builder, loc, isLeft, arguments);
      },
      [&](OpBuilder &builder, Location, ValueRange arguments) {
        OpBuilder::InsertionGuard guard(e.b);
        e.b.restoreInsertionPoint(builder.saveInsertionPoint());
        Value rest = arguments.front();
        Value level = toIndex(e, math::CountTrailingZerosOp::create(e.b, rest));
        Value others = arith::SubIOp::create(e.b, rest, constant(e, 1));
        SmallVector<Value> next = {arith::AndIOp::create(e.b, rest, others)};
        llvm::append_range(next, body(level, arguments.drop_front()));
        scf::YieldOp::create(e.b, next);
      });
  return llvm::to_vector_of<Value>(loop.getResults().drop_front());
}

int64_t vectorize::getSumLevels(Value count) {
  int64_t most = getConstantIntValue(count).value_or(std::numeric_limits<int32_t>::max());
  return ternary::getSumLevels(llvm::divideCeil(most, kSumBlock));
}

SmallVector<Value> vectorize::addTree(Emitter &e, SmallVector<SmallVector<Value>> blocks) {
  while (blocks.size() > 1) {
    SmallVector<SmallVector<Value>> pairs;
    for (size_t i = 0; i < blocks.size(); i += 2) {
      pairs.push_back(std::move(blocks[i]));
      if (i + 1 == blocks.size())
        continue;
      for (auto [sum, other] : llvm::zip_equal(pairs.back(), blocks[i + 1]))
        sum = arith::AddFOp::create(e.b, sum, other);
    }
    blocks = std::move(pairs);
  }
  return std::move(blocks.front());
}

SumStack::SumStack(Emitter &e, int64_t levels, int64_t width, VectorType type) : e(&e), type(type) {
  memory = e.allocateScratch({levels, width * type.getNumElements()}, type.getElementType());
}

void SumStack::push(const Join &join, ValueRange sums) {
  store(forLevels(*e, join, sums,
                  [&](Value level, ValueRange later) {
                    SmallVector<Value> before = load(level, later.size());
                    for (auto [sum, added] : llvm::zip_equal(before, later))
                      sum = arith::AddFOp::create(e->b, sum, added);
                    return before;
                  }),
        join.level);
}

SmallVector<Value> SumStack::load(Value level, int64_t width) {
  return llvm::map_to_vector(llvm::seq(width), [&](int64_t i) {
    return e->load(type, memory, {level, e->index(i * type.getNumElements())}, {});
  });
}

void SumStack::store(ValueRange sums, Value level) {
  for (auto [i, sum] : llvm::enumerate(sums))
    e->store(sum, memory, {level, e->index(i * type.getNumElements())}, {});
}

static int64_t countBlocks(int64_t addends) {
  return std::max<int64_t>(1, llvm::divideCeil(addends, kSumBlock));
}

BlockedSum::BlockedSum(Emitter &e, Value count, int64_t width, VectorType type)
    : e(e), count(count), type(type) {
  std::optional<int64_t> known = getConstantIntValue(count);
  if (!known || countBlocks(*known) > kFewBlocks)
    stack.emplace(e, getSumLevels(count), width, type);
}

SmallVector<Value> BlockedSum::emit(int64_t width,
                                    function_ref<SmallVector<Value>(Value, Value)> emitBlock) {
  if (!stack) {
    int64_t known = *getConstantIntValue(count);
    SmallVector<SmallVector<Value>> blocks;
    for (int64_t i = 0; i < countBlocks(known); ++i)
      blocks.push_back(
          emitBlock(e.index(i * kSumBlock), e.index(std::min((i + 1) * kSumBlock, known))));
    return addTree(e, std::move(blocks));
  }
  // There may be no block.
  if (!getConstantIntValue(count))
    stack->store(SmallVector<Value>(width, e.zeros(type)), e.index(0));
  forSumBlocks(e, e.index(0), count, [&](Value first, Value end, const Join &join) {
    stack->push(join, emitBlock(first, end));
  });
  return stack->load(e.index(0), width);
}
