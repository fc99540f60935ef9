//===- CacheOps.cpp - What a session keeps of its tokens ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

static LogicalResult verifyTokens(Operation *op, ShapedType tokens) {
  if (tokens.getRank() >= 2)
    return success();
  return op->emitOpError() << "expected tokens of shape [B, T, ...], got " << tokens;
}

static LogicalResult verifyAppend(Operation *op, Value tokens, Value cache) {
  auto from = cast<ShapedType>(tokens.getType()), to = cast<ShapedType>(cache.getType());
  if (failed(verifyTokens(op, from))) // (C1)
    return failure();
  SmallVector<int64_t> shape(from.getShape());
  if (to.getRank() >= 2)
    shape[1] = to.getDimSize(1);
  if (failed(verifyShape(op, "cache", to, shape))) // (C1)
    return failure();
  Type narrow = to.getElementType(), wide = from.getElementType();
  if (narrow == wide || (isa<FloatType>(narrow) && isa<FloatType>(wide) &&
                         narrow.getIntOrFloatBitWidth() < wide.getIntOrFloatBitWidth())) // (C2)
    return success();
  return op->emitOpError() << "expected a cache of " << wide << ", or of narrower floats, got "
                           << to;
}

/// Errors unless a kernel has so many `ins`, the last of which is `past` if there are two, and one
/// of `outs`.
template <typename OpTy> static LogicalResult verifyOperands(OpTy op, size_t numIns) {
  if (op.getIns().size() != numIns || op.getOuts().size() != 1)
    return op.emitOpError() << "expected " << numIns << " ins and 1 outs, got "
                            << op.getIns().size() << " and " << op.getOuts().size();
  Type past = (numIns == 2 ? op.getIns()[1] : op.getOuts()[0]).getType();
  if (cast<ShapedType>(past).getRank() != 0 || !getElementTypeOrSelf(past).isInteger(32))
    return op.emitOpError() << "expected past to be an i32 without dimensions, got " << past;
  return verifyDestinations(op, op.getOuts(), op->getResultTypes());
}

LogicalResult AppendOp::verify() { return verifyAppend(*this, getTokens(), getCache()); }

LogicalResult AppendKernelOp::verify() {
  if (failed(verifyOperands(*this, /*numIns=*/2)))
    return failure();
  return verifyAppend(*this, getIns()[0], getOuts()[0]);
}

LogicalResult AdvanceOp::verify() { // (C1)
  return verifyTokens(*this, cast<ShapedType>(getTokens().getType()));
}

LogicalResult AdvanceKernelOp::verify() {
  if (failed(verifyOperands(*this, /*numIns=*/1)))
    return failure();
  return verifyTokens(*this, cast<ShapedType>(getIns()[0].getType()));
}
