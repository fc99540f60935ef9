//===- Pack.cpp - Choose the layout of weights --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BindTime.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "ternary/Target/Target.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYPACK
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// `type` with its last dimension replaced.
template <typename ShapedT> ShapedT withColumns(ShapedT type, int64_t columns) {
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = columns;
  return cast<ShapedT>(cast<ShapedType>(type).clone(shape));
}

struct Pack : ternary::impl::TernaryPackBase<Pack> {
  using TernaryPackBase::TernaryPackBase;

  void runOnOperation() override {
    if (failed(chooseLayouts()))
      return signalPassFailure();
    packed.clear();
    SmallVector<Operation *> kernels;
    getOperation().walk([&](Operation *op) {
      if (isa<LinearKernelOp, GatherKernelOp>(op))
        kernels.push_back(op);
    });
    for (Operation *op : kernels)
      if (failed(pack(op)))
        return signalPassFailure();
    if (floats && layouts.floats)
      packFloats();
  }

  /// The layouts of the module's target, but for the one that an option gives.
  LogicalResult chooseLayouts() {
    TargetAttrInterface attribute = getTargetOf(getOperation());
    const Target *target = lookupTargetOf(getOperation());
    layouts = target ? target->getWeightLayouts(attribute) : WeightLayouts();
    if (!layout.empty()) {
      layouts.trits =
          dyn_cast_or_null<WeightLayoutAttrInterface>(parseAttribute(layout, &getContext()));
      if (!layouts.trits)
        return getOperation().emitError() << "expected a layout, got '" << layout << "'";
    }
    if (layouts.trits)
      return success();
    if (!attribute)
      return getOperation().emitError(
          "expected a module with a target, as ternary-set-target gives it");
    return getOperation().emitError()
           << "expected a target with layouts for weights, got " << attribute;
  }

  /// Gives parameters whose transpose a product reads the layout of floats, which embeddings by
  /// the same parameter read as well.
  void packFloats() {
    llvm::DenseMap<Value, Value> packedFloats;
    getOperation().walk([&](MatmulKernelOp op) {
      auto transpose = op.getIns()[1].getDefiningOp<TransposeOp>();
      auto weight = transpose ? dyn_cast<BlockArgument>(transpose.getInput()) : BlockArgument();
      if (!weight || getOrigin(weight) != Origin::Parameters)
        return;
      Value &packed = packedFloats[weight];
      if (!packed) {
        auto builder = OpBuilder::atBlockBegin(weight.getOwner());
        auto type = cast<RankedTensorType>(weight.getType());
        packed = PackOp::create(builder, transpose.getLoc(), type.cloneWithEncoding(layouts.floats),
                                weight);
        ++numPacked;
      }
      op.getInsMutable()[1].set(packed);
      if (transpose->use_empty())
        transpose->erase();
    });
    getOperation().walk([&](GatherKernelOp op) {
      if (Value packed = packedFloats.lookup(op.getTable()))
        op.getTableMutable().assign(packed);
    });
  }

  LogicalResult pack(Operation *op) {
    auto linear = dyn_cast<LinearKernelOp>(op);
    OpOperand &weight =
        linear ? linear.getWeightMutable() : cast<GatherKernelOp>(op).getTableMutable();
    auto type = dyn_cast<RankedTensorType>(weight.get().getType());
    if (!type || type.getEncoding() || !isa<TritType>(type.getElementType()))
      return success();
    int64_t halves = linear ? linear.getHalves() : 1;
    WeightLayoutAttrInterface layout = layouts.trits.withHalves(halves);
    if (!layout)
      return op->emitOpError() << "expected a layout of " << halves << " halves, got "
                               << layouts.trits;
    if (linear && !linear.hasFloatActivations() &&
        failed(padActivations(linear, layout.getPaddedColumns(type.getDimSize(1)))))
      return failure();
    // Once for all kernels of a block that read it in this layout.
    Value &known = packed[{op->getBlock(), weight.get(), halves}];
    if (!known) {
      OpBuilder builder(op);
      known = PackOp::create(builder, op->getLoc(), type.cloneWithEncoding(layout), weight.get());
      ++numPacked;
    }
    weight.set(known);
    return success();
  }

  /// Lets the row kernel that quantises write `columns` columns, the last of them zero.
  LogicalResult padActivations(LinearKernelOp op, int64_t columns) {
    auto type = cast<RankedTensorType>(op.getActivations().getType());
    if (type.getShape().back() >= columns)
      return success();
    auto result = dyn_cast<OpResult>(op.getActivations());
    auto kernel = result ? dyn_cast<RowKernelOp>(result.getOwner()) : RowKernelOp();
    if (!kernel)
      return op.emitOpError() << "expected activations with " << columns
                              << " columns or from a row kernel, got " << type;
    unsigned index = result.getResultNumber();
    for (Operation *user : result.getUsers())
      if (!isa<LinearKernelOp, LinearBackwardWeightKernelOp>(user))
        return op.emitOpError() << "expected activations that only linear kernels read, got '"
                                << user->getName() << "'";
    auto quantize = kernel.getYield().getValues()[index].getDefiningOp<QuantizeActivationsOp>();
    auto empty = kernel.getOuts()[index].getDefiningOp<tensor::EmptyOp>();
    if (!quantize || !empty)
      return op.emitOpError(
          "expected activations that a row kernel quantises into an empty tensor");
    Value quantized = quantize.getQuantized();
    quantized.setType(withColumns(cast<VectorType>(quantized.getType()), columns));
    result.setType(withColumns(type, columns));
    OpBuilder builder(empty);
    kernel.getOutsMutable()[index].set(
        tensor::EmptyOp::create(builder, empty.getLoc(), cast<RankedTensorType>(result.getType()),
                                empty.getDynamicSizes()));
    if (empty->use_empty())
      empty->erase();
    return success();
  }

  WeightLayouts layouts;
  /// By block, weight and halves.
  llvm::DenseMap<std::tuple<Block *, Value, int64_t>, Value> packed;
};
} // namespace
