//===- Tiles.cpp - Products of matrices in tile registers ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tiles.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace ternary;
using namespace ternary::vectorize;

/// `indices` with something added to the last two.
static SmallVector<Value> offset(Emitter &e, ValueRange indices, Value row, Value column) {
  SmallVector<Value> at(indices);
  at.end()[-2] = e.add(at.end()[-2], row);
  at.back() = e.add(at.back(), column);
  return at;
}

/// How far ahead a right factor is asked for, in rows.
static constexpr int64_t kAhead = 2 * kTileDepth / 4;

void vectorize::emitTileProduct(Emitter &e, const TileFactor &a, const TileFactor &b, int64_t rows,
                                int64_t columns, Value steps, int64_t depth, Value sums,
                                ValueRange sumIndices, bool accumulates) {
  int64_t down = rows / kTileRegisterRows, across = columns / kTileRegisterColumns;
  auto bytes = e.b.getI8Type();
  auto sumType = amx::TileType::get({kTileRegisterRows, kTileRegisterColumns}, e.b.getI32Type());
  auto multiply = [&](Value k, ValueRange before) {
    SmallVector<Value> after(before), right;
    auto leftType = amx::TileType::get({kTileRegisterRows, depth}, bytes);
    auto rightType = amx::TileType::get({depth / 4, 4 * kTileRegisterColumns}, bytes);
    Value quad = arith::DivUIOp::create(e.b, k, e.index(4));
    if (b.isFar)
      for (int64_t row = 0; row < depth / 4; ++row)
        for (int64_t c = 0; c < across; ++c)
          e.prefetch(b.memory,
                     offset(e, b.indices, e.add(quad, kAhead + row),
                            e.index(4 * kTileRegisterColumns * c)),
                     /*isWrite=*/false, /*toFirstLevel=*/true);
    for (int64_t c = 0; c < across; ++c)
      right.push_back(amx::TileLoadOp::create(
          e.b, rightType, b.memory,
          offset(e, b.indices, quad, e.index(4 * kTileRegisterColumns * c))));
    for (int64_t r = 0; r < down; ++r) {
      Value left = amx::TileLoadOp::create(e.b, leftType, a.memory,
                                           offset(e, a.indices, e.index(kTileRegisterRows * r), k));
      for (int64_t c = 0; c < across; ++c) {
        Value &sum = after[r * across + c];
        sum =
            amx::TileMulIOp::create(e.b, sumType, left, right[c], sum, a.isUnsigned, b.isUnsigned);
      }
    }
    return after;
  };
  auto locate = [&](int64_t tile) {
    return offset(e, sumIndices, e.index(kTileRegisterRows * (tile / across)),
                  e.index(kTileRegisterColumns * (tile % across)));
  };
  SmallVector<Value> tiles;
  for (int64_t i = 0; i < down * across; ++i)
    tiles.push_back(accumulates ? amx::TileLoadOp::create(e.b, sumType, sums, locate(i)).getResult()
                                : amx::TileZeroOp::create(e.b, sumType).getResult());
  tiles = e.loop(e.index(0), e.mul(steps, depth), depth, tiles, multiply);
  for (auto [i, tile] : llvm::enumerate(tiles))
    amx::TileStoreOp::create(e.b, sums, locate(i), tile);
}

void vectorize::emitTilePermission(ModuleOp module) {
  // arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA). Whether it was given is for those to see
  // who open a model, and do.
  constexpr int64_t kSystemCall = 158, kRequest = 0x1023, kTileData = 18;
  constexpr StringLiteral kName = "ternary_request_tiles";
  auto uses = module.walk([](amx::TileZeroOp) { return WalkResult::interrupt(); });
  if (!uses.wasInterrupted() || module.lookupSymbol(kName))
    return;
  ImplicitLocOpBuilder b(module.getLoc(), OpBuilder::atBlockBegin(module.getBody()));
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), {});
  auto function = LLVM::LLVMFuncOp::create(b, kName, type, LLVM::Linkage::Internal);
  Attribute priority = b.getI32IntegerAttr(65535); // after all others
  LLVM::GlobalCtorsOp::create(b, b.getArrayAttr(FlatSymbolRefAttr::get(function)),
                              b.getArrayAttr(priority),
                              b.getArrayAttr(LLVM::ZeroAttr::get(b.getContext())));
  b.setInsertionPointToStart(function.addEntryBlock(b));
  SmallVector<Value> arguments;
  for (int64_t value : {kSystemCall, kRequest, kTileData})
    arguments.push_back(LLVM::ConstantOp::create(b, b.getI64IntegerAttr(value)));
  LLVM::InlineAsmOp::create(b, b.getI64Type(), arguments, "syscall",
                            "={rax},{rax},{rdi},{rsi},~{rcx},~{r11},~{memory}",
                            /*has_side_effects=*/true, /*is_align_stack=*/false,
                            LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
  LLVM::ReturnOp::create(b, ValueRange());
}
