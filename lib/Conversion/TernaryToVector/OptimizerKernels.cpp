//===- OptimizerKernels.cpp - The optimiser's kernels as vector loops ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step of the optimiser reads and writes more memory than anything else in training and
// computes little: what counts is that every thread goes through memory of its own, once.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

/// All elements of `memref` in one dimension, or null if they are not contiguous.
static Value flatten(Emitter &e, Value memref) { return e.toRows(memref, /*trailing=*/0); }

/// Parts in parallel, each a loop over its lanes; then the parts are added.
LogicalResult vectorize::emitSquareSum(OpBuilder &builder, SquareSumKernelOp op, ValueRange ins,
                                       ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value input = flatten(e, ins[0]), parts = outs[0], total = outs[1];
  if (!input)
    return op.emitOpError("expected contiguous rows");
  int64_t count = cast<MemRefType>(ins[0].getType()).getNumElements();
  int64_t partSize = SquareSumOp::getPartSize(count);
  constexpr int64_t lanes = SquareSumOp::kLanes;
  auto floats = e.vectorType(lanes, e.b.getF32Type());
  auto doubles = e.vectorType(lanes, e.b.getF64Type());
  e.parallel(e.index(SquareSumOp::kParts), [&](ValueRange part) {
    Value from = e.mul(part[0], partSize);
    Value end = arith::MinUIOp::create(e.b, e.add(from, partSize), e.index(count));
    Value sums = e.loop(from, end, lanes, e.zeros(doubles), [&](Value at, ValueRange carried) {
                    Value mask = getMask(e, at, count, lanes, lanes);
                    Value x = e.load(floats, input, at, mask);
                    x = arith::ExtFOp::create(e.b, doubles, x);
                    Value square = arith::MulFOp::create(e.b, x, x);
                    Value sum = arith::AddFOp::create(e.b, carried.front(), square);
                    return SmallVector<Value>{sum};
                  }).front();
    memref::StoreOp::create(e.b, e.fold(sums), parts, part[0]);
  });
  auto type = e.vectorType(SquareSumOp::kParts, e.b.getF64Type());
  Value sum = e.fold(e.load(type, parts, e.index(0), {}));
  if (op.getAccumulate())
    sum = arith::AddFOp::create(e.b, memref::LoadOp::create(e.b, total), sum);
  memref::StoreOp::create(e.b, sum, total);
  return success();
}

/// Chunks in parallel.
LogicalResult vectorize::emitAdamW(OpBuilder &builder, AdamWKernelOp op) {
  Emitter e(builder, op.getLoc());
  int64_t count = cast<MemRefType>(op.getGradient().getType()).getNumElements();
  SmallVector<Value> flat = {flatten(e, op.getGradient())};
  for (Value out : op.getOuts())
    flat.push_back(flatten(e, out));
  if (llvm::is_contained(flat, Value()))
    return op.emitOpError("expected contiguous rows");
  Value gradient = flat[0], parameter = flat[1], first = flat[2], second = flat[3];
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  auto splat = [&](Value scalar) { return e.splat(scalar, kChunk); };
  auto add = [&](Value a, Value c) -> Value { return arith::AddFOp::create(e.b, a, c); };
  auto mul = [&](Value a, Value c) -> Value { return arith::MulFOp::create(e.b, a, c); };
  Value scale = splat(op.getGradientScale()), keep = splat(op.getKeep()),
        rate = splat(op.getRate());
  Value beta1 = splat(op.getBeta1()), rest1 = splat(op.getRest1());
  Value beta2 = splat(op.getBeta2()), rest2 = splat(op.getRest2());
  Value correction1 = splat(op.getCorrection1()), correction2 = splat(op.getCorrection2());
  Value epsilon = splat(op.getEpsilon());
  e.parallel(e.index(llvm::divideCeil(count, kChunk)), [&](ValueRange chunk) {
    Value at = e.mul(chunk[0], kChunk);
    Value mask = getMask(e, at, count, kChunk, kChunk);
    auto load = [&](Value memory) { return e.load(floats, memory, at, mask); };
    Value g = mul(load(gradient), scale);
    Value m = add(mul(beta1, load(first)), mul(rest1, g));
    Value v = add(mul(beta2, load(second)), mul(mul(rest2, g), g));
    Value root = math::SqrtOp::create(e.b, mul(v, correction2));
    Value change = arith::DivFOp::create(e.b, mul(rate, mul(m, correction1)), add(root, epsilon));
    Value p = arith::SubFOp::create(e.b, mul(load(parameter), keep), change);
    e.store(m, first, at, mask);
    e.store(v, second, at, mask);
    e.store(p, parameter, at, mask);
  });
  return success();
}
