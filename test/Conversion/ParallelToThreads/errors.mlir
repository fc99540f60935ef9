// RUN: ternary-opt %s -ternary-parallel-to-threads -split-input-file -verify-diagnostics

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

// Views do not hide whose memory it is.

func.func private @shared_scratch(%x: memref<8xf32>, %v: f32) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-note @+1 {{allocated here}}
  %scratch = memref.alloca() : memref<8xf32>
  %part = memref.subview %scratch[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    // expected-error @+1 {{expected an iteration to write to stack memory of its own, got memory that all iterations share}}
    memref.store %v, %part[%c0] : memref<4xf32, strided<[1], offset: 4>>
    %0 = memref.load %part[%c0] : memref<4xf32, strided<[1], offset: 4>>
    memref.store %0, %x[%i] : memref<8xf32>
  }
  return
}

// -----

func.func private @dynamic_scratch(%x: memref<?xf32>, %n: index) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    // expected-error @+1 {{expected stack memory of an iteration to be of static size, got 'memref<?xf32>'}}
    %scratch = memref.alloca(%i) : memref<?xf32>
    %0 = memref.load %scratch[%c0] : memref<?xf32>
    memref.store %0, %x[%i] : memref<?xf32>
  }
  return
}

// -----

func.func private @much_scratch(%x: memref<?xf32>, %n: index) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{expected a kernel to need at most 4194304 bytes of the stack of a thread, got 4194308}}
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %most = memref.alloca() : memref<1048576xf32>
    %scratch = memref.alloca() : memref<1xf32>
    %0 = memref.load %scratch[%c0] : memref<1xf32>
    memref.store %0, %x[%i] : memref<?xf32>
  }
  return
}

// -----

// What stands outside of loops counts as well.

// expected-error @+1 {{expected a kernel to need at most 4194304 bytes of the stack of a thread, got 8388608}}
func.func private @much_memory() attributes {ternary.kernel} {
  %memory = memref.alloca() : memref<1048576xf64>
  return
}
