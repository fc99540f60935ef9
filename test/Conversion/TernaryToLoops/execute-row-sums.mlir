// Sums of rows in a row kernel, run: 130 rows are 43 parts of three and one of one; 20 parts are empty. The last
// column shows in which order a part is added up.

// RUN: ternary-opt %s -ternary-to-loops -ternary-expand-math %lower_to_llvm | %run_mlir | FileCheck %s

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

func.func @fill(%x: memref<2x?x19xf32>, %parts: memref<64x19xf32>, %rows: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c18 = arith.constant 18 : index
  %c19 = arith.constant 19 : index
  %c64 = arith.constant 64 : index
  %hundred = arith.constant 100.0 : f32
  %one = arith.constant 1.0 : f32
  %much = arith.constant 16777216.0 : f32
  %less = arith.constant -16777216.0 : f32
  %garbage = arith.constant 77.0 : f32
  scf.for %b = %c0 to %c2 step %c1 {
    scf.for %t = %c0 to %rows step %c1 {
      %first = arith.muli %b, %rows : index
      %row = arith.addi %first, %t : index
      %row_int = arith.index_cast %row : index to i32
      %row_float = arith.sitofp %row_int : i32 to f32
      scf.for %k = %c0 to %c18 step %c1 {
        %k_int = arith.index_cast %k : index to i32
        %k_float = arith.sitofp %k_int : i32 to f32
        %shift = arith.mulf %k_float, %hundred : f32
        %value = arith.addf %row_float, %shift : f32
        memref.store %value, %x[%b, %t, %k] : memref<2x?x19xf32>
      }
      %rest = arith.remui %row, %c3 : index
      %is_first = arith.cmpi eq, %rest, %c0 : index
      %is_last = arith.cmpi eq, %rest, %c2 : index
      %later = arith.select %is_last, %one, %less : f32
      %value = arith.select %is_first, %much, %later : f32
      memref.store %value, %x[%b, %t, %c18] : memref<2x?x19xf32>
    }
  }
  scf.for %p = %c0 to %c64 step %c1 {
    scf.for %k = %c0 to %c19 step %c1 {
      memref.store %garbage, %parts[%p, %k] : memref<64x19xf32>
    }
  }
  return
}

func.func @print(%parts: memref<64x19xf32>, %part: index) {
  %row = memref.subview %parts[%part, 0] [1, 19] [1, 1] : memref<64x19xf32> to memref<1x19xf32, strided<[19, 1], offset: ?>>
  %any = memref.cast %row : memref<1x19xf32, strided<[19, 1], offset: ?>> to memref<*xf32>
  func.call @printMemrefF32(%any) : (memref<*xf32>) -> ()
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c42 = arith.constant 42 : index
  %c43 = arith.constant 43 : index
  %c44 = arith.constant 44 : index
  %c63 = arith.constant 63 : index
  %c65 = arith.constant 65 : index
  %parts = memref.alloc() : memref<64x19xf32>
  %twice = memref.alloc() : memref<64x19xf32>

  // A kernel of a row and two sums.
  %x = memref.alloc(%c65) : memref<2x?x19xf32>
  %negated = memref.alloc(%c65) : memref<2x?x19xf32>
  func.call @fill(%x, %parts, %c65) : (memref<2x?x19xf32>, memref<64x19xf32>, index) -> ()
  ternary.row_kernel rows 2 sums 2 ins(%x : memref<2x?x19xf32>)
      outs(%negated, %parts, %twice : memref<2x?x19xf32>, memref<64x19xf32>, memref<64x19xf32>) {
  ^bb0(%row: vector<19xf32>):
    %0 = arith.negf %row : vector<19xf32>
    %1 = arith.addf %row, %row : vector<19xf32>
    ternary.yield %0, %row, %1 : vector<19xf32>, vector<19xf32>, vector<19xf32>
  }
  // CHECK:      {{\[\[}}3, 303, 603, 903, 1203, 1503, 1803, 2103, 2403, 2703, 3003, 3303, 3603, 3903, 4203, 4503, 4803, 5103, 1]]
  func.call @print(%parts, %c0) : (memref<64x19xf32>, index) -> ()
  // CHECK:      {{\[\[}}12, 312, 612, 912, 1212, 1512, 1812, 2112, 2412, 2712, 3012, 3312, 3612, 3912, 4212, 4512, 4812, 5112, 1]]
  func.call @print(%parts, %c1) : (memref<64x19xf32>, index) -> ()
  // CHECK:      {{\[\[}}381, 681, 981, 1281, 1581, 1881, 2181, 2481, 2781, 3081, 3381, 3681, 3981, 4281, 4581, 4881, 5181, 5481, 1]]
  func.call @print(%parts, %c42) : (memref<64x19xf32>, index) -> ()
  // CHECK:      {{\[\[}}129, 229, 329, 429, 529, 629, 729, 829, 929, 1029, 1129, 1229, 1329, 1429, 1529, 1629, 1729, 1829, 1.67772e+07]]
  func.call @print(%parts, %c43) : (memref<64x19xf32>, index) -> ()
  // CHECK:      {{\[\[}}0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
  func.call @print(%parts, %c44) : (memref<64x19xf32>, index) -> ()
  // CHECK:      {{\[\[}}0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
  func.call @print(%parts, %c63) : (memref<64x19xf32>, index) -> ()
  // CHECK:      {{\[\[}}6, 606, 1206, 1806, 2406, 3006, 3606, 4206, 4806, 5406, 6006, 6606, 7206, 7806, 8406, 9006, 9606, 10206, 2]]
  func.call @print(%twice, %c0) : (memref<64x19xf32>, index) -> ()
  %last_row = memref.subview %negated[1, 64, 0] [1, 1, 19] [1, 1, 1] : memref<2x?x19xf32> to memref<19xf32, strided<[1], offset: ?>>
  %any_last_row = memref.cast %last_row : memref<19xf32, strided<[1], offset: ?>> to memref<*xf32>
  // CHECK:      [-129, -229, -329, -429, -529, -629, -729, -829, -929, -1029, -1129, -1229, -1329, -1429, -1529, -1629, -1729, -1829, -1.67772e+07]
  func.call @printMemrefF32(%any_last_row) : (memref<*xf32>) -> ()

  // A kernel of one sum, with fewer rows than parts, and with none at all.
  %few = memref.alloc(%c1) : memref<2x?x19xf32>
  func.call @fill(%few, %parts, %c1) : (memref<2x?x19xf32>, memref<64x19xf32>, index) -> ()
  ternary.row_kernel rows 2 sums 1 ins(%few : memref<2x?x19xf32>) outs(%parts : memref<64x19xf32>) {
  ^bb0(%row: vector<19xf32>):
    ternary.yield %row : vector<19xf32>
  }
  // CHECK:      {{\[\[}}0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1.67772e+07]]
  func.call @print(%parts, %c0) : (memref<64x19xf32>, index) -> ()
  // CHECK:      {{\[\[}}1, 101, 201, 301, 401, 501, 601, 701, 801, 901, 1001, 1101, 1201, 1301, 1401, 1501, 1601, 1701, -1.67772e+07]]
  func.call @print(%parts, %c1) : (memref<64x19xf32>, index) -> ()
  // CHECK:      {{\[\[}}0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
  func.call @print(%parts, %c63) : (memref<64x19xf32>, index) -> ()
  %none = memref.alloc(%c0) : memref<2x?x19xf32>
  func.call @fill(%none, %parts, %c0) : (memref<2x?x19xf32>, memref<64x19xf32>, index) -> ()
  ternary.row_kernel rows 2 sums 1 ins(%none : memref<2x?x19xf32>) outs(%parts : memref<64x19xf32>) {
  ^bb0(%row: vector<19xf32>):
    ternary.yield %row : vector<19xf32>
  }
  // CHECK:      {{\[\[}}0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
  func.call @print(%parts, %c0) : (memref<64x19xf32>, index) -> ()
  return
}
