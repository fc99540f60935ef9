// Every pass and every pipeline on a module without an op of our dialect, and with few others: each
// loads the dialects of what it makes.

// RUN: %python %S/Inputs/run_every_pass.py ternary-opt %s

func.func @add(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %0 = arith.addf %x, %x : tensor<1x8xf32>
  return %0 : tensor<1x8xf32>
}

// -----

func.func @fill(%n: index, %value: f32) -> tensor<?x8xf32> {
  %0 = tensor.splat %value[%n] : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

func.func @loop(%n: index, %x: tensor<1x8xf32>, %c: i1) -> tensor<1x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %x) -> tensor<1x8xf32> {
    %1 = scf.if %c -> tensor<1x8xf32> {
      %2 = math.exp %sum : tensor<1x8xf32>
      scf.yield %2 : tensor<1x8xf32>
    } else {
      scf.yield %sum : tensor<1x8xf32>
    }
    %3 = arith.addf %1, %x : tensor<1x8xf32>
    scf.yield %3 : tensor<1x8xf32>
  }
  return %0 : tensor<1x8xf32>
}

// -----

func.func @memory(%x: memref<8xf32>, %i: index) -> f32 {
  %0 = memref.load %x[%i] : memref<8xf32>
  %1 = math.exp %0 : f32
  return %1 : f32
}

// -----

func.func @nothing() {
  return
}
