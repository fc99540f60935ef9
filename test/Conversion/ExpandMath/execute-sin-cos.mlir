// Sines and cosines, and their distance from double precision.

// RUN: ternary-opt %s -ternary-expand-math %lower_to_llvm -o %t.mlir
// RUN: %run_mlir -O0 %t.mlir | FileCheck %s
// RUN: %run_mlir -O3 %t.mlir | FileCheck %s

func.func @sines(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.sin %x : vector<8xf32>
  return %0 : vector<8xf32>
}

func.func @cosines(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.cos %x : vector<8xf32>
  return %0 : vector<8xf32>
}

func.func @sine(%x: f32) -> f32 {
  %0 = math.sin %x : f32
  return %0 : f32
}

func.func @cosine(%x: f32) -> f32 {
  %0 = math.cos %x : f32
  return %0 : f32
}

/// The larger distance of sin x and cos x of `count` x, which are `step` apart.
func.func @error(%step: f64, %count: index) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %largest = scf.for %i = %c0 to %count step %c1 iter_args(%before = %zero) -> (f64) {
    %int = arith.index_cast %i : index to i64
    %n = arith.sitofp %int : i64 to f64
    %exact = arith.mulf %n, %step : f64
    %x = arith.truncf %exact : f64 to f32
    %wide_x = arith.extf %x : f32 to f64
    %sin = func.call @sine(%x) : (f32) -> f32
    %wide_sin = arith.extf %sin : f32 to f64
    %expected_sin = math.sin %wide_x : f64
    %difference = arith.subf %wide_sin, %expected_sin : f64
    %error = math.absf %difference : f64
    %max = arith.maximumf %before, %error : f64
    %cos = func.call @cosine(%x) : (f32) -> f32
    %wide_cos = arith.extf %cos : f32 to f64
    %expected_cos = math.cos %wide_x : f64
    %other_difference = arith.subf %wide_cos, %expected_cos : f64
    %other_error = math.absf %other_difference : f64
    %other_max = arith.maximumf %max, %other_error : f64
    scf.yield %other_max : f64
  }
  return %largest : f64
}

func.func @main() {
  // Exact for 0 and next to it; every quadrant and a negative angle; none for inf and NaN.
  // CHECK:      ( 0, 1e-20, 0.841471, 0.909297, -0.756802, -0.841471, {{-?}}nan, {{-?}}nan )
  // CHECK-NEXT: ( 1, 1, 0.540302, -0.416147, -0.653644, 0.540302, {{-?}}nan, {{-?}}nan )
  %xs = arith.constant dense<[0.0, 1.0e-20, 1.0, 2.0, 4.0, -1.0, 0x7F800000, 0x7FC00000]> : vector<8xf32>
  %sines = func.call @sines(%xs) : (vector<8xf32>) -> vector<8xf32>
  vector.print %sines : vector<8xf32>
  %cosines = func.call @cosines(%xs) : (vector<8xf32>) -> vector<8xf32>
  vector.print %cosines : vector<8xf32>

  // An ulp of what is below 1 is 5.96e-8: angles up to 13, and up to 1.3 million.
  // CHECK-NEXT: 1
  // CHECK-NEXT: 1
  %limit = arith.constant 8.0e-8 : f64
  %count = arith.constant 1000000 : index
  %small = arith.constant 1.3e-5 : f64
  %small_error = func.call @error(%small, %count) : (f64, index) -> f64
  %is_close = arith.cmpf olt, %small_error, %limit : f64
  vector.print %is_close : i1
  %large = arith.constant 1.3 : f64
  %large_error = func.call @error(%large, %count) : (f64, index) -> f64
  %is_close_too = arith.cmpf olt, %large_error, %limit : f64
  vector.print %is_close_too : i1
  return
}
