// A row kernel, run on rows inside a larger memory. The expected values follow the
// equations of the dialect in f32, in NumPy.

// RUN: ternary-opt %s -ternary-to-loops %lower_to_llvm | %run_mlir | FileCheck %s

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}

!rows = memref<1x?x40xf32, strided<[?, ?, 1], offset: ?>>

func.func @kernel(%x: !rows, %gain: memref<40xf32>, %s: memref<1x?x2xf32>, %r: memref<1x?xf32>,
                  %q: memref<1x?x48xi8>, %scale: memref<1x?xf32>, %sum: memref<1x?xi32>) {
  ternary.row_kernel rows 2 ins(%x, %gain : !rows, memref<40xf32>)
      outs(%x, %s, %r, %q, %scale, %sum
           : !rows, memref<1x?x2xf32>, memref<1x?xf32>, memref<1x?x48xi8>, memref<1x?xf32>, memref<1x?xi32>) {
  ^bb0(%row: vector<40xf32>, %g: vector<40xf32>):
    %sums = ternary.square_sums %row : vector<40xf32> -> vector<2xf32>
    %inverse = ternary.inverse_rms %sums {epsilon = 1.0e-6 : f32, size = 40 : i64} : vector<2xf32> -> f32
    %y = ternary.normalize %row, %inverse, %g : vector<40xf32>, f32, vector<40xf32>
    %half = arith.constant dense<0.5> : vector<40xf32>
    %z = arith.mulf %y, %half : vector<40xf32>
    %zq, %zs, %zc = ternary.quantize_activations %z : vector<40xf32> -> vector<48xi8>, f32, i32
    %zero = arith.constant dense<0.0> : vector<40xf32>
    %negative = arith.cmpf olt, %row, %zero : vector<40xf32>
    %magnitude = arith.negf %row : vector<40xf32>
    %absolute = arith.select %negative, %magnitude, %row : vector<40xi1>, vector<40xf32>
    ternary.yield %absolute, %sums, %inverse, %zq, %zs, %zc
      : vector<40xf32>, vector<2xf32>, f32, vector<48xi8>, f32, i32
  }
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %c37 = arith.constant 37 : index
  %c40 = arith.constant 40 : index
  %c48 = arith.constant 48 : index
  %c50 = arith.constant 50 : index
  %c101 = arith.constant 101 : index
  %eighth = arith.constant 0.125 : f32
  %quarter = arith.constant 0.25 : f32
  %one = arith.constant 1.0 : f32

  // x[0, t, k] = ((37 k + 11 t mod 101) - 50) / 8, gain[k] = 1 + (k mod 5) / 4
  %memory = memref.alloc() : memref<1x3x44xf32>
  %x = memref.subview %memory[0, 1, 4] [1, %c2, 40] [1, 1, 1]
    : memref<1x3x44xf32> to memref<1x?x40xf32, strided<[132, 44, 1], offset: 48>>
  %gain = memref.alloc() : memref<40xf32>
  scf.for %k = %c0 to %c40 step %c1 {
    scf.for %t = %c0 to %c2 step %c1 {
      %a = arith.muli %k, %c37 : index
      %b = arith.muli %t, %c11 : index
      %ab = arith.addi %a, %b : index
      %rest = arith.remui %ab, %c101 : index
      %index = arith.subi %rest, %c50 : index
      %integer = arith.index_cast %index : index to i32
      %float = arith.sitofp %integer : i32 to f32
      %value = arith.mulf %float, %eighth : f32
      memref.store %value, %x[%c0, %t, %k] : memref<1x?x40xf32, strided<[132, 44, 1], offset: 48>>
    }
    %quarters = arith.remui %k, %c5 : index
    %integer = arith.index_cast %quarters : index to i32
    %float = arith.sitofp %integer : i32 to f32
    %fraction = arith.mulf %float, %quarter : f32
    %value = arith.addf %one, %fraction : f32
    memref.store %value, %gain[%k] : memref<40xf32>
  }

  %s = memref.alloc(%c2) : memref<1x?x2xf32>
  %r = memref.alloc(%c2) : memref<1x?xf32>
  %q = memref.alloc(%c2) : memref<1x?x48xi8>
  %scale = memref.alloc(%c2) : memref<1x?xf32>
  %sum = memref.alloc(%c2) : memref<1x?xi32>
  %rows = memref.cast %x : memref<1x?x40xf32, strided<[132, 44, 1], offset: 48>> to !rows
  func.call @kernel(%rows, %gain, %s, %r, %q, %scale, %sum)
    : (!rows, memref<40xf32>, memref<1x?x2xf32>, memref<1x?xf32>, memref<1x?x48xi8>, memref<1x?xf32>, memref<1x?xi32>) -> ()

  // Sums of squares: 440.28125 and 103.15625, 423.375 and 109.984375.
  // CHECK:      440.281, 103.156
  // CHECK-NEXT: 423.375, 109.984
  %any_s = memref.cast %s : memref<1x?x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_s) : (memref<*xf32>) -> ()

  // Bits of the inverse root mean squares and of the scales.
  // CHECK:      1049290823, 1011720297
  // CHECK-NEXT: 1049376427, 1010689345
  %bits = memref.alloc() : memref<2x2xi32>
  scf.for %t = %c0 to %c2 step %c1 {
    %a = memref.load %r[%c0, %t] : memref<1x?xf32>
    %a_bits = arith.bitcast %a : f32 to i32
    memref.store %a_bits, %bits[%t, %c0] : memref<2x2xi32>
    %b = memref.load %scale[%c0, %t] : memref<1x?xf32>
    %b_bits = arith.bitcast %b : f32 to i32
    memref.store %b_bits, %bits[%t, %c1] : memref<2x2xi32>
  }
  %any_bits = memref.cast %bits : memref<2x2xi32> to memref<*xi32>
  func.call @printMemrefI32(%any_bits) : (memref<*xi32>) -> ()

  // Eight columns of padding are zero.
  // CHECK:      -68, -22, 49, -95, -8, 46, -51, 14, 104, -54, 23, -79, -20, 64, -100, 0, 62, -55, 24, 127,
  // CHECK-SAME: -23, 34, -89, -17, 81, -46, 5, 81, -57, 35, 68, -24, 47, -97, -11, 45, -52, 12, 102, -57,
  // CHECK-SAME: 0, 0, 0, 0, 0, 0, 0, 0
  // CHECK-NEXT: -58, -4, 78, -75, 24, 66, -35, 40, -119, -27, 41, -66, 2, 98, -77, 16, 89, -35, 54, -127,
  // CHECK-SAME: -9, 57, -73, 10, 121, -34, 26, -111, -34, 71, -59, -6, 75, -78, 21, 65, -37, 38, -121, -30,
  // CHECK-SAME: 0, 0, 0, 0, 0, 0, 0, 0
  %codes = memref.alloc() : memref<2x48xi32>
  scf.for %t = %c0 to %c2 step %c1 {
    scf.for %k = %c0 to %c48 step %c1 {
      %code = memref.load %q[%c0, %t, %k] : memref<1x?x48xi8>
      %wide = arith.extsi %code : i8 to i32
      memref.store %wide, %codes[%t, %k] : memref<2x48xi32>
    }
  }
  %any_codes = memref.cast %codes : memref<2x48xi32> to memref<*xi32>
  func.call @printMemrefI32(%any_codes) : (memref<*xi32>) -> ()

  // CHECK: [-2, -223]
  %any_sum = memref.cast %sum : memref<1x?xi32> to memref<*xi32>
  func.call @printMemrefI32(%any_sum) : (memref<*xi32>) -> ()

  // Magnitudes, in place: -50 / 8, ...
  // CHECK: [6.25, 1.625, 3, 5]
  // CHECK: [4.875, 0.25, 4.375, 3.625]
  %corner = memref.subview %memory[0, 1, 4] [1, 2, 4] [1, 1, 1]
    : memref<1x3x44xf32> to memref<1x2x4xf32, strided<[132, 44, 1], offset: 48>>
  %any_corner = memref.cast %corner : memref<1x2x4xf32, strided<[132, 44, 1], offset: 48>> to memref<*xf32>
  func.call @printMemrefF32(%any_corner) : (memref<*xf32>) -> ()
  return
}
