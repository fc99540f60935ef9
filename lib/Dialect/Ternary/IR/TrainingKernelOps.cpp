//===- TrainingKernelOps.cpp - Kernels of gradients ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpUtils.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::op_utils;

namespace {
/// What an operand has to be: a name for messages, its element type, its shape.
struct Expected {
  StringRef name;
  Type element;
  SmallVector<int64_t> shape;
};

/// The element types of kernels' operands; `real` is f64 where the first of outs is.
struct Elements {
  Elements(Builder b, OperandRange outs)
      : f32(b.getF32Type()), f64(b.getF64Type()), real(getComputeType(outs.front().getType())),
        i32(b.getI32Type()), i8(b.getI8Type()), trit(TritType::get(b.getContext())) {}
  Type f32, f64, real, i32, i8, trit;
};

using Shape = SmallVector<int64_t>;

Shape shapeOf(Value value) { return Shape(cast<ShapedType>(value.getType()).getShape()); }

/// The rows of `value` with another number of columns.
Shape withColumns(Value value, int64_t columns) {
  return replaceColumns(value.getType(), {columns});
}

/// Checks the number of operands, that they have at least `leastRank` dimensions, and then
/// each of them, `ins` before `outs`, against what `expected` makes of both.
template <typename OpTy>
LogicalResult verifyKernel(
    OpTy op, size_t numIns, size_t numOuts,
    function_ref<SmallVector<Expected>(OperandRange ins, OperandRange outs, Elements)> expected,
    int64_t leastRank = 1) {
  OperandRange ins = op.getIns(), outs = op.getOuts();
  if (ins.size() != numIns || outs.size() != numOuts)
    return op.emitOpError() << "expected " << numIns << " ins and " << numOuts << " outs, got "
                            << ins.size() << " and " << outs.size();
  for (Value operand : op->getOperands())
    if (cast<ShapedType>(operand.getType()).getRank() < leastRank)
      return op.emitOpError() << "expected operands with dimensions, got " << operand.getType();
  if (failed(verifyDestinations(op, outs, op->getResultTypes())))
    return failure();
  SmallVector<Expected> all = expected(ins, outs, Elements(Builder(op.getContext()), outs));
  for (auto [operand, want] : llvm::zip_equal(op->getOperands(), all)) {
    auto type = cast<ShapedType>(operand.getType());
    if (type.getElementType() != want.element)
      return op.emitOpError() << "expected " << want.name << " of " << want.element << ", got "
                              << type;
    if (failed(verifyShape(op, want.name, type, want.shape)))
      return failure();
  }
  return success();
}
} // namespace

/// Errors unless a weight is of static shape [N, K] and packed exactly if it should be.
static LogicalResult verifyWeight(Operation *op, Value weight, bool isPacked) {
  auto type = cast<ShapedType>(weight.getType());
  Attribute layout;
  if (auto memref = dyn_cast<MemRefType>(type))
    layout = memref.getLayout();
  else
    layout = cast<RankedTensorType>(type).getEncoding();
  if (type.hasStaticShape() && type.getRank() == 2 &&
      isa_and_nonnull<PackedAttr>(layout) == isPacked)
    return success();
  return op->emitOpError() << "expected a " << (isPacked ? "packed" : "plain")
                           << " weight of static shape [N, K], got " << type;
}

LogicalResult LinearBackwardInputKernelOp::verify() {
  if (getIns().size() > 1 && isa<TritType>(getElementTypeOrSelf(getIns()[1])) &&
      failed(verifyWeight(*this, getIns()[1], /*isPacked=*/false)))
    return failure();
  return verifyKernel(*this, 3, 1, [](auto ins, auto outs, Elements of) { // (C1)
    Shape weight = shapeOf(ins[1]);
    return SmallVector<Expected>{{"grad", of.f32, withColumns(ins[0], weight.front())},
                                 {"weight", of.trit, {weight.front(), weight.back()}},
                                 {"weight scale", of.f32, {1}},
                                 {"outs", of.f32, withColumns(ins[0], weight.back())}};
  });
}

LogicalResult LinearBackwardWeightKernelOp::verify() {
  return verifyKernel(*this, 3, 1, [](auto ins, auto outs, Elements of) { // (C1)
    Shape out = shapeOf(outs[0]);
    int64_t columns = std::min(out.back(), shapeOf(ins[1]).back());
    return SmallVector<Expected>{
        {"grad", of.f32, withColumns(ins[1], out.front())},
        {"activations", of.i8, withColumns(ins[0], shapeOf(ins[1]).back())},
        {"activation scale", of.f32, replaceColumns(ins[0].getType(), {})},
        {"outs", of.f32, {out.front(), columns}}};
  });
}

LogicalResult SumRowsKernelOp::verify() {
  return verifyKernel(*this, 1, 1, [](auto ins, auto outs, Elements of) { // (C1)
    return SmallVector<Expected>{{"input", of.real, shapeOf(ins[0])},
                                 {"outs", of.real, {shapeOf(ins[0]).back()}}};
  });
}

LogicalResult MeanKernelOp::verify() {
  return verifyKernel( // (C1)
      *this, 2, 2,
      [](auto ins, auto outs, Elements of) {
        return SmallVector<Expected>{{"values", of.real, shapeOf(ins[1])},
                                     {"targets", of.i32, shapeOf(ins[0])},
                                     {"mean", of.real, {}},
                                     {"weight", of.real, {}}};
      },
      /*leastRank=*/0);
}

LogicalResult ScanBackwardKernelOp::verify() {
  return verifyKernel(*this, 5, 3, [](auto ins, auto outs, Elements of) { // (C1)
    Shape gates = shapeOf(ins[0]), state = {gates.front(), gates.back()};
    if (gates.size() != 3)
      gates = {ShapedType::kDynamic, ShapedType::kDynamic, gates.back()};
    return SmallVector<Expected>{
        {"forget gates", of.real, gates}, {"hidden", of.real, gates},
        {"state", of.real, state},        {"grad", of.real, gates},
        {"grad_state", of.real, state},   {"grad_forget", of.real, gates},
        {"grad_input", of.real, gates},   {"grad_initial", of.real, state}};
  });
}

LogicalResult ScatterKernelOp::verify() {
  return verifyKernel(*this, 2, 1, [](auto ins, auto outs, Elements of) { // (C1)
    Shape table = shapeOf(outs[0]);
    return SmallVector<Expected>{{"ids", of.i32, replaceColumns(ins[1].getType(), {})},
                                 {"grad", of.real, withColumns(ins[1], table.back())},
                                 {"outs", of.real, {table.front(), shapeOf(ins[1]).back()}}};
  });
}

/// Errors unless `value` is of static shape [L, H].
static LogicalResult verifyBounds(Operation *op, Value value) {
  auto type = cast<ShapedType>(value.getType());
  if (type.hasStaticShape() && type.getRank() == 2)
    return success();
  return op->emitOpError() << "expected outs of static shape [L, H], got " << type;
}

LogicalResult LowerBoundsKernelOp::verify() {
  if (failed(verifyKernel(*this, 1, 1, [](auto ins, auto outs, Elements of) { // (C1)
        return SmallVector<Expected>{{"parameters", of.real, shapeOf(outs[0])},
                                     {"outs", of.real, shapeOf(ins[0])}};
      })))
    return failure();
  return verifyBounds(*this, getOuts()[0]);
}

LogicalResult LowerBoundsBackwardKernelOp::verify() {
  if (failed(verifyKernel(*this, 2, 1, [](auto ins, auto outs, Elements of) { // (C1)
        return SmallVector<Expected>{{"parameters", of.real, shapeOf(outs[0])},
                                     {"grad", of.real, shapeOf(ins[0])},
                                     {"outs", of.real, shapeOf(ins[0])}};
      })))
    return failure();
  return verifyBounds(*this, getOuts()[0]);
}

LogicalResult QuantizeWeightsKernelOp::verify() {
  if (failed(verifyKernel(*this, 1, 3, [](auto ins, auto outs, Elements of) { // (C1)
        return SmallVector<Expected>{{"weight", of.f32, shapeOf(outs[0])},
                                     {"trits", of.trit, shapeOf(ins[0])},
                                     {"scale", of.f32, {1}},
                                     {"sums", of.f64, {shapeOf(ins[0]).front()}}};
      })))
    return failure();
  return verifyWeight(*this, getOuts()[0], /*isPacked=*/false);
}

LogicalResult PackKernelOp::verify() {
  if (failed(verifyKernel(*this, 1, 1, // (C1)
                          [](auto ins, auto outs, Elements of) {
                            return SmallVector<Expected>{{"trits", of.trit, shapeOf(outs[0])},
                                                         {"outs", of.trit, shapeOf(ins[0])}};
                          })) ||
      failed(verifyWeight(*this, getIns()[0], /*isPacked=*/false)))
    return failure();
  return verifyWeight(*this, getOuts()[0], /*isPacked=*/true);
}

std::string SquareSumKernelOp::getShortName() {
  return getKernelName("square_sum", shapeOf(getIns()[0]));
}

LogicalResult SquareSumKernelOp::verify() {
  if (getIns().size() == 1 && !cast<ShapedType>(getIns()[0].getType()).hasStaticShape())
    return emitOpError() << "expected an input of static shape, got " << getIns()[0].getType();
  return verifyKernel( // (C1)
      *this, 1, 2,
      [](auto ins, auto outs, Elements of) {
        return SmallVector<Expected>{{"input", of.f32, shapeOf(ins[0])},
                                     {"parts", of.f64, {SquareSumOp::kParts}},
                                     {"sum", of.f64, {}}};
      },
      /*leastRank=*/0);
}

std::string AdamWKernelOp::getShortName() { return getKernelName("adamw", shapeOf(getGradient())); }

LogicalResult AdamWKernelOp::verify() {
  auto gradient = cast<ShapedType>(getGradient().getType());
  if (!gradient.hasStaticShape() || !gradient.getElementType().isF32()) // (C1)
    return emitOpError() << "expected a gradient of f32 and static shape, got " << gradient;
  if (getOuts().size() != 3)
    return emitOpError() << "expected 3 outs, got " << getOuts().size();
  for (Type type : getOuts().getTypes())
    if (auto out = cast<ShapedType>(type);
        out.getElementType() != gradient.getElementType() || out.getShape() != gradient.getShape())
      return emitOpError() << "expected outs of the gradient's shape and element type, got " << out
                           << " for " << gradient;
  return verifyDestinations(*this, getOuts(), getResultTypes());
}

/// Errors unless `value` is of static shape [rows, columns].
static LogicalResult verifyMatrix(Operation *op, StringRef name, Value value) {
  auto type = cast<ShapedType>(value.getType());
  if (type.hasStaticShape() && type.getRank() == 2)
    return success();
  return op->emitOpError() << "expected " << name << " of two static dimensions, got " << type;
}

int64_t MatmulKernelOp::getMACsPerToken() {
  return shapeOf(getIns()[0]).back() * shapeOf(getOuts()[0]).back();
}

LogicalResult MatmulKernelOp::verify() {
  if (failed(verifyKernel(*this, 2, 1, [](auto ins, auto outs, Elements of) { // (C1)
        Shape matrix = shapeOf(ins[1]);
        Type element = getElementTypeOrSelf(ins[1].getType());
        bool isWeight = static_cast<bool>(getLayoutOf(ins[1].getType()));
        int64_t depth = isWeight ? matrix.back() : matrix.front();
        int64_t columns = isWeight ? matrix.front() : matrix.back();
        return SmallVector<Expected>{
            {"input", of.real, withColumns(outs[0], depth)},
            {"matrix", isa<Float16Type, BFloat16Type>(element) ? element : of.real, matrix},
            {"outs", of.real, withColumns(ins[0], columns)}};
      })))
    return failure();
  return verifyMatrix(*this, "a matrix", getIns()[1]);
}

LogicalResult MatmulTransposeAKernelOp::verify() {
  return verifyKernel(*this, 2, 1, [](auto ins, auto outs, Elements of) { // (C1)
    Shape out = shapeOf(outs[0]);
    return SmallVector<Expected>{
        {"a", of.real, withColumns(ins[1], out.front())},
        {"b", of.real, withColumns(ins[0], out.back())},
        {"outs", of.real, {shapeOf(ins[0]).back(), shapeOf(ins[1]).back()}}};
  });
}

LogicalResult TransposeKernelOp::verify() {
  if (failed(verifyKernel( // (C1)
          *this, 1, 1,
          [](auto ins, auto outs, Elements of) {
            Shape weight = shapeOf(ins[0]);
            return SmallVector<Expected>{{"weight", of.real, weight},
                                         {"outs", of.real, {weight.back(), weight.front()}}};
          },
          /*leastRank=*/2)))
    return failure();
  return verifyMatrix(*this, "a weight", getIns()[0]);
}

LogicalResult RotaryKernelOp::verify() {
  bool hasPast = getIns().size() > 1;
  if (failed(verifyKernel( // (C1)
          *this, hasPast ? 2 : 1, 1,
          [&](auto ins, auto outs, Elements of) {
            SmallVector<Expected> expected = {{"input", of.real, shapeOf(outs[0])}};
            if (hasPast)
              expected.push_back({"past", of.i32, {}});
            expected.push_back({"outs", of.real, shapeOf(ins[0])});
            return expected;
          },
          /*leastRank=*/0)))
    return failure();
  return verifyRotary(*this, getIns()[0].getType(), getHeadSize(), getTheta());
}

bool AttentionKernelOp::hasScales() {
  return getIns().size() > 1 && getElementTypeOrSelf(getIns()[1]).isInteger();
}

LogicalResult AttentionKernelOp::verify() {
  size_t scales = hasScales() ? 2 : 0;
  if (failed(verifyKernel( // (C1)
          *this, 3 + scales + hasPast(), 2,
          [&](auto ins, auto outs, Elements of) {
            Shape q = shapeOf(ins[0]), rows = q;
            if (!rows.empty())
              rows.back() = getHeads();
            Type cached = getElementTypeOrSelf(ins[1].getType());
            cached = scales ? of.i8 : cached.isF16() ? cached : of.real;
            SmallVector<Expected> expected = {
                {"q", of.real, q}, {"k", cached, shapeOf(ins[1])}, {"v", cached, shapeOf(ins[1])}};
            for (Value scale : ins.slice(3, scales))
              expected.push_back({"scales", of.f32, shapeOf(scale)});
            if (hasPast())
              expected.push_back({"past", of.i32, {}});
            expected.push_back({"result", of.real, q});
            expected.push_back({"log_sum_exp", of.real, rows});
            return expected;
          },
          /*leastRank=*/0)))
    return failure();
  return verifyAttention(*this, getIns()[0].getType(), getIns()[1].getType(),
                         getIns().slice(3, scales).getTypes(), getHeads(), getKvHeads());
}

LogicalResult AttentionBackwardKernelOp::verify() {
  if (failed(verifyKernel(*this, 6, 4, [&](auto ins, auto outs, Elements of) { // (C1)
        Shape q = shapeOf(ins[0]), k = withColumns(ins[0], shapeOf(ins[1]).back());
        Shape rows = withColumns(ins[0], getHeads());
        return SmallVector<Expected>{{"q", of.real, q},
                                     {"k", of.real, k},
                                     {"v", of.real, k},
                                     {"result", of.real, q},
                                     {"log_sum_exp", of.real, rows},
                                     {"grad", of.real, q},
                                     {"grad_q", of.real, q},
                                     {"grad_k", of.real, k},
                                     {"grad_v", of.real, k},
                                     {"δ", of.real, rows}};
      })))
    return failure();
  return verifyAttention(*this, getIns()[0].getType(), getIns()[1].getType(), /*scales=*/{},
                         getHeads(), getKvHeads());
}

/// Errors unless `value` is `[B, T, H]` with static H.
static LogicalResult verifyTokens(Operation *op, StringRef name, Value value) {
  if (shapeOf(value).size() == 3)
    return verifyColumns(op, name, value.getType());
  return op->emitOpError() << "expected " << name << " of shape [B, T, H], got " << value.getType();
}

LogicalResult TokenShiftKernelOp::verify() {
  if (failed(verifyKernel(*this, 1, 2, [](auto ins, auto outs, Elements of) { // (C1)
        Shape input = shapeOf(ins[0]);
        return SmallVector<Expected>{{"input", of.real, shapeOf(outs[0])},
                                     {"result", of.real, input},
                                     {"state", of.real, {input.front(), input.back()}}};
      })))
    return failure();
  return verifyTokens(*this, "input", getIns()[0]);
}

LogicalResult WKVKernelOp::verify() {
  if (failed(verifyKernel(*this, 4, 2, [](auto ins, auto outs, Elements of) { // (C1)
        Shape k = shapeOf(ins[0]), channels = {k.back()};
        return SmallVector<Expected>{
            {"k", of.real, shapeOf(outs[0])}, {"v", of.real, k},
            {"decay", of.real, channels},     {"first", of.real, channels},
            {"result", of.real, k},           {"state", of.real, {k.front(), 3, k.back()}}};
      })))
    return failure();
  return verifyTokens(*this, "k", getIns()[0]);
}

LogicalResult WKVBackwardKernelOp::verify() {
  if (failed(verifyKernel(*this, 7, 4, [](auto ins, auto outs, Elements of) { // (C1)
        Shape k = shapeOf(ins[0]), channels = {k.back()}, sequences = {k.front(), k.back()};
        return SmallVector<Expected>{{"k", of.real, shapeOf(outs[0])},
                                     {"v", of.real, k},
                                     {"decay", of.real, channels},
                                     {"first", of.real, channels},
                                     {"state", of.real, {k.front(), 3, k.back()}},
                                     {"result", of.real, k},
                                     {"grad", of.real, k},
                                     {"grad_k", of.real, k},
                                     {"grad_v", of.real, k},
                                     {"grad_decay", of.real, sequences},
                                     {"grad_first", of.real, sequences}};
      })))
    return failure();
  return verifyTokens(*this, "k", getIns()[0]);
}

//===----------------------------------------------------------------------===//
// WeightMemoryOp
//===----------------------------------------------------------------------===//

Value WeightMemoryOp::getViewSource() { return getBuffer(); }

LogicalResult WeightMemoryOp::verify() {
  auto type = cast<MemRefType>(getResult().getType());
  if (!type.hasStaticShape())
    return emitOpError() << "expected a weight of static shape, got " << type;
  int64_t bytes = getWeightBytes(type);
  if (cast<MemRefType>(getBuffer().getType()).getDimSize(0) != bytes) // (C1)
    return emitOpError() << "expected a buffer of " << bytes << " bytes, got "
                         << getBuffer().getType();
  return success();
}
