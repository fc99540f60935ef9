// The bits of exponentials and activations, and their distance from double precision.

// RUN: ternary-opt %s -ternary-expand-math %lower_to_llvm -o %t.mlir
// RUN: %run_mlir -O0 %t.mlir | FileCheck %s
// RUN: %run_mlir -O3 %t.mlir | FileCheck %s

func.func @exponentials(%x: vector<14xf32>) -> vector<14xf32> {
  %0 = math.exp %x : vector<14xf32>
  return %0 : vector<14xf32>
}

func.func @exponential(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

func.func @sigmoid(%x: vector<7xf32>) -> vector<7xf32> {
  %0 = ternary.activate sigmoid %x : vector<7xf32>
  return %0 : vector<7xf32>
}

func.func @silu(%x: vector<7xf32>) -> vector<7xf32> {
  %0 = ternary.activate silu %x : vector<7xf32>
  return %0 : vector<7xf32>
}

func.func @relu(%x: vector<7xf32>) -> vector<7xf32> {
  %0 = ternary.activate relu %x : vector<7xf32>
  return %0 : vector<7xf32>
}

func.func @squared_relu(%x: vector<7xf32>) -> vector<7xf32> {
  %0 = ternary.activate squared_relu %x : vector<7xf32>
  return %0 : vector<7xf32>
}

func.func @relu_of_nan(%x: f32) -> f32 {
  %0 = ternary.activate relu %x : f32
  return %0 : f32
}

/// The largest |e^x - exp(x)| / e^x of 1000001 x in [-87, 88].
func.func @relative_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %count = arith.constant 1000001 : index
  %step = arith.constant 1.75e-4 : f64
  %first = arith.constant -8.7e+1 : f64
  %zero = arith.constant 0.0 : f64
  %largest = scf.for %i = %c0 to %count step %c1 iter_args(%before = %zero) -> (f64) {
    %int = arith.index_cast %i : index to i64
    %n = arith.sitofp %int : i64 to f64
    %offset = arith.mulf %n, %step : f64
    %exact = arith.addf %first, %offset : f64
    %x = arith.truncf %exact : f64 to f32
    %got = func.call @exponential(%x) : (f32) -> f32
    %wide_x = arith.extf %x : f32 to f64
    %wide_got = arith.extf %got : f32 to f64
    %expected = math.exp %wide_x : f64
    %difference = arith.subf %wide_got, %expected : f64
    %quotient = arith.divf %difference, %expected : f64
    %error = math.absf %quotient : f64
    %max = arith.maximumf %before, %error : f64
    scf.yield %max : f64
  }
  return %largest : f64
}

func.func @main() {
  %xs = arith.constant dense<[0.0, -0.0, 1.0, -1.0, 0.5, 10.0, 88.5, 88.75, -87.0, -87.5,
                              -103.5, -105.0, 0x7F800000, 0xFF800000]> : vector<14xf32>
  %ys = func.call @exponentials(%xs) : (vector<14xf32>) -> vector<14xf32>
  %bits = arith.bitcast %ys : vector<14xf32> to vector<14xi32>

  // 1, 1, e, 1 / e, √e, e^10, 2.7e38, inf, 1.65e-38; 0 instead of three subnormal
  // numbers; inf, 0: as double precision, rounded.
  // CHECK:      ( 1065353216, 1065353216, 1076754516, 1052531378, 1070795084, 1185682670,
  // CHECK-SAME:   2135743684, 2139095040, 11744903, 0, 0, 0, 2139095040, 0 )
  vector.print %bits : vector<14xi32>

  // Scalars give the same bits.
  // CHECK-NEXT: 1
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c14 = arith.constant 14 : index
  %true = arith.constant true
  %same = scf.for %i = %c0 to %c14 step %c1 iter_args(%so_far = %true) -> (i1) {
    %x = vector.extract %xs[%i] : f32 from vector<14xf32>
    %y = func.call @exponential(%x) : (f32) -> f32
    %expected = vector.extract %bits[%i] : i32 from vector<14xi32>
    %got = arith.bitcast %y : f32 to i32
    %equal = arith.cmpi eq, %expected, %got : i32
    %both = arith.andi %so_far, %equal : i1
    scf.yield %both : i1
  }
  vector.print %same : i1

  // NaN stays.
  // CHECK-NEXT: 1
  // CHECK-NEXT: 1
  %nan = arith.constant 0x7FC00000 : f32
  %exp_of_nan = func.call @exponential(%nan) : (f32) -> f32
  %exp_is_nan = arith.cmpf uno, %exp_of_nan, %exp_of_nan : f32
  vector.print %exp_is_nan : i1
  %relu_of_nan = func.call @relu_of_nan(%nan) : (f32) -> f32
  %relu_is_nan = arith.cmpf uno, %relu_of_nan, %relu_of_nan : f32
  vector.print %relu_is_nan : i1

  // An ulp is at most 2^-23 = 1.192e-7 of a value.
  // CHECK-NEXT: 1
  %error = func.call @relative_error() : () -> f64
  %limit = arith.constant 1.18e-7 : f64
  %is_close = arith.cmpf olt, %error, %limit : f64
  vector.print %is_close : i1

  %zs = arith.constant dense<[0.0, 1.0, -1.0, 3.5, -20.0, -100.0, 100.0]> : vector<7xf32>
  // 0.5, 0.731058598, 0.268941432, 0.970687747, 2.06115369e-9, 0, 1
  // CHECK-NEXT: ( 1056964608, 1060841128, 1049211569, 1064861438, 822977587, 0, 1065353216 )
  %sigmoid = func.call @sigmoid(%zs) : (vector<7xf32>) -> vector<7xf32>
  %sigmoid_bits = arith.bitcast %sigmoid : vector<7xf32> to vector<7xi32>
  vector.print %sigmoid_bits : vector<7xi32>

  // 0, 0.731058598, -0.268941432, 3.39740705, -4.12230747e-8, -0, 100
  // CHECK-NEXT: ( 0, 1060841128, -1098272079, 1079602974, -1288630976, -2147483648, 1120403456 )
  %silu = func.call @silu(%zs) : (vector<7xf32>) -> vector<7xf32>
  %silu_bits = arith.bitcast %silu : vector<7xf32> to vector<7xi32>
  vector.print %silu_bits : vector<7xi32>

  // CHECK-NEXT: ( 0, 1, 0, 3.5, 0, 0, 100 )
  %relu = func.call @relu(%zs) : (vector<7xf32>) -> vector<7xf32>
  vector.print %relu : vector<7xf32>

  // CHECK-NEXT: ( 0, 1, 0, 12.25, 0, 0, 10000 )
  %squared_relu = func.call @squared_relu(%zs) : (vector<7xf32>) -> vector<7xf32>
  vector.print %squared_relu : vector<7xf32>
  return
}
