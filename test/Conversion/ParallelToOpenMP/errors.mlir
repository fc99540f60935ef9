// RUN: ternary-opt %s -ternary-parallel-to-openmp -split-input-file -verify-diagnostics

func.func private @reduction(%x: memref<8xf32>, %init: f32) -> f32 attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-error @+1 {{expected a parallel loop without reductions}}
  %sum = scf.parallel (%i) = (%c0) to (%c8) step (%c1) init (%init) -> f32 {
    %v = memref.load %x[%i] : memref<8xf32>
    scf.reduce(%v : f32) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.addf %a, %b : f32
      scf.reduce.return %0 : f32
    }
  }
  return %sum : f32
}

// -----

func.func private @two_dimensions(%x: memref<8x8xf32>, %v: f32) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-error @+1 {{expected a parallel loop of one dimension, got 2}}
  scf.parallel (%i, %j) = (%c0, %c0) to (%c8, %c8) step (%c1, %c1) {
    memref.store %v, %x[%i, %j] : memref<8x8xf32>
  }
  return
}

// -----

func.func @results(%x: memref<8xf32>) -> memref<8xf32> attributes {ternary.step = "decode"} {
  // expected-error @+1 {{expected no results of an op that one thread alone can run, got 1}}
  %0 = memref.alloc() : memref<8xf32>
  return %0 : memref<8xf32>
}

// -----

// expected-error @+1 {{expected a step of one block without results}}
func.func @step_results(%x: memref<8xf32>) -> memref<8xf32> attributes {ternary.step = "decode"} {
  return %x : memref<8xf32>
}
