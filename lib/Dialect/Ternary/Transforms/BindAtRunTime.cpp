//===- BindAtRunTime.cpp - Weights that kernels make ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BindTime.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ternary;

Value ternary::allocateWeight(OpBuilder &builder, Value result) {
  Location loc = result.getLoc();
  auto type = cast<RankedTensorType>(result.getType());
  if (!isa<TritType>(type.getElementType()))
    return memref::AllocOp::create(builder, loc,
                                   MemRefType::get(type.getShape(), type.getElementType()));
  MemRefType weight = getWeightMemory(type);
  Value buffer = memref::AllocOp::create(
      builder, loc, MemRefType::get({getWeightBytes(weight)}, builder.getI8Type()));
  return WeightMemoryOp::create(builder, loc, weight, buffer);
}

LogicalResult ternary::createBindTimeKernel(OpBuilder &builder, Operation *op, ValueRange ins,
                                            SmallVectorImpl<Value> &outs) {
  for (Value result : op->getResults())
    outs.push_back(allocateWeight(builder, result));
  Location loc = op->getLoc();
  if (auto quantize = dyn_cast<QuantizeWeightsOp>(op)) {
    if (quantize.getGranularity() != Granularity::Tensor)
      return op->emitOpError() << "expected one scale for a weight that is no parameter and no "
                                  "constant, got '"
                               << stringifyGranularity(quantize.getGranularity()) << "'";
    int64_t rows = cast<MemRefType>(ins.front().getType()).getDimSize(0);
    SmallVector<Value> memory(outs.begin(), outs.end());
    memory.push_back(
        memref::AllocOp::create(builder, loc, MemRefType::get({rows}, builder.getF64Type())));
    QuantizeWeightsKernelOp::create(builder, loc, TypeRange(), ins, memory);
    return success();
  }
  if (isa<PackOp>(op))
    PackKernelOp::create(builder, loc, TypeRange(), ins, outs);
  else if (isa<LowerBoundsOp>(op))
    LowerBoundsKernelOp::create(builder, loc, TypeRange(), ins, outs);
  else if (isa<TransposeOp>(op))
    TransposeKernelOp::create(builder, loc, TypeRange(), ins, outs);
  else
    return op->emitOpError("expected a bind-time op with a kernel");
  return success();
}

/// The memory of a weight whose trits come as bytes, -1, 0 and 1, an argument of the function.
static Value bindTrits(OpBuilder &builder, BlockArgument argument) {
  auto type = cast<RankedTensorType>(argument.getType());
  Location loc = argument.getLoc();
  argument.setType(MemRefType::get(type.getShape(), builder.getI8Type()));
  Value bytes = memref::CollapseShapeOp::create(builder, loc, argument,
                                                ArrayRef<ReassociationIndices>{{0, 1}});
  Value codes = memref::AllocOp::create(builder, loc, cast<MemRefType>(bytes.getType()));
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(1));
  // Kernels read codes t + 1.
  linalg::GenericOp::create(builder, loc, bytes, codes, maps, utils::IteratorType::parallel,
                            [](OpBuilder &b, Location loc, ValueRange values) {
                              Value one = arith::ConstantIntOp::create(b, loc, 1, 8);
                              Value code = arith::AddIOp::create(b, loc, values[0], one);
                              linalg::YieldOp::create(b, loc, code);
                            });
  return WeightMemoryOp::create(builder, loc, getWeightMemory(type), codes);
}

LogicalResult ternary::bindAtRunTime(func::FuncOp func) {
  llvm::DenseMap<Value, Value> memory;
  OpBuilder atStart = OpBuilder::atBlockBegin(&func.getBody().front());
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !isa<TritType>(type.getElementType()))
      continue;
    if (type.getRank() != 2 || !type.hasStaticShape() || type.getEncoding())
      return func.emitError() << "expected trits of static shape [N, K] as argument "
                              << argument.getArgNumber() << ", got " << type;
    memory[argument] = bindTrits(atStart, argument);
  }
  SmallVector<Operation *> ops;
  func.walk([&](BindTimeOpInterface op) { ops.push_back(op); });
  for (Operation *op : ops) {
    OpBuilder builder(op);
    SmallVector<Value> ins, outs;
    for (Value operand : op->getOperands()) {
      if (Value known = memory.lookup(operand)) {
        ins.push_back(known);
        continue;
      }
      auto type = cast<RankedTensorType>(operand.getType());
      if (!type.hasStaticShape())
        return op->emitOpError() << "expected weights of static shape, got " << type;
      // Right before it is read: bufferization does not see by whom.
      ins.push_back(bufferization::ToBufferOp::create(
          builder, op->getLoc(), MemRefType::get(type.getShape(), type.getElementType()), operand,
          /*read_only=*/true));
    }
    if (failed(createBindTimeKernel(builder, op, ins, outs)))
      return failure();
    for (auto [result, out] : llvm::zip_equal(op->getResults(), outs)) {
      memory[result] = out;
      auto type = cast<RankedTensorType>(result.getType());
      Value replacement = out;
      if (isa<FloatType>(type.getElementType()))
        replacement = bufferization::ToTensorOp::create(builder, op->getLoc(), type, out,
                                                        /*restrict=*/true, /*writable=*/false);
      result.replaceUsesWithIf(
          replacement, [&](OpOperand &use) { return !isa<BindTimeOpInterface>(use.getOwner()); });
    }
  }
  for (Operation *op : llvm::reverse(ops))
    op->erase();
  for (BlockArgument argument : func.getArguments())
    if (Value weight = memory.lookup(argument); weight && isa<MemRefType>(argument.getType()))
      argument.replaceUsesWithIf(
          weight, [&](OpOperand &use) { return !isa<memref::CollapseShapeOp>(use.getOwner()); });
  return success();
}
