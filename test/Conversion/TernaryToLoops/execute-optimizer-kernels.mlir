// The optimiser's kernels, run. The expected values follow the equations of the dialect, in NumPy.

// RUN: ternary-opt %s -ternary-to-loops %lower_to_llvm | %run_mlir | FileCheck %s

// memory[i] = base + step · (i · factor mod modulus), row-major.
func.func private @fill(%memory: memref<?xf32>, %factor: index, %modulus: index, %base: f32, %step: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %memory, %c0 : memref<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %p = arith.muli %i, %factor : index
    %r = arith.remui %p, %modulus : index
    %r32 = arith.index_cast %r : index to i32
    %x = arith.sitofp %r32 : i32 to f32
    %y = arith.mulf %x, %step : f32
    %z = arith.addf %base, %y : f32
    memref.store %z, %memory[%i] : memref<?xf32>
  }
  return
}

// The bits of all elements, as integers, added.
func.func private @print_sum_of_bits(%memory: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i64
  %n = memref.dim %memory, %c0 : memref<?xf32>
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%so_far = %zero) -> i64 {
    %x = memref.load %memory[%i] : memref<?xf32>
    %bits = arith.bitcast %x : f32 to i32
    %wide = arith.extsi %bits : i32 to i64
    %next = arith.addi %so_far, %wide : i64
    scf.yield %next : i64
  }
  vector.print %sum : i64
  return
}

func.func private @print_bits(%memory: memref<f64>) {
  %x = memref.load %memory[] : memref<f64>
  %bits = arith.bitcast %x : f64 to i64
  vector.print %bits : i64
  return
}

// What a step starts with: a parameter, a gradient and moments.
func.func private @prepare(%p: memref<?xf32>, %g: memref<?xf32>, %m: memref<?xf32>, %v: memref<?xf32>) {
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c23 = arith.constant 23 : index
  %c37 = arith.constant 37 : index
  %c101 = arith.constant 101 : index
  %p0 = arith.constant -1.0 : f32
  %ps = arith.constant 0.03125 : f32
  %g0 = arith.constant -0.5 : f32
  %gs = arith.constant 0.046875 : f32
  %m0 = arith.constant -0.125 : f32
  %ms = arith.constant 0.015625 : f32
  %v0 = arith.constant 0.0 : f32
  %vs = arith.constant 0.001953125 : f32
  call @fill(%p, %c37, %c101, %p0, %ps) : (memref<?xf32>, index, index, f32, f32) -> ()
  call @fill(%g, %c11, %c23, %g0, %gs) : (memref<?xf32>, index, index, f32, f32) -> ()
  call @fill(%m, %c7, %c17, %m0, %ms) : (memref<?xf32>, index, index, f32, f32) -> ()
  call @fill(%v, %c5, %c13, %v0, %vs) : (memref<?xf32>, index, index, f32, f32) -> ()
  return
}

func.func @main() {
  %c37 = arith.constant 37 : index
  %c101 = arith.constant 101 : index
  %one = arith.constant 1.0 : f32
  %ulp = arith.constant 1.1920928955078125e-07 : f32
  %scale = arith.constant 0.7 : f32
  %keep = arith.constant 0.9996 : f32
  %rate = arith.constant 0.004 : f32
  %beta1 = arith.constant 0.9 : f32
  %rest1 = arith.constant 0.1 : f32
  %correction1 = arith.constant 1.9 : f32
  %beta2 = arith.constant 0.95 : f32
  %rest2 = arith.constant 0.05 : f32
  %correction2 = arith.constant 2.7 : f32
  %epsilon = arith.constant 1.0e-8 : f32

  // A sum that shows its order: one after another it would be ...081.
  %large = memref.alloc() : memref<6208xf32>
  %large_any = memref.cast %large : memref<6208xf32> to memref<?xf32>
  call @fill(%large_any, %c37, %c101, %one, %ulp) : (memref<?xf32>, index, index, f32, f32) -> ()
  %matrix = memref.expand_shape %large [[0, 1]] output_shape [97, 64] : memref<6208xf32> into memref<97x64xf32>
  %parts = memref.alloc() : memref<64xf64>
  %sum = memref.alloc() : memref<f64>
  ternary.square_sum_kernel ins(%matrix : memref<97x64xf32>) outs(%parts, %sum : memref<64xf64>, memref<f64>)
  // CHECK: 4663547864249333052
  call @print_bits(%sum) : (memref<f64>) -> ()

  // Added to it: 5 by 7, which fill no vector.
  %small = memref.alloc() : memref<35xf32>
  %small_any = memref.cast %small : memref<35xf32> to memref<?xf32>
  call @fill(%small_any, %c37, %c101, %one, %ulp) : (memref<?xf32>, index, index, f32, f32) -> ()
  %odd = memref.expand_shape %small [[0, 1]] output_shape [5, 7] : memref<35xf32> into memref<5x7xf32>
  ternary.square_sum_kernel ins(%odd : memref<5x7xf32>) outs(%parts, %sum : memref<64xf64>, memref<f64>) {accumulate}
  // CHECK-NEXT: 4663586347605621814
  call @print_bits(%sum) : (memref<f64>) -> ()

  // Of no dimension.
  %scalar = memref.alloc() : memref<f32>
  %three = arith.constant 3.0 : f32
  memref.store %three, %scalar[] : memref<f32>
  ternary.square_sum_kernel ins(%scalar : memref<f32>) outs(%parts, %sum : memref<64xf64>, memref<f64>)
  %nine = memref.load %sum[] : memref<f64>
  // CHECK-NEXT: 9
  vector.print %nine : f64

  // AdamW on 5 by 7, in place; the gradient stays as it is.
  %p35 = memref.alloc() : memref<35xf32>
  %g35 = memref.alloc() : memref<35xf32>
  %m35 = memref.alloc() : memref<35xf32>
  %v35 = memref.alloc() : memref<35xf32>
  %p35_any = memref.cast %p35 : memref<35xf32> to memref<?xf32>
  %g35_any = memref.cast %g35 : memref<35xf32> to memref<?xf32>
  %m35_any = memref.cast %m35 : memref<35xf32> to memref<?xf32>
  %v35_any = memref.cast %v35 : memref<35xf32> to memref<?xf32>
  call @prepare(%p35_any, %g35_any, %m35_any, %v35_any) : (memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xf32>) -> ()
  %p5x7 = memref.expand_shape %p35 [[0, 1]] output_shape [5, 7] : memref<35xf32> into memref<5x7xf32>
  %g5x7 = memref.expand_shape %g35 [[0, 1]] output_shape [5, 7] : memref<35xf32> into memref<5x7xf32>
  %m5x7 = memref.expand_shape %m35 [[0, 1]] output_shape [5, 7] : memref<35xf32> into memref<5x7xf32>
  %v5x7 = memref.expand_shape %v35 [[0, 1]] output_shape [5, 7] : memref<35xf32> into memref<5x7xf32>
  ternary.adamw_kernel ins(%g5x7 : memref<5x7xf32>) scale %scale keep %keep rate %rate
      first(%beta1, %rest1, %correction1) second(%beta2, %rest2, %correction2) epsilon %epsilon
      outs(%p5x7, %m5x7, %v5x7 : memref<5x7xf32>, memref<5x7xf32>, memref<5x7xf32>)
  // CHECK-NEXT: 13449677904
  // CHECK-NEXT: -4852998487
  // CHECK-NEXT: 35301686962
  // CHECK-NEXT: 76546048
  call @print_sum_of_bits(%p35_any) : (memref<?xf32>) -> ()
  call @print_sum_of_bits(%m35_any) : (memref<?xf32>) -> ()
  call @print_sum_of_bits(%v35_any) : (memref<?xf32>) -> ()
  call @print_sum_of_bits(%g35_any) : (memref<?xf32>) -> ()

  // A vector of 64.
  %p64 = memref.alloc() : memref<64xf32>
  %g64 = memref.alloc() : memref<64xf32>
  %m64 = memref.alloc() : memref<64xf32>
  %v64 = memref.alloc() : memref<64xf32>
  %p64_any = memref.cast %p64 : memref<64xf32> to memref<?xf32>
  %g64_any = memref.cast %g64 : memref<64xf32> to memref<?xf32>
  %m64_any = memref.cast %m64 : memref<64xf32> to memref<?xf32>
  %v64_any = memref.cast %v64 : memref<64xf32> to memref<?xf32>
  call @prepare(%p64_any, %g64_any, %m64_any, %v64_any) : (memref<?xf32>, memref<?xf32>, memref<?xf32>, memref<?xf32>) -> ()
  ternary.adamw_kernel ins(%g64 : memref<64xf32>) scale %scale keep %keep rate %rate
      first(%beta1, %rest1, %correction1) second(%beta2, %rest2, %correction2) epsilon %epsilon
      outs(%p64, %m64, %v64 : memref<64xf32>, memref<64xf32>, memref<64xf32>)
  // CHECK-NEXT: 22668885386
  // CHECK-NEXT: -2939787701
  // CHECK-NEXT: 64597395360
  call @print_sum_of_bits(%p64_any) : (memref<?xf32>) -> ()
  call @print_sum_of_bits(%m64_any) : (memref<?xf32>) -> ()
  call @print_sum_of_bits(%v64_any) : (memref<?xf32>) -> ()
  return
}
