//===- RowKernel.cpp - Row kernels as scalar loops ------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The region is carried out op by op. Rows that it computes or is given are in
// memory of their own, so outs may share memory with operands.
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/Conversion/KernelChecks.h"
#include "ternary/Conversion/MathUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

static int64_t getColumns(Value row) { return cast<VectorType>(row.getType()).getNumElements(); }

namespace {
/// Emits the code of one row kernel.
class RowEmitter {
public:
  RowEmitter(LoopBuilder &builder, RowKernelOp op, Scratch &scratch)
      : b(builder), op(op), scratch(scratch) {}

  void emit() {
    scratch.startKernel(op);
    for (Value argument : op.getBody().getArguments())
      allocate(argument);
    for (Operation &inner : op.getBody().front())
      for (Value result : inner.getResults())
        allocate(result);
    for (Value sum : op.getOuts().take_back(op.getSums()))
      b.nest(b.sizes(sum, 2), [&](ValueRange index) { b.store(zeroOf(sum), sum, index); });
    SmallVector<Value> sizes = b.sizes(op.getRowsOperand(), op.getRowRank());
    Value partSize = op.getSums() ? getPartSize(sizes) : Value();
    b.nest(sizes, [&](ValueRange row) {
      if (partSize)
        part = b.op<arith::DivUIOp>(linearize(row, sizes), partSize);
      loadArguments(row);
      for (Operation &inner : op.getBody().front().without_terminator())
        emitOp(&inner);
      storeResults(row);
    });
  }

private:
  /// Gives a row of its own to a value that is a vector but not a constant.
  void allocate(Value value) {
    auto type = dyn_cast<VectorType>(value.getType());
    Operation *producer = value.getDefiningOp();
    if (type && !(producer && getConstantElement(producer)))
      rows[value] = scratch.allocate(b, MemRefType::get(type.getShape(), type.getElementType()));
  }

  Value getLanes() {
    Value &memory = lanes[b.getRealType()];
    if (!memory)
      memory = scratch.allocateLanes(b);
    return memory;
  }

  /// An element of a row; of a scalar or a constant, which are the same
  /// everywhere, that.
  Value element(Value value, Value column) {
    if (Value row = rows.lookup(value))
      return b.load(row, column);
    return scalars.lookup(value);
  }

  void setElement(Value value, Value column, Value element) {
    b.store(element, rows.lookup(value), column);
  }

  /// Calls `body` with every column of a row.
  void forColumns(Value row, function_ref<void(Value)> body) {
    b.loop(b.index(getColumns(row)), body);
  }

  void loadArguments(ValueRange row) {
    for (auto [i, operand, argument] : llvm::enumerate(op.getIns(), op.getBody().getArguments())) {
      ValueRange indices = op.isPassedByRow(i) ? row : ValueRange();
      Value memory = operand, argumentValue = argument;
      if (!isa<VectorType>(argument.getType()))
        scalars[argument] = b.load(memory, indices);
      else
        forColumns(argument, [&](Value column) {
          setElement(argumentValue, column, b.load(memory, append(indices, column)));
        });
    }
  }

  Value zeroOf(Value memref) {
    return b.constant(b.getZeroAttr(cast<MemRefType>(memref.getType()).getElementType()));
  }

  /// Which row it is, counted over all dimensions.
  Value linearize(ValueRange row, ValueRange sizes) {
    Value index = b.index(0);
    for (auto [i, size] : llvm::zip_equal(row, sizes))
      index = b.op<arith::AddIOp>(b.op<arith::MulIOp>(index, size), i);
    return index;
  }

  /// How many rows each part of a sum has.
  Value getPartSize(ValueRange sizes) {
    Value rows = b.index(1);
    for (Value size : sizes)
      rows = b.op<arith::MulIOp>(rows, size);
    return b.op<arith::CeilDivUIOp>(rows, b.index(SumRowsOp::kParts));
  }

  void storeResults(ValueRange row) {
    for (auto [i, value, out] : llvm::enumerate(op.getYield().getValues(), op.getOuts())) {
      if (op.isSum(i)) {
        Value yielded = value, memory = out;
        forColumns(value, [&](Value column) {
          Value sum = b.load(memory, {part, column});
          b.store(b.addf(sum, element(yielded, column)), memory, {part, column});
        });
        continue;
      }
      if (!isa<VectorType>(value.getType())) {
        b.store(scalars.lookup(value), out, row);
        continue;
      }
      Value yielded = value, memory = out;
      forColumns(value, [&](Value column) {
        b.store(element(yielded, column), memory, append(row, column));
      });
    }
  }

  void emitOp(Operation *inner) {
    b.computeLike(inner);
    llvm::TypeSwitch<Operation *>(inner)
        .Case([&](SquareSumsOp sums) { emitSquareSums(sums); })
        .Case([&](InverseRMSOp inverse) { emitInverseRMS(inverse); })
        .Case([&](NormalizeOp normalize) { emitNormalize(normalize); })
        .Case([&](CenterOp center) { emitCenter(center); })
        .Case([&](QuantizeActivationsOp quantize) { emitQuantize(quantize); })
        .Case([&](ScaleRowsOp scale) { emitScaleRows(scale); })
        .Case([&](RMSNormBackwardOp backward) { emitRMSNormBackward(backward); })
        .Case([&](CrossEntropyRowsOp rows) { emitCrossEntropy(rows); })
        .Case([&](CrossEntropyBackwardOp backward) { emitCrossEntropyBackward(backward); })
        .Case([&](vector::BroadcastOp broadcast) {
          forColumns(broadcast.getResult(), [&](Value column) {
            setElement(broadcast.getResult(), column, element(broadcast.getSource(), column));
          });
        })
        .Case([&](arith::ConstantOp constant) {
          scalars[constant] = b.constant(getConstantElement(constant));
        })
        .Default([&](Operation *elementwise) { emitElementwise(elementwise); });
  }

  void emitSquareSums(SquareSumsOp sums) {
    loops::emitSquareSums(
        b, getLanes(), getColumns(sums.getInput()),
        [&](Value column) { return element(sums.getInput(), column); },
        [&](Value sum, Value block) { setElement(sums.getResult(), block, sum); });
  }

  void emitInverseRMS(InverseRMSOp inverse) {
    Value total =
        emitSumOfBlocks(b, getLanes(), getColumns(inverse.getSquareSums()),
                        [&](Value block) { return element(inverse.getSquareSums(), block); });
    Value mean = b.divf(total, b.real(static_cast<double>(inverse.getSize())));
    Value shifted = b.addf(mean, b.real(inverse.getEpsilon().convertToDouble()));
    scalars[inverse.getResult()] = b.divf(b.real(1.0), math::SqrtOp::create(b, shifted));
  }

  /// `rowsum` of what `element` builds.
  Value emitRowSum(int64_t columns, function_ref<Value(Value)> element) {
    int64_t blocks = llvm::divideCeil(columns, SquareSumsOp::kBlock);
    Value sums = scratch.allocate(b, MemRefType::get({blocks}, b.getRealType()));
    emitBlockSums(b, getLanes(), columns, element,
                  [&](Value sum, Value block) { b.store(sum, sums, block); });
    return emitSumOfBlocks(b, getLanes(), blocks, [&](Value block) { return b.load(sums, block); });
  }

  void emitCenter(CenterOp center) {
    int64_t columns = getColumns(center.getInput());
    auto x = [&](Value k) { return element(center.getInput(), k); };
    Value mean = b.divf(emitRowSum(columns, x), b.real(static_cast<double>(columns)));
    forColumns(center.getResult(), [&](Value k) {
      setElement(center.getResult(), k, arith::SubFOp::create(b, x(k), mean));
    });
  }

  void emitScaleRows(ScaleRowsOp scale) {
    forColumns(scale.getResult(), [&](Value column) {
      setElement(scale.getResult(), column,
                 b.mulf(element(scale.getInput(), column), element(scale.getScale(), column)));
    });
  }

  void emitRMSNormBackward(RMSNormBackwardOp op) {
    int64_t columns = getColumns(op.getInput());
    Value scale = scalars.lookup(op.getScale());
    auto gradOfNormed = [&](Value k) {
      return b.mulf(element(op.getGrad(), k), element(op.getGain(), k));
    };
    auto normed = [&](Value k) { return b.mulf(element(op.getInput(), k), scale); };
    Value sum = emitRowSum(columns, [&](Value k) { return b.mulf(normed(k), gradOfNormed(k)); });
    Value mean = b.divf(sum, b.real(static_cast<double>(columns)));
    forColumns(op.getResult(), [&](Value k) {
      Value rest = arith::SubFOp::create(b, gradOfNormed(k), b.mulf(normed(k), mean));
      setElement(op.getResult(), k, b.mulf(scale, rest));
    });
  }

  /// The target of the row, and 0 in place of none.
  std::pair<Value, Value> getTarget(Value target) {
    Value known = scalars.lookup(target);
    Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, known, b.i32(0));
    Value safe = arith::SelectOp::create(b, exists, known, b.i32(0));
    return {exists, arith::IndexCastOp::create(b, b.getIndexType(), safe)};
  }

  void emitCrossEntropy(CrossEntropyRowsOp op) {
    Value logits = op.getLogits();
    Value lowest = b.real(-std::numeric_limits<float>::infinity());
    Value largest = b.reduce(b.index(getColumns(logits)), lowest, [&](Value v, Value largest) {
      return b.maximum(element(logits, v), largest);
    });
    Value sum = emitRowSum(getColumns(logits), [&](Value v) -> Value {
      return math::ExpOp::create(b, arith::SubFOp::create(b, element(logits, v), largest));
    });
    Value total = b.addf(largest, math::LogOp::create(b, sum));
    auto [exists, target] = getTarget(op.getTarget());
    Value loss = arith::SubFOp::create(b, total, element(logits, target));
    scalars[op.getLoss()] = arith::SelectOp::create(b, exists, loss, b.real(0.0));
    scalars[op.getLogSumExp()] = total;
  }

  void emitCrossEntropyBackward(CrossEntropyBackwardOp op) {
    auto [exists, target] = getTarget(op.getTarget());
    Value grad = b.mulf(scalars.lookup(op.getWeight()), scalars.lookup(op.getGrad()));
    Value isThere = exists, at = target;
    forColumns(op.getResult(), [&](Value v) {
      Value shifted =
          arith::SubFOp::create(b, element(op.getLogits(), v), scalars.lookup(op.getLogSumExp()));
      Value probability = math::ExpOp::create(b, shifted);
      Value isTarget = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, v, at);
      Value one = arith::SelectOp::create(b, isTarget, b.real(1.0), b.real(0.0));
      Value result = b.mulf(arith::SubFOp::create(b, probability, one), grad);
      setElement(op.getResult(), v, arith::SelectOp::create(b, isThere, result, b.real(0.0)));
    });
  }

  void emitNormalize(NormalizeOp normalize) {
    forColumns(normalize.getResult(), [&](Value column) {
      Value x = element(normalize.getInput(), column);
      Value scaled = b.mulf(x, element(normalize.getScale(), column));
      setElement(normalize.getResult(), column,
                 b.mulf(scaled, element(normalize.getGain(), column)));
    });
  }

  void emitQuantize(QuantizeActivationsOp quantize) {
    Value input = quantize.getInput(), quantized = quantize.getQuantized();
    Value columns = b.index(getColumns(input));
    Value largest = b.reduce(columns, b.f32(0.0f), [&](Value column, Value largest) {
      return b.maximum(math::AbsFOp::create(b, element(input, column)), largest);
    });
    largest = b.maximum(largest, b.f32(1e-5f));
    Value inverse = b.divf(b.f32(127.0f), largest);
    scalars[quantize.getScale()] = b.divf(largest, b.f32(127.0f));
    scalars[quantize.getSum()] = b.reduce(columns, b.i32(0), [&](Value column, Value sum) -> Value {
      Value scaled = b.mulf(element(input, column), inverse);
      Value rounded = buildRoundEven(b, b.getLoc(), scaled);
      Value clamped = buildClamp(b, b.getLoc(), rounded, -128.0f, 127.0f);
      Value code = arith::FPToSIOp::create(b, b.getI32Type(), clamped);
      setElement(quantized, column, arith::TruncIOp::create(b, b.getI8Type(), code));
      return arith::AddIOp::create(b, sum, code);
    });
    int64_t padding = getColumns(quantized) - getColumns(input);
    if (padding == 0)
      return;
    b.loop(b.index(padding), [&](Value column) {
      setElement(quantized, b.op<arith::AddIOp>(column, columns),
                 b.constant(b.getI8IntegerAttr(0)));
    });
  }

  /// The op itself, on scalars.
  void emitElementwise(Operation *elementwise) {
    Value result = elementwise->getResult(0);
    auto emitScalar = [&](Value column) {
      IRMapping mapping;
      for (Value operand : elementwise->getOperands())
        mapping.map(operand, element(operand, column));
      Operation *clone = b.clone(*elementwise, mapping);
      clone->getResult(0).setType(getElementTypeOrSelf(result.getType()));
      return clone->getResult(0);
    };
    if (!isa<VectorType>(result.getType())) {
      scalars[result] = emitScalar(Value());
      return;
    }
    forColumns(result, [&](Value column) { setElement(result, column, emitScalar(column)); });
  }

  LoopBuilder &b;
  RowKernelOp op;
  Scratch &scratch;
  /// The part of sums that the row belongs to.
  Value part;
  /// Memory of vectors; values of scalars and of the elements of constants.
  DenseMap<Value, Value> rows, scalars;
  DenseMap<Type, Value> lanes;
};

struct ConvertRowKernel : OpConversionPattern<RowKernelOp> {
  ConvertRowKernel(const TypeConverter &converter, MLIRContext *context, Scratch &scratch)
      : OpConversionPattern(converter, context), scratch(scratch) {}

  LogicalResult matchAndRewrite(RowKernelOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    LoopBuilder b(op, rewriter);
    RowEmitter(b, op, scratch).emit();
    rewriter.eraseOp(op);
    return success();
  }

private:
  Scratch &scratch;
};
} // namespace

void loops::populateRowKernelPattern(RewritePatternSet &patterns, const TypeConverter &converter,
                                     Scratch &scratch) {
  patterns.add<ConvertRowKernel>(converter, patterns.getContext(), scratch);
}
