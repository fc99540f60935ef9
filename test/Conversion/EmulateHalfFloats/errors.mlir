// RUN: ternary-opt %s -split-input-file -verify-diagnostics --ternary-emulate-half-floats

func.func @add(%a: bf16) -> bf16 {
  // expected-error @+1 {{'arith.addf' op expected arithmetic in f32 or f64, got 'bf16'}}
  %0 = arith.addf %a, %a : bf16
  return %0 : bf16
}

// -----

func.func @compare(%a: vector<4xf16>) -> vector<4xi1> {
  // expected-error @+1 {{'arith.cmpf' op expected arithmetic in f32 or f64, got 'vector<4xf16>'}}
  %0 = arith.cmpf olt, %a, %a : vector<4xf16>
  return %0 : vector<4xi1>
}

// -----

func.func @from_integer(%a: i32) -> f16 {
  // expected-error @+1 {{'arith.sitofp' op expected arithmetic in f32 or f64, got 'f16'}}
  %0 = arith.sitofp %a : i32 to f16
  return %0 : f16
}

// -----

func.func @from_double(%a: f64) -> bf16 {
  // expected-error @+1 {{'arith.truncf' op expected arithmetic in f32 or f64, got 'bf16'}}
  %0 = arith.truncf %a : f64 to bf16
  return %0 : bf16
}
