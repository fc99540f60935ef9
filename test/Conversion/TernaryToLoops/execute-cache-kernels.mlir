// Caches and positions, run on inputs whose results can be told by hand.

// RUN: ternary-opt %s -ternary-to-loops %lower_to_llvm | %run_mlir | FileCheck %s

// Two sequences of two tokens; a whole chunk of columns and one more.
memref.global "private" constant @ids : memref<2x2xi32> = dense<0>
memref.global "private" @past : memref<i32> = dense<1>
memref.global "private" @cache : memref<2x4x17xf32> = dense<9.0>
memref.global "private" @halves : memref<2x4x17xf16> = dense<9.0>
memref.global "private" constant @codes : memref<2x2x2x3xi8> = dense<[[[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]],
                                                                     [[[-1, -2, -3], [-4, -5, -6]], [[-7, -8, -9], [-10, -11, -12]]]]>
memref.global "private" @code_cache : memref<2x4x2x3xi8> = dense<0>

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}

// Token t of sequence b has the elements 100 b + 10 t + h / 1024, which f16 has not.
func.func @tokens() -> memref<2x?x17xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c10 = arith.constant 10 : index
  %c17 = arith.constant 17 : index
  %c100 = arith.constant 100 : index
  %memory = memref.alloc() : memref<2x2x17xf32>
  scf.for %b = %c0 to %c2 step %c1 {
    scf.for %t = %c0 to %c2 step %c1 {
      scf.for %h = %c0 to %c17 step %c1 {
        %rows = arith.muli %b, %c100 : index
        %tens = arith.muli %t, %c10 : index
        %whole = arith.addi %rows, %tens : index
        %whole_i32 = arith.index_cast %whole : index to i32
        %h_i32 = arith.index_cast %h : index to i32
        %whole_f32 = arith.sitofp %whole_i32 : i32 to f32
        %h_f32 = arith.sitofp %h_i32 : i32 to f32
        %step = arith.constant 9.765625e-04 : f32
        %part = arith.mulf %h_f32, %step : f32
        %sum = arith.addf %whole_f32, %part : f32
        memref.store %sum, %memory[%b, %t, %h] : memref<2x2x17xf32>
      }
    }
  }
  %dynamic = memref.cast %memory : memref<2x2x17xf32> to memref<2x?x17xf32>
  return %dynamic : memref<2x?x17xf32>
}

// First and last column of all tokens of a cache.
func.func @print(%cache: memref<2x4x17xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %ends = memref.alloc() : memref<2x4x2xf32>
  scf.for %b = %c0 to %c2 step %c1 {
    scf.for %t = %c0 to %c4 step %c1 {
      %first = memref.load %cache[%b, %t, %c0] : memref<2x4x17xf32>
      %last = memref.load %cache[%b, %t, %c16] : memref<2x4x17xf32>
      memref.store %first, %ends[%b, %t, %c0] : memref<2x4x2xf32>
      memref.store %last, %ends[%b, %t, %c1] : memref<2x4x2xf32>
    }
  }
  %any = memref.cast %ends : memref<2x4x2xf32> to memref<*xf32>
  call @printMemrefF32(%any) : (memref<*xf32>) -> ()
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c17 = arith.constant 17 : index
  %past = memref.get_global @past : memref<i32>
  %tokens = call @tokens() : () -> memref<2x?x17xf32>

  // Behind the first token; the first and the last one stay.
  // CHECK:      9, 9
  // CHECK-NEXT: 0, 0.015625
  // CHECK-NEXT: 10, 10.0156
  // CHECK-NEXT: 9, 9
  // CHECK:      9, 9
  // CHECK-NEXT: 100, 100.016
  // CHECK-NEXT: 110, 110.016
  // CHECK-NEXT: 9, 9
  %cache = memref.get_global @cache : memref<2x4x17xf32>
  ternary.append_kernel ins(%tokens, %past : memref<2x?x17xf32>, memref<i32>) outs(%cache : memref<2x4x17xf32>)
  call @print(%cache) : (memref<2x4x17xf32>) -> ()

  // Rounded to even: 100 + 1 / 64 is in the middle of 100 and 100 + 1 / 32 in f16, and so is 110.
  // CHECK:      0, 0.015625
  // CHECK-NEXT: 10, 10.0156
  // CHECK:      100, 100
  // CHECK-NEXT: 110, 110
  %halves = memref.get_global @halves : memref<2x4x17xf16>
  ternary.append_kernel ins(%tokens, %past : memref<2x?x17xf32>, memref<i32>) outs(%halves : memref<2x4x17xf16>)
  %wide = memref.alloc() : memref<2x4x17xf32>
  scf.for %b = %c0 to %c2 step %c1 {
    scf.for %t = %c0 to %c4 step %c1 {
      scf.for %h = %c0 to %c17 step %c1 {
        %narrow = memref.load %halves[%b, %t, %h] : memref<2x4x17xf16>
        %value = arith.extf %narrow : f16 to f32
        memref.store %value, %wide[%b, %t, %h] : memref<2x4x17xf32>
      }
    }
  }
  call @print(%wide) : (memref<2x4x17xf32>) -> ()

  // CHECK: 3
  %ids_static = memref.get_global @ids : memref<2x2xi32>
  %ids = memref.cast %ids_static : memref<2x2xi32> to memref<2x?xi32>
  ternary.advance_kernel ins(%ids : memref<2x?xi32>) outs(%past : memref<i32>)
  %any_past = memref.cast %past : memref<i32> to memref<*xi32>
  call @printMemrefI32(%any_past) : (memref<*xi32>) -> ()

  // The last token of each sequence, of heads of few codes.
  // CHECK:      0, 0, 0
  // CHECK:      10, 11, 12
  // CHECK:      0, 0, 0
  // CHECK:      -10, -11, -12
  %codes = memref.get_global @codes : memref<2x2x2x3xi8>
  %last = memref.subview %codes[0, 1, 0, 0] [2, 1, 2, 3] [1, 1, 1, 1]
      : memref<2x2x2x3xi8> to memref<2x1x2x3xi8, strided<[12, 6, 3, 1], offset: 6>>
  %code_cache = memref.get_global @code_cache : memref<2x4x2x3xi8>
  ternary.append_kernel ins(%last, %past : memref<2x1x2x3xi8, strided<[12, 6, 3, 1], offset: 6>>, memref<i32>)
      outs(%code_cache : memref<2x4x2x3xi8>)
  %code_integers = memref.alloc() : memref<2x4x3xi32>
  scf.for %b = %c0 to %c2 step %c1 {
    scf.for %t = %c0 to %c4 step %c1 {
      scf.for %h = %c0 to %c3 step %c1 {
        %code = memref.load %code_cache[%b, %t, %c1, %h] : memref<2x4x2x3xi8>
        %integer = arith.extsi %code : i8 to i32
        memref.store %integer, %code_integers[%b, %t, %h] : memref<2x4x3xi32>
      }
    }
  }
  %any_codes = memref.cast %code_integers : memref<2x4x3xi32> to memref<*xi32>
  call @printMemrefI32(%any_codes) : (memref<*xi32>) -> ()
  return
}
