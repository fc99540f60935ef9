// The bits of conversions between f16 and f32, NaNs included, as hashes of those that vcvtph2ps and vcvtps2ph give: by
// integers and, where there are instructions, by these; of scalars and of vectors.

// RUN: ternary-opt %s %lower_to_llvm | %run_mlir | FileCheck %s
// RUN: %if f16c %{ ternary-opt %s --ternary-emulate-half-floats=f16-conversions=true -convert-vector-to-scf \
// RUN:   -convert-scf-to-cf -convert-vector-to-llvm -convert-to-llvm -reconcile-unrealized-casts | %run_mlir | FileCheck %s %}

func.func @extend(%bits: i32) -> i32 {
  %narrow = arith.trunci %bits : i32 to i16
  %half = arith.bitcast %narrow : i16 to f16
  %0 = arith.extf %half : f16 to f32
  %1 = arith.bitcast %0 : f32 to i32
  return %1 : i32
}

// The same by a lane of a vector.
func.func @extend_lane(%bits: i32) -> i32 {
  %narrow = arith.trunci %bits : i32 to i16
  %zero = arith.constant dense<0> : vector<4xi16>
  %lanes = vector.insert %narrow, %zero[2] : i16 into vector<4xi16>
  %halves = arith.bitcast %lanes : vector<4xi16> to vector<4xf16>
  %0 = arith.extf %halves : vector<4xf16> to vector<4xf32>
  %1 = arith.bitcast %0 : vector<4xf32> to vector<4xi32>
  %2 = vector.extract %1[2] : i32 from vector<4xi32>
  return %2 : i32
}

func.func @round(%bits: i32) -> i32 {
  %x = arith.bitcast %bits : i32 to f32
  %half = arith.truncf %x : f32 to f16
  %0 = arith.bitcast %half : f16 to i16
  %1 = arith.extui %0 : i16 to i32
  return %1 : i32
}

func.func @round_lane(%bits: i32) -> i32 {
  %x = arith.bitcast %bits : i32 to f32
  %zero = arith.constant dense<0.0> : vector<4xf32>
  %lanes = vector.insert %x, %zero[3] : f32 into vector<4xf32>
  %halves = arith.truncf %lanes : vector<4xf32> to vector<4xf16>
  %0 = arith.bitcast %halves : vector<4xf16> to vector<4xi16>
  %1 = vector.extract %0[3] : i16 from vector<4xi16>
  %2 = arith.extui %1 : i16 to i32
  return %2 : i32
}

func.func @mix(%hash: i32, %value: i32) -> i32 {
  %c31 = arith.constant 31 : i32
  %0 = arith.muli %hash, %c31 : i32
  %1 = arith.addi %0, %value : i32
  return %1 : i32
}

// Rounds `count` floats whose bits are `step` apart.
func.func @round_range(%first: i32, %step: i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %count = arith.constant 65536 : index
  %zero = arith.constant 0 : i32
  %result:2 = scf.for %i = %c0 to %count step %c1 iter_args(%a = %zero, %b = %zero) -> (i32, i32) {
    %n = arith.index_cast %i : index to i32
    %offset = arith.muli %n, %step : i32
    %bits = arith.addi %first, %offset : i32
    %0 = func.call @round(%bits) : (i32) -> i32
    %1 = func.call @mix(%a, %0) : (i32, i32) -> i32
    %2 = func.call @round_lane(%bits) : (i32) -> i32
    %3 = func.call @mix(%b, %2) : (i32, i32) -> i32
    scf.yield %1, %3 : i32, i32
  }
  return %result#0, %result#1 : i32, i32
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %count = arith.constant 65536 : index
  %zero = arith.constant 0 : i32

  // All halves.
  // CHECK: 1266679808
  // CHECK-NEXT: 1266679808
  %extended:2 = scf.for %i = %c0 to %count step %c1 iter_args(%a = %zero, %b = %zero) -> (i32, i32) {
    %bits = arith.index_cast %i : index to i32
    %0 = func.call @extend(%bits) : (i32) -> i32
    %1 = func.call @mix(%a, %0) : (i32, i32) -> i32
    %2 = func.call @extend_lane(%bits) : (i32) -> i32
    %3 = func.call @mix(%b, %2) : (i32, i32) -> i32
    scf.yield %1, %3 : i32, i32
  }
  vector.print %extended#0 : i32
  vector.print %extended#1 : i32

  // Each half as it is, next to halfway to the one after it, halfway, and beyond.
  // CHECK-NEXT: -92275712
  %offsets = arith.constant dense<[0, 0xFFF, 0x1000, 0x1001]> : vector<4xi32>
  %ties = scf.for %i = %c0 to %count step %c1 iter_args(%outer = %zero) -> (i32) {
    %bits = arith.index_cast %i : index to i32
    %half = func.call @extend(%bits) : (i32) -> i32
    %inner = scf.for %d = %c0 to %c4 step %c1 iter_args(%a = %outer) -> (i32) {
      %offset = vector.extract %offsets[%d] : i32 from vector<4xi32>
      %x = arith.addi %half, %offset : i32
      %0 = func.call @round(%x) : (i32) -> i32
      %1 = func.call @mix(%a, %0) : (i32, i32) -> i32
      scf.yield %1 : i32
    }
    scf.yield %inner : i32
  }
  vector.print %ties : i32

  // All signs and exponents.
  // CHECK-NEXT: -1054834688
  // CHECK-NEXT: -1054834688
  %step = arith.constant 65537 : i32
  %all:2 = func.call @round_range(%zero, %step) : (i32, i32) -> (i32, i32)
  vector.print %all#0 : i32
  vector.print %all#1 : i32

  // From half of the smallest half on.
  // CHECK-NEXT: 291314093
  // CHECK-NEXT: 291314093
  %smallest = arith.constant 0x33000000 : i32
  %small_step = arith.constant 701 : i32
  %small:2 = func.call @round_range(%smallest, %small_step) : (i32, i32) -> (i32, i32)
  vector.print %small#0 : i32
  vector.print %small#1 : i32
  return
}
