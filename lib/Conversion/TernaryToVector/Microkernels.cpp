//===- Microkernels.cpp - Instruction sets of the CPU backend -----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Conversion/Microkernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ternary;

static Value callIntrinsic(OpBuilder &builder, Location loc, StringRef name, Type type,
                           ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, loc, type, builder.getStringAttr(name), operands)
      .getResults();
}

/// vpdpbusd: u8 times i8, four products added to each i32, no saturation.
static Value dotVNNI512(OpBuilder &builder, Location loc, Value acc, Value codes,
                        Value activations) {
  return callIntrinsic(builder, loc, "llvm.x86.avx512.vpdpbusd.512", acc.getType(),
                       {acc, codes, activations});
}

static Value dotVNNI256(OpBuilder &builder, Location loc, Value acc, Value codes,
                        Value activations) {
  return callIntrinsic(builder, loc, "llvm.x86.avx512.vpdpbusd.256", acc.getType(),
                       {acc, codes, activations});
}

/// vpmaddubsw, then vpmaddwd with ones. The first saturates at i16, which two products
/// of a code at most 128 and an activation of at least -128 do not exceed.
static Value dotAVX2(OpBuilder &builder, Location loc, Value acc, Value codes, Value activations) {
  Type pairs = VectorType::get(16, builder.getI16Type());
  Value products =
      callIntrinsic(builder, loc, "llvm.x86.avx2.pmadd.ub.sw", pairs, {codes, activations});
  Value ones = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(cast<ShapedType>(pairs), builder.getI16IntegerAttr(1)));
  Value sums =
      callIntrinsic(builder, loc, "llvm.x86.avx2.pmadd.wd", acc.getType(), {products, ones});
  return arith::AddIOp::create(builder, loc, acc, sums);
}

/// Plain vector arithmetic: the four products of a lane are taken apart by shuffles.
static Value dotPortable(OpBuilder &builder, Location loc, Value acc, Value codes,
                         Value activations) {
  auto type = cast<VectorType>(acc.getType());
  int64_t lanes = type.getNumElements();
  for (int64_t j = 0; j < 4; ++j) {
    SmallVector<int64_t> lane;
    for (int64_t i = 0; i < lanes; ++i)
      lane.push_back(4 * i + j);
    Value code = vector::ShuffleOp::create(builder, loc, codes, codes, lane);
    Value activation = vector::ShuffleOp::create(builder, loc, activations, activations, lane);
    code = arith::ExtUIOp::create(builder, loc, type, code);
    activation = arith::ExtSIOp::create(builder, loc, type, activation);
    Value product = arith::MulIOp::create(builder, loc, code, activation);
    acc = arith::AddIOp::create(builder, loc, acc, product);
  }
  return acc;
}

static const StringRef kVNNI512Features[] = {"avx512f", "avx512bw", "avx512vl", "avx512vnni"};
static const StringRef kVNNI256Features[] = {"avx2", "avxvnni"};
static const StringRef kAVX2Features[] = {"avx2"};

ArrayRef<Microkernel> ternary::getMicrokernels() {
  // name, features, x86, lanes, depth, vectors, token block, accumulators, dot
  static const Microkernel microkernels[] = {
      {"avx512vnni", kVNNI512Features, true, 16, 4, 2, 12, 24, dotVNNI512},
      {"avxvnni", kVNNI256Features, true, 8, 4, 4, 2, 8, dotVNNI256},
      {"avx2", kAVX2Features, true, 8, 4, 4, 2, 8, dotAVX2},
      {"portable", {}, false, 4, 4, 8, 1, 8, dotPortable},
  };
  return microkernels;
}

const Microkernel *ternary::lookupMicrokernel(StringRef name) {
  for (const Microkernel &microkernel : getMicrokernels())
    if (microkernel.name == name)
      return &microkernel;
  return nullptr;
}

const Microkernel &ternary::selectMicrokernel(bool isX86,
                                              function_ref<bool(StringRef)> hasFeature) {
  for (const Microkernel &microkernel : getMicrokernels())
    if ((isX86 || !microkernel.isX86) && llvm::all_of(microkernel.features, hasFeature))
      return microkernel;
  llvm_unreachable("the last microkernel needs no features");
}
