//===- LoopUtils.cpp - What the scalar lowerings share --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "ternary/Conversion/BlockedSums.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

//===----------------------------------------------------------------------===//
// LoopBuilder
//===----------------------------------------------------------------------===//

LoopBuilder::LoopBuilder(Operation *kernel, OpBuilder &builder)
    : ImplicitLocOpBuilder(kernel->getLoc(), builder) {
  computeLike(kernel);
  auto zero = arith::ConstantIndexOp::create(*this, 0);
  constants[getIndexAttr(0)] = zero;
  lastConstant = zero;
}

Value LoopBuilder::constant(TypedAttr value) {
  Value &constant = constants[value];
  if (!constant) {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointAfter(lastConstant);
    auto op = arith::ConstantOp::create(*this, value);
    constant = op;
    lastConstant = op;
  }
  return constant;
}

void LoopBuilder::computeLike(Operation *op) {
  bool isF64 = llvm::any_of(op->getOperandTypes(),
                            [](Type type) { return getElementTypeOrSelf(type).isF64(); });
  realType = isF64 ? FloatType(getF64Type()) : FloatType(getF32Type());
}

Value LoopBuilder::maximum(Value a, Value b) {
  Value greater = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, a, b);
  return arith::SelectOp::create(*this, greater, a, b);
}

Value LoopBuilder::load(Value memref, ValueRange indices) {
  return memref::LoadOp::create(*this, memref, indices);
}

void LoopBuilder::store(Value value, Value memref, ValueRange indices) {
  memref::StoreOp::create(*this, value, memref, indices);
}

SmallVector<Value> LoopBuilder::sizes(Value memref, int64_t rank) {
  return llvm::map_to_vector(llvm::seq<int64_t>(0, rank), [&](int64_t i) -> Value {
    int64_t size = cast<MemRefType>(memref.getType()).getDimSize(i);
    if (!ShapedType::isDynamic(size))
      return index(size);
    return memref::DimOp::create(*this, memref, index(i));
  });
}

void LoopBuilder::nest(ValueRange sizes, function_ref<void(ValueRange)> body) {
  SmallVector<Value> from(sizes.size(), index(0)), step(sizes.size(), index(1));
  OpBuilder::InsertionGuard guard(*this);
  scf::buildLoopNest(*this, getLoc(), from, sizes, step,
                     [&](OpBuilder &builder, Location, ValueRange indices) {
                       restoreInsertionPoint(builder.saveInsertionPoint());
                       body(indices);
                     });
}

void LoopBuilder::loop(Value size, function_ref<void(Value)> body) {
  nest(size, [&](ValueRange indices) { body(indices.front()); });
}

Value LoopBuilder::reduce(Value from, Value to, Value init, ReduceFn body) {
  auto loop = scf::ForOp::create(*this, from, to, index(1), init);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(*this, body(loop.getInductionVar(), loop.getRegionIterArg(0)));
  return loop.getResult(0);
}

Value LoopBuilder::allocate(ArrayRef<int64_t> shape, Type element) {
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointAfter(lastConstant);
  auto memory = memref::AllocaOp::create(*this, MemRefType::get(shape, element));
  lastConstant = memory;
  return memory;
}

Value LoopBuilder::sum(Value size, ReduceFn add) {
  if (std::optional<int64_t> known = getConstantIntValue(size); known && *known <= kSumBlock)
    return reduce(size, real(0.0), add);
  Value levels = allocate(getLevels(size), realType), current = allocate({}, realType);
  store(real(0.0), levels, index(0));
  foldBlocks(
      index(0), size,
      [&](Value first, Value end) { store(reduce(first, end, real(0.0), add), current, {}); },
      [&](Value level) { store(addf(load(levels, level), load(current, {})), current, {}); },
      [&](Value level) { store(load(current, {}), levels, level); });
  return load(levels, index(0));
}

int64_t LoopBuilder::getLevels(Value count) {
  int64_t most = getConstantIntValue(count).value_or(std::numeric_limits<int32_t>::max());
  return getSumLevels(llvm::divideCeil(most, kSumBlock));
}

/// The tree is walked as a binary number is counted up: level j holds the sum of 2^j blocks, less
/// those that are missing, as long as the next 2^j are not complete.
void LoopBuilder::foldBlocks(Value from, Value to, function_ref<void(Value, Value)> emitBlock,
                             function_ref<void(Value)> join, function_ref<void(Value)> keep) {
  Type i64 = getI64Type();
  auto i = [&](int64_t value) { return constant(getI64IntegerAttr(value)); };
  auto toIndex = [&](Value value) -> Value {
    return arith::IndexCastOp::create(*this, getIndexType(), value);
  };
  auto countTrailingZeros = [&](Value value) -> Value {
    return math::CountTrailingZerosOp::create(*this, value);
  };
  auto isEqual = [&](Value a, Value b) -> Value {
    return arith::CmpIOp::create(*this, arith::CmpIPredicate::eq, a, b);
  };
  Value firstBlock = op<arith::DivUIOp>(from, index(kSumBlock));
  Value blocks = arith::CeilDivUIOp::create(*this, to, index(kSumBlock));
  // Carries the levels that hold a sum, as bits.
  auto loop = scf::ForOp::create(*this, firstBlock, blocks, index(1), ValueRange(i(0)));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  Value block = loop.getInductionVar(), held = loop.getRegionIterArg(0);
  Value start = op<arith::MulIOp>(block, index(kSumBlock));
  Value next = op<arith::AddIOp>(block, index(1));
  Value end = op<arith::MulIOp>(next, index(kSumBlock));
  emitBlock(arith::MaxUIOp::create(*this, from, start), arith::MinUIOp::create(*this, end, to));

  // The last block completes everything; another one what its number's trailing ones stand for.
  Value isLast = isEqual(next, blocks);
  Value complete = countTrailingZeros(arith::IndexCastOp::create(*this, i64, next));
  Value bit = arith::ShLIOp::create(*this, i(1), complete);
  Value below = arith::SubIOp::create(*this, bit, i(1));
  Value joined = arith::AndIOp::create(*this, held, below);
  joined = arith::SelectOp::create(*this, isLast, held, joined);
  auto joins = scf::WhileOp::create(
      *this, TypeRange(i64), ValueRange(joined),
      [&](OpBuilder &builder, Location loc, ValueRange rest) {
        Value isLeft =
            arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, rest.front(), i(0));
        scf::ConditionOp::create(builder, loc, isLeft, rest);
      },
      [&](OpBuilder &builder, Location loc, ValueRange rest) {
        OpBuilder::InsertionGuard guard(*this);
        restoreInsertionPoint(builder.saveInsertionPoint());
        join(toIndex(countTrailingZeros(rest.front())));
        Value others = arith::SubIOp::create(*this, rest.front(), i(1));
        others = arith::AndIOp::create(*this, rest.front(), others);
        scf::YieldOp::create(*this, others);
      });
  (void)joins;
  keep(arith::SelectOp::create(*this, isLast, index(0), toIndex(complete)));
  held = arith::XOrIOp::create(*this, held, joined);
  scf::YieldOp::create(*this, arith::OrIOp::create(*this, held, bit).getResult());
}

Value LoopBuilder::elementOrZero(Value index, int64_t size, function_ref<Value(Value)> element) {
  Value exists = arith::CmpIOp::create(*this, arith::CmpIPredicate::ult, index, this->index(size));
  auto ifOp = scf::IfOp::create(*this, getRealType(), exists, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(ifOp.thenBlock());
  scf::YieldOp::create(*this, element(index));
  setInsertionPointToStart(ifOp.elseBlock());
  scf::YieldOp::create(*this, real(0.0));
  return ifOp.getResult(0);
}

Value LoopBuilder::fold(Value lanes) {
  int64_t count = cast<MemRefType>(lanes.getType()).getDimSize(0);
  for (int64_t half = count / 2; half >= 1; half /= 2)
    loop(index(half), [&](Value lane) {
      Value other = op<arith::AddIOp>(lane, index(half));
      Value low = load(lanes, lane);
      Value high = load(lanes, other);
      store(addf(low, high), lanes, lane);
    });
  return load(lanes, index(0));
}

//===----------------------------------------------------------------------===//
// Scratch
//===----------------------------------------------------------------------===//

void Scratch::startKernel(Operation *kernel) {
  auto function = kernel->getParentOfType<FunctionOpInterface>();
  entry = &function.getFunctionBody().front();
  used.clear();
}

Value Scratch::allocate(LoopBuilder &builder, MemRefType type) {
  SmallVector<Value> &values = memory[{entry, type}];
  size_t index = used[type]++;
  if (index == values.size()) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(entry);
    values.push_back(memref::AllocaOp::create(builder, type));
  }
  return values[index];
}

Value Scratch::allocateLanes(LoopBuilder &builder) {
  return allocate(builder, MemRefType::get({kLanes}, builder.getRealType()));
}

//===----------------------------------------------------------------------===//
// Parts of kernels
//===----------------------------------------------------------------------===//

SmallVector<Value> loops::append(ValueRange row, Value column) {
  SmallVector<Value> indices(row);
  indices.push_back(column);
  return indices;
}

void loops::emitSquareSums(LoopBuilder &builder, Value lanes, int64_t columns,
                           function_ref<Value(Value)> element,
                           function_ref<void(Value, Value)> store) {
  emitBlockSums(
      builder, lanes, columns,
      [&](Value column) {
        Value x = element(column);
        return builder.mulf(x, x);
      },
      store);
}

Value loops::emitSumOfBlocks(LoopBuilder &builder, Value lanes, int64_t blocks,
                             function_ref<Value(Value)> blockSum) {
  Value groups = builder.index(llvm::divideCeil(blocks, kLanes));
  builder.loop(builder.index(kLanes), [&](Value lane) {
    Value sum = builder.reduce(groups, builder.real(0.0), [&](Value group, Value sum) {
      Value start = builder.op<arith::MulIOp>(group, builder.index(kLanes));
      Value block = builder.op<arith::AddIOp>(start, lane);
      return builder.addf(sum, builder.elementOrZero(block, blocks, blockSum));
    });
    builder.store(sum, lanes, lane);
  });
  return builder.fold(lanes);
}

void loops::emitBlockSums(LoopBuilder &builder, Value lanes, int64_t columns,
                          function_ref<Value(Value)> element,
                          function_ref<void(Value, Value)> store) {
  static_assert(SquareSumsOp::kBlock == 2 * kLanes);
  auto orZero = [&](Value column) { return builder.elementOrZero(column, columns, element); };
  Value blocks = builder.index(llvm::divideCeil(columns, SquareSumsOp::kBlock));
  builder.loop(blocks, [&](Value block) {
    Value start = builder.op<arith::MulIOp>(block, builder.index(SquareSumsOp::kBlock));
    builder.loop(builder.index(kLanes), [&](Value lane) {
      Value column = builder.op<arith::AddIOp>(start, lane);
      Value first = orZero(column);
      Value second = orZero(builder.op<arith::AddIOp>(column, builder.index(kLanes)));
      builder.store(builder.addf(first, second), lanes, lane);
    });
    store(builder.fold(lanes), block);
  });
}
