//===- RWKVOps.cpp - Token shift and WKV --------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

//===----------------------------------------------------------------------===//
// TokenShiftOp
//===----------------------------------------------------------------------===//

/// Errors unless `type` is `[B, T, H]` with static H.
static LogicalResult verifyTokens(Operation *op, StringRef name, Type type) {
  if (cast<ShapedType>(type).getRank() != 3)
    return op->emitOpError() << "expected " << name << " of shape [B, T, H], got " << type;
  return verifyColumns(op, name, type);
}

LogicalResult TokenShiftOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  types.push_back(adaptor.getState().getType());
  return success();
}

LogicalResult TokenShiftOp::verify() {
  auto input = cast<ShapedType>(getInput().getType());
  if (failed(verifyTokens(*this, "input", input))) // (C1)
    return failure();
  return verifyShape(*this, "state", getState().getType(), // (C2)
                     {input.getDimSize(0), input.getDimSize(2)});
}

//===----------------------------------------------------------------------===//
// WKVOp, WKVBackwardOp
//===----------------------------------------------------------------------===//

/// What both demand of keys, of decay and first, and of a state.
static LogicalResult verifyWKV(Operation *op, Type k, Type decay, Type state) {
  if (failed(verifyTokens(op, "k", k)) ||                       // (C1)
      failed(verifyShape(op, "decay", decay, {getColumns(k)}))) // (C2)
    return failure();
  int64_t batch = cast<ShapedType>(k).getDimSize(0);
  return verifyShape(op, "state", state, {batch, 3, getColumns(k)}); // (C3)
}

LogicalResult WKVOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getK().getType());
  types.push_back(adaptor.getState().getType());
  return success();
}

LogicalResult WKVOp::verify() {
  return verifyWKV(*this, getK().getType(), getDecay().getType(), getState().getType());
}

LogicalResult WKVBackwardOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                              Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type k = adaptor.getK().getType();
  if (getShapeOrScalar(k).size() != 3)
    return emitOptionalError(loc, "expected k of shape [B, T, H], got ", k);
  types.assign(2, k);
  types.append(2, withShape(k, {getDim(k, 0), getDim(k, 2)}));
  return success();
}

LogicalResult WKVBackwardOp::verify() {
  return verifyWKV(*this, getK().getType(), getDecay().getType(), getState().getType());
}
