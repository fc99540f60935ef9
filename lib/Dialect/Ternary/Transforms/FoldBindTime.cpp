//===- FoldBindTime.cpp - Weights that are constants ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BindTime.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "ternary/Dialect/Ternary/IR/HostTypes.h"

using namespace mlir;
using namespace ternary;

Origin ternary::getOrigin(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto func = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    bool isParameter = func && argument.getOwner()->isEntryBlock() &&
                       func.getArgAttr(argument.getArgNumber(), kParameterAttr);
    return isParameter ? Origin::Parameters : Origin::RunTime;
  }
  Operation *op = value.getDefiningOp();
  if (matchPattern(op, m_Constant()))
    return Origin::Constants;
  if (!isa<BindTimeOpInterface>(op))
    return Origin::RunTime;
  Origin origin = getOrigin(op->getOperand(0));
  for (Value operand : op->getOperands().drop_front())
    if (getOrigin(operand) != origin)
      return Origin::RunTime;
  return origin;
}

namespace {
/// The elements of a constant, or nothing if they are of another type than weights have.
std::optional<HostTensor> readConstant(ElementsAttr elements) {
  ShapedType type = elements.getShapedType();
  std::optional<DType> dtype = getDType(type.getElementType());
  if (!dtype || !type.hasStaticShape())
    return std::nullopt;
  HostTensor tensor = HostTensor::allocate(*dtype, type.getShape());
  MutableArrayRef<uint8_t> bytes = tensor.getMutableBytes();
  auto fill = [&](ArrayRef<char> data) {
    if (data.empty() || bytes.size() % data.size() != 0)
      return false;
    for (size_t at = 0; at < bytes.size(); at += data.size())
      llvm::copy(data, bytes.begin() + at);
    return true;
  };
  if (auto dense = dyn_cast<DenseElementsAttr>(elements))
    return fill(dense.getRawData()) ? std::optional(tensor) : std::nullopt;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      if (blob->getData().size() == bytes.size())
        return fill(blob->getData()) ? std::optional(tensor) : std::nullopt;
  return std::nullopt;
}

/// The bind-time ops of a function that depend on constants alone.
class Folder {
public:
  explicit Folder(func::FuncOp func)
      : func(func), module(func->getParentOfType<ModuleOp>()), symbols(module) {}

  LogicalResult run() {
    SmallVector<Operation *> ops;
    func.walk([&](BindTimeOpInterface op) {
      if (op->getNumOperands() > 0 && getOrigin(op->getResult(0)) == Origin::Constants)
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (failed(evaluate(op)))
        return failure();
    for (Operation *op : ops)
      for (Value result : op->getResults())
        if (!llvm::all_of(result.getUsers(),
                          [&](Operation *user) { return llvm::is_contained(ops, user); }))
          if (failed(replace(result, ops)))
            return failure();
    for (Operation *op : llvm::reverse(ops))
      op->erase();
    return success();
  }

private:
  LogicalResult evaluate(Operation *op) {
    SmallVector<HostTensor> operands;
    for (Value operand : op->getOperands()) {
      auto known = values.find(operand);
      if (known == values.end()) {
        ElementsAttr elements;
        if (!matchPattern(operand, m_Constant(&elements)))
          return op->emitOpError() << "expected operands that are constant tensors";
        std::optional<HostTensor> tensor = readConstant(elements);
        if (!tensor)
          return op->emitOpError()
                 << "expected constants of f32, f16, bf16, i8 or i32 with all their elements, got "
                 << operand.getType();
        known = values.insert({operand, *tensor}).first;
      }
      operands.push_back(known->second);
    }
    llvm::Expected<SmallVector<HostTensor>> results =
        cast<BindTimeOpInterface>(op).evaluate(operands);
    if (!results)
      return op->emitOpError() << llvm::toString(results.takeError());
    for (auto [result, tensor] : llvm::zip_equal(op->getResults(), *results))
      values[result] = std::move(tensor);
    return success();
  }

  /// Floats become a constant; a weight, whose layout is its own, bytes of the module.
  LogicalResult replace(Value result, ArrayRef<Operation *> ops) {
    OpBuilder builder(result.getDefiningOp());
    Location loc = result.getLoc();
    auto type = cast<RankedTensorType>(result.getType());
    HostTensor tensor = values.at(result);
    if (tensor.getDType() == DType::Trit)
      tensor = getLayoutOf(type).pack(tensor);
    ArrayRef<char> bytes(reinterpret_cast<const char *>(tensor.getBytes().data()),
                         tensor.getBytes().size());
    Value replacement;
    if (!getLayoutOf(type)) {
      replacement =
          arith::ConstantOp::create(builder, loc, DenseElementsAttr::getFromRawBuffer(type, bytes));
    } else {
      auto memory = MemRefType::get({static_cast<int64_t>(bytes.size())}, builder.getI8Type());
      auto contents = DenseElementsAttr::getFromRawBuffer(
          RankedTensorType::get(memory.getShape(), memory.getElementType()), bytes);
      OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
      auto global = memref::GlobalOp::create(atStart, loc, "__weight",
                                             builder.getStringAttr("private"), memory, contents,
                                             /*constant=*/true, builder.getI64IntegerAttr(64));
      symbols.insert(global);
      Value buffer = memref::GetGlobalOp::create(builder, loc, memory, global.getSymName());
      replacement = WeightMemoryOp::create(builder, loc, getWeightMemory(type), buffer);
    }
    result.replaceUsesWithIf(
        replacement, [&](OpOperand &use) { return !llvm::is_contained(ops, use.getOwner()); });
    return success();
  }

  func::FuncOp func;
  ModuleOp module;
  SymbolTable symbols;
  llvm::DenseMap<Value, HostTensor> values;
};
} // namespace

LogicalResult ternary::foldBindTimeOps(func::FuncOp func) { return Folder(func).run(); }
