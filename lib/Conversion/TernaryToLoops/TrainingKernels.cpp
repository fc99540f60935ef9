//===- TrainingKernels.cpp - Kernels of training as scalar loops ----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopUtils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "ternary/Conversion/MathUtils.h"
#include "ternary/Conversion/ScalarKernels.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::loops;

namespace {
/// The sizes of all but the last `trailing` dimensions.
SmallVector<Value> rowSizes(LoopBuilder &b, Value memref, int64_t trailing = 1) {
  return b.sizes(memref, cast<MemRefType>(memref.getType()).getRank() - trailing);
}

int64_t getDim(Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  return type.getDimSize(dim < 0 ? type.getRank() + dim : dim);
}

/// Carries `init` through a nest of loops, the last one innermost.
Value reduceNest(LoopBuilder &b, ArrayRef<Value> sizes, Value init,
                 function_ref<Value(ValueRange, Value)> body, SmallVector<Value> indices = {}) {
  if (sizes.empty())
    return body(indices, init);
  return b.reduce(sizes.front(), init, [&](Value index, Value carried) {
    SmallVector<Value> inner(indices);
    inner.push_back(index);
    return reduceNest(b, sizes.drop_front(), carried, body, inner);
  });
}

Value multiply(LoopBuilder &b, ArrayRef<Value> sizes) {
  Value product = b.index(1);
  for (Value size : sizes)
    product = b.op<arith::MulIOp>(product, size);
  return product;
}

/// The index of a row as those of its dimensions.
SmallVector<Value> splitIndex(LoopBuilder &b, Value index, ArrayRef<Value> sizes) {
  SmallVector<Value> indices(sizes.size());
  for (size_t i = sizes.size(); i-- > 0;) {
    indices[i] = i == 0 ? index : b.op<arith::RemUIOp>(index, sizes[i]);
    index = b.op<arith::DivUIOp>(index, sizes[i]);
  }
  return indices;
}

/// out(j) += Σ_l gradient(l) · byte(l, j) for all j below `columns`, block by block along l:
/// gradients and sums in integers. `codes` are scratch.
void emitGradientProduct(LoopBuilder &b, Value codes, int32_t limit, Value depth, Value columns,
                         bool accumulate, function_ref<Value(Value l)> gradient,
                         function_ref<Value(Value l, Value j)> byte,
                         function_ref<Value(Value scale)> scaleOf,
                         function_ref<Value(Value j)> load,
                         function_ref<void(Value sum, Value j)> store) {
  Location loc = b.getLoc();
  if (!accumulate)
    b.loop(columns, [&](Value j) { store(b.f32(0.0f), j); });
  Value block = b.index(kGradientBlock);
  b.loop(arith::CeilDivUIOp::create(b, depth, block), [&](Value index) {
    Value from = b.op<arith::MulIOp>(index, block);
    Value length =
        arith::MinUIOp::create(b, block, arith::SubIOp::create(b, depth, from).getResult());
    auto element = [&](Value l) { return gradient(b.op<arith::AddIOp>(from, l)); };
    Value largest = b.reduce(length, b.i32(kLeastGradientBits), [&](Value l, Value largest) {
      Value bits = arith::BitcastOp::create(b, b.getI32Type(), element(l));
      bits = arith::AndIOp::create(b, bits, b.i32(0x7FFFFFFF));
      return arith::MaxSIOp::create(b, largest, bits).getResult();
    });
    GradientScale found = buildGradientScale(b, loc, largest, limit);
    Value scale = scaleOf(found.scale);
    b.loop(length, [&](Value l) {
      b.store(buildGradientCode(b, loc, element(l), found.inverse), codes, l);
    });
    b.loop(columns, [&](Value j) {
      Value sum = b.reduce(length, b.i32(0), [&](Value l, Value sum) {
        Value product =
            b.op<arith::MulIOp>(b.load(codes, l), byte(b.op<arith::AddIOp>(from, l), j));
        return b.op<arith::AddIOp>(sum, product);
      });
      Value part = b.mulf(arith::SIToFPOp::create(b, b.getF32Type(), sum), scale);
      store(b.addf(load(j), part), j);
    });
  });
}

Value allocateCodes(LoopBuilder &b) {
  return memref::AllocaOp::create(b, MemRefType::get({kGradientBlock}, b.getI32Type()));
}

void emit(LoopBuilder &b, LinearBackwardInputKernelOp op, ValueRange ins, ValueRange outs) {
  Value grad = ins[0], weight = ins[1], weightScale = b.load(ins[2], b.index(0)), out = outs[0];
  int64_t columns = getDim(out, -1);
  Value codes = allocateCodes(b);
  b.nest(rowSizes(b, out), [&](ValueRange row) {
    emitGradientProduct(
        b, codes, op.getInt8() ? kInt8GradientLimit : kInputGradientLimit,
        b.index(getDim(grad, -1)), b.index(columns),
        /*accumulate=*/false, [&](Value n) { return b.load(grad, append(row, n)); },
        [&](Value n, Value k) {
          Value place = b.op<arith::AddIOp>(b.op<arith::MulIOp>(n, b.index(columns)), k);
          Value code = arith::ExtUIOp::create(b, b.getI32Type(), b.load(weight, place));
          return arith::SubIOp::create(b, code, b.i32(1));
        },
        [&](Value scale) { return b.mulf(scale, weightScale); },
        [&](Value k) { return b.load(out, append(row, k)); },
        [&](Value sum, Value k) { b.store(sum, out, append(row, k)); });
  });
}

void emit(LoopBuilder &b, LinearBackwardWeightKernelOp op, ValueRange ins, ValueRange outs) {
  Value grad = ins[0], activations = ins[1], scales = ins[2], out = outs[0];
  SmallVector<Value> sizes = rowSizes(b, grad);
  Value rows = multiply(b, sizes);
  Value codes = allocateCodes(b);
  b.loop(b.index(getDim(grad, -1)), [&](Value n) {
    emitGradientProduct(
        b, codes, op.getInt8() ? kInt8GradientLimit : kWeightGradientLimit, rows,
        b.index(getDim(out, 1)), op.getAccumulate(),
        [&](Value m) {
          SmallVector<Value> row = splitIndex(b, m, sizes);
          return b.mulf(b.load(grad, append(row, n)), b.load(scales, row));
        },
        [&](Value m, Value k) {
          Value q = b.load(activations, append(splitIndex(b, m, sizes), k));
          return arith::ExtSIOp::create(b, b.getI32Type(), q);
        },
        [](Value scale) { return scale; }, [&](Value k) { return b.load(out, {n, k}); },
        [&](Value sum, Value k) { b.store(sum, out, {n, k}); });
  });
}

void emit(LoopBuilder &b, MatmulTransposeAKernelOp op, ValueRange ins, ValueRange outs) {
  SmallVector<Value> rows = rowSizes(b, ins[0]);
  Value count = multiply(b, rows);
  b.nest(b.sizes(outs[0], 2), [&](ValueRange index) {
    Value sum = b.sum(count, [&](Value m, Value sum) -> Value {
      SmallVector<Value> row = splitIndex(b, m, rows);
      return math::FmaOp::create(b, b.load(ins[0], append(row, index[0])),
                                 b.load(ins[1], append(row, index[1])), sum);
    });
    if (op.getAccumulate())
      sum = b.addf(b.load(outs[0], index), sum);
    b.store(sum, outs[0], index);
  });
}

void emit(LoopBuilder &b, SumRowsKernelOp, ValueRange ins, ValueRange outs) {
  SmallVector<Value> rows = rowSizes(b, ins[0]);
  b.loop(b.index(getDim(outs[0], 0)), [&](Value k) {
    Value sum = reduceNest(b, rows, b.real(0.0), [&](ValueRange row, Value sum) {
      return b.addf(sum, b.load(ins[0], append(row, k)));
    });
    b.store(sum, outs[0], k);
  });
}

void emit(LoopBuilder &b, MeanKernelOp, ValueRange ins, ValueRange outs) {
  SmallVector<Value> rows = rowSizes(b, ins[0], /*trailing=*/0);
  Value sum = b.sum(multiply(b, rows), [&](Value m, Value sum) {
    return b.addf(sum, b.load(ins[0], splitIndex(b, m, rows)));
  });
  Value count = reduceNest(b, rows, b.i32(0), [&](ValueRange row, Value count) -> Value {
    Value counts =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sge, b.load(ins[1], row), b.i32(0));
    return arith::AddIOp::create(b, count, arith::ExtUIOp::create(b, b.getI32Type(), counts));
  });
  count = arith::MaxSIOp::create(b, count, b.i32(1));
  Value weight = b.divf(b.real(1.0), arith::SIToFPOp::create(b, b.getRealType(), count));
  b.store(b.mulf(sum, weight), outs[0], {});
  b.store(weight, outs[1], {});
}

void emit(LoopBuilder &b, ScanBackwardKernelOp, ValueRange ins, ValueRange outs) {
  Value forget = ins[0], hidden = ins[1], state = ins[2], grad = ins[3], gradState = ins[4];
  SmallVector<Value> sizes = b.sizes(forget, 3);
  Value last = b.op<arith::SubIOp>(sizes[1], b.index(1));
  b.nest({sizes[0], sizes[2]}, [&](ValueRange index) {
    Value initial = b.reduce(sizes[1], b.load(gradState, index), [&](Value step, Value carried) {
      Value t = b.op<arith::SubIOp>(last, step);
      SmallVector<Value> element = {index[0], t, index[1]};
      Value d = b.addf(carried, b.load(grad, element));
      b.store(d, outs[1], element);
      Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, t, b.index(0));
      auto previous = scf::IfOp::create(b, b.getRealType(), isFirst, /*withElseRegion=*/true);
      {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(previous.thenBlock());
        scf::YieldOp::create(b, b.load(state, index));
        b.setInsertionPointToStart(previous.elseBlock());
        Value before = b.op<arith::SubIOp>(t, b.index(1));
        scf::YieldOp::create(b, b.load(hidden, {index[0], before, index[1]}));
      }
      b.store(b.mulf(d, previous.getResult(0)), outs[0], element);
      return b.mulf(d, b.load(forget, element));
    });
    b.store(initial, outs[2], index);
  });
}

void emit(LoopBuilder &b, ScatterKernelOp op, ValueRange ins, ValueRange outs) {
  Value ids = ins[0], grad = ins[1], table = outs[0];
  if (!op.getAccumulate())
    b.nest(b.sizes(table, 2), [&](ValueRange index) { b.store(b.real(0.0), table, index); });
  b.nest(rowSizes(b, grad), [&](ValueRange row) {
    Value id = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), b.load(ids, row));
    b.loop(b.index(getDim(table, 1)), [&](Value k) {
      Value sum = b.addf(b.load(table, {id, k}), b.load(grad, append(row, k)));
      b.store(sum, table, {id, k});
    });
  });
}

/// `β[l, h]` for all l of a column, in `out`.
void emitSoftmaxOfColumn(LoopBuilder &b, Value parameters, Value out, Value h) {
  Value layers = b.index(getDim(parameters, 0));
  Value lowest = b.real(-std::numeric_limits<float>::infinity());
  Value largest = b.reduce(layers, lowest, [&](Value l, Value largest) {
    return b.maximum(b.load(parameters, {l, h}), largest);
  });
  Value sum = b.reduce(layers, b.real(0.0), [&](Value l, Value sum) {
    Value shifted = arith::SubFOp::create(b, b.load(parameters, {l, h}), largest);
    Value power = math::ExpOp::create(b, shifted);
    b.store(power, out, {l, h});
    return b.addf(sum, power);
  });
  b.loop(layers, [&](Value l) { b.store(b.divf(b.load(out, {l, h}), sum), out, {l, h}); });
}

void emit(LoopBuilder &b, LowerBoundsKernelOp, ValueRange ins, ValueRange outs) {
  Value out = outs[0];
  b.loop(b.index(getDim(out, 1)), [&](Value h) {
    emitSoftmaxOfColumn(b, ins[0], out, h);
    Value first = b.load(out, {b.index(0), h});
    b.reduce(b.index(getDim(out, 0)), b.real(0.0), [&](Value l, Value sum) {
      sum = b.addf(sum, b.load(out, {l, h}));
      b.store(arith::SubFOp::create(b, sum, first), out, {l, h});
      return sum;
    });
  });
}

void emit(LoopBuilder &b, LowerBoundsBackwardKernelOp, ValueRange ins, ValueRange outs) {
  Value grad = ins[1], out = outs[0];
  int64_t layers = getDim(out, 0);
  b.loop(b.index(getDim(out, 1)), [&](Value h) {
    emitSoftmaxOfColumn(b, ins[0], out, h);
    // s[l] for every l, and then their mean under β; few layers, so it is unrolled.
    SmallVector<Value> sums(layers, b.real(0.0));
    for (int64_t l = layers - 1; l > 0; --l) {
      Value g = b.load(grad, {b.index(l), h});
      sums[l] = l == layers - 1 ? g : b.addf(sums[l + 1], g);
    }
    Value mean = b.real(0.0);
    for (int64_t l = 0; l < layers; ++l)
      mean = b.addf(mean, b.mulf(b.load(out, {b.index(l), h}), sums[l]));
    for (int64_t l = 0; l < layers; ++l) {
      Value centred = arith::SubFOp::create(b, sums[l], mean);
      b.store(b.mulf(b.load(out, {b.index(l), h}), centred), out, {b.index(l), h});
    }
  });
}

/// Σ |w| in f64, blocked along rows and then over rows, as on the host.
void emit(LoopBuilder &b, QuantizeWeightsKernelOp, ValueRange ins, ValueRange outs) {
  Value weight = ins[0], trits = outs[0], sumsOfRows = outs[2];
  int64_t rows = getDim(weight, 0), columns = getDim(weight, 1);
  Type f64 = b.getF64Type();
  int64_t mostBlocks = llvm::divideCeil(std::max(rows, columns), SquareSumsOp::kBlock);
  Value lanes = memref::AllocaOp::create(b, MemRefType::get({kLanes}, f64));
  Value blocks = memref::AllocaOp::create(b, MemRefType::get({mostBlocks}, f64));
  auto addUp = [&](int64_t count, function_ref<Value(Value)> element) {
    emitBlockSums(b, lanes, count, element,
                  [&](Value sum, Value block) { b.store(sum, blocks, block); });
    return emitSumOfBlocks(b, lanes, llvm::divideCeil(count, SquareSumsOp::kBlock),
                           [&](Value block) { return b.load(blocks, block); });
  };
  b.loop(b.index(rows), [&](Value n) {
    Value sum = addUp(columns, [&](Value k) -> Value {
      Value x = arith::ExtFOp::create(b, f64, b.load(weight, {n, k}));
      return math::AbsFOp::create(b, x);
    });
    b.store(sum, sumsOfRows, n);
  });
  // The sums of rows are summed in the same way.
  Value total = addUp(rows, [&](Value n) { return b.load(sumsOfRows, n); });
  Value mean = arith::DivFOp::create(
      b, total, b.constant(b.getF64FloatAttr(static_cast<double>(rows * columns))));
  Value scale = b.maximum(arith::TruncFOp::create(b, b.getF32Type(), mean), b.f32(1e-5f));
  b.store(scale, outs[1], b.index(0));
  Value inverse = b.divf(b.f32(1.0f), scale);
  b.nest({b.index(rows), b.index(columns)}, [&](ValueRange index) {
    Value x = b.mulf(b.load(weight, index), inverse);
    x = buildRoundEven(b, b.getLoc(), buildClamp(b, b.getLoc(), x, -1.0f, 1.0f));
    Value code = arith::AddIOp::create(b, arith::FPToSIOp::create(b, b.getI32Type(), x), b.i32(1));
    Value place = b.op<arith::AddIOp>(b.op<arith::MulIOp>(index[0], b.index(columns)), index[1]);
    b.store(arith::TruncIOp::create(b, b.getI8Type(), code), trits, place);
  });
}

/// Byte by byte: the codes that lie in it, of weights that exist, or of zero.
void emit(LoopBuilder &b, PackKernelOp op, ValueRange ins, ValueRange outs) {
  Value trits = ins[0], packed = outs[0];
  auto type = cast<MemRefType>(op.getOuts()[0].getType());
  auto layout = dyn_cast<PackedAttr>(type.getLayout());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  if (!layout)
    layout = PackedAttr::getPlain(op.getContext());
  int64_t planes = layout.getPlanes(), halves = layout.getHalves();
  int64_t perPlane = layout.getPaddedColumns(columns) / planes;
  int64_t groups = perPlane / layout.getDepth(), rowsOfHalf = rows / halves;
  int64_t vectorsOfHalf = layout.getVectors() / halves;
  auto nested = [&](Value outer, int64_t size, Value inner) {
    return b.op<arith::AddIOp>(b.op<arith::MulIOp>(outer, b.index(size)), inner);
  };
  auto isBelow = [&](Value value, int64_t bound) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, value, b.index(bound));
  };
  SmallVector<Value> sizes;
  for (int64_t size : {layout.getNumTiles(rows), groups, layout.getVectors(), layout.getLanes(),
                       layout.getDepth()})
    sizes.push_back(b.index(size));
  b.nest(sizes, [&](ValueRange at) {
    Value tile = at[0], group = at[1], vector = at[2], lane = at[3], inDepth = at[4];
    Value half = b.op<arith::DivUIOp>(vector, b.index(vectorsOfHalf));
    Value vectorOfHalf = b.op<arith::RemUIOp>(vector, b.index(vectorsOfHalf));
    Value row = nested(nested(tile, vectorsOfHalf, vectorOfHalf), layout.getLanes(), lane);
    Value rowExists = isBelow(row, rowsOfHalf);
    row = nested(half, rowsOfHalf, row);
    Value byte = b.i32(0);
    for (int64_t p = 0; p < planes; ++p) {
      Value column =
          b.op<arith::AddIOp>(nested(group, layout.getDepth(), inDepth), b.index(p * perPlane));
      Value exists = arith::AndIOp::create(b, rowExists, isBelow(column, columns));
      auto code = scf::IfOp::create(b, b.getI32Type(), exists, /*withElseRegion=*/true);
      {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(code.thenBlock());
        Value stored = b.load(trits, nested(row, columns, column));
        scf::YieldOp::create(b, arith::ExtUIOp::create(b, b.getI32Type(), stored).getResult());
        b.setInsertionPointToStart(code.elseBlock());
        scf::YieldOp::create(b, b.i32(1));
      }
      Value shifted = arith::ShLIOp::create(b, code.getResult(0), b.i32(2 * p));
      byte = arith::OrIOp::create(b, byte, shifted);
    }
    Value place = tile;
    place = nested(place, groups, group);
    place = nested(place, layout.getVectors(), vector);
    place = nested(place, layout.getLanes(), lane);
    place = nested(place, layout.getDepth(), inDepth);
    b.store(arith::TruncIOp::create(b, b.getI8Type(), byte), packed, place);
  });
}

/// All elements of `memref`, which is contiguous, in one dimension.
Value flatten(LoopBuilder &b, Value memref) {
  int64_t rank = cast<MemRefType>(memref.getType()).getRank();
  SmallVector<ReassociationIndices> groups;
  if (rank == 0)
    return memref::ExpandShapeOp::create(b, ArrayRef<int64_t>{1}, memref, groups);
  groups.emplace_back(llvm::to_vector<2>(llvm::seq<int64_t>(0, rank)));
  return memref::CollapseShapeOp::create(b, memref, groups);
}

/// Lane by lane: the elements of a lane in the order of their index.
void emit(LoopBuilder &b, SquareSumKernelOp op, ValueRange ins, ValueRange outs) {
  Value input = flatten(b, ins[0]), parts = outs[0], total = outs[1];
  int64_t count = getDim(input, 0);
  int64_t partSize = SquareSumOp::getPartSize(count);
  Value zero = b.constant(b.getF64FloatAttr(0.0));
  Value lanes = memref::AllocaOp::create(b, MemRefType::get({SquareSumOp::kLanes}, b.getF64Type()));
  b.loop(b.index(SquareSumOp::kParts), [&](Value part) {
    b.loop(b.index(SquareSumOp::kLanes), [&](Value lane) { b.store(zero, lanes, lane); });
    b.loop(b.index(partSize), [&](Value inPart) {
      Value at = b.op<arith::AddIOp>(b.op<arith::MulIOp>(part, b.index(partSize)), inPart);
      Value x = b.elementOrZero(at, count, [&](Value at) -> Value {
        return arith::ExtFOp::create(b, b.getF64Type(), b.load(input, at));
      });
      Value lane = b.op<arith::RemUIOp>(inPart, b.index(SquareSumOp::kLanes));
      b.store(b.addf(b.load(lanes, lane), b.mulf(x, x)), lanes, lane);
    });
    b.store(b.fold(lanes), parts, part);
  });
  Value sum = b.fold(parts);
  if (op.getAccumulate())
    sum = b.addf(b.load(total, {}), sum);
  b.store(sum, total, {});
}

void emit(LoopBuilder &b, AdamWKernelOp op) {
  Value parameter = op.getOuts()[0], first = op.getOuts()[1], second = op.getOuts()[2];
  int64_t rank = cast<MemRefType>(parameter.getType()).getRank();
  b.nest(b.sizes(parameter, rank), [&](ValueRange at) {
    Value g = b.mulf(b.load(op.getGradient(), at), op.getGradientScale());
    Value m = b.addf(b.mulf(op.getBeta1(), b.load(first, at)), b.mulf(op.getRest1(), g));
    Value v =
        b.addf(b.mulf(op.getBeta2(), b.load(second, at)), b.mulf(b.mulf(op.getRest2(), g), g));
    b.store(m, first, at);
    b.store(v, second, at);
    Value root = math::SqrtOp::create(b, b.mulf(v, op.getCorrection2()));
    Value change =
        b.divf(b.mulf(op.getRate(), b.mulf(m, op.getCorrection1())), b.addf(root, op.getEpsilon()));
    Value kept = b.mulf(b.load(parameter, at), op.getKeep());
    b.store(arith::SubFOp::create(b, kept, change), parameter, at);
  });
}

struct ConvertAdamW : OpConversionPattern<AdamWKernelOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(AdamWKernelOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    LoopBuilder b(op, rewriter);
    emit(b, op);
    rewriter.eraseOp(op);
    return success();
  }
};

/// A copy that is no block of memory: without this it would be a call of a library.
struct ConvertStridedCopy : OpConversionPattern<memref::CopyOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(memref::CopyOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    LoopBuilder b(op, rewriter);
    auto type = cast<MemRefType>(op.getTarget().getType());
    b.nest(b.sizes(op.getTarget(), type.getRank()), [&](ValueRange index) {
      b.store(b.load(op.getSource(), index), op.getTarget(), index);
    });
    rewriter.eraseOp(op);
    return success();
  }
};

bool isBlock(Value memref) {
  auto type = dyn_cast<MemRefType>(memref.getType());
  return type && type.getLayout().isIdentity();
}

/// Which of the functions above emits an op.
constexpr auto emitLoops = [](LoopBuilder &b, auto op, ValueRange ins, ValueRange outs) {
  emit(b, op, ins, outs);
};
} // namespace

void ternary::populateScalarKernelLoops(RewritePatternSet &patterns, const TypeConverter &converter,
                                        ConversionTarget &target) {
  addKernelPatterns<MeanKernelOp, LowerBoundsKernelOp, LowerBoundsBackwardKernelOp, PackKernelOp>(
      patterns, converter, target, emitLoops);
  populateCacheKernelPatterns(patterns, converter, target);
  patterns.add<ConvertStridedCopy>(converter, patterns.getContext());
  target.addDynamicallyLegalOp<memref::CopyOp>(
      [](memref::CopyOp op) { return isBlock(op.getSource()) && isBlock(op.getTarget()); });
}

void loops::populateTrainingKernelPatterns(RewritePatternSet &patterns,
                                           const TypeConverter &converter,
                                           ConversionTarget &target) {
  addKernelPatterns<LinearBackwardInputKernelOp, LinearBackwardWeightKernelOp,
                    MatmulTransposeAKernelOp, SumRowsKernelOp, ScanBackwardKernelOp,
                    ScatterKernelOp, QuantizeWeightsKernelOp, SquareSumKernelOp>(
      patterns, converter, target, emitLoops);
  patterns.add<ConvertAdamW>(converter, patterns.getContext());
  target.addIllegalOp<AdamWKernelOp>();
}
