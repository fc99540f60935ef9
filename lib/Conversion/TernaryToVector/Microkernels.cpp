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
#include "ternary/kernels.h"

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

/// vpmaddwd; the code generator makes one instruction of it and the addition where there is one.
static Value dotPairs512(OpBuilder &builder, Location loc, Value acc, Value a, Value c) {
  Value sums = callIntrinsic(builder, loc, "llvm.x86.avx512.pmaddw.d.512", acc.getType(), {a, c});
  return arith::AddIOp::create(builder, loc, acc, sums);
}

static Value dotPairs256(OpBuilder &builder, Location loc, Value acc, Value a, Value c) {
  Value sums = callIntrinsic(builder, loc, "llvm.x86.avx2.pmadd.wd", acc.getType(), {a, c});
  return arith::AddIOp::create(builder, loc, acc, sums);
}

/// Plain vector arithmetic: the `depth` products of a lane are taken apart by shuffles.
template <typename ExtendOp>
static Value dotByShuffles(OpBuilder &builder, Location loc, Value acc, Value a, Value c,
                           int64_t depth) {
  auto type = cast<VectorType>(acc.getType());
  int64_t lanes = type.getNumElements();
  for (int64_t j = 0; j < depth; ++j) {
    SmallVector<int64_t> lane;
    for (int64_t i = 0; i < lanes; ++i)
      lane.push_back(depth * i + j);
    Value first = vector::ShuffleOp::create(builder, loc, a, a, lane);
    Value second = vector::ShuffleOp::create(builder, loc, c, c, lane);
    first = ExtendOp::create(builder, loc, type, first);
    second = arith::ExtSIOp::create(builder, loc, type, second);
    Value product = arith::MulIOp::create(builder, loc, first, second);
    acc = arith::AddIOp::create(builder, loc, acc, product);
  }
  return acc;
}

static Value dotPortable(OpBuilder &builder, Location loc, Value acc, Value codes,
                         Value activations) {
  return dotByShuffles<arith::ExtUIOp>(builder, loc, acc, codes, activations, /*depth=*/4);
}

static Value dotPairsPortable(OpBuilder &builder, Location loc, Value acc, Value a, Value c) {
  return dotByShuffles<arith::ExtSIOp>(builder, loc, acc, a, c, /*depth=*/2);
}

/// Each lane takes what its lowest two bits say of four floats; bits above are ignored.
static Value lookUpTrits(OpBuilder &builder, Location loc, Value codes, StringRef intrinsic) {
  int64_t lanes = cast<VectorType>(codes.getType()).getNumElements();
  auto type = VectorType::get(lanes, builder.getF32Type());
  SmallVector<float> trits;
  for (int64_t lane = 0; lane < lanes; ++lane)
    trits.push_back(lane % 4 == 3 ? 0.0f : static_cast<float>(lane % 4 - 1));
  Value table =
      arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, ArrayRef<float>(trits)));
  return callIntrinsic(builder, loc, intrinsic, type, {table, codes});
}

static Value decodeTrits512(OpBuilder &builder, Location loc, Value codes) {
  return lookUpTrits(builder, loc, codes, "llvm.x86.avx512.vpermilvar.ps.512");
}

static Value decodeTrits256(OpBuilder &builder, Location loc, Value codes) {
  return lookUpTrits(builder, loc, codes, "llvm.x86.avx.vpermilvar.ps.256");
}

/// What the instruction set of a name in `ternary/kernels.h` is made of.
static Microkernel describe(StringRef name) {
  Microkernel avx512;
  avx512.lanes = 16;
  avx512.vectors = 2;
  avx512.tokenBlock = 12;
  avx512.accumulators = 24;
  avx512.dot = dotVNNI512;
  avx512.dotPairs = dotPairs512;
  avx512.decodeTrits = decodeTrits512;
  if (name == "avx512vnni")
    return avx512;
  if (name == "amx-int8") {
    avx512.hasTiles = true;
    return avx512;
  }
  Microkernel avx2;
  avx2.lanes = 8;
  avx2.vectors = 4;
  avx2.tokenBlock = 2;
  avx2.accumulators = 8;
  avx2.dot = dotVNNI256;
  avx2.dotPairs = dotPairs256;
  avx2.decodeTrits = decodeTrits256;
  if (name == "avxvnni")
    return avx2;
  if (name == "avx2") {
    avx2.dot = dotAVX2;
    avx2.takesAllBytes = false;
    return avx2;
  }
  assert(name == "portable" && "an instruction set that nothing is known of");
  Microkernel portable;
  portable.lanes = 4;
  portable.vectors = 8;
  portable.tokenBlock = 1;
  portable.accumulators = 8;
  portable.dot = dotPortable;
  portable.dotPairs = dotPairsPortable;
  return portable;
}

ArrayRef<Microkernel> ternary::getMicrokernels() {
  static const std::vector<Microkernel> microkernels = [] {
    std::vector<Microkernel> all;
    auto add = [&](StringRef name, StringRef architecture, StringRef features) {
      Microkernel &microkernel = all.emplace_back(describe(name));
      microkernel.name = name;
      microkernel.architecture = architecture;
      features.split(microkernel.features, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    };
#define KERNEL(name, architecture, features, permission) add(name, architecture, features);
    TERNARY_KERNELS(KERNEL)
#undef KERNEL
    return all;
  }();
  return microkernels;
}

const Microkernel *ternary::lookupMicrokernel(StringRef name) {
  for (const Microkernel &microkernel : getMicrokernels())
    if (microkernel.name == name)
      return &microkernel;
  return nullptr;
}

std::string ternary::getMicrokernelNames() {
  std::string names;
  llvm::raw_string_ostream os(names);
  llvm::interleaveComma(getMicrokernels(), os,
                        [&](const Microkernel &known) { os << "'" << known.name << "'"; });
  return names;
}

const Microkernel &ternary::selectMicrokernel(StringRef architecture,
                                              function_ref<bool(StringRef)> hasFeature) {
  for (const Microkernel &microkernel : getMicrokernels())
    if (microkernel.runsOn(architecture) && llvm::all_of(microkernel.features, hasFeature))
      return microkernel;
  llvm_unreachable("the last microkernel needs no features");
}
