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

/// Copies trits, and scales that are of each row, one behind the other; `ins` are all trits, then
/// all scales.
static void stackRows(OpBuilder &builder, StackRowsOp op, ValueRange ins, ValueRange outs) {
  Location loc = op.getLoc();
  size_t count = op.getInputs().size();
  auto getPart = [&](Value memory, int64_t offset, int64_t size) -> Value {
    auto index = [&](int64_t value) { return builder.getIndexAttr(value); };
    auto type = cast<MemRefType>(memory.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), index(0)), strides(type.getRank(), index(1)),
        sizes = getAsIndexOpFoldResult(builder.getContext(), type.getShape());
    offsets.front() = index(offset);
    sizes.front() = index(size);
    return memref::SubViewOp::create(builder, loc, memory, offsets, sizes, strides);
  };
  auto getBytes = [](Value weight) { return weight.getDefiningOp<WeightMemoryOp>().getBuffer(); };
  int64_t row = 0;
  for (size_t i = 0; i < count; ++i) {
    auto trits = cast<MemRefType>(ins[i].getType());
    int64_t rows = trits.getDimSize(0), columns = trits.getDimSize(1);
    linalg::CopyOp::create(builder, loc, getBytes(ins[i]),
                           getPart(getBytes(outs[0]), row * columns, rows * columns));
    Value scale = ins[count + i], stacked = getPart(outs[1], row, rows);
    auto type = cast<MemRefType>(scale.getType());
    if (type.getNumElements() == 1 && rows > 1) {
      Value one =
          memref::CollapseShapeOp::create(builder, loc, scale, ArrayRef<ReassociationIndices>{});
      linalg::BroadcastOp::create(builder, loc, one, stacked, ArrayRef<int64_t>{0});
    } else {
      linalg::CopyOp::create(builder, loc, scale, stacked);
    }
    row += rows;
  }
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
  else if (auto stack = dyn_cast<StackRowsOp>(op))
    stackRows(builder, stack, ins, outs);
  else
    return op->emitOpError("expected a bind-time op with a kernel");
  return success();
}

/// Memory in which floats are f32, as kernels that make weights read them: f16 and bf16 are
/// extended, which is exact.
static Value extendFloats(OpBuilder &builder, Location loc, Value memory) {
  auto type = cast<MemRefType>(memory.getType());
  if (!isa<Float16Type, BFloat16Type>(type.getElementType()))
    return memory;
  Value extended =
      memref::AllocOp::create(builder, loc, MemRefType::get(type.getShape(), builder.getF32Type()));
  int64_t rank = type.getRank();
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  linalg::GenericOp::create(builder, loc, memory, extended, maps, loops,
                            [](OpBuilder &b, Location loc, ValueRange values) {
                              Value wide = arith::ExtFOp::create(b, loc, b.getF32Type(), values[0]);
                              linalg::YieldOp::create(b, loc, wide);
                            });
  return extended;
}

/// Writes `from` + `distance` to `to`, both of bytes.
static void shiftBytes(OpBuilder &builder, Location loc, Value from, Value to, int64_t distance) {
  int64_t rank = cast<MemRefType>(from.getType()).getRank();
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  linalg::GenericOp::create(
      builder, loc, from, to, maps, loops, [&](OpBuilder &b, Location loc, ValueRange values) {
        Value by = arith::ConstantIntOp::create(b, loc, distance, 8);
        linalg::YieldOp::create(b, loc, arith::AddIOp::create(b, loc, values[0], by).getResult());
      });
}

/// What kernels add to a trit that has a byte of its own.
static constexpr int64_t kCodeOfZero = 1;

/// The memory of a weight that comes as bytes, an argument of the function: trits as -1, 0 and 1,
/// or a packed weight as it is.
static Value bindWeight(OpBuilder &builder, BlockArgument argument) {
  auto type = cast<RankedTensorType>(argument.getType());
  Location loc = argument.getLoc();
  Type byte = builder.getI8Type();
  MemRefType weight = getWeightMemory(type);
  if (type.getEncoding()) {
    argument.setType(MemRefType::get({getWeightBytes(type)}, byte));
    return WeightMemoryOp::create(builder, loc, weight, argument);
  }
  argument.setType(MemRefType::get(type.getShape(), byte));
  Value trits = memref::CollapseShapeOp::create(builder, loc, argument,
                                                ArrayRef<ReassociationIndices>{{0, 1}});
  Value codes = memref::AllocOp::create(builder, loc, cast<MemRefType>(trits.getType()));
  shiftBytes(builder, loc, trits, codes, kCodeOfZero);
  return WeightMemoryOp::create(builder, loc, weight, codes);
}

/// Lets the function return a weight as it takes one, bytes on a tensor.
static LogicalResult returnWeight(func::FuncOp func, OpOperand &returned) {
  OpBuilder builder(returned.getOwner());
  Location loc = returned.get().getLoc();
  auto memory = returned.get().getDefiningOp<WeightMemoryOp>();
  if (!memory)
    return func.emitError() << "expected no parameter as result " << returned.getOperandNumber()
                            << ", which is a weight";
  auto weight = cast<MemRefType>(memory.getResult().getType());
  Value bytes = memory.getBuffer();
  if (weight.getLayout().isIdentity()) {
    Value codes = memref::ExpandShapeOp::create(
        builder, loc, MemRefType::get(weight.getShape(), builder.getI8Type()), bytes,
        ArrayRef<ReassociationIndices>{{0, 1}});
    bytes = memref::AllocOp::create(builder, loc, cast<MemRefType>(codes.getType()));
    shiftBytes(builder, loc, codes, bytes, -kCodeOfZero);
  }
  auto type = cast<MemRefType>(bytes.getType());
  returned.set(bufferization::ToTensorOp::create(
      builder, loc, RankedTensorType::get(type.getShape(), type.getElementType()), bytes,
      /*restrict=*/true, /*writable=*/false));
  return success();
}

/// Memory of the weights among the arguments.
static LogicalResult bindArguments(func::FuncOp func, llvm::DenseMap<Value, Value> &memory) {
  OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || (!isa<TritType>(type.getElementType()) && !type.getEncoding()))
      continue;
    if (type.getRank() != 2 || !type.hasStaticShape() || !getLayoutOf(type))
      return func.emitError() << "expected a weight of static shape [N, K] as argument "
                              << argument.getArgNumber() << ", got " << type;
    if (argument.use_empty()) {
      bool isPacked = static_cast<bool>(type.getEncoding());
      argument.setType(isPacked ? MemRefType::get({getWeightBytes(type)}, builder.getI8Type())
                                : MemRefType::get(type.getShape(), builder.getI8Type()));
      continue;
    }
    SmallVector<OpOperand *> uses =
        llvm::map_to_vector(argument.getUses(), [](OpOperand &use) { return &use; });
    Value weight = memory[argument] = bindWeight(builder, argument);
    for (OpOperand *use : uses)
      if (!isa<BindTimeOpInterface>(use->getOwner()))
        use->set(weight);
  }
  return success();
}

LogicalResult ternary::bindAtRunTime(func::FuncOp func) {
  llvm::DenseMap<Value, Value> memory;
  if (failed(bindArguments(func, memory)))
    return failure();
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
      Value memory = bufferization::ToBufferOp::create(
          builder, op->getLoc(), MemRefType::get(type.getShape(), type.getElementType()), operand,
          /*read_only=*/true);
      bool readsF32 = isa<QuantizeWeightsOp, LowerBoundsOp>(op);
      ins.push_back(readsF32 ? extendFloats(builder, op->getLoc(), memory) : memory);
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
  for (OpOperand &returned : func.getBody().front().getTerminator()->getOpOperands())
    if (auto type = dyn_cast<MemRefType>(returned.get().getType());
        type && isa<TritType>(type.getElementType()) && failed(returnWeight(func, returned)))
      return failure();
  return success();
}
