//===- LiveBytes.cpp - What memory a step will need ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LiveBytes.h"
#include "Elementwise.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"

using namespace mlir;
using namespace ternary;

int64_t ternary::getElements(Type type, int64_t tokens) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return 0;
  int64_t elements = 1;
  for (int64_t size : tensor.getShape())
    elements *= ShapedType::isDynamic(size) ? tokens : size;
  return elements;
}

int64_t ternary::getBytes(Type type, int64_t tokens) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getElementType().isIntOrFloat())
    return 0;
  return getElements(type, tokens) * llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
}

namespace {
class Estimator {
public:
  Estimator(func::FuncOp step, int64_t tokens) : body(step.getBody().front()), tokens(tokens) {}

  /// From the last op to the first: a value is alive from where its last reader is met. Row ops
  /// in a row are one kernel, which reads what it needs while it writes all its results.
  int64_t run() {
    int64_t peak = 0;
    SmallVector<Value> results;
    auto endKernel = [&] {
      for (Value result : results)
        if (getMemory(result) == result && alive.erase(result))
          bytes -= getWorkspaceBytes(result);
      results.clear();
    };
    for (Operation &op : llvm::reverse(body)) {
      bool isNeeded = op.hasTrait<OpTrait::IsTerminator>() || !isPure(&op) ||
                      llvm::any_of(op.getResults(), [&](Value v) { return read.contains(v); });
      if (!isNeeded || isa<tensor::DimOp>(op))
        continue;
      if (!isAmongRowOps(&op))
        endKernel();
      op.walk([&](Operation *nested) {
        for (Value operand : nested->getOperands())
          if (operand.getParentBlock() == &body) {
            read.insert(operand);
            start(getMemory(operand));
          }
      });
      for (Value result : op.getResults())
        start(getMemory(result));
      peak = std::max(peak, bytes);
      llvm::append_range(results, op.getResults());
      if (!isAmongRowOps(&op))
        endKernel();
    }
    return peak + weights;
  }

private:
  /// The value in whose memory another one is.
  static Value getMemory(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (isa<tensor::ExtractSliceOp, OptimizationBarrierOp>(op))
        value = op->getOperand(0);
      else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op);
               insert && insert.getDest().getDefiningOp<tensor::InsertSliceOp>())
        value = insert.getDest();
      else
        break;
    }
    return value;
  }

  void start(Value value) {
    if (!alive.insert(value).second)
      return;
    bytes += getWorkspaceBytes(value);
    // For the whole step: as the backward pass reads them, a byte each, and packed.
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && isa<TritType>(type.getElementType()))
      weights += type.getNumElements() + llvm::divideCeil(type.getNumElements(), 4);
  }

  int64_t getWorkspaceBytes(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return 0;
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || type.hasStaticShape() || isa<tensor::EmptyOp>(op) || getSplatConstant(op) ||
        getBroadcastVector(op) || isWithinKernel(op))
      return 0;
    return getBytes(type, tokens);
  }

  /// Whether a kernel computes the results of `op` and reads them itself: sums that are
  /// dequantised, dequantised values that go into one elementwise op, and rows that only row ops
  /// nearby read.
  static bool isWithinKernel(Operation *op) {
    if (isa<AccumulateOp>(op))
      return true;
    if (isa<DequantizeOp>(op))
      return op->hasOneUse() && isElementwiseOnTensors(*op->user_begin());
    return isRowOp(op) && llvm::all_of(op->getUsers(), [&](Operation *user) {
             return isRowOp(user) && isNearby(op, user);
           });
  }

  /// Whether `op` is a row op or prepares what those read.
  static bool isAmongRowOps(Operation *op) {
    return isRowOp(op) || getSplatConstant(op) || getBroadcastVector(op) ||
           isa<tensor::DimOp, tensor::EmptyOp, tensor::ExtractSliceOp, OptimizationBarrierOp,
               BindTimeOpInterface>(op);
  }

  static bool isNearby(Operation *op, Operation *user) {
    while (op != user && op && isAmongRowOps(op))
      op = op->getNextNode();
    return op == user;
  }

  Block &body;
  int64_t tokens;
  llvm::DenseSet<Value> read, alive;
  int64_t bytes = 0, weights = 0;
};
} // namespace

int64_t ternary::estimateWorkspace(func::FuncOp step, int64_t tokens) {
  return Estimator(step, tokens).run();
}
