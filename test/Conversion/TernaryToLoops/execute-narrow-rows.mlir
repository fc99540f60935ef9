// Rows of bf16, written and read: ties go to even, what rounds beyond the largest number is
// infinite, denormals stay, and NaN is NaN. A row of 17 is a chunk and one column, behind
// which nothing is written. The expected bits follow from IEEE 754.

// RUN: ternary-opt %s -ternary-to-loops -ternary-expand-math %lower_to_llvm | %run_mlir -O3 | FileCheck %s

func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

memref.global "private" constant @bits : memref<17xi32> = dense<[
  0x3F800000, 0x3F808000, 0x3F818000, 0x3F808001, 0x3F807FFF, 0x7F7FFFFF, 0x7F7F7FFF, 0x7F800001,
  0xFFFFFFFF, 0x80000000, 0x00008000, 0x00018000, 0x00008001, 0xFF800000, 0x007FFFFF, 0xC0490FDB,
  0x42F63D71]>
memref.global "private" constant @logits : memref<1x3xf32> = dense<[[0.0, 1.00390625, -1.0]]>

func.func @narrow(%x: memref<1x17xf32>, %y: memref<1x17xbf16, strided<[18, 1]>>) {
  ternary.row_kernel rows 1 ins(%x : memref<1x17xf32>) outs(%y : memref<1x17xbf16, strided<[18, 1]>>) {
  ^bb0(%row: vector<17xf32>):
    %t = arith.truncf %row : vector<17xf32> to vector<17xbf16>
    ternary.yield %t : vector<17xbf16>
  }
  return
}

func.func @widen(%y: memref<1x17xbf16, strided<[18, 1]>>, %z: memref<1x17xf32>) {
  ternary.row_kernel rows 1 ins(%y : memref<1x17xbf16, strided<[18, 1]>>) outs(%z : memref<1x17xf32>) {
  ^bb0(%row: vector<17xbf16>):
    %w = arith.extf %row : vector<17xbf16> to vector<17xf32>
    ternary.yield %w : vector<17xf32>
  }
  return
}

func.func @cross_entropy(%x: memref<1x3xf32>, %target: memref<1xi32>, %narrow: memref<1x3xbf16>, %loss: memref<1xf32>) {
  ternary.row_kernel rows 1 ins(%x : memref<1x3xf32>) outs(%narrow : memref<1x3xbf16>) {
  ^bb0(%row: vector<3xf32>):
    %t = arith.truncf %row : vector<3xf32> to vector<3xbf16>
    ternary.yield %t : vector<3xbf16>
  }
  ternary.row_kernel rows 1 ins(%narrow, %target : memref<1x3xbf16>, memref<1xi32>) outs(%loss : memref<1xf32>) {
  ^bb0(%row: vector<3xbf16>, %t: i32):
    %w = arith.extf %row : vector<3xbf16> to vector<3xf32>
    %l, %lse = ternary.cross_entropy_rows %w, %t : vector<3xf32>, i32 -> f32, f32
    ternary.yield %l : f32
  }
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c17 = arith.constant 17 : index
  %c18 = arith.constant 18 : index
  %x = memref.alloc() : memref<1x17xf32>
  %z = memref.alloc() : memref<1x17xf32>
  %y = memref.alloc() : memref<18xbf16>
  %bits = memref.get_global @bits : memref<17xi32>
  scf.for %i = %c0 to %c17 step %c1 {
    %b = memref.load %bits[%i] : memref<17xi32>
    %f = arith.bitcast %b : i32 to f32
    memref.store %f, %x[%c0, %i] : memref<1x17xf32>
  }
  %guard = arith.constant -2.0 : bf16
  memref.store %guard, %y[%c17] : memref<18xbf16>
  %rows = memref.reinterpret_cast %y to offset: [0], sizes: [1, 17], strides: [18, 1] : memref<18xbf16> to memref<1x17xbf16, strided<[18, 1]>>
  call @narrow(%x, %rows) : (memref<1x17xf32>, memref<1x17xbf16, strided<[18, 1]>>) -> ()

  // 0x3F80 0x3F80 0x3F82 0x3F81 0x3F80 0x7F80 0x7F7F NaN NaN 0x8000 0 2 1 0xFF80 0x80 0xC049
  // 0x42F6, and the guard 0xC000
  // CHECK: [16256, 16256, 16258, 16257, 16256, 32640, 32639, 32704, 32704, 32768, 0, 2, 1, 65408, 128, 49225, 17142, 49152]
  %codes = memref.alloc() : memref<18xi32>
  scf.for %i = %c0 to %c18 step %c1 {
    %v = memref.load %y[%i] : memref<18xbf16>
    %b = arith.bitcast %v : bf16 to i16
    %w = arith.extui %b : i16 to i32
    memref.store %w, %codes[%i] : memref<18xi32>
  }
  %printed = memref.cast %codes : memref<18xi32> to memref<*xi32>
  call @printMemrefI32(%printed) : (memref<*xi32>) -> ()

  // The same bits above 16 zeros: 65535 where that is not so.
  // CHECK: [16256, 16256, 16258, 16257, 16256, 32640, 32639, 32704, 32704, 32768, 0, 2, 1, 65408, 128, 49225, 17142, 49152]
  call @widen(%rows, %z) : (memref<1x17xbf16, strided<[18, 1]>>, memref<1x17xf32>) -> ()
  scf.for %i = %c0 to %c17 step %c1 {
    %f = memref.load %z[%c0, %i] : memref<1x17xf32>
    %b = arith.bitcast %f : f32 to i32
    %c16 = arith.constant 16 : i32
    %zero = arith.constant 0 : i32
    %none = arith.constant 65535 : i32
    %high = arith.shrui %b, %c16 : i32
    %low = arith.shli %b, %c16 : i32
    %isNone = arith.cmpi ne, %low, %zero : i32
    %shown = arith.select %isNone, %none, %high : i32
    memref.store %shown, %codes[%i] : memref<18xi32>
  }
  call @printMemrefI32(%printed) : (memref<*xi32>) -> ()

  // log(e^0 + e^1 + e^-1) - 1: the target's logit, 1 + 2^-8, is rounded to 1.
  // CHECK: [0.407606]
  %logits = memref.get_global @logits : memref<1x3xf32>
  %target = memref.alloc() : memref<1xi32>
  %narrow = memref.alloc() : memref<1x3xbf16>
  %loss = memref.alloc() : memref<1xf32>
  %one = arith.constant 1 : i32
  memref.store %one, %target[%c0] : memref<1xi32>
  call @cross_entropy(%logits, %target, %narrow, %loss) : (memref<1x3xf32>, memref<1xi32>, memref<1x3xbf16>, memref<1xf32>) -> ()
  %shown = memref.cast %loss : memref<1xf32> to memref<*xf32>
  call @printMemrefF32(%shown) : (memref<*xf32>) -> ()
  return
}
