// A row kernel that goes on with the codes of what it quantises, with padding and without, and
// with a rest of one column.

// RUN: ternary-opt %s -ternary-to-loops %lower_to_llvm | %run_mlir | FileCheck %s

func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}

func.func @kernel(%x: memref<1x17xf32>, %doubled: memref<1x32xi32>, %codes: memref<1x17xi8>) {
  ternary.row_kernel rows 1 ins(%x : memref<1x17xf32>) outs(%doubled : memref<1x32xi32>) {
  ^bb0(%row: vector<17xf32>):
    %q, %s, %c = ternary.quantize_activations %row : vector<17xf32> -> vector<32xi8>, f32, i32
    %wide = arith.extsi %q : vector<32xi8> to vector<32xi32>
    %two = arith.constant dense<2> : vector<32xi32>
    %y = arith.muli %wide, %two : vector<32xi32>
    ternary.yield %y : vector<32xi32>
  }
  ternary.row_kernel rows 1 ins(%x : memref<1x17xf32>) outs(%codes : memref<1x17xi8>) {
  ^bb0(%row: vector<17xf32>):
    %q, %s, %c = ternary.quantize_activations %row : vector<17xf32> -> vector<17xi8>, f32, i32
    %one = arith.constant dense<1> : vector<17xi8>
    %y = arith.addi %q, %one : vector<17xi8>
    ternary.yield %y : vector<17xi8>
  }
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c17 = arith.constant 17 : index
  %x = memref.alloc() : memref<1x17xf32>
  %doubled = memref.alloc() : memref<1x32xi32>
  %codes = memref.alloc() : memref<1x17xi8>
  %wide = memref.alloc() : memref<1x17xi32>
  // The largest of them is 16, at the end: codes are round(127 k / 16).
  scf.for %k = %c0 to %c17 step %c1 {
    %integer = arith.index_cast %k : index to i32
    %float = arith.sitofp %integer : i32 to f32
    memref.store %float, %x[%c0, %k] : memref<1x17xf32>
  }
  call @kernel(%x, %doubled, %codes) : (memref<1x17xf32>, memref<1x32xi32>, memref<1x17xi8>) -> ()
  scf.for %k = %c0 to %c17 step %c1 {
    %code = memref.load %codes[%c0, %k] : memref<1x17xi8>
    %extended = arith.extsi %code : i8 to i32
    memref.store %extended, %wide[%c0, %k] : memref<1x17xi32>
  }
  // CHECK: [0,    16,    32,    48,    64,    80,    96,    112,    128,    142,    158,    174,    190,    206,    222,    238,    254,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0]
  %0 = memref.cast %doubled : memref<1x32xi32> to memref<*xi32>
  call @printMemrefI32(%0) : (memref<*xi32>) -> ()
  // CHECK: [1,   9,   17,   25,   33,   41,   49,   57,   65,   72,   80,   88,   96,   104,   112,   120,   -128]
  %1 = memref.cast %wide : memref<1x17xi32> to memref<*xi32>
  call @printMemrefI32(%1) : (memref<*xi32>) -> ()
  return
}
