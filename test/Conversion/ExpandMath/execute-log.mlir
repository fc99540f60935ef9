// The bits of logarithms, and their distance from double precision.

// RUN: ternary-opt %s -ternary-expand-math %lower_to_llvm -o %t.mlir
// RUN: %run_mlir -O0 %t.mlir | FileCheck %s
// RUN: %run_mlir -O3 %t.mlir | FileCheck %s

func.func @logarithms(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.log %x : vector<16xf32>
  return %0 : vector<16xf32>
}

func.func @logarithm(%x: f32) -> f32 {
  %0 = math.log %x : f32
  return %0 : f32
}

/// The largest |ln x - log(x)| / |ln x| of `count` x, whose bits are `step` apart.
func.func @relative_error(%first: i32, %step: i32, %count: index) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %largest = scf.for %i = %c0 to %count step %c1 iter_args(%before = %zero) -> (f64) {
    %n = arith.index_cast %i : index to i32
    %offset = arith.muli %n, %step : i32
    %bits = arith.addi %first, %offset : i32
    %x = arith.bitcast %bits : i32 to f32
    %got = func.call @logarithm(%x) : (f32) -> f32
    %wide_x = arith.extf %x : f32 to f64
    %wide_got = arith.extf %got : f32 to f64
    %expected = math.log %wide_x : f64
    %difference = arith.subf %wide_got, %expected : f64
    %quotient = arith.divf %difference, %expected : f64
    %error = math.absf %quotient : f64
    %max = arith.maximumf %before, %error : f64
    scf.yield %max : f64
  }
  return %largest : f64
}

func.func @main() {
  // 1, 2, 1/2, 10, 1e-10, 3; next to 1; the largest float and the least normal one; the
  // largest subnormal one, one in the middle and the least; inf, 0, -0.
  %xs = arith.constant dense<[1.0, 2.0, 0.5, 10.0, 1.0e-10, 3.0, 0x3F800001, 0x3F7FFFFF, 0x7F7FFFFF,
                              0x00800000, 0x007FFFFF, 0x003FFFE5, 0x00000001, 0x7F800000, 0.0, -0.0]> : vector<16xf32>
  %ys = func.call @logarithms(%xs) : (vector<16xf32>) -> vector<16xf32>
  %bits = arith.bitcast %ys : vector<16xf32> to vector<16xi32>

  // 0, 0.693147, -0.693147, 2.302585, -23.025851, 1.098612; 1.1920928e-7, -5.9604647e-8; 88.722839,
  // -87.336545; -87.336545, -88.029698, -103.278931; inf, -inf, -inf: as double precision, rounded.
  // CHECK:      ( 0, 1060205080, -1087278568, 1075010958, -1044892431, 1066180436, 872415231, -1283457024, 1118925336,
  // CHECK-SAME:   -1028740016, -1028740016, -1028649163, -1026650416, 2139095040, -8388608, -8388608 )
  vector.print %bits : vector<16xi32>

  // Scalars give the same bits.
  // CHECK-NEXT: 1
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %true = arith.constant true
  %same = scf.for %i = %c0 to %c16 step %c1 iter_args(%so_far = %true) -> (i1) {
    %x = vector.extract %xs[%i] : f32 from vector<16xf32>
    %y = func.call @logarithm(%x) : (f32) -> f32
    %expected = vector.extract %bits[%i] : i32 from vector<16xi32>
    %got = arith.bitcast %y : f32 to i32
    %equal = arith.cmpi eq, %expected, %got : i32
    %both = arith.andi %so_far, %equal : i1
    scf.yield %both : i1
  }
  vector.print %same : i1

  // Negative numbers, down to the least and the largest, and NaN have none.
  // CHECK-NEXT: ( 1, 1, 1, 1, 1 )
  %c5 = arith.constant 5 : index
  %without = arith.constant dense<[-1.0, 0x80000001, 0xFF7FFFFF, 0xFF800000, 0x7FC00000]> : vector<5xf32>
  %none = arith.constant dense<false> : vector<5xi1>
  %nans = scf.for %i = %c0 to %c5 step %c1 iter_args(%so_far = %none) -> (vector<5xi1>) {
    %x = vector.extract %without[%i] : f32 from vector<5xf32>
    %y = func.call @logarithm(%x) : (f32) -> f32
    %is_nan = arith.cmpf uno, %y, %y : f32
    %next = vector.insert %is_nan, %so_far[%i] : i1 into vector<5xi1>
    scf.yield %next : vector<5xi1>
  }
  vector.print %nans : vector<5xi1>

  // An ulp is from 5.96e-8 to 1.192e-7 of a value: all floats, and those from 1/2 to 2, but for 1.
  // CHECK-NEXT: 1
  // CHECK-NEXT: 1
  %limit = arith.constant 1.0e-7 : f64
  %first = arith.constant 1 : i32
  %step = arith.constant 2137 : i32
  %count = arith.constant 1000000 : index
  %error = func.call @relative_error(%first, %step, %count) : (i32, i32, index) -> f64
  %is_close = arith.cmpf olt, %error, %limit : f64
  vector.print %is_close : i1
  %half = arith.constant 0x3F000001 : i32
  %small_step = arith.constant 18 : i32
  %small_count = arith.constant 932000 : index
  %small_error = func.call @relative_error(%half, %small_step, %small_count) : (i32, i32, index) -> f64
  %is_close_too = arith.cmpf olt, %small_error, %limit : f64
  vector.print %is_close_too : i1
  return
}
