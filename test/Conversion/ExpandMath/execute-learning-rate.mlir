// The schedule of the learning rate, run.

// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-decompose))' | ternary-opt %lower_to_llvm | %run_mlir | FileCheck %s

func.func private @rate(%step: i64, %warmup: i64, %total: i64, %halve: i64) -> f32 {
  %base = arith.constant 8.0 : f32
  %final = arith.constant 0.25 : f32
  %0 = ternary.learning_rate %step of %total, base %base, final_fraction %final, warmup %warmup, halve_at %halve
  return %0 : f32
}

func.func private @print(%step: i64, %warmup: i64, %total: i64, %halve: i64) {
  %0 = call @rate(%step, %warmup, %total, %halve) : (i64, i64, i64, i64) -> f32
  vector.print %0 : f32
  return
}

// With a peak of 8 that falls to 2: warm-up for 4 steps, then cosine over 4. Thirds of π give halves.
func.func @main() {
  %m1 = arith.constant -1 : i64
  %0 = arith.constant 0 : i64
  %1 = arith.constant 1 : i64
  %3 = arith.constant 3 : i64
  %4 = arith.constant 4 : i64
  %6 = arith.constant 6 : i64
  %8 = arith.constant 8 : i64
  %9 = arith.constant 9 : i64
  // CHECK:      2
  // CHECK-NEXT: 4
  // CHECK-NEXT: 8
  // CHECK-NEXT: 8
  // CHECK-NEXT: 5
  // CHECK-NEXT: 2
  // CHECK-NEXT: 2
  call @print(%0, %4, %8, %m1) : (i64, i64, i64, i64) -> ()
  call @print(%1, %4, %8, %m1) : (i64, i64, i64, i64) -> ()
  call @print(%3, %4, %8, %m1) : (i64, i64, i64, i64) -> ()
  call @print(%4, %4, %8, %m1) : (i64, i64, i64, i64) -> ()
  call @print(%6, %4, %8, %m1) : (i64, i64, i64, i64) -> ()
  call @print(%8, %4, %8, %m1) : (i64, i64, i64, i64) -> ()
  call @print(%9, %4, %8, %m1) : (i64, i64, i64, i64) -> ()
  // Without warm-up: a third of the way, and two thirds.
  // CHECK-NEXT: 6.5
  // CHECK-NEXT: 3.5
  call @print(%3, %0, %9, %m1) : (i64, i64, i64, i64) -> ()
  call @print(%6, %0, %9, %m1) : (i64, i64, i64, i64) -> ()
  // Halved from a step on, that of the start included.
  // CHECK-NEXT: 6.5
  // CHECK-NEXT: 3.25
  // CHECK-NEXT: 4
  call @print(%3, %0, %9, %4) : (i64, i64, i64, i64) -> ()
  call @print(%3, %0, %9, %3) : (i64, i64, i64, i64) -> ()
  call @print(%0, %0, %9, %0) : (i64, i64, i64, i64) -> ()
  // Nothing but warm-up: what the cosine ends with, warmed up.
  // CHECK-NEXT: 1
  // CHECK-NEXT: 2
  call @print(%1, %4, %4, %m1) : (i64, i64, i64, i64) -> ()
  call @print(%3, %4, %4, %m1) : (i64, i64, i64, i64) -> ()
  return
}
