//===- FuseLinear.cpp - Accumulate, dequantise and an epilogue ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An epilogue is worth having when the kernel still writes one value for each output
// of the accumulate: then every op in it saves a pass over memory. So for each
// dequantise we look for the last elementwise value that "closes" over it: nothing
// else that depends on the accumulate is needed outside.
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYFUSELINEAR
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// What a kernel's region will compute.
struct Epilogue {
  /// The dequantised value, or its two halves.
  SmallVector<Value> starts;
  /// Ops to fuse, in the order of the block; empty for a bare dequantise.
  SmallVector<Operation *> ops;
  /// Values from outside, each `[..., C]` or `[C]`.
  llvm::SetVector<Value> extras;
  /// What the kernel yields.
  Value result;
};

/// Cheap to repeat, so it may have other users and still move into a region.
bool isRepeatable(Operation *op) { return getSplatConstant(op) || getBroadcastVector(op); }

/// The value from which row ops took their row dimensions, back to where those come from.
Value getRowsOrigin(Value value) {
  while (Operation *def = value.getDefiningOp()) {
    if (!isa<ReifyRankedShapedTypeOpInterface>(def) || !isa<TernaryDialect>(def->getDialect()))
      break;
    value = def->getOperand(0);
  }
  return value;
}

/// Whether `size` is that of dimension `dim` of `value`, a row dimension.
bool isSizeOf(OpFoldResult size, Value value, int64_t dim) {
  int64_t known = cast<RankedTensorType>(value.getType()).getDimSize(dim);
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return *constant == known;
  auto op = cast<Value>(size).getDefiningOp<tensor::DimOp>();
  return op && op.getConstantIndex() == dim &&
         getRowsOrigin(op.getSource()) == getRowsOrigin(value);
}

/// The two slices of `value` that a gated linear unit reads, or none.
SmallVector<Value> getHalves(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t columns = type.getShape().back();
  SmallVector<Value> halves(2);
  for (Operation *user : value.getUsers()) {
    if (isa<tensor::DimOp>(user))
      continue;
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    if (!slice || columns % 2 != 0 || slice.getType().getRank() != type.getRank() ||
        slice.getType().getShape().back() != columns / 2 ||
        slice.getType().getShape().drop_back() != type.getShape().drop_back() ||
        !slice.hasUnitStride())
      return {};
    SmallVector<OpFoldResult> sizes = slice.getMixedSizes(), offsets = slice.getMixedOffsets();
    std::optional<int64_t> offset = getConstantIntValue(offsets.pop_back_val());
    sizes.pop_back();
    for (auto [dim, size] : llvm::enumerate(sizes))
      if (!isSizeOf(size, value, dim) || getConstantIntValue(offsets[dim]) != 0)
        return {};
    if (offset != 0 && offset != columns / 2)
      return {};
    Value &half = halves[*offset == 0 ? 0 : 1];
    if (half)
      return {};
    half = slice.getResult();
  }
  return halves[0] && halves[1] ? halves : SmallVector<Value>();
}

/// All elementwise ops of the block that depend on `starts`, in its order.
SmallVector<Operation *> getElementwiseUsers(ArrayRef<Value> starts) {
  llvm::SetVector<Operation *> found;
  SmallVector<Value> worklist(starts);
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    for (Operation *user : value.getUsers())
      if (isElementwiseOnTensors(user) &&
          user->getBlock() == starts[0].getDefiningOp()->getBlock() && found.insert(user))
        worklist.push_back(user->getResult(0));
  }
  SmallVector<Operation *> ops = found.takeVector();
  llvm::sort(ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return ops;
}

/// The epilogue that computes `result`, or none if a value in it is needed elsewhere.
std::optional<Epilogue> close(ArrayRef<Value> starts, const llvm::DenseSet<Operation *> &dependent,
                              Value result) {
  llvm::SetVector<Operation *> ops, repeated;
  Block *block = result.getDefiningOp()->getBlock();
  Epilogue epilogue;
  epilogue.starts.assign(starts.begin(), starts.end());
  epilogue.result = result;
  ops.insert(result.getDefiningOp());
  for (size_t i = 0; i < ops.size(); ++i) {
    for (Value operand : ops[i]->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (llvm::is_contained(starts, operand) || (def && ops.contains(def)))
        continue;
      if (def && dependent.contains(def)) {
        ops.insert(def);
      } else if (def && isRepeatable(def)) {
        if (Value vector = getBroadcastVector(def))
          epilogue.extras.insert(vector);
        else
          repeated.insert(def);
      } else if (def && def->getBlock() == block && isElementwiseOnTensors(def) &&
                 llvm::all_of(def->getUsers(),
                              [&](Operation *user) { return ops.contains(user); })) {
        ops.insert(def);
      } else {
        epilogue.extras.insert(operand);
      }
    }
  }
  auto usedInside = [&](Value value) {
    return llvm::all_of(value.getUsers(), [&](Operation *user) {
      return ops.contains(user) || isa<tensor::DimOp>(user);
    });
  };
  if (!llvm::all_of(starts, usedInside))
    return std::nullopt;
  for (Operation *op : ops)
    if (op->getResult(0) != result && !usedInside(op->getResult(0)))
      return std::nullopt;
  // A value that was found to come from outside and from inside alike.
  for (Operation *op : ops)
    epilogue.extras.remove(op->getResult(0));
  epilogue.ops.assign(repeated.begin(), repeated.end());
  llvm::append_range(epilogue.ops, ops);
  // Constants may be from a block around this one.
  llvm::stable_sort(epilogue.ops, [&](Operation *a, Operation *b) {
    if (a->getBlock() == block && b->getBlock() == block)
      return a->isBeforeInBlock(b);
    return a->getBlock() != block && b->getBlock() == block;
  });
  return epilogue;
}

struct FuseLinear : ternary::impl::TernaryFuseLinearBase<FuseLinear> {
  using TernaryFuseLinearBase::TernaryFuseLinearBase;

  void runOnOperation() override {
    SmallVector<DequantizeOp> dequantizes;
    getOperation().walk([&](DequantizeOp op) { dequantizes.push_back(op); });
    for (DequantizeOp op : dequantizes)
      if (failed(formKernel(op)))
        return signalPassFailure();
  }

  LogicalResult formKernel(DequantizeOp op) {
    auto accumulate = op.getAccumulator().getDefiningOp<AccumulateOp>();
    if (!accumulate || !accumulate->hasOneUse())
      return op.emitError("expected the accumulator of an 'accumulate' that nothing else reads");
    // Floats come as they are.
    auto quantize = accumulate.getActivations().getDefiningOp<QuantizeActivationsOp>();
    if (!quantize && op.getActivationScale())
      return accumulate.emitError("expected activations from 'quantize_activations'");

    Epilogue epilogue = findEpilogue(op);
    createKernel(op, accumulate, quantize ? quantize.getSum() : Value(), epilogue);
    return success();
  }

  Epilogue findEpilogue(DequantizeOp op) {
    Epilogue bare;
    bare.starts = {op.getResult()};
    bare.result = op.getResult();
    if (!epilogue)
      return bare;
    SmallVector<Value> halves = getHalves(op.getResult());
    for (ArrayRef<Value> starts : {ArrayRef<Value>(halves), ArrayRef<Value>(bare.starts)}) {
      if (starts.empty())
        continue;
      SmallVector<Operation *> users = getElementwiseUsers(starts);
      llvm::DenseSet<Operation *> dependent(users.begin(), users.end());
      for (Operation *user : llvm::reverse(users))
        if (auto found = close(starts, dependent, user->getResult(0)))
          return *found;
    }
    remark::missed(op.getLoc(), remark::RemarkOpts::name("fuse-epilogue").category("ternary"))
        << "no elementwise op fused: what follows is no elementwise op, or several values of it "
           "are needed elsewhere";
    return bare;
  }

  void createKernel(DequantizeOp op, AccumulateOp accumulate, Value activationSums,
                    const Epilogue &epilogue) {
    Location loc = op.getLoc();
    OpBuilder builder(epilogue.result.getDefiningOp());
    auto type = cast<RankedTensorType>(epilogue.result.getType());
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(builder, loc, accumulate.getActivations());
    sizes.back() = builder.getIndexAttr(type.getShape().back());
    SmallVector<Value> outs = {tensor::EmptyOp::create(builder, loc, sizes, type.getElementType())};

    SquareSumsOp sums = findSquareSums(epilogue);
    if (sums) {
      sizes.back() = builder.getIndexAttr(cast<ShapedType>(sums.getType()).getShape().back());
      outs.push_back(tensor::EmptyOp::create(builder, loc, sizes, type.getElementType()));
    }
    SmallVector<Type> types = llvm::to_vector(ValueRange(outs).getTypes());
    // Of groups, scales of neighbouring rows lie together.
    Value weightScale = op.getWeightScale();
    if (accumulate.getGroupSize())
      weightScale = TransposeOp::create(builder, loc, weightScale);
    auto kernel = LinearKernelOp::create(
        builder, loc, types, accumulate.getActivations(), accumulate.getWeight(),
        op.getActivationScale(), weightScale, activationSums, epilogue.extras.getArrayRef(), outs,
        /*square_sums=*/static_cast<bool>(sums));
    buildRegion(kernel, epilogue);

    Value result = epilogue.result;
    result.replaceAllUsesWith(kernel.getResult(0));
    replaceSizes(op.getResult(), kernel.getActivations());
    for (Value start : epilogue.starts)
      replaceSizes(start, kernel.getActivations());
    for (Operation *fused : epilogue.ops)
      replaceSizes(fused->getResult(0), kernel.getActivations());
    if (sums) {
      sums.getResult().replaceAllUsesWith(kernel.getResult(1));
      sums->erase();
      ++numSquareSums;
    }
    ++numKernels;
    size_t fused = llvm::count_if(epilogue.ops, isElementwiseOnTensors);
    numEpilogueOps += fused;
    if (fused)
      remark::passed(loc, remark::RemarkOpts::name("fuse-epilogue").category("ternary"))
          << ("fused " + Twine(fused) + " elementwise ops" +
              (epilogue.starts.size() == 2 ? " over the halves of the result" : ""))
                 .str();
    // The region has copies now; what is left is dead, last users first.
    for (Operation *dead : llvm::reverse(epilogue.ops))
      if (isOpTriviallyDead(dead))
        dead->erase();
    for (Value start : epilogue.starts)
      if (start != op.getResult() && start.use_empty())
        start.getDefiningOp()->erase();
    if (op->use_empty()) {
      op->erase();
      accumulate->erase();
    }
  }

  /// Lets those who ask for a size of `value`, which is going, ask `rows`: their row
  /// dimensions are the same.
  static void replaceSizes(Value value, Value rows) {
    for (Operation *user : llvm::make_early_inc_range(value.getUsers()))
      if (auto dim = dyn_cast<tensor::DimOp>(user))
        dim.getSourceMutable().assign(rows);
  }

  /// A region of scalars; constants are repeated in it, since it is isolated.
  static void buildRegion(LinearKernelOp kernel, const Epilogue &epilogue) {
    OpBuilder builder(kernel.getContext());
    Block *block = builder.createBlock(&kernel.getEpilogue());
    IRMapping mapping;
    for (Value start : epilogue.starts)
      mapping.map(start, block->addArgument(builder.getF32Type(), kernel.getLoc()));
    for (Value extra : epilogue.extras)
      mapping.map(extra, block->addArgument(getElementTypeOrSelf(extra), kernel.getLoc()));
    builder.setInsertionPointToStart(block);
    for (Operation *op : epilogue.ops) {
      if (TypedAttr constant = getSplatConstant(op)) {
        mapping.map(op->getResult(0),
                    arith::ConstantOp::create(builder, op->getLoc(), constant).getResult());
        continue;
      }
      for (Value operand : op->getOperands())
        if (Operation *def = operand.getDefiningOp())
          if (Value vector = getBroadcastVector(def); vector && !mapping.contains(operand))
            mapping.map(operand, mapping.lookup(vector));
      cloneWithTypes(builder, op, mapping, [](Type type) { return getElementTypeOrSelf(type); });
    }
    YieldOp::create(builder, kernel.getLoc(), mapping.lookup(epilogue.result));
  }

  /// The statistics of a norm over the result that the kernel can take on the side.
  SquareSumsOp findSquareSums(const Epilogue &epilogue) {
    if (!squareSums)
      return nullptr;
    for (Operation *user : epilogue.result.getUsers()) {
      auto sums = dyn_cast<SquareSumsOp>(user);
      if (!sums)
        continue;
      if (epilogue.starts.size() == 1)
        return sums;
      remark::missed(sums.getLoc(),
                     remark::RemarkOpts::name("fuse-square-sums").category("ternary"))
          << "a tile of a gated linear unit has fewer columns than a block of square sums";
    }
    return nullptr;
  }
};
} // namespace
