//===- RowKernel.cpp - Chains of row ops as vector loops -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row is worked off in chunks. Ops that need the whole row before they can go on
// (statistics, the largest magnitude) are loops over it; what lies between, elementwise
// ops and normalize, is computed inside the loop that needs it. A value that more than
// one loop needs is kept in a scratch row by the first.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "ternary/Conversion/MathUtils.h"
#include "llvm/ADT/MapVector.h"
#include <set>

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

namespace {
/// Memory of a row: `memref[prefix..., k]`.
struct RowMemory {
  Value memref;
  SmallVector<Value> prefix;
  /// Whether reading whole chunks stays inside: scratch rows are padded.
  bool padded = false;
  /// Whether the next row follows in memory.
  bool isOneOfMany = false;
};

int64_t getColumns(Value row) { return cast<VectorType>(row.getType()).getNumElements(); }

/// Ops whose chunk depends on the same chunk of their operands alone, and on scalars.
bool isChunkwise(Operation *op) {
  return op->getNumResults() == 1 && isa<VectorType>(op->getResult(0).getType()) &&
         (isa<NormalizeOp, CenterOp, ScaleRowsOp, RMSNormBackwardOp, CrossEntropyBackwardOp,
              vector::BroadcastOp>(op) ||
          op->hasTrait<OpTrait::ConstantLike>() || OpTrait::hasElementwiseMappableTraits(op));
}

/// Whether a result that several loops need is kept by the first: a narrow row is extended as
/// fast as a wide one is read.
bool isWorthKeeping(Operation *op) {
  return !op->hasTrait<OpTrait::ConstantLike>() && !isa<arith::ExtFOp>(op);
}

/// Ops on scalars alone.
bool isScalarOp(Operation *op) {
  return op->getNumResults() == 1 && !isa<VectorType>(op->getResult(0).getType()) &&
         (op->hasTrait<OpTrait::ConstantLike>() || OpTrait::hasElementwiseMappableTraits(op));
}

class RowEmitter {
public:
  RowEmitter(OpBuilder &builder, RowKernelOp op) : e(builder, op.getLoc()), op(op) {}

  LogicalResult emit();

private:
  LogicalResult emitRow(ValueRange row, Value part);
  /// Each part of the sums is a thread's.
  LogicalResult emitParts(ValueRange sizes);
  void emitSquareSums(SquareSumsOp sums);
  void emitInverseRMS(InverseRMSOp inverse);
  void emitCenter(CenterOp center);
  void emitRMSNormBackward(RMSNormBackwardOp backward);
  void emitCrossEntropy(CrossEntropyRowsOp rows);
  /// Block sums of a row, whose chunks `element` builds, in scratch.
  Value emitBlockSums(int64_t columns, function_ref<Value(Value column, Value mask)> element);
  /// Sum of a row from its block sums, of which `load` gives chunks.
  Value emitSumOfBlocks(int64_t blocks, function_ref<Value(Value column, Value mask)> load);
  Value emitRowSum(int64_t columns, function_ref<Value(Value column, Value mask)> element);
  Value product(Value a, Value c) { return arith::MulFOp::create(e.b, a, c); }
  Value splatScalar(Value scalar) { return e.splat(scalars.lookup(scalar), kChunk); }
  void emitQuantize(QuantizeActivationsOp quantize);
  void emitScalar(Operation *scalarOp);
  void keepIfNeededTwice(Operation *inner);
  void emitStores();

  /// The chunk of a row value at `column`; zero outside `mask`.
  Value chunk(Value row, Value column, Value mask);
  Value computeChunk(Operation *producer, Value column, Value mask);
  Value loadRow(const RowMemory &memory, Value column, Value mask);
  /// Asks for the chunk of the next row that is where the row's is, but for what is too narrow to
  /// fill a line of the cache with a chunk.
  void prefetchNextRow(const RowMemory &memory, Value column, bool isWrite);
  Value zeroOutside(Value chunk, Value mask);

  /// A loop over a row: the op that it is for, in order, and which of its loops.
  using Loop = std::pair<int64_t, int64_t>;
  /// The loops that read a value, directly or through chunkwise ops.
  std::set<Loop> findLoops(Value value);
  /// The loop, after all others, that stores what is yielded with so many columns.
  Loop getStoreLoop(int64_t columns) { return {std::numeric_limits<int64_t>::max(), columns}; }
  int64_t getPosition(Operation *inner) {
    return std::distance(inner->getBlock()->begin(), inner->getIterator());
  }
  Value createScratch(int64_t columns, Type element) {
    return e.allocateScratch((int64_t)llvm::alignTo(columns, kChunk), element);
  }
  /// Where a value goes in memory: to all outs that it is yielded to.
  SmallVector<RowMemory *> findDestinations(Value value);
  Value constantMask(int64_t set);
  /// `a` if it is greater than `c`, else `c`.
  Value larger(Value a, Value c);
  /// The largest lane of a chunk.
  Value foldLargest(Value chunk);

  /// Runs `body` over chunks of `columns` with carried values: whole ones in a loop, then a
  /// masked one for what is left.
  SmallVector<Value>
  forChunks(int64_t columns, ValueRange init,
            function_ref<SmallVector<Value>(Value column, Value mask, ValueRange carried)> body);

  void finishLoop();

  Emitter e;
  RowKernelOp op;
  /// Values that are in memory, and scalars by value.
  DenseMap<Value, RowMemory> memory;
  DenseMap<Value, Value> scalars;
  /// Values to be kept in scratch by the loop that computes them first.
  DenseMap<Value, RowMemory> pending;
  /// Chunks that the current loop body has computed, by value and position.
  DenseMap<std::pair<Value, Value>, Value> chunks;
  SmallVector<RowMemory> destinations;
  /// What a loop before the current one has asked for, and what the current one does.
  DenseSet<Value> prefetched, prefetching;
  /// The mean that is subtracted from a row; in the gradient of a norm, per unit of the row.
  DenseMap<Operation *, Value> means;
};

LogicalResult RowEmitter::emit() {
  int64_t rank = op.getRowRank();
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < rank; ++i)
    sizes.push_back(e.dim(op.getRowsOperand(), i));
  if (op.getSums())
    return emitParts(sizes);
  LogicalResult result = success();
  e.parallel(sizes, [&](ValueRange row) { result = emitRow(row, {}); });
  return result;
}

LogicalResult RowEmitter::emitParts(ValueRange sizes) {
  Value rows = e.count(sizes);
  Value size = arith::CeilDivUIOp::create(e.b, rows, e.index(SumRowsOp::kParts));
  LogicalResult result = success();
  e.parallel(e.index(SumRowsOp::kParts), [&](ValueRange part) {
    for (Value out : op.getOuts().take_back(op.getSums())) {
      int64_t columns = cast<MemRefType>(out.getType()).getShape().back();
      forChunks(columns, {}, [&](Value column, Value mask, ValueRange) {
        e.store(e.zeros(e.vectorType(kChunk, e.b.getF32Type())), out, {part[0], column}, mask);
        return SmallVector<Value>();
      });
    }
    Value from = arith::MulIOp::create(e.b, part[0], size);
    Value to = arith::MinUIOp::create(e.b, e.b.createOrFold<arith::AddIOp>(from, size), rows);
    // The last parts may begin behind the last row.
    e.loop(from, to, 1, {}, [&](Value row, ValueRange) {
      result = emitRow(e.delinearize(row, sizes), part[0]);
      return SmallVector<Value>();
    });
  });
  return result;
}

LogicalResult RowEmitter::emitRow(ValueRange row, Value part) {
  bool hasManyRows = llvm::any_of(
      cast<MemRefType>(op.getRowsOperand().getType()).getShape().take_front(op.getRowRank()),
      [](int64_t size) { return size != 1; });
  for (auto [i, operand, argument] : llvm::enumerate(op.getIns(), op.getBody().getArguments())) {
    RowMemory place{operand, {}};
    if (op.isPassedByRow(i)) {
      llvm::append_range(place.prefix, row);
      place.isOneOfMany = hasManyRows;
    }
    if (isa<VectorType>(argument.getType()))
      memory[argument] = place;
    else
      scalars[argument] = memref::LoadOp::create(e.b, place.memref, place.prefix);
  }
  for (auto [i, out] : llvm::enumerate(op.getOuts())) {
    if (op.isSum(i))
      destinations.push_back({out, {part}});
    else
      destinations.push_back({out, llvm::to_vector(row), /*padded=*/false, hasManyRows});
  }

  for (Operation &inner : op.getBody().front().without_terminator()) {
    if (auto sums = dyn_cast<SquareSumsOp>(inner))
      emitSquareSums(sums);
    else if (auto inverse = dyn_cast<InverseRMSOp>(inner))
      emitInverseRMS(inverse);
    else if (auto quantize = dyn_cast<QuantizeActivationsOp>(inner))
      emitQuantize(quantize);
    else if (auto rows = dyn_cast<CrossEntropyRowsOp>(inner))
      emitCrossEntropy(rows);
    else if (isScalarOp(&inner))
      emitScalar(&inner);
    else if (isChunkwise(&inner)) {
      if (auto center = dyn_cast<CenterOp>(inner))
        emitCenter(center);
      if (auto backward = dyn_cast<RMSNormBackwardOp>(inner))
        emitRMSNormBackward(backward);
      keepIfNeededTwice(&inner);
    } else
      return inner.emitOpError("has no lowering inside a row kernel");
  }
  emitStores();
  return success();
}

/// Has the result of a chunkwise op kept by the loop that computes it, if there are more.
void RowEmitter::keepIfNeededTwice(Operation *inner) {
  Value result = inner->getResult(0);
  if (findLoops(result).size() > 1 && isWorthKeeping(inner))
    pending[result] = {
        createScratch(getColumns(result), getElementTypeOrSelf(result)), {}, /*padded=*/true};
}

std::set<RowEmitter::Loop> RowEmitter::findLoops(Value value) {
  std::set<Loop> loops;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (isa<YieldOp>(user)) {
      loops.insert(getStoreLoop(getColumns(value)));
      continue;
    }
    if (isa<QuantizeActivationsOp, CrossEntropyRowsOp, CenterOp, RMSNormBackwardOp, SquareSumsOp,
            InverseRMSOp>(user))
      loops.insert({getPosition(user), 0});
    if (isa<QuantizeActivationsOp, CrossEntropyRowsOp>(user))
      loops.insert({getPosition(user), 1});
    else if (isChunkwise(user)) {
      std::set<Loop> later = findLoops(user->getResult(0));
      // What several loops need is kept, so that only the first of them computes it.
      if (isWorthKeeping(user) && !later.empty())
        later.erase(std::next(later.begin()), later.end());
      loops.merge(later);
    }
  }
  return loops;
}

void RowEmitter::emitScalar(Operation *scalarOp) {
  IRMapping mapping;
  for (Value operand : scalarOp->getOperands())
    mapping.map(operand, scalars.lookup(operand));
  scalars[scalarOp->getResult(0)] = e.b.clone(*scalarOp, mapping)->getResult(0);
}

SmallVector<RowMemory *> RowEmitter::findDestinations(Value value) {
  SmallVector<RowMemory *> found;
  for (OpOperand &yielded : op.getYield()->getOpOperands())
    if (yielded.get() == value)
      found.push_back(&destinations[yielded.getOperandNumber()]);
  return found;
}

Value RowEmitter::larger(Value a, Value c) {
  Value greater = arith::CmpFOp::create(e.b, arith::CmpFPredicate::OGT, a, c);
  return arith::SelectOp::create(e.b, greater, a, c);
}

Value RowEmitter::foldLargest(Value most) {
  for (int64_t half = kChunk / 2; half >= 1; half /= 2) {
    SmallVector<int64_t> low = llvm::to_vector(llvm::seq<int64_t>(0, half));
    SmallVector<int64_t> high = llvm::to_vector(llvm::seq<int64_t>(half, 2 * half));
    most = larger(vector::ShuffleOp::create(e.b, most, most, low),
                  vector::ShuffleOp::create(e.b, most, most, high));
  }
  return vector::ExtractOp::create(e.b, most, ArrayRef<int64_t>{0});
}

Value RowEmitter::constantMask(int64_t set) {
  return vector::ConstantMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()),
                                        ArrayRef<int64_t>{set});
}

/// What a loop was to keep is in memory now.
void RowEmitter::finishLoop() {
  for (auto it = pending.begin(); it != pending.end();) {
    auto current = it++;
    if (chunks.count({current->first, Value()})) {
      memory[current->first] = current->second;
      pending.erase(current);
    }
  }
  chunks.clear();
  prefetched.insert_range(prefetching);
  prefetching.clear();
}

SmallVector<Value>
RowEmitter::forChunks(int64_t columns, ValueRange init,
                      function_ref<SmallVector<Value>(Value, Value, ValueRange)> body) {
  int64_t whole = columns / kChunk * kChunk;
  SmallVector<Value> carried(init);
  if (whole > 0)
    carried = e.loop(e.index(0), e.index(whole), kChunk, carried, [&](Value column, ValueRange c) {
      chunks.clear();
      return body(column, {}, c);
    });
  if (whole < columns) {
    chunks.clear();
    carried = body(e.index(whole), constantMask(columns - whole), carried);
  }
  finishLoop();
  return carried;
}

Value RowEmitter::loadRow(const RowMemory &place, Value column, Value mask) {
  SmallVector<Value> indices(place.prefix);
  indices.push_back(column);
  auto type = e.vectorType(kChunk, cast<MemRefType>(place.memref.getType()).getElementType());
  if (!mask && !prefetched.contains(place.memref))
    prefetchNextRow(place, column, /*isWrite=*/false);
  Value loaded = e.load(type, place.memref, indices, place.padded ? Value() : mask);
  return place.padded ? zeroOutside(loaded, mask) : loaded;
}

void RowEmitter::prefetchNextRow(const RowMemory &place, Value column, bool isWrite) {
  auto type = cast<MemRefType>(place.memref.getType());
  if (!place.isOneOfMany || type.getElementTypeBitWidth() < 32)
    return;
  prefetching.insert(place.memref);
  SmallVector<Value> indices(place.prefix);
  indices.back() = e.add(indices.back(), 1);
  indices.push_back(column);
  e.prefetch(place.memref, indices, isWrite);
}

Value RowEmitter::zeroOutside(Value chunk, Value mask) {
  if (!mask)
    return chunk;
  return arith::SelectOp::create(e.b, mask, chunk, e.zeros(cast<VectorType>(chunk.getType())));
}

Value RowEmitter::chunk(Value row, Value column, Value mask) {
  Value &known = chunks[{row, column}];
  if (known)
    return known;
  Value result;
  if (auto it = memory.find(row); it != memory.end())
    result = loadRow(it->second, column, mask);
  else
    result = computeChunk(row.getDefiningOp(), column, mask);
  if (auto it = pending.find(row); it != pending.end()) {
    e.store(result, it->second.memref, column, {});
    chunks[{row, Value()}] = result;
  }
  return chunks[{row, column}] = result;
}

Value RowEmitter::computeChunk(Operation *producer, Value column, Value mask) {
  if (auto normalize = dyn_cast<NormalizeOp>(producer)) {
    Value x = chunk(normalize.getInput(), column, mask);
    Value gain = chunk(normalize.getGain(), column, mask);
    Value scaled =
        arith::MulFOp::create(e.b, x, e.splat(scalars.lookup(normalize.getScale()), kChunk));
    return arith::MulFOp::create(e.b, scaled, gain);
  }
  if (auto center = dyn_cast<CenterOp>(producer))
    return arith::SubFOp::create(e.b, chunk(center.getInput(), column, mask),
                                 e.splat(means.lookup(center), kChunk));
  if (auto scale = dyn_cast<ScaleRowsOp>(producer))
    return product(chunk(scale.getInput(), column, mask), splatScalar(scale.getScale()));
  if (auto backward = dyn_cast<RMSNormBackwardOp>(producer)) {
    Value scale = splatScalar(backward.getScale());
    Value grad =
        product(chunk(backward.getGrad(), column, mask), chunk(backward.getGain(), column, mask));
    Value normed = product(chunk(backward.getInput(), column, mask), scale);
    Value share = product(normed, e.splat(means.lookup(backward), kChunk));
    return product(scale, arith::SubFOp::create(e.b, grad, share));
  }
  if (auto backward = dyn_cast<CrossEntropyBackwardOp>(producer)) {
    Value logits = chunk(backward.getLogits(), column, mask);
    Value shifted = arith::SubFOp::create(e.b, logits, splatScalar(backward.getLogSumExp()));
    Value probability = math::ExpOp::create(e.b, shifted);
    auto ints = e.vectorType(kChunk, e.b.getI32Type());
    Value lanes = arith::ConstantOp::create(
        e.b, DenseElementsAttr::get(
                 ints, ArrayRef<int32_t>(llvm::to_vector(llvm::seq<int32_t>(0, kChunk)))));
    Value start = arith::IndexCastOp::create(e.b, e.b.getI32Type(), column);
    Value columns = arith::AddIOp::create(e.b, lanes, e.splat(start, kChunk));
    auto floats = e.vectorType(kChunk, e.b.getF32Type());
    auto constant = [&](float value) { return buildFloat(e.b, e.b.getLoc(), floats, value); };
    Value target = splatScalar(backward.getTarget());
    Value isTarget = arith::CmpIOp::create(e.b, arith::CmpIPredicate::eq, columns, target);
    Value one = arith::SelectOp::create(e.b, isTarget, constant(1.0f), constant(0.0f));
    Value grad = arith::MulFOp::create(e.b, scalars.lookup(backward.getWeight()),
                                       scalars.lookup(backward.getGrad()));
    Value result = product(arith::SubFOp::create(e.b, probability, one), e.splat(grad, kChunk));
    Value exists = arith::CmpIOp::create(e.b, arith::CmpIPredicate::sge, target, e.zeros(ints));
    return arith::SelectOp::create(e.b, exists, result, constant(0.0f));
  }
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(producer))
    return e.splat(scalars.lookup(broadcast.getSource()), kChunk);
  IRMapping mapping;
  for (Value operand : producer->getOperands())
    mapping.map(operand, isa<VectorType>(operand.getType())
                             ? chunk(operand, column, mask)
                             : e.splat(scalars.lookup(operand), kChunk));
  cloneElementwise(e.b, producer, mapping, kChunk);
  return mapping.lookup(producer->getResult(0));
}

/// Two chunks make a block; a chunk that does not exist is zero.
Value RowEmitter::emitBlockSums(int64_t columns, function_ref<Value(Value, Value)> element) {
  constexpr int64_t block = SquareSumsOp::kBlock;
  static_assert(block == 2 * kChunk);
  int64_t whole = columns / block * block;
  Value scratch = createScratch(llvm::divideCeil(columns, block), e.b.getF32Type());
  auto store = [&](Value first, Value second, Value column) {
    Value sum = second ? arith::AddFOp::create(e.b, first, second).getResult() : first;
    Value index = arith::DivUIOp::create(e.b, column, e.index(block));
    memref::StoreOp::create(e.b, e.fold(sum), scratch, index);
  };
  if (whole > 0)
    e.loop(e.index(0), e.index(whole), block, {}, [&](Value column, ValueRange) {
      chunks.clear();
      Value first = element(column, {});
      store(first, element(e.add(column, kChunk), {}), column);
      return SmallVector<Value>();
    });
  if (int64_t rest = columns - whole; rest > 0) {
    chunks.clear();
    Value column = e.index(whole);
    Value firstMask = rest < kChunk ? constantMask(rest) : Value();
    Value first = zeroOutside(element(column, firstMask), firstMask);
    Value second;
    if (rest > kChunk) {
      Value mask = constantMask(rest - kChunk);
      second = zeroOutside(element(e.add(column, kChunk), mask), mask);
    }
    store(first, second, column);
  }
  finishLoop();
  return scratch;
}

void RowEmitter::emitSquareSums(SquareSumsOp sums) {
  Value scratch = emitBlockSums(getColumns(sums.getInput()), [&](Value column, Value mask) {
    Value x = chunk(sums.getInput(), column, mask);
    return product(x, x);
  });
  memory[sums.getResult()] = {scratch, {}, /*padded=*/true};
}

Value RowEmitter::emitSumOfBlocks(int64_t blocks, function_ref<Value(Value, Value)> load) {
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  Value sum = forChunks(blocks, e.zeros(floats), [&](Value column, Value mask, ValueRange carried) {
                Value sums = zeroOutside(load(column, mask), mask);
                return SmallVector<Value>{arith::AddFOp::create(e.b, carried.front(), sums)};
              }).front();
  return e.fold(sum);
}

Value RowEmitter::emitRowSum(int64_t columns, function_ref<Value(Value, Value)> element) {
  RowMemory sums{emitBlockSums(columns, element), {}, /*padded=*/true};
  return emitSumOfBlocks(llvm::divideCeil(columns, SquareSumsOp::kBlock),
                         [&](Value column, Value mask) { return loadRow(sums, column, mask); });
}

void RowEmitter::emitCenter(CenterOp center) {
  int64_t columns = getColumns(center.getInput());
  Value sum = emitRowSum(
      columns, [&](Value column, Value mask) { return chunk(center.getInput(), column, mask); });
  means[center] = arith::DivFOp::create(
      e.b, sum, buildFloat(e.b, e.b.getLoc(), e.b.getF32Type(), static_cast<float>(columns)));
}

void RowEmitter::emitRMSNormBackward(RMSNormBackwardOp backward) {
  int64_t columns = getColumns(backward.getInput());
  Value scale = splatScalar(backward.getScale());
  Value sum = emitRowSum(columns, [&](Value column, Value mask) {
    Value grad =
        product(chunk(backward.getGrad(), column, mask), chunk(backward.getGain(), column, mask));
    Value normed = product(chunk(backward.getInput(), column, mask), scale);
    return product(normed, grad);
  });
  means[backward] = arith::DivFOp::create(
      e.b, sum, buildFloat(e.b, e.b.getLoc(), e.b.getF32Type(), static_cast<float>(columns)));
}

void RowEmitter::emitCrossEntropy(CrossEntropyRowsOp rows) {
  Location loc = rows.getLoc();
  Value logits = rows.getLogits();
  int64_t columns = getColumns(logits);
  // One of them is picked by its column, so they have to be in memory, be it as narrow ones.
  auto extend = logits.getDefiningOp<arith::ExtFOp>();
  bool isNarrow = extend && memory.contains(extend.getIn());
  if (!isNarrow && !memory.contains(logits)) {
    RowMemory scratch{createScratch(columns, e.b.getF32Type()), {}, /*padded=*/true};
    forChunks(columns, {}, [&](Value column, Value mask, ValueRange) {
      e.store(chunk(logits, column, mask), scratch.memref, column, {});
      return SmallVector<Value>();
    });
    pending.erase(logits);
    memory[logits] = scratch;
  }
  RowMemory logitsMemory = memory.find(isNarrow ? extend.getIn() : logits)->second;
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  Type f32 = e.b.getF32Type(), i32 = e.b.getI32Type();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  Value lowest = buildFloat(e.b, loc, floats, -infinity);
  Value most = forChunks(columns, lowest, [&](Value column, Value mask, ValueRange carried) {
                 Value x = chunk(logits, column, mask);
                 if (mask)
                   x = arith::SelectOp::create(e.b, mask, x, lowest);
                 return SmallVector<Value>{larger(x, carried.front())};
               }).front();
  Value largest = foldLargest(most);
  Value shift = e.splat(largest, kChunk);
  Value sum = emitRowSum(columns, [&](Value column, Value mask) -> Value {
    Value x = arith::SubFOp::create(e.b, chunk(logits, column, mask), shift);
    return math::ExpOp::create(e.b, x);
  });
  Value total = arith::AddFOp::create(e.b, largest, math::LogOp::create(e.b, sum));
  Value target = scalars.lookup(rows.getTarget()), none = buildInteger(e.b, loc, i32, 0);
  Value exists = arith::CmpIOp::create(e.b, arith::CmpIPredicate::sge, target, none);
  Value safe = arith::SelectOp::create(e.b, exists, target, none);
  SmallVector<Value> indices(logitsMemory.prefix);
  indices.push_back(arith::IndexCastOp::create(e.b, e.b.getIndexType(), safe));
  Value logit = memref::LoadOp::create(e.b, logitsMemory.memref, indices);
  if (isNarrow)
    logit = arith::ExtFOp::create(e.b, f32, logit);
  Value loss = arith::SubFOp::create(e.b, total, logit);
  scalars[rows.getLoss()] =
      arith::SelectOp::create(e.b, exists, loss, buildFloat(e.b, loc, f32, 0.0f));
  scalars[rows.getLogSumExp()] = total;
}

void RowEmitter::emitInverseRMS(InverseRMSOp inverse) {
  Type f32 = e.b.getF32Type();
  Value total = emitSumOfBlocks(getColumns(inverse.getSquareSums()), [&](Value column, Value mask) {
    return chunk(inverse.getSquareSums(), column, mask);
  });
  Value mean =
      arith::DivFOp::create(e.b, total, buildFloat(e.b, e.b.getLoc(), f32, inverse.getSize()));
  Value shifted =
      arith::AddFOp::create(e.b, mean, arith::ConstantOp::create(e.b, inverse.getEpsilonAttr()));
  Value root = math::SqrtOp::create(e.b, shifted);
  scalars[inverse.getResult()] =
      arith::DivFOp::create(e.b, buildFloat(e.b, e.b.getLoc(), f32, 1.0f), root);
}

void RowEmitter::emitQuantize(QuantizeActivationsOp quantize) {
  Location loc = quantize.getLoc();
  Type f32 = e.b.getF32Type(), i32 = e.b.getI32Type();
  int64_t columns = getColumns(quantize.getInput());
  auto floats = e.vectorType(kChunk, f32);
  Value most = forChunks(columns, e.zeros(floats), [&](Value column, Value mask, ValueRange c) {
                 Value x = zeroOutside(chunk(quantize.getInput(), column, mask), mask);
                 return SmallVector<Value>{larger(math::AbsFOp::create(e.b, x), c.front())};
               }).front();
  Value magnitude = larger(foldLargest(most), buildFloat(e.b, loc, f32, 1e-5f));
  Value limit = buildFloat(e.b, loc, f32, 127.0f);
  Value inverse = e.splat(arith::DivFOp::create(e.b, limit, magnitude), kChunk);
  scalars[quantize.getScale()] = arith::DivFOp::create(e.b, magnitude, limit);

  // The destinations of the codes, and a row of them for other ops of the kernel; without any they
  // are not needed.
  Value quantized = quantize.getQuantized();
  SmallVector<RowMemory *> outs = findDestinations(quantized);
  RowMemory kept;
  if (!llvm::all_of(quantized.getUsers(), llvm::IsaPred<YieldOp>)) {
    kept = {createScratch(getColumns(quantized), e.b.getI8Type()), {}, /*padded=*/true};
    outs.push_back(&kept);
  }
  auto ints = e.vectorType(kChunk, i32);
  auto bytes = e.vectorType(kChunk, e.b.getI8Type());
  Value total =
      forChunks(columns, e.zeros(ints), [&](Value column, Value mask, ValueRange carried) {
        Value x = zeroOutside(chunk(quantize.getInput(), column, mask), mask);
        Value scaled = arith::MulFOp::create(e.b, x, inverse);
        Value rounded = buildRoundEven(e.b, loc, scaled);
        rounded = buildClamp(e.b, loc, rounded, -128.0f, 127.0f);
        Value code = arith::FPToSIOp::create(e.b, ints, rounded);
        for (RowMemory *out : outs) {
          SmallVector<Value> indices(out->prefix);
          indices.push_back(column);
          // A masked chunk may be stored whole where the row is padded that far.
          bool fits = getColumns(quantized) >= (int64_t)llvm::alignTo(columns, kChunk);
          Value stored = arith::TruncIOp::create(e.b, bytes, code);
          if (mask && !fits && columns % kChunk == 1)
            // Code generation for x86 makes four bytes of a truncating store with one lane set.
            memref::StoreOp::create(e.b, vector::ExtractOp::create(e.b, stored, 0), out->memref,
                                    indices);
          else
            e.store(stored, out->memref, indices, fits ? Value() : mask);
        }
        return SmallVector<Value>{arith::AddIOp::create(e.b, carried.front(), code)};
      }).front();
  scalars[quantize.getSum()] = vector::ReductionOp::create(e.b, vector::CombiningKind::ADD, total);
  // Columns of padding beyond the last chunk.
  int64_t padded = getColumns(quantized);
  Value zero = buildInteger(e.b, loc, e.b.getI8Type(), 0);
  int64_t written = llvm::alignTo(columns, kChunk) <= (uint64_t)padded
                        ? (int64_t)llvm::alignTo(columns, kChunk)
                        : columns;
  for (RowMemory *out : outs)
    e.loop(e.index(written), e.index(padded), 1, {}, [&](Value column, ValueRange) {
      SmallVector<Value> indices(out->prefix);
      indices.push_back(column);
      memref::StoreOp::create(e.b, zero, out->memref, indices);
      return SmallVector<Value>();
    });
  if (kept.memref)
    memory[quantized] = kept;
}

/// Rows of one size are stored by one loop, so that what they have in common is computed once.
void RowEmitter::emitStores() {
  llvm::MapVector<int64_t, SmallVector<OpOperand *>> rows;
  for (OpOperand &yielded : op.getYield()->getOpOperands()) {
    Value value = yielded.get();
    const RowMemory &out = destinations[yielded.getOperandNumber()];
    if (!isa<VectorType>(value.getType()))
      memref::StoreOp::create(e.b, scalars.lookup(value), out.memref, out.prefix);
    else if (!value.getDefiningOp<QuantizeActivationsOp>()) // which stored its codes
      rows[getColumns(value)].push_back(&yielded);
  }
  for (auto &entry : rows) {
    ArrayRef<OpOperand *> stores = entry.second;
    forChunks(entry.first, {}, [&](Value column, Value mask, ValueRange) {
      SmallVector<Value> values;
      for (OpOperand *yielded : stores)
        values.push_back(chunk(yielded->get(), column, mask));
      for (auto [yielded, value] : llvm::zip_equal(stores, values)) {
        const RowMemory &out = destinations[yielded->getOperandNumber()];
        SmallVector<Value> indices(out.prefix);
        indices.push_back(column);
        if (op.isSum(yielded->getOperandNumber()))
          value = arith::AddFOp::create(e.b, loadRow(out, column, mask), value);
        if (!mask && !prefetched.contains(out.memref) && !prefetching.contains(out.memref))
          prefetchNextRow(out, column, /*isWrite=*/true);
        e.store(value, out.memref, indices, mask);
      }
      return SmallVector<Value>();
    });
  }
}
} // namespace

LogicalResult vectorize::emitRowKernel(OpBuilder &builder, RowKernelOp op) {
  return RowEmitter(builder, op).emit();
}
