//===- EmulateInstructionSets.cpp - Kernels of any processor on every one -----===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel for AMX, AVX-512 or AVX-VNNI computes what it should or does not, on whichever machine a
// test runs. This pass replaces the instructions that kernels name by vectors and loops with the
// meaning that their manuals give them, so that all else of the kernel is what is executed: its
// blocks, edges, layouts and order of sums.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

//===----------------------------------------------------------------------===//
// Instructions on vectors
//===----------------------------------------------------------------------===//

/// Each lane of the result is the sum of products of the `depth` bytes or words at its place.
static Value sumProducts(OpBuilder &b, Location loc, VectorType type, Value left, Value right,
                         int64_t depth, bool leftIsUnsigned) {
  Value sum = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  for (int64_t j = 0; j < depth; ++j) {
    SmallVector<int64_t> places;
    for (int64_t lane = 0; lane < type.getNumElements(); ++lane)
      places.push_back(depth * lane + j);
    Value l = vector::ShuffleOp::create(b, loc, left, left, places);
    Value r = vector::ShuffleOp::create(b, loc, right, right, places);
    l = leftIsUnsigned ? arith::ExtUIOp::create(b, loc, type, l).getResult()
                       : arith::ExtSIOp::create(b, loc, type, l).getResult();
    r = arith::ExtSIOp::create(b, loc, type, r);
    sum = arith::AddIOp::create(b, loc, sum, arith::MulIOp::create(b, loc, l, r));
  }
  return sum;
}

/// vpmaddubsw: two products of a u8 and an i8, the sum saturated at what i16 holds.
static Value multiplyBytes(OpBuilder &b, Location loc, VectorType type, Value left, Value right) {
  VectorType wide = type.clone(b.getI32Type());
  auto limit = [&](int32_t value) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(wide, value));
  };
  Value sum = sumProducts(b, loc, wide, left, right, /*depth=*/2, /*leftIsUnsigned=*/true);
  sum = arith::MinSIOp::create(b, loc, sum, limit(INT16_MAX));
  sum = arith::MaxSIOp::create(b, loc, sum, limit(INT16_MIN));
  return arith::TruncIOp::create(b, loc, type, sum);
}

/// vpermilps: each lane takes one of the four lanes about it, by the lowest two bits of its index.
static Value permute(OpBuilder &b, Location loc, VectorType type, Value table, Value indices) {
  auto indexType = cast<VectorType>(indices.getType());
  auto constant = [&](int32_t value) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(indexType, value));
  };
  Value lowest = arith::AndIOp::create(b, loc, indices, constant(3));
  Value result = table;
  for (int32_t j = 0; j < 4; ++j) {
    SmallVector<int64_t> places;
    for (int64_t lane = 0; lane < type.getNumElements(); ++lane)
      places.push_back(lane / 4 * 4 + j);
    Value chosen = vector::ShuffleOp::create(b, loc, table, table, places);
    Value isChosen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lowest, constant(j));
    result = arith::SelectOp::create(b, loc, isChosen, chosen, result);
  }
  return result;
}

/// What an intrinsic returns, or null if it is none that kernels name.
static Value emulate(OpBuilder &b, LLVM::CallIntrinsicOp call) {
  Location loc = call.getLoc();
  StringRef name = call.getIntrin();
  ValueRange args = call.getArgs();
  if (call.getNumResults() != 1)
    return nullptr;
  auto type = dyn_cast<VectorType>(call.getResults().getType());
  if (!type)
    return nullptr;
  if (name.starts_with("llvm.x86.avx512.vpdpbusd."))
    return arith::AddIOp::create(b, loc, args[0],
                                 sumProducts(b, loc, type, args[1], args[2], /*depth=*/4,
                                             /*leftIsUnsigned=*/true));
  if (name == "llvm.x86.avx512.pmaddw.d.512" || name == "llvm.x86.avx2.pmadd.wd")
    return sumProducts(b, loc, type, args[0], args[1], /*depth=*/2, /*leftIsUnsigned=*/false);
  if (name == "llvm.x86.avx2.pmadd.ub.sw")
    return multiplyBytes(b, loc, type, args[0], args[1]);
  if (name == "llvm.x86.avx512.vpermilvar.ps.512" || name == "llvm.x86.avx.vpermilvar.ps.256")
    return permute(b, loc, type, args[0], args[1]);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// A tile is its rows one after the other in memory.
static MemRefType toMemory(amx::TileType type) {
  return MemRefType::get(type.getNumElements(), type.getElementType());
}

/// Memory for what an op makes, taken once in each function. A tile is gone when the op that made
/// it runs again: kernels carry none but accumulators from one turn of a loop to the next.
static Value allocate(OpBuilder &b, Operation *op, amx::TileType type) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&op->getParentOfType<func::FuncOp>().front());
  return memref::AllocaOp::create(b, op->getLoc(), toMemory(type));
}

/// Calls `body(builder, row, place)` for each row of a tile and the place where it starts.
static void forEachRow(OpBuilder &b, Location loc, amx::TileType type,
                       function_ref<void(OpBuilder &, Value, Value)> body) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value rows = arith::ConstantIndexOp::create(b, loc, type.getDimSize(0));
  Value columns = arith::ConstantIndexOp::create(b, loc, type.getDimSize(1));
  scf::buildLoopNest(b, loc, zero, rows, one, [&](OpBuilder &b, Location loc, ValueRange ivs) {
    body(b, ivs[0], arith::MulIOp::create(b, loc, ivs[0], columns));
  });
}

static VectorType getRowType(amx::TileType type) {
  return VectorType::get(type.getDimSize(1), type.getElementType());
}

/// `indices` of the first row of a tile, those of another one.
static SmallVector<Value> locateRow(OpBuilder &b, Location loc, ValueRange indices, Value row) {
  SmallVector<Value> at(indices);
  at.end()[-2] = arith::AddIOp::create(b, loc, at.end()[-2], row);
  return at;
}

namespace {
struct ConvertZero : OpConversionPattern<amx::TileZeroOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(amx::TileZeroOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    amx::TileType type = op.getTileType();
    Value tile = allocate(rewriter, op, type);
    Value zeros = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(getRowType(type)));
    forEachRow(rewriter, loc, type, [&](OpBuilder &b, Value, Value place) {
      vector::StoreOp::create(b, loc, zeros, tile, place);
    });
    rewriter.replaceOp(op, tile);
    return success();
  }
};

struct ConvertLoad : OpConversionPattern<amx::TileLoadOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(amx::TileLoadOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (op.getStride())
      return rewriter.notifyMatchFailure(op, "expected rows of the memref");
    Location loc = op.getLoc();
    amx::TileType type = op.getTileType();
    Value tile = allocate(rewriter, op, type);
    forEachRow(rewriter, loc, type, [&](OpBuilder &b, Value row, Value place) {
      Value values = vector::LoadOp::create(b, loc, getRowType(type), adaptor.getBase(),
                                            locateRow(b, loc, adaptor.getIndices(), row));
      vector::StoreOp::create(b, loc, values, tile, place);
    });
    rewriter.replaceOp(op, tile);
    return success();
  }
};

struct ConvertStore : OpConversionPattern<amx::TileStoreOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(amx::TileStoreOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (op.getStride())
      return rewriter.notifyMatchFailure(op, "expected rows of the memref");
    Location loc = op.getLoc();
    amx::TileType type = op.getTileType();
    forEachRow(rewriter, loc, type, [&](OpBuilder &b, Value row, Value place) {
      Value values = vector::LoadOp::create(b, loc, getRowType(type), adaptor.getVal(), place);
      vector::StoreOp::create(b, loc, values, adaptor.getBase(),
                              locateRow(b, loc, adaptor.getIndices(), row));
    });
    rewriter.eraseOp(op);
    return success();
  }
};

/// tdpb**d: sums[m, n] += left[m, 4 k + j] · right[k, 4 n + j].
struct ConvertMultiply : OpConversionPattern<amx::TileMulIOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(amx::TileMulIOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    amx::TileType left = op.getLhs().getType(), sums = op.getAcc().getType();
    int64_t rows = sums.getDimSize(0), lanes = sums.getDimSize(1), bytes = left.getDimSize(1);
    Value tile = allocate(rewriter, op, sums);
    forEachRow(rewriter, loc, sums, [&](OpBuilder &b, Value, Value place) {
      Value values = vector::LoadOp::create(b, loc, getRowType(sums), adaptor.getAcc(), place);
      vector::StoreOp::create(b, loc, values, tile, place);
    });

    auto index = [&](OpBuilder &b, int64_t value) {
      return arith::ConstantIndexOp::create(b, loc, value).getResult();
    };
    auto locate = [&](OpBuilder &b, Value row, int64_t width, Value column) -> Value {
      return arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, row, index(b, width)),
                                   column);
    };
    auto load = [&](OpBuilder &b, Value memory, Value place, bool isUnsigned) -> Value {
      Value value = memref::LoadOp::create(b, loc, memory, place);
      return isUnsigned ? arith::ExtUIOp::create(b, loc, b.getI32Type(), value).getResult()
                        : arith::ExtSIOp::create(b, loc, b.getI32Type(), value).getResult();
    };
    SmallVector<Value> lower(3, index(rewriter, 0)), steps(3, index(rewriter, 1)), upper;
    for (int64_t size : {rows, lanes, bytes})
      upper.push_back(index(rewriter, size));
    scf::buildLoopNest(
        rewriter, loc, lower, upper, steps, [&](OpBuilder &b, Location, ValueRange ivs) {
          Value four = index(b, 4);
          Value k = arith::DivUIOp::create(b, loc, ivs[2], four);
          Value j = arith::RemUIOp::create(b, loc, ivs[2], four);
          Value l = load(b, adaptor.getLhs(), locate(b, ivs[0], bytes, ivs[2]), op.getIsZextLhs());
          Value r = load(b, adaptor.getRhs(), locate(b, k, 4 * lanes, locate(b, ivs[1], 4, j)),
                         op.getIsZextRhs());
          Value place = locate(b, ivs[0], lanes, ivs[1]);
          Value sum = memref::LoadOp::create(b, loc, tile, place);
          sum = arith::AddIOp::create(b, loc, sum, arith::MulIOp::create(b, loc, l, r));
          memref::StoreOp::create(b, loc, sum, tile, place);
        });
    rewriter.replaceOp(op, tile);
    return success();
  }
};

struct EmulateInstructionSets
    : public PassWrapper<EmulateInstructionSets, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmulateInstructionSets)

  StringRef getArgument() const override { return "ternary-test-emulate-instruction-sets"; }
  StringRef getDescription() const override {
    return "Replace the instructions that kernels name by loops, to execute them anywhere";
  }

  void runOnOperation() override {
    getOperation().walk([](LLVM::CallIntrinsicOp call) {
      OpBuilder builder(call);
      if (Value value = emulate(builder, call)) {
        call.getResults().replaceAllUsesWith(value);
        call.erase();
      }
    });

    MLIRContext &context = getContext();
    TypeConverter converter;
    converter.addConversion([](Type type) { return type; });
    converter.addConversion([](amx::TileType type) -> Type { return toMemory(type); });
    RewritePatternSet patterns(&context);
    patterns.add<ConvertZero, ConvertLoad, ConvertStore, ConvertMultiply>(converter, &context);
    ConversionTarget target(context);
    target.addIllegalDialect<amx::AMXDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns, target);
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

namespace ternary {
void registerTestPasses() { PassRegistration<EmulateInstructionSets>(); }
} // namespace ternary
