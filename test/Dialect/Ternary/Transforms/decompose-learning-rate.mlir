// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-decompose))' | FileCheck %s

// A schedule is scalar arithmetic in f64, rounded once, without any call.
// CHECK-LABEL: func.func @rate(
// CHECK-NOT:     ternary.
// CHECK-NOT:     math.
// CHECK-NOT:     call
// CHECK:         %[[RATE:.*]] = arith.truncf %{{.*}} : f64 to f32
// CHECK-NEXT:    return %[[RATE]] : f32
func.func @rate(%step: i64, %warmup: i64, %total: i64, %halve: i64) -> f32 {
  %base = arith.constant 8.0 : f32
  %final = arith.constant 0.25 : f32
  %0 = ternary.learning_rate %step of %total, base %base, final_fraction %final, warmup %warmup, halve_at %halve
  return %0 : f32
}
