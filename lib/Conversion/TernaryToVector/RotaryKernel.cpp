//===- RotaryKernel.cpp - Rotations of pairs of channels as vector loops -===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

/// Angles once for all heads of a token.
LogicalResult vectorize::emitRotary(OpBuilder &builder, RotaryKernelOp op, ValueRange ins,
                                    ValueRange outs) {
  Emitter e(builder, op.getLoc());
  Value input = ins[0], out = outs[0];
  int64_t size = op.getHeadSize(), half = size / 2;
  int64_t columns = cast<MemRefType>(input.getType()).getShape().back();
  SmallVector<float> frequencies = op.getFrequencies();
  frequencies.resize(llvm::alignTo(half, kChunk));
  auto floats = e.vectorType(kChunk, e.b.getF32Type());
  e.parallel({e.dim(input, 0), e.dim(input, 1)}, [&](ValueRange row) {
    Value position = arith::IndexCastOp::create(e.b, e.b.getI32Type(), row[1]);
    if (ins.size() > 1)
      position =
          arith::AddIOp::create(e.b, position, memref::LoadOp::create(e.b, ins[1], ValueRange()));
    position = e.splat(arith::SIToFPOp::create(e.b, e.b.getF32Type(), position), kChunk);
    for (int64_t first = 0; first < half; first += kChunk) {
      Value frequency = arith::ConstantOp::create(
          e.b, DenseElementsAttr::get(floats, ArrayRef(frequencies).slice(first, kChunk)));
      Value mask;
      if (half - first < kChunk)
        mask = vector::CreateMaskOp::create(e.b, e.vectorType(kChunk, e.b.getI1Type()),
                                            ValueRange{e.index(half - first)});
      Value angle = arith::MulFOp::create(e.b, position, frequency);
      Value cosine = math::CosOp::create(e.b, angle), sine = math::SinOp::create(e.b, angle);
      if (op.getInverse())
        sine = arith::NegFOp::create(e.b, sine);
      e.loop(e.index(0), e.index(columns), size, {}, [&](Value column, ValueRange) {
        auto mul = [&](Value a, Value c) { return arith::MulFOp::create(e.b, a, c); };
        SmallVector<Value> low = {row[0], row[1], e.add(column, first)};
        SmallVector<Value> high = {row[0], row[1], e.add(column, first + half)};
        Value x = e.load(floats, input, low, mask), y = e.load(floats, input, high, mask);
        e.store(arith::SubFOp::create(e.b, mul(x, cosine), mul(y, sine)), out, low, mask);
        e.store(arith::AddFOp::create(e.b, mul(y, cosine), mul(x, sine)), out, high, mask);
        return SmallVector<Value>();
      });
    }
  });
  return success();
}
