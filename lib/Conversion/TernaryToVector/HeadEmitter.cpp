//===- HeadEmitter.cpp - What kernels of attention share -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadEmitter.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "ternary/Conversion/MathUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

void HeadEmitter::gather(const Head &head, Value first, Value count, Value scratch) {
  Value last = arith::SubIOp::create(e.b, count, e.index(1));
  forTiles([&](Value token, Value channel) {
    auto chunk = e.vectorType(kChunk, e.b.getF32Type());
    Value mask = getMask(e, channel, size, kChunk, kChunk);
    SmallVector<Value> tile;
    for (int64_t i = 0; i < kChunk; ++i) {
      Value row = arith::MinUIOp::create(e.b, e.add(token, i), last);
      tile.push_back(loadFloats(chunk, head.tensor, at(head, first, row, channel), mask));
    }
    for (auto [i, row] : llvm::enumerate(e.transpose(tile)))
      e.store(row, scratch, {e.add(channel, i), token}, {});
  });
}

Value HeadEmitter::loadFloats(VectorType type, Value tensor, ValueRange indices, Value mask) {
  Type element = getElementTypeOrSelf(tensor.getType());
  Value loaded = e.load(type.clone(element), tensor, indices, mask);
  if (element.isF32())
    return loaded;
  if (element.isInteger())
    return arith::SIToFPOp::create(e.b, type, loaded);
  return arith::ExtFOp::create(e.b, type, loaded);
}

Head HeadEmitter::widen(const Head &head, Value from, Value to, Value scratch) {
  if (!scratch)
    return head;
  auto chunk = e.vectorType(kChunk, e.b.getF32Type());
  e.loop(from, to, 1, {}, [&](Value token, ValueRange) {
    e.loop(e.index(0), e.index(size), kChunk, {}, [&](Value channel, ValueRange) {
      Value mask = getMask(e, channel, size, kChunk, kChunk);
      Value column = e.add(head.column, channel);
      Value row = arith::SubIOp::create(e.b, token, from);
      e.store(loadFloats(chunk, head.tensor, {head.batch, token, column}, mask), scratch,
              {e.index(0), row, channel}, {});
      return SmallVector<Value>();
    });
    return SmallVector<Value>();
  });
  return {scratch, e.index(0), e.index(0), from};
}

Value HeadEmitter::allocateWidened(Value tensor) {
  if (getElementTypeOrSelf(tensor.getType()).isF32())
    return {};
  int64_t columns = llvm::alignTo(size, kChunk);
  return e.allocateScratch({1, kSumBlock, columns}, e.b.getF32Type());
}

void HeadEmitter::prefetch(const Head &head, Value first) {
  int64_t line = 512 / getElementTypeOrSelf(head.tensor.getType()).getIntOrFloatBitWidth();
  e.loop(first, e.add(first, getWidth()), 1, {}, [&](Value token, ValueRange) {
    for (int64_t channel = 0; channel < size; channel += line)
      e.prefetch(head.tensor, {head.batch, token, e.add(head.column, channel)},
                 /*isWrite=*/false, /*toFirstLevel=*/true);
    return SmallVector<Value>();
  });
}

void HeadEmitter::scatter(Value scratch, const Head &head, Value first, Value count) {
  forTiles([&](Value token, Value channel) {
    auto chunk = e.vectorType(kChunk, e.b.getF32Type());
    Value left = arith::SubIOp::create(e.b, e.index(size), channel);
    SmallVector<Value> tile;
    for (int64_t i = 0; i < kChunk; ++i)
      tile.push_back(e.load(chunk, scratch, {e.add(channel, i), token}, {}));
    for (auto [i, row] : llvm::enumerate(e.transpose(tile))) {
      Value place = e.add(token, i);
      Value exists = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, place, count);
      Value channels = arith::SelectOp::create(e.b, exists, left, e.index(0));
      Value mask =
          vector::CreateMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()), channels);
      e.store(row, head.tensor, at(head, first, place, channel), mask);
    }
  });
}

SmallVector<Value> HeadEmitter::gatherNumbers(const Head &head, Value first, Value count,
                                              Value scratch) {
  store(constants(0.0f), scratch, e.index(0));
  e.loop(e.index(0), count, 1, {}, [&](Value token, ValueRange) {
    Value number = loadNumber(head, e.add(first, token));
    memref::StoreOp::create(e.b, number, scratch, ValueRange{e.index(0), token});
    return SmallVector<Value>();
  });
  return load(scratch, e.index(0));
}

void HeadEmitter::scatterNumbers(ValueRange numbers, const Head &head, Value first, Value count,
                                 Value scratch) {
  store(numbers, scratch, e.index(0));
  e.loop(e.index(0), count, 1, {}, [&](Value token, ValueRange) {
    Value number = memref::LoadOp::create(e.b, scratch, ValueRange{e.index(0), token});
    memref::StoreOp::create(e.b, number, head.tensor,
                            ValueRange{head.batch, e.add(first, token), head.column});
    return SmallVector<Value>();
  });
}

SmallVector<Value> HeadEmitter::multiplyTokens(const Head &head, Value first, int64_t count,
                                               Value lanesOf) {
  return multiplyRows(count, lanesOf, [&](int64_t r, Value channel) -> Value {
    return memref::LoadOp::create(
        e.b, head.tensor,
        ValueRange{head.batch, rowOf(head, e.add(first, r)), e.add(head.column, channel)});
  });
}

SmallVector<Value> HeadEmitter::multiplyHeads(const Head &query, Value head, int64_t count,
                                              Value lanesOf) {
  return multiplyRows(count, lanesOf, [&](int64_t r, Value channel) -> Value {
    Value column = e.add(e.mul(e.add(head, r), size), channel);
    return memref::LoadOp::create(e.b, query.tensor, ValueRange{query.batch, e.index(0), column});
  });
}

SmallVector<Value> HeadEmitter::multiplyLanes(Value a, Value c) {
  return BlockedSum(e, e.index(size), vectors, floats).emit(vectors, [&](Value first, Value end) {
    return e.loop(first, end, 1, constants(0.0f), [&](Value channel, ValueRange carried) {
      SmallVector<Value> sums(carried), x = load(a, channel), y = load(c, channel);
      for (auto [v, sum] : llvm::enumerate(sums))
        sum = math::FmaOp::create(e.b, x[v], y[v], sum);
      return sums;
    });
  });
}

void HeadEmitter::sumProducts(const Head &head, Value from, Value to, Value factors,
                              const Seen &seen,
                              function_ref<void(Value channel, ArrayRef<Value> sums)> body) {
  Value middle = seen.from ? clamp(seen.from, from, to) : from;
  Value end = seen.to ? clamp(seen.to, from, to) : to;
  forRows(e.index(0), e.index(size), {}, [&](Value channel, int64_t count, ValueRange) {
    Value column = e.add(head.column, channel);
    auto loadElement = [&](int64_t r, Value token) -> Value {
      return memref::LoadOp::create(e.b, head.tensor,
                                    ValueRange{head.batch, rowOf(head, token), e.add(column, r)});
    };
    auto loadFactors = [&](Value token) {
      return load(factors, arith::SubIOp::create(e.b, token, from));
    };
    auto addSeen = [&](Value from, Value to, ValueRange init) {
      return e.loop(from, to, 1, init, [&](Value token, ValueRange carried) {
        SmallVector<Value> sums(carried), row = loadFactors(token), isSeen = seen.isSeen(token);
        for (int64_t r = 0; r < count; ++r) {
          Value element = e.splat(loadElement(r, token), lanes);
          for (int64_t v = 0; v < vectors; ++v) {
            Value &sum = sums[r * vectors + v];
            Value added = math::FmaOp::create(e.b, element, row[v], sum);
            sum = arith::SelectOp::create(e.b, isSeen[v], added, sum);
          }
        }
        return sums;
      });
    };
    SmallVector<Value> sums(count * vectors, e.zeros(floats));
    if (seen.from)
      sums = addSeen(from, middle, sums);
    sums = e.multiply(middle, end, sums, vectors, loadElement, loadFactors);
    if (seen.to)
      sums = addSeen(end, to, sums);
    body(channel, sums);
    return SmallVector<Value>();
  });
}

void HeadEmitter::joinRows(const Join &join, Value stack, Value channel, ValueRange rows) {
  storeRows(forLevels(e, join, rows,
                      [&](Value level, ValueRange later) {
                        Value row = e.add(e.mul(level, size), channel);
                        return add(loadRows(stack, row, later.size() / vectors), later);
                      }),
            stack, e.add(e.mul(join.level, size), channel));
}

SmallVector<Value> HeadEmitter::loadRows(Value scratch, Value first, int64_t count) {
  SmallVector<Value> rows;
  for (int64_t r = 0; r < count; ++r)
    llvm::append_range(rows, load(scratch, e.add(first, r)));
  return rows;
}

void HeadEmitter::storeRows(ArrayRef<Value> rows, Value scratch, Value first) {
  for (int64_t r = 0, count = rows.size() / vectors; r < count; ++r)
    store(rows.slice(r * vectors, vectors), scratch, e.add(first, r));
}

SmallVector<Value> HeadEmitter::compare(arith::CmpIPredicate predicate, Value first, Value other) {
  Type i32 = e.b.getI32Type();
  auto type = e.vectorType(lanes, i32);
  auto widen = [&](Value index) {
    return e.splat(arith::IndexCastOp::create(e.b, i32, index), lanes);
  };
  SmallVector<int32_t> steps = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  Value step = arith::ConstantOp::create(e.b, DenseElementsAttr::get(type, ArrayRef(steps)));
  return llvm::map_to_vector(llvm::seq(vectors), [&](int64_t v) -> Value {
    Value lane = arith::AddIOp::create(e.b, widen(e.add(first, v * lanes)), step);
    return arith::CmpIOp::create(e.b, predicate, lane, widen(other));
  });
}

SmallVector<Value> HeadEmitter::maskScores(ValueRange products, ValueRange isSeen) {
  SmallVector<Value> scores = mul(products, constants(getScale()));
  Value lowest = constants(-std::numeric_limits<float>::infinity()).front();
  for (auto [score, seen] : llvm::zip_equal(scores, isSeen))
    score = arith::SelectOp::create(e.b, seen, score, lowest);
  return scores;
}

SmallVector<Value> HeadEmitter::shift(ValueRange maximum) {
  return llvm::map_to_vector(maximum, [&](Value m) -> Value {
    Type type = m.getType();
    Value lowest = buildFloat(e.b, e.b.getLoc(), type, -std::numeric_limits<float>::infinity());
    Value isLowest = arith::CmpFOp::create(e.b, arith::CmpFPredicate::OEQ, m, lowest);
    return arith::SelectOp::create(e.b, isLowest, buildFloat(e.b, e.b.getLoc(), type, 0.0f), m);
  });
}

Value HeadEmitter::maxOfLanes(ValueRange values) {
  Value most = values.front();
  for (Value value : values.drop_front())
    most = max(value, most).front();
  return vector::ReductionOp::create(e.b, vector::CombiningKind::MAXNUMF, most);
}

SmallVector<Value>
HeadEmitter::multiplyRows(int64_t count, Value lanesOf,
                          function_ref<Value(int64_t r, Value channel)> loadElement) {
  int64_t width = count * vectors;
  SmallVector<Value> zeros(width, e.zeros(floats));
  return BlockedSum(e, e.index(size), width, floats).emit(width, [&](Value first, Value end) {
    return e.multiply(first, end, zeros, vectors, loadElement,
                      [&](Value channel) { return load(lanesOf, channel); });
  });
}
